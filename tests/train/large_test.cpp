// More than 2^32 cells for real: about 10 GB of memory and a minute. Runs where RISKFLAG_LARGE_TESTS is set.

#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

#include <riskflag/core/random.hpp>

using namespace riskflag;

TEST_CASE("a table of more than 2^32 cells trains: its last column gives the trees that it gives alone") {
  if (std::getenv("RISKFLAG_LARGE_TESTS") == nullptr) {
    MESSAGE("skipped: RISKFLAG_LARGE_TESTS is not set");
    return;
  }
  constexpr std::size_t kRows = 4'300'000, kCols = 1000;
  static_assert(kRows * kCols > std::size_t{1} << 32);
  std::vector<float> column(kRows);
  std::vector<double> labels(kRows);
  const Random random(6);
  for (std::size_t i = 0; i < kRows; ++i) {
    column[i] = static_cast<float>(random.uniform(2 * i));
    labels[i] = random.uniform(2 * i + 1) < 0.2 + 0.5 * static_cast<double>(column[i]) ? 1.0 : 0.0;
  }
  std::vector<Feature> features(kCols);
  for (std::size_t f = 0; f < kCols; ++f) features[f].name = "f" + std::to_string(f);
  Pool pool(2);
  TrainOptions o;
  o.num_iterations = 1;
  o.num_leaves = 4;
  const MatrixView<float> alone(column.data(), kRows, 1, 1, 1);
  const Binned small = bin_matrix(alone, std::vector<Feature>(1, features[0]), bin_options(o), pool);
  const Model want = train({.bins = small, .labels = labels}, {}, o, pool).model;
  o.feature_contri.assign(kCols, 0.0);
  o.feature_contri.back() = 1.0;
  const MatrixView<float> repeated(column.data(), kRows, kCols, 1, 0);  // every column is the one
  const Binned bins = bin_matrix(repeated, features, bin_options(o), pool);
  const Model got = train({.bins = bins, .labels = labels}, {}, o, pool).model;
  REQUIRE(got.trees.size() == 1);
  CHECK(got.trees[0].leaves == want.trees[0].leaves);
  for (std::size_t k = 0; k < got.trees[0].nodes.size(); ++k) {
    CHECK(got.trees[0].nodes[k].feature == static_cast<std::int32_t>(kCols - 1));
    CHECK(got.trees[0].nodes[k].threshold == want.trees[0].nodes[k].threshold);
  }
}
