#include <riskflag/metrics/intervals.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/metrics/classification.hpp>

#include "random_scores.hpp"

using namespace riskflag;
using namespace riskflag::metrics;
using namespace riskflag_test;
using Values = std::vector<double>;

namespace {

/// DeLong's variance from its definition: structural components over all pairs. O(n^2).
double delong_slowly(const Values& a, const Values& b, const Values& y, bool difference) {
  std::vector<double> v10, v01;
  const auto psi = [](double x, double z) { return x > z ? 1.0 : x == z ? 0.5 : 0.0; };
  double m = 0, n = 0;
  for (const double label : y) (label > 0 ? m : n) += 1;
  for (std::size_t i = 0; i < y.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < y.size(); ++j) {
      if (y[i] == y[j]) continue;
      const std::size_t pos = y[i] > 0 ? i : j, neg = y[i] > 0 ? j : i;
      sum += psi(a[pos], a[neg]) - (difference ? psi(b[pos], b[neg]) : 0.0);
    }
    (y[i] > 0 ? v10 : v01).push_back(sum / (y[i] > 0 ? n : m));
  }
  const auto variance = [](const Values& v) {
    double mean = 0, sum = 0;
    for (const double x : v) mean += x / static_cast<double>(v.size());
    for (const double x : v) sum += (x - mean) * (x - mean);
    return sum / static_cast<double>(v.size() - 1);
  };
  return variance(v10) / m + variance(v01) / n;
}

constexpr double kZ95 = 1.959963984540054;  // scipy.stats.norm.ppf(0.975)

}  // namespace

TEST_CASE("normal quantiles equal scipy's") {
  CHECK(metrics::detail::two_sided_z(0.95) == doctest::Approx(kZ95).epsilon(1e-14));
  CHECK(metrics::detail::two_sided_z(0.5) == doctest::Approx(0.6744897501960817).epsilon(1e-14));
  CHECK(metrics::detail::two_sided_z(0.99) == doctest::Approx(2.5758293035489004).epsilon(1e-13));
  CHECK(metrics::detail::two_sided_z(0.999999) == doctest::Approx(4.891638475698996).epsilon(1e-10));
  CHECK(metrics::detail::two_sided_z(0.9995) == doctest::Approx(3.4807564043462844).epsilon(1e-12));
}

TEST_CASE("DeLong's variance equals its definition over all pairs, ties included") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Scores s = random_scores(seed, 120, seed % 2 == 0 ? 9 : 0, false);
    CHECK(*delong_variance(s.p, s.y).value == doctest::Approx(delong_slowly(s.p, s.p, s.y, false)).epsilon(1e-12));
    const Interval interval = delong(s.p, s.y);
    const double auc = *roc_auc(s.p, s.y).value;
    const double reach = kZ95 * std::sqrt(delong_slowly(s.p, s.p, s.y, false));
    CHECK(interval.low == doctest::Approx(auc - reach).epsilon(1e-12));
    CHECK(interval.high == doctest::Approx(std::min(1.0, auc + reach)).epsilon(1e-12));
    const Scores other = random_scores(seed + 50, 120, seed % 2 == 0 ? 9 : 0, false);
    const Interval gap = delong_difference(s.p, other.p, s.y);
    const double between = auc - *roc_auc(other.p, s.y).value;
    const double wide = kZ95 * std::sqrt(delong_slowly(s.p, other.p, s.y, true));
    CHECK(gap.low == doctest::Approx(between - wide).epsilon(1e-11));
    CHECK(gap.high == doctest::Approx(between + wide).epsilon(1e-11));
  }
}

TEST_CASE("a score against itself differs by nothing") {
  const Scores s = random_scores(2, 100, 0, false);
  const Interval gap = delong_difference(s.p, s.p, s.y);
  CHECK(gap.low == 0.0);
  CHECK(gap.high == 0.0);
}

TEST_CASE("intervals that do not exist say why") {
  CHECK_FALSE(delong(Values{0.1, 0.2, 0.3}, Values{0, 0, 1}));
  CHECK_FALSE(delong(Values{}, Values{}));
  CHECK(delong(Values{0.1}, Values{1}).undefined_because == kOneClass);
  CHECK_THROWS_AS((void)delong(Values{0.1}, Values{1}, 1.0), Error);
  const auto never = [](std::span<const double>) { return Metric::undefined("no"); };
  CHECK_FALSE(bootstrap(10, never, 20));
}

TEST_CASE("the bootstrap of a mean has the width that theory gives, and repeats to the bit") {
  const Scores s = random_scores(5, 400, 0, false);
  const auto mean = [&](std::span<const double> w) {
    double sum = 0, all = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      sum += w[i] * s.p[i];
      all += w[i];
    }
    return Metric::of(sum / all);
  };
  const Interval found = bootstrap(400, mean, 2000, 7);
  double sum = 0, squares = 0;
  for (const double p : s.p) sum += p;
  for (const double p : s.p) squares += (p - sum / 400) * (p - sum / 400);
  const double reach = kZ95 * std::sqrt(squares / 400 / 400);
  CHECK(found.low == doctest::Approx(sum / 400 - reach).epsilon(0.01));
  CHECK(found.high == doctest::Approx(sum / 400 + reach).epsilon(0.01));
  CHECK(bootstrap(400, mean, 2000, 7).low == found.low);
  CHECK(bootstrap(400, mean, 2000, 8).low != found.low);
}

TEST_CASE("the bootstrap draws whole groups when there are groups") {
  // Two groups, all equal inside: a resample's mean is 0, 1/2 or 1, nothing between.
  const Values x = {0, 0, 0, 1, 1, 1};
  const std::vector<std::uint64_t> groups = {0, 0, 0, 1, 1, 1};
  const auto mean = [&](std::span<const double> w) {
    double sum = 0, all = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      sum += w[i] * x[i];
      all += w[i];
    }
    CHECK((sum / all == 0.0 || sum / all == 0.5 || sum / all == 1.0));
    return Metric::of(sum / all);
  };
  const Interval found = bootstrap(6, mean, 200, 1, 0.95, {}, groups);
  CHECK(found.low == 0.0);
  CHECK(found.high == 1.0);
}
