#include <riskflag/metrics/calibration.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "random_scores.hpp"

using namespace riskflag;
using namespace riskflag::metrics;
using namespace riskflag_test;
using Values = std::vector<double>;

TEST_CASE("the calibration table puts edges into the bin above, and 1 into the last") {
  const auto table = calibration_table(Values{0.0, 0.3, 0.3, 0.29999999999999993, 1.0, 0.95}, Values{0, 1, 0, 1, 1, 1});
  CHECK(table.size() == 10);
  CHECK(table[0].weight == 1);
  CHECK(table[2].weight == 1);
  CHECK(table[3].weight == 2);
  CHECK(table[3].low == 0.3);
  CHECK(table[3].positive_rate == 0.5);
  CHECK(table[3].mean_probability == 0.3);
  CHECK(table[9].weight == 2);
  CHECK(table[9].mean_probability == doctest::Approx(0.975).epsilon(1e-15));
}

TEST_CASE("every probability lies in the bin whose edges enclose it") {
  for (std::size_t bins = 1; bins <= 40; ++bins) {
    for (std::size_t b = 0; b <= bins; ++b) {
      const double edge = static_cast<double>(b) / static_cast<double>(bins);
      for (const double p : {edge, std::nextafter(edge, 0.0), std::nextafter(edge, 1.0)}) {
        const auto table = calibration_table(Values{p}, Values{1}, {}, bins);
        for (std::size_t k = 0; k < bins; ++k) {
          if (table[k].weight == 0) continue;
          CHECK(table[k].low <= p);
          CHECK((p < table[k].high || (k + 1 == bins && p == 1.0)));
        }
      }
    }
  }
}

TEST_CASE("ECE by hand: bins weighted by their rows") {
  // [0.0, 0.1): two rows, mean 0.05, rate 0.5 -> gap 0.45; [0.9, 1]: two rows, mean 0.95, rate 1 -> gap 0.05.
  CHECK(*ece(Values{0.05, 0.05, 0.95, 0.95}, Values{0, 1, 1, 1}).value == doctest::Approx(0.25).epsilon(1e-15));
  CHECK(*ece(Values{0.05, 0.05, 0.95, 0.95}, Values{0, 1, 1, 1}, Values{3, 3, 1, 1}).value ==
        doctest::Approx(0.75 * 0.45 + 0.25 * 0.05).epsilon(1e-15));
  CHECK_FALSE(ece(Values{}, Values{}));
}

TEST_CASE("gains by hand: two slices of four rows") {
  const auto table = gains(Values{0.1, 0.9, 0.8, 0.3}, Values{0, 1, 0, 1}, {}, 2);
  REQUIRE(table.size() == 2);
  CHECK(table[0].share == 0.5);
  CHECK(table[0].positives == 1);
  CHECK(table[0].lift == 1.0);
  CHECK(table[0].captured == 0.5);
  CHECK(table[0].lowest_score == 0.8);
  CHECK(table[1].captured == 1.0);
  CHECK(table[1].lowest_score == 0.1);
}

TEST_CASE("tied rows share their positives evenly between slices") {
  const auto table = gains(Values(10, 0.4), Values{1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {}, 5);
  REQUIRE(table.size() == 5);
  for (const auto& row : table) CHECK(row.positives == doctest::Approx(0.4).epsilon(1e-14));
  CHECK(table[4].captured == doctest::Approx(1.0).epsilon(1e-14));
}

TEST_CASE("gains add up, whatever the weights") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Scores s = random_scores(seed, 333, seed % 2 == 0 ? 6 : 0, true);
    const auto table = gains(s.p, s.y, s.w);
    REQUIRE(table.size() == 10);
    double weight = 0, positives = 0, want_weight = 0, want_positives = 0;
    for (const auto& row : table) {
      weight += row.weight;
      positives += row.positives;
    }
    for (std::size_t i = 0; i < s.p.size(); ++i) {
      want_weight += s.w[i];
      want_positives += s.w[i] * s.y[i];
    }
    CHECK(weight == doctest::Approx(want_weight).epsilon(1e-12));
    CHECK(positives == doctest::Approx(want_positives).epsilon(1e-12));
    CHECK(table[9].captured == doctest::Approx(1.0).epsilon(1e-12));
    CHECK(table[4].share == doctest::Approx(0.5).epsilon(1e-12));
  }
  CHECK(gains(Values{0.1}, Values{0}).empty());
}
