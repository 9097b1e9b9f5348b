#include <riskflag/bin/cuts.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/random.hpp>

using namespace riskflag;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMax = std::numeric_limits<double>::max();

/// A bin for each value unless the test says otherwise.
Cuts cuts_of(const std::vector<double>& column, BinOptions options = {.min_data_in_bin = 1}, Feature feature = {"x"}) {
  SerialExecutor serial;
  return make_cuts(MatrixView<double>::col_major(column.data(), column.size(), 1), {&feature, 1}, options, serial);
}
std::string message_of(const std::vector<double>& column, BinOptions options, Feature feature = {"x"}) {
  try {
    (void)cuts_of(column, options, feature);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("few different values get a cut halfway between each two, whatever their order and number") {
  const Cuts cuts = cuts_of({3.0, 1.0, kMissing, 1.0, 2.0, 3.0, 8.0});
  CHECK(cuts.bins[0].cuts == std::vector<double>{1.5, 2.5, 5.5});
  CHECK(cuts.bins[0].value_bins == 4);
  CHECK(cuts.bins[0].missing_bin() == 4);
}

TEST_CASE("what a column holds most often is counted as what it holds rarely is, zeros of both signs as one value") {
  std::vector<double> signs, plain;
  for (int i = 0; i < 300; ++i) {
    const double rare = i < 40 || i % 10 != 0 ? 7.0 : i % 20 == 0 ? 0.0 : 1.0 + i % 3;
    plain.push_back(i % 3 == 0 ? kMissing : rare);
    signs.push_back(rare == 0.0 && i % 40 == 0 && i % 3 != 0 ? -0.0 : plain.back());
  }
  for (const bool reversed : {false, true}) {  // zeros and the rare values among the first rows, or behind them
    CAPTURE(reversed);
    if (reversed) {
      std::reverse(plain.begin(), plain.end());
      std::reverse(signs.begin(), signs.end());
    }
    for (const int least : {1, 8}) {
      CAPTURE(least);
      const std::vector<double> want = cuts_of(plain, {.min_data_in_bin = least}).bins[0].cuts;
      REQUIRE(want.size() >= 2);
      CHECK(cuts_of(signs, {.min_data_in_bin = least}).bins[0].cuts == want);
    }
  }
  // Half of the zeros of each sign, as the two most frequent cells.
  CHECK(cuts_of({0.0, -0.0, 0.0, -0.0, 4.0}, {.min_data_in_bin = 2}).bins[0].cuts == std::vector<double>{2.0});
}

TEST_CASE("a bin of few different values holds at least min_data_in_bin rows, but for the last one") {
  // By LightGBM's rule: counts 1, 2, 1, 1, 4, 1 of the values 1 to 6.
  const std::vector<double> column = {1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0, 6.0};
  CHECK(cuts_of(column, {.min_data_in_bin = 3}).bins[0].cuts == std::vector<double>{2.5, 5.5});
  CHECK(cuts_of(column, {.min_data_in_bin = 2}).bins[0].cuts == std::vector<double>{2.5, 4.5, 5.5});
  CHECK(cuts_of(column, {.min_data_in_bin = 11}).bins[0].cuts.empty());
}

TEST_CASE("forced bounds are cuts, and the other bins go to the stretches between them by their rows") {
  std::vector<double> column;
  for (int i = 1; i <= 1000; ++i) column.push_back(i);
  const auto forced = [](std::vector<double> bounds) { return std::vector<ForcedBins>{{"x", std::move(bounds)}}; };
  // 8 bins are free: 0.2, 0.3 and 0.5 of the rows are worth 1.6, 2.4 and 4, so 2, 2 and the 4 that are left.
  const FeatureCuts cuts = cuts_of(column, {.max_bin = 11, .forced_bins = forced({200.0, 500.0})}).bins[0];
  REQUIRE(cuts.cuts.size() == 10);
  CHECK(cuts.cuts[2] == 200.0);
  CHECK(cuts.cuts[5] == 500.0);
  CHECK(cuts.bin_of(200.0) == 2);
  CHECK(cuts.bin_of(200.5) == 3);
  CHECK(std::abs(cuts.cuts[0] - 67.5) < 1.1);   // thirds of 200
  CHECK(std::abs(cuts.cuts[6] - 600.5) < 1.1);  // fifths of 500
  // Without room for more, the first bounds are kept; without rows too.
  CHECK(cuts_of(column, {.max_bin = 3, .forced_bins = forced({0.5, 7.25, 9.0})}).bins[0].cuts ==
        std::vector<double>{0.5, 7.25});
  CHECK(cuts_of({kMissing}, {.forced_bins = forced({0.5})}).bins[0].cuts == std::vector<double>{0.5});
  // Beside few values they stand where they were asked for.
  CHECK(cuts_of({0.0, 1.0, 2.0}, {.min_data_in_bin = 1, .forced_bins = forced({0.9})}).bins[0].cuts ==
        std::vector<double>{0.9, 1.5});
}

TEST_CASE("forced bins of what is no numeric feature, or out of order, are refused") {
  const Feature level{"c", FeatureType::categorical, {"a", "b"}};
  const auto message = [](std::vector<ForcedBins> forced) { return message_of({1.0}, {.forced_bins = forced}); };
  CHECK(message({{"y", {1.0}}}) == "forced_bins: no feature is called \"y\"");
  CHECK(message({{"x", {1.0}}, {"x", {2.0}}}) == "forced_bins: feature \"x\" is named twice");
  CHECK(message({{"x", {1.0, 1.0}}}) ==
        "forced_bins: bounds of feature \"x\" are finite numbers, each larger than the one before; 1 is not");
  CHECK(message({{"x", {kInf}}}).find("inf is not") != std::string::npos);
  CHECK(message_of({1.0}, {.forced_bins = {{"c", {1.0}}}}, level) ==
        "forced_bins: feature \"c\" is categorical: its bins are levels");
}

TEST_CASE("invariant: x <= cuts[b] exactly when the bin of x is at most b") {
  const Random random(3);
  std::vector<double> column = {
      -kInf, kInf, -kMax, kMax, 1e308, -1e308, 0.0, -0.0, 5e-324, -5e-324, 1.0, std::nextafter(1.0, 2.0), kMissing};
  for (std::size_t i = 0; i < 2000; ++i) column.push_back(random.normal(i) * (i % 3 == 0 ? 1e300 : 1.0));
  for (const int max_bin : {2, 7, 255}) {
    const FeatureCuts cuts = cuts_of(column, {.max_bin = max_bin}).bins[0];
    REQUIRE(cuts.value_bins <= static_cast<unsigned>(max_bin));
    REQUIRE(std::is_sorted(cuts.cuts.begin(), cuts.cuts.end(), std::less_equal<>{}));  // strictly rising
    for (const double x : column) {
      const unsigned bin = cuts.bin_of(x);
      if (std::isnan(x)) {
        CHECK(bin == cuts.missing_bin());
        continue;
      }
      for (unsigned b = 0; b < cuts.value_bins; ++b) REQUIRE((x <= cuts.threshold(b)) == (bin <= b));
    }
    for (const double cut : cuts.cuts) CHECK(std::isfinite(cut));
  }
}

TEST_CASE("extreme neighbours are separated by finite thresholds") {
  CHECK(cuts_of({-kInf, 0.0, kInf}).bins[0].cuts == std::vector<double>{-kMax, kMax});
  CHECK(cuts_of({-kInf, kInf}).bins[0].cuts == std::vector<double>{0.0});
  CHECK(cuts_of({kMax, kInf}).bins[0].cuts == std::vector<double>{kMax});
  CHECK(cuts_of({-kInf, -kMax, 0.0}).bins[0].value_bins == 2);  // no finite number lies between the first two
  const double next = std::nextafter(1.0, 2.0);
  CHECK(cuts_of({1.0, next}).bins[0].cuts == std::vector<double>{1.0});
  CHECK(cuts_of({1e308, 1.7e308}).bins[0].cuts == std::vector<double>{1.35e308});
  CHECK(cuts_of({-0.0, 0.0}).bins[0].cuts.empty());  // one value
}

TEST_CASE("constant and wholly missing columns have one value bin") {
  CHECK(cuts_of({7.0, 7.0, 7.0}).bins[0].value_bins == 1);
  CHECK(cuts_of({kMissing, kMissing}).bins[0].value_bins == 1);
  CHECK(cuts_of({kMissing, kMissing}).bins[0].bin_of(kMissing) == 1);
}

TEST_CASE("many values share bins evenly, and a frequent value keeps one of its own") {
  std::vector<double> column;
  for (int i = 0; i < 1000; ++i) column.push_back(i + 1.0);
  for (int i = 0; i < 1000; ++i) column.push_back(0.0);
  const FeatureCuts cuts = cuts_of(column, {.max_bin = 11}).bins[0];
  CHECK(cuts.value_bins == 11);
  CHECK(cuts.cuts[0] == 0.5);  // zero alone
  std::vector<int> rows(11);
  for (int i = 0; i < 1000; ++i) ++rows[cuts.bin_of(i + 1.0)];
  for (int b = 1; b < 11; ++b) CHECK(rows[static_cast<std::size_t>(b)] == 100);
}

TEST_CASE("the sample depends on the number of rows and the seed, and its cuts are close to those of all rows") {
  std::vector<double> column;
  const Random random(8);
  for (std::size_t i = 0; i < 50000; ++i) column.push_back(random.uniform(i));
  const FeatureCuts all = cuts_of(column, {.max_bin = 15}).bins[0];
  const FeatureCuts some = cuts_of(column, {.max_bin = 15, .sample_rows = 5000}).bins[0];
  CHECK(some == cuts_of(column, {.max_bin = 15, .sample_rows = 5000}).bins[0]);
  CHECK(some.cuts != cuts_of(column, {.max_bin = 15, .sample_rows = 5000, .seed = 43}).bins[0].cuts);
  for (std::size_t b = 0; b < all.cuts.size(); ++b) CHECK(std::abs(all.cuts[b] - some.cuts[b]) < 0.03);
}

TEST_CASE("levels get a bin each; absent levels and values that are none count as unseen") {
  const Feature feature{"c", FeatureType::categorical, {"a", "b", "c", "d"}};
  const FeatureCuts cuts = cuts_of({0.0, 3.0, kMissing, 0.0, 1.0}, {}, feature).bins[0];
  CHECK(cuts.value_bins == 3);
  CHECK(cuts.bin_of(0.0) == 0);
  CHECK(cuts.bin_of(1.0) == 1);
  CHECK(cuts.bin_of(3.0) == 2);
  CHECK(cuts.bin_of(kMissing) == cuts.missing_bin());
  for (const double x : {2.0, 4.0, -1.0, 1e300, -kInf, kInf}) CHECK(cuts.bin_of(x) == cuts.unseen_bin());
}

TEST_CASE("beyond 253 levels the rarest share a bin") {
  std::vector<double> column;
  for (int level = 0; level < 300; ++level) {
    for (int k = 0; k < (level % 2 == 0 ? 3 : 1); ++k)
      column.push_back(level);  // 150 even levels are the frequent ones
  }
  const FeatureCuts cuts = cuts_of(column, {}, {"c", FeatureType::categorical}).bins[0];
  CHECK(cuts.value_bins == 254);
  CHECK(cuts.bin_of(298.0) != 253);
  CHECK(cuts.bin_of(299.0) == 253);  // rare, and the last of its kind
  CHECK(cuts.bin_of(205.0) != 253);  // 103 rare levels, the lowest, still have their own
  CHECK(cuts.bin_of(207.0) == 253);
}

TEST_CASE("bad options, shapes and levels are refused with what would be accepted") {
  const Feature level{"c", FeatureType::categorical, {"a", "b"}};
  CHECK(message_of({1.0}, {.max_bin = 1}) == "max_bin: 1 is not in 2 to 255");
  CHECK(message_of({1.0}, {.max_bin = 256}) == "max_bin: 256 is not in 2 to 255");
  CHECK(message_of({}, {}).find("has no rows") != std::string::npos);
  CHECK(message_of({0.0, 2.0}, {}, level)
            .find("row 1, feature \"c\": 2 is no level; a categorical value is an index from 0 to 1") == 0);
  CHECK(message_of({0.5}, {}, level).find("0.5 is no level") != std::string::npos);
  CHECK(message_of({-1.0}, {}, level).find("-1 is no level") != std::string::npos);
}
