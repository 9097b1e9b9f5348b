#include <riskflag/prep/fit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;
using namespace prep_test;

namespace {

Values edges(const std::string& options, const Values& x, const Values& labels, const Values& weights = {}) {
  const prep::Fitted fitted = fit(R"({"op":"bin","columns":["x"],)" + options + "}", frame({number("x", x)}),
                                  {.labels = labels, .weights = weights});
  return std::get<prep::Bin>(fitted.pipeline.parts().operations[0]).edges;
}

/// Squared error of the labels around their bins' means: what supervised and monotone bins make small. The slow way.
double squared_error(const Values& x, const Values& labels, const Values& cut) {
  double error = 0;
  for (std::size_t b = 0; b <= cut.size(); ++b) {
    double rows = 0, sum = 0, squares = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto bin = static_cast<std::size_t>(std::upper_bound(cut.begin(), cut.end(), x[i]) - cut.begin());
      if (bin != b) continue;
      rows += 1;
      sum += labels[i];
      squares += labels[i] * labels[i];
    }
    if (rows > 0) error += squares - sum * sum / rows;
  }
  return error;
}

std::vector<double> bin_means(const Values& x, const Values& labels, const Values& cut) {
  Values rows(cut.size() + 1), sums(cut.size() + 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto bin = static_cast<std::size_t>(std::upper_bound(cut.begin(), cut.end(), x[i]) - cut.begin());
    rows[bin] += 1;
    sums[bin] += labels[i];
  }
  for (std::size_t b = 0; b < rows.size(); ++b) sums[b] /= rows[b];
  return sums;
}

struct Drawn {
  Values x, labels;
};
Drawn drawn(std::uint64_t seed, std::size_t rows, std::size_t distinct) {
  const Random random(seed);
  Drawn out;
  for (std::size_t i = 0; i < rows; ++i) {
    out.x.push_back(static_cast<double>(random.split(1).below(distinct, i)));
    out.labels.push_back(random.split(2).uniform(i) < out.x.back() / static_cast<double>(distinct) ? 1 : 0);
  }
  return out;
}

}  // namespace

TEST_CASE("quantile bins cut where numpy's linear quantiles are") {
  CHECK(edges(R"("max_bins":4)", {0, 1, 2, 3, 4, 5, 6, 7, 8}, {}) == Values{2, 4, 6});
  CHECK(edges(R"("max_bins":2)", {1, 2, kNan, 4, 10}, {}) == Values{3});
  // Quartiles 0, 0 and 2: the smallest and the greatest value are no inner edges, so one bin is left.
  CHECK(edges(R"("max_bins":4)", {0, 0, 0, 0, 0, 1, 2, 2, 2}, {}).empty());
  CHECK(edges(R"("max_bins":4)", {0, 0, 0, 0, 1, 1, 1, 2, 2}, {}) == Values{1});
}

TEST_CASE("bins of index, level and name, with missing left missing") {
  const Frame rows = frame({number("x", {1, 2, 3, 4, kNan})});
  CHECK(bits(feature(fit(R"({"op":"bin","columns":["x"],"max_bins":2})", rows), "x")) ==
        bits(Values{0, 0, 1, 1, kNan}));
  const prep::Fitted named = fit(R"({"op":"bin","columns":["x"],"max_bins":2,"output":"category","keep":true})", rows);
  CHECK(named.pipeline.features()[1] ==
        Feature{"x:bin", FeatureType::categorical, {"(-inf, 2.5)", "[2.5, inf)"}, {"x"}});
}

TEST_CASE("a supervised cut stands where the labels change") {
  CHECK(edges(R"("kind":"supervised","max_bins":2,"min_share":0)", {1, 2, 3, 4, 5, 6}, {0, 0, 1, 1, 1, 1}) ==
        Values{3});
  CHECK(edges(R"("kind":"supervised","max_bins":5,"min_share":0)", {1, 2, 3, 4, 5, 6}, {0, 0, 1, 1, 0, 0}) ==
        Values{3, 5});
  CHECK(edges(R"("kind":"supervised","max_bins":5,"min_share":0.5)", {1, 2, 3, 4, 5, 6}, {0, 0, 1, 1, 1, 1}) ==
        Values{4});
  CHECK(edges(R"("kind":"supervised")", {1, 2, 3, 4}, {1, 1, 1, 1}).empty());
}

TEST_CASE("two supervised bins are the best two of all") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const Drawn data = drawn(seed, 60, 15);
    const Values got = edges(R"("kind":"supervised","max_bins":2,"min_share":0)", data.x, data.labels);
    double best = squared_error(data.x, data.labels, {});
    for (double edge = 1; edge < 15; ++edge) best = std::min(best, squared_error(data.x, data.labels, {edge}));
    CHECK(squared_error(data.x, data.labels, got) == doctest::Approx(best).epsilon(1e-12));
  }
}

TEST_CASE("invariant: monotone bins have a mean label that only rises or only falls, and rows enough") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Drawn data = drawn(seed, 300, 40);
    if (seed % 2 == 0) {
      for (double& label : data.labels) label = 1 - label;  // falling
    }
    const Values cut = edges(R"("kind":"monotone","max_bins":5,"min_share":0.1)", data.x, data.labels);
    CHECK(cut.size() <= 4);
    CHECK(!cut.empty());
    const Values means = bin_means(data.x, data.labels, cut);
    const bool rises = std::is_sorted(means.begin(), means.end());
    const bool falls = std::is_sorted(means.rbegin(), means.rend());
    CHECK((seed % 2 == 0 ? falls : rises));
    for (std::size_t b = 0; b <= cut.size(); ++b) {
      const double low = b == 0 ? -1 : cut[b - 1], high = b == cut.size() ? 1e9 : cut[b];
      CHECK(std::count_if(data.x.begin(), data.x.end(), [&](double x) { return x >= low && x < high; }) >= 30);
    }
  }
}

TEST_CASE("monotone bins of a hump are pooled into one direction") {
  // Means 0, 1, 1/2, 0 in four values: rising keeps {1}, {2, 3, 4} with error 0 + 1.5.
  const Values x = {1, 1, 2, 2, 3, 3, 4, 4}, labels = {0, 0, 1, 1, 1, 0, 0, 0};
  CHECK(edges(R"("kind":"monotone","min_share":0)", x, labels) == Values{2});
}

TEST_CASE("weights decide label-driven bins as so many rows would") {
  // Squared error of a cut at 2, 3, 4: without weights 2/3, 1/2, 2/3; with 10 on the first row 2/3, 10/11, 11/12.
  const Values x = {1, 2, 3, 4}, labels = {1, 0, 1, 1};
  const std::string options = R"("kind":"supervised","max_bins":2,"min_share":0)";
  CHECK(edges(options, x, labels) == Values{3});
  CHECK(edges(options, x, labels, {10, 1, 1, 1}) == Values{2});
  CHECK(edges(options, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1}) == Values{2});
}

TEST_CASE("more distinct values than 256 are cut finely by quantiles first") {
  const Drawn data = drawn(7, 5000, 100000);
  const Values cut = edges(R"("kind":"supervised","max_bins":8)", data.x, data.labels);
  CHECK(cut.size() == 7);
  CHECK(std::is_sorted(cut.begin(), cut.end()));
  CHECK(squared_error(data.x, data.labels, cut) < squared_error(data.x, data.labels, {}));
}

TEST_CASE("a column of missing values alone is one bin") {
  const Values labels = {0, 1};
  for (const char* kind : {"quantile", "supervised", "monotone"}) {
    CHECK(edges(std::string(R"("kind":")") + kind + "\"", {kNan, kNan}, labels).empty());
  }
}
