#include <riskflag/study/approved.hpp>

#include <vector>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("approved rows are those below the threshold, spread evenly over their scores, by hand") {
  // Rising scores of the passed rows: 0.0 (6), 0.1 (1), 0.1 (4), 0.2 (3), 0.3 (0), 0.4 (7).
  const std::vector<double> scores{0.3, 0.1, 0.5, 0.2, 0.1, 0.9, 0.0, 0.4};
  CHECK(study::choose_approved(scores, 0.5, 64) == std::vector<std::size_t>{6, 1, 4, 3, 0, 7});
  CHECK(study::choose_approved(scores, 0.5, 3) == std::vector<std::size_t>{1, 3, 7});  // ranks 1, 3, 5
  CHECK(study::choose_approved(scores, 0.5, 1) == std::vector<std::size_t>{3});
  CHECK(study::choose_approved(scores, 0.0, 64).empty());
}
