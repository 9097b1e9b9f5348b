#pragma once

#include <riskflag/metrics/detail/classification.hpp>
#include <riskflag/metrics/regression.hpp>

namespace riskflag::inline v0_1::metrics {

namespace detail {

/// Checks the input and takes the weighted mean of term(prediction, target).
template <class Term>
Metric mean_of(std::span<const double> predictions, std::span<const double> targets, std::span<const double> weights,
               Term term) {
  check_numbers(predictions, targets, weights);
  if (const auto why = empty_because(targets.size(), weights); !why.empty()) return Metric::undefined(why);
  return Metric::of(
      weighted_mean(targets.size(), weights, [&](std::size_t i) { return term(predictions[i], targets[i]); }));
}

/// True when keep(prediction, target) holds for every row.
template <class Keep>
bool all_rows(std::span<const double> predictions, std::span<const double> targets, Keep keep) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!keep(predictions[i], targets[i])) return false;
  }
  return true;
}

inline double squared(double x) noexcept { return exact::mul(x, x); }

}  // namespace detail

inline Metric mse(std::span<const double> predictions, std::span<const double> targets,
                  std::span<const double> weights) {
  return detail::mean_of(predictions, targets, weights,
                         [](double p, double y) { return detail::squared(exact::sub(p, y)); });
}

inline Metric rmse(std::span<const double> predictions, std::span<const double> targets,
                   std::span<const double> weights) {
  const Metric squared = mse(predictions, targets, weights);
  return squared ? Metric::of(exact::sqrt(*squared.value)) : squared;
}

inline Metric mae(std::span<const double> predictions, std::span<const double> targets,
                  std::span<const double> weights) {
  return detail::mean_of(predictions, targets, weights, [](double p, double y) {
    const double off = exact::sub(p, y);
    return off < 0 ? -off : off;
  });
}

inline Metric r2(std::span<const double> predictions, std::span<const double> targets,
                 std::span<const double> weights) {
  const Metric residual = mse(predictions, targets, weights);
  if (!residual) return residual;
  if (targets.size() < 2) return Metric::undefined("there are fewer than two rows");
  const double mean = detail::weighted_mean(targets.size(), weights, [&](std::size_t i) { return targets[i]; });
  bool varies = false;
  double first = 0.0;
  bool any = false;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (detail::weight_of(weights, i) == 0) continue;
    if (any && targets[i] != first) varies = true;
    if (!any) first = targets[i];
    any = true;
  }
  if (!varies) return Metric::undefined("all targets are equal");
  const double spread = detail::weighted_mean(
      targets.size(), weights, [&](std::size_t i) { return detail::squared(exact::sub(targets[i], mean)); });
  return Metric::of(exact::sub(1.0, exact::div(*residual.value, spread)));
}

inline Metric quantile_loss(std::span<const double> predictions, std::span<const double> targets, double alpha,
                            std::span<const double> weights) {
  if (!(alpha >= 0.0 && alpha <= 1.0)) {
    fail(ErrorCode::invalid_option, "alpha", number_text(alpha) + "; a quantile lies in [0, 1]");
  }
  return detail::mean_of(predictions, targets, weights, [&](double p, double y) {
    return y >= p ? exact::mul(alpha, exact::sub(y, p)) : exact::mul(exact::sub(1.0, alpha), exact::sub(p, y));
  });
}

inline Metric poisson_deviance(std::span<const double> predictions, std::span<const double> targets,
                               std::span<const double> weights) {
  return tweedie_deviance(predictions, targets, 1.0, weights);
}

inline Metric gamma_deviance(std::span<const double> predictions, std::span<const double> targets,
                             std::span<const double> weights) {
  return tweedie_deviance(predictions, targets, 2.0, weights);
}

inline Metric tweedie_deviance(std::span<const double> predictions, std::span<const double> targets, double power,
                               std::span<const double> weights) {
  if (!is_finite(power) || (power > 0.0 && power < 1.0)) {
    fail(ErrorCode::invalid_option, "power", number_text(power) + "; a Tweedie power is <= 0 or >= 1");
  }
  detail::check_numbers(predictions, targets, weights);
  if (power == 0.0) return mse(predictions, targets, weights);
  if (!detail::all_rows(predictions, targets, [](double p, double) { return p > 0; })) {
    return Metric::undefined("a prediction is not positive");
  }
  if (power >= 2.0 && !detail::all_rows(predictions, targets, [](double, double y) { return y > 0; })) {
    return Metric::undefined("a target is not positive");
  }
  if (power >= 1.0 && !detail::all_rows(predictions, targets, [](double, double y) { return y >= 0; })) {
    return Metric::undefined("a target is negative");
  }
  if (power == 1.0) {
    return detail::mean_of(predictions, targets, weights, [](double p, double y) {
      const double log_part = y > 0 ? exact::mul(y, exact::log(exact::div(y, p))) : 0.0;
      return exact::mul(2.0, exact::add(exact::sub(log_part, y), p));
    });
  }
  if (power == 2.0) {
    return detail::mean_of(predictions, targets, weights, [](double p, double y) {
      return exact::mul(2.0, exact::sub(exact::add(exact::log(exact::div(p, y)), exact::div(y, p)), 1.0));
    });
  }
  const double one = exact::sub(1.0, power);
  const double two = exact::sub(2.0, power);
  return detail::mean_of(predictions, targets, weights, [&](double p, double y) {
    const double own = y > 0 ? exact::div(exact::pow(y, two), exact::mul(one, two)) : 0.0;
    const double cross = exact::div(exact::mul(y, exact::pow(p, one)), one);
    return exact::mul(2.0, exact::add(exact::sub(own, cross), exact::div(exact::pow(p, two), two)));
  });
}

}  // namespace riskflag::inline v0_1::metrics
