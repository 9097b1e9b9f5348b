#include <riskflag/metrics/threshold.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/metrics/classification.hpp>

#include "random_scores.hpp"

using namespace riskflag;
using namespace riskflag::metrics;
using namespace riskflag_test;
using Values = std::vector<double>;

TEST_CASE("the F1 threshold by hand, ties taking the higher") {
  // At 0.8: tp 1 of 2 -> 2/3; at 0.4: tp 2, fp 0 -> 1; at 0.3: 4/5.
  CHECK(threshold_f1(Values{0.8, 0.4, 0.3, 0.1}, Values{1, 1, 0, 0}) == 0.4);
  // F1 is 2/3 at 0.9 (tp 1, fn 1) and at 0.2 (tp 2, fp 2): the higher wins.
  CHECK(threshold_f1(Values{0.9, 0.5, 0.4, 0.2}, Values{1, 0, 0, 1}) == 0.9);
  CHECK(threshold_f1(Values{}, Values{}) == 0.5);
  CHECK(threshold_f1(Values{0.3}, Values{0}) == 0.5);
}

TEST_CASE("the F1 threshold is the best of all scores") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Scores s = random_scores(seed, 150, seed % 2 == 0 ? 10 : 0, seed % 3 == 0);
    double best = -1, at = 0;
    for (const double t : s.p) {
      const double value = f1(confusion(s.p, s.y, t, s.w)).value.value_or(0);
      if (value > best + 1e-14 || (std::abs(value - best) <= 1e-14 && t > at)) {
        best = std::max(best, value);
        at = t;
      }
    }
    CHECK(threshold_f1(s.p, s.y, s.w) == at);
  }
}

TEST_CASE("the cost threshold by hand") {
  const Values p = {0.9, 0.6, 0.4, 0.1}, y = {1, 0, 1, 0};
  // Costs (missed 5, alarm 1): at 0.9: 5, at 0.6: 6, at 0.4: 1, at 0.1: 2, above 0.9: 10.
  CHECK(threshold_cost(p, y, {}, 5, 1) == 0.4);
  // Alarms dear: at 0.9: 1 missed = 1, above: 2.
  CHECK(threshold_cost(p, y, {}, 1, 5) == 0.9);
  // Missing costs nothing: nobody is High.
  CHECK(threshold_cost(p, y, {}, 0, 1) == std::nextafter(0.9, 1.0));
  // Both free: every threshold costs 0, the highest wins.
  CHECK(threshold_cost(p, y, {}, 0, 0) == std::nextafter(0.9, 1.0));
  CHECK(threshold_cost(Values{}, Values{}, {}, 1, 1) == 0.5);
  CHECK_THROWS_AS((void)threshold_cost(p, y, {}, -1, 1), Error);
}

TEST_CASE("the approval threshold is the largest t with share(p < t) <= rate") {
  const Values p = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
  CHECK(threshold_approve(p, 0.7) == 0.8);
  CHECK(threshold_approve(p, 0.75) == 0.8);
  CHECK(threshold_approve(p, 0.0) == 0.1);
  CHECK(threshold_approve(p, 1.0) == std::nextafter(1.0, 2.0));
  CHECK(threshold_approve(p, 0.99999) == 1.0);
  CHECK(threshold_approve(Values{0.5, 0.5, 0.5}, 0.9) == 0.5);
  CHECK(threshold_approve(Values{}, 0.5) == 0.5);
  // Weights: 0.1 and 0.2 are 3 of 6.
  CHECK(threshold_approve(Values{0.1, 0.2, 0.3}, 0.5, Values{1, 2, 3}) == 0.3);
  CHECK(threshold_approve(Values{0.1, 0.2, 0.3}, 0.49, Values{1, 2, 3}) == 0.2);
  CHECK_THROWS_AS((void)threshold_approve(p, 1.5), Error);
}

TEST_CASE("invariant: the approval threshold keeps its promise for every rate") {
  const Scores s = random_scores(3, 101, 13, true);
  for (int i = 0; i <= 100; ++i) {
    const double rate = i / 100.0;
    const double t = threshold_approve(s.p, rate, s.w);
    const auto share_below = [&](double at) {
      double below = 0, all = 0;
      for (std::size_t k = 0; k < s.p.size(); ++k) {
        all += s.w[k];
        if (s.p[k] < at) below += s.w[k];
      }
      return below / all;
    };
    CHECK(share_below(t) <= rate + 1e-12);
    for (const double other : s.p) {
      if (other > t) CHECK(share_below(other) > rate - 1e-12);
    }
  }
}
