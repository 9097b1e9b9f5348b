#pragma once

#include <limits>
#include <string>

#include <riskflag/core/order_key.hpp>
#include <riskflag/metrics/detail/ranked.hpp>
#include <riskflag/metrics/threshold.hpp>

namespace riskflag::inline v0_1::metrics {

namespace detail {

/// The next double above `x`: a threshold that nobody of the rows reaches. +inf stays.
inline double just_above(double x) noexcept {
  return x == std::numeric_limits<double>::infinity() ? x : from_order_key(order_key(x) + 1);
}

}  // namespace detail

inline double threshold_f1(std::span<const double> probabilities, std::span<const double> labels,
                           std::span<const double> weights) {
  const detail::Ranked rows(probabilities, labels, weights);
  double best_f1 = 0.0;
  double best = 0.5;
  CompensatedSum tp, fp;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    tp.add(g.positive);
    fp.add(g.negative);
    // 2 tp / (2 tp + fp + fn) with fn = positives - tp. Falling thresholds and `>`: ties keep the higher.
    const double f1 =
        exact::div(exact::mul(2.0, tp.value()), exact::add(exact::add(tp.value(), fp.value()), rows.positive()));
    if (f1 > best_f1) {
      best_f1 = f1;
      best = g.score;
    }
  });
  return best;
}

inline double threshold_cost(std::span<const double> probabilities, std::span<const double> labels,
                             std::span<const double> weights, double fn_cost, double fp_cost) {
  for (const double cost : {fn_cost, fp_cost}) {
    if (!is_finite(cost) || cost < 0) {
      fail(ErrorCode::invalid_option, "threshold", "cost " + number_text(cost) + "; costs are finite and >= 0");
    }
  }
  const detail::Ranked rows(probabilities, labels, weights);
  double best = 0.5;
  double lowest = exact::mul(fn_cost, rows.positive());  // nobody is High
  bool first = true;
  CompensatedSum tp, fp;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    if (first) best = detail::just_above(g.score);
    first = false;
    tp.add(g.positive);
    fp.add(g.negative);
    const double cost =
        exact::add(exact::mul(fn_cost, exact::sub(rows.positive(), tp.value())), exact::mul(fp_cost, fp.value()));
    if (cost < lowest) {
      lowest = cost;
      best = g.score;
    }
  });
  return best;
}

inline double threshold_approve(std::span<const double> probabilities, double rate, std::span<const double> weights) {
  if (!(rate >= 0.0 && rate <= 1.0)) {
    fail(ErrorCode::invalid_option, "threshold", "approval rate " + number_text(rate) + "; it lies in [0, 1]");
  }
  const std::vector<double> nobody(probabilities.size(), 0.0);
  const detail::Ranked rows(probabilities, nobody, weights);
  double best = 0.5;
  bool found = false;
  CompensatedSum at_or_above;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    if (found) return;
    if (at_or_above.value() == 0.0 && rate == 1.0) {
      best = detail::just_above(g.score);
      found = true;
      return;
    }
    at_or_above.add(g.negative);
    const double below = exact::sub(rows.negative(), at_or_above.value());
    if (exact::div(below, rows.negative()) <= rate) {
      best = g.score;
      found = true;
    }
  });
  return best;
}

}  // namespace riskflag::inline v0_1::metrics
