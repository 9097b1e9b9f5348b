#include <riskflag/explain/global.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using namespace riskflag;

namespace {

/// a <= 1: 0, else 2 (three rows to one); b <= 0: -1, else 1 (two to two).
Model two_stumps() {
  Model model;
  model.features.resize(2);
  model.features[0].name = "a";
  model.features[1].name = "b";
  model.base_margin = {0.5};
  Tree a, b;
  a.nodes = {{.feature = 0, .threshold = 1.0, .left = ~0, .right = ~1, .count = 4}};
  a.leaves = {0, 2};
  a.leaf_counts = {3, 1};
  b.nodes = {{.feature = 1, .default_left = true, .threshold = 0.0, .left = ~0, .right = ~1, .count = 4}};
  b.leaves = {-1, 1};
  b.leaf_counts = {2, 2};
  model.trees = {a, b};
  return model;
}

const std::vector<double> kRows = {0, -1, 1, 1, 1, kMissing, 3, 1};  // 4 rows of a and b
const auto kView = MatrixView<double>::row_major(kRows.data(), 4, 2);

}  // namespace

TEST_CASE("mean |contribution| of two stumps, with its interval, by hand") {
  const Explainer explainer = Explainer::make(two_stumps()).value();
  const auto means = mean_contributions(explainer, kView);
  REQUIRE(means.size() == 2);
  // a's mean is 0.5: three rows are 0.5 below, one 1.5 above; the sample's deviation is 0.5. b is 1 from its mean, 0.
  CHECK(std::abs(means[0].mean - 0.75) < 1e-12);
  CHECK(std::abs(means[0].high - means[0].mean - 1.959963984540054 * 0.25) < 1e-9);
  CHECK(std::abs(means[1].mean - 1.0) < 1e-12);
  CHECK(std::abs(means[1].high - means[1].low) < 1e-9);
  CHECK(mean_contributions(explainer, kView.rows_from(0, 0)).empty());
}

TEST_CASE("partial dependence of two stumps by hand, missing values last") {
  const Model model = two_stumps();
  const auto a = partial_dependence(model, kView, 0);
  REQUIRE(a.size() == 3);  // 0, 1, 3; b adds 0 on average
  CHECK(a[0].value == 0.0);
  CHECK(a[1].margin.mean == 0.5);
  CHECK(a[2].margin.mean == 2.5);
  CHECK(a[0].margin.low < a[0].margin.mean);
  const auto b = partial_dependence(model, kView, 1);
  REQUIRE(b.size() == 3);  // -1, 1, missing; a adds 0.5 on average
  CHECK(b[0].margin.mean == 0.0);
  CHECK(b[1].margin.mean == 2.0);
  CHECK(is_missing(b[2].value));
  CHECK(b[2].margin.mean == 0.0);
  CHECK(partial_dependence(model, kView, 0, {.points = 2}).back().value == 3.0);
}

TEST_CASE("a sample is chosen by its seed alone, without a row twice") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const GlobalOptions options{.sample = 50, .seed = seed};
    const auto sample = detail::sample_rows(70, options);
    CHECK(sample.size() == 50);
    for (std::size_t i = 1; i < sample.size(); ++i) CHECK(sample[i] > sample[i - 1]);
    CHECK(sample == detail::sample_rows(70, options));
  }
  CHECK(detail::sample_rows(70, {.sample = 50, .seed = 1}) != detail::sample_rows(70, {.sample = 50, .seed = 2}));
}
