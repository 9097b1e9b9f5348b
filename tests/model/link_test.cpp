#include <riskflag/model/link.hpp>

#include <vector>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("each objective's link gives the value that its formula gives") {
  CHECK(link({"binary", 1.0, 0.0}, 0.0) == 0.5);
  CHECK(link({"binary", 2.0, 0.0}, 0.5) == doctest::Approx(0.73105857863000487925).epsilon(1e-15));  // 1/(1+e^-1)
  CHECK(link({"regression", 1.0, 0.0}, -3.25) == -3.25);
  CHECK(link({"poisson", 1.0, 0.0}, 1.0) == doctest::Approx(2.71828182845904523536).epsilon(1e-15));
  CHECK(link({"cross_entropy_lambda", 1.0, 0.0}, 0.0) == doctest::Approx(0.69314718055994530942).epsilon(1e-15));
  CHECK(link({"cross_entropy_lambda", 1.0, 0.0}, 1000.0) == 1000.0);
}

TEST_CASE("softmax sums to one and does not overflow") {
  std::vector<double> margins = {1000.0, 1000.0, 999.0};
  apply_link(Link::softmax, 1.0, margins);
  CHECK(margins[0] == margins[1]);
  CHECK(margins[0] + margins[1] + margins[2] == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(margins[2] / margins[0] == doctest::Approx(0.36787944117144232160).epsilon(1e-14));  // e^-1
}

TEST_CASE("an unknown objective has no link") {
  CHECK_FALSE(find_link("binary_logloss").has_value());
  CHECK(find_link("lambdarank") == Link::identity);
}
