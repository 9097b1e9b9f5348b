#pragma once

// Metrics of numbers. Weights are >= 0, or absent. Throws Error(invalid_data) when lengths differ, or a value is not
// finite, or a weight is negative.

#include <span>

#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics {

[[nodiscard]] Metric mse(std::span<const double> predictions, std::span<const double> targets,
                         std::span<const double> weights = {});
[[nodiscard]] Metric rmse(std::span<const double> predictions, std::span<const double> targets,
                          std::span<const double> weights = {});
[[nodiscard]] Metric mae(std::span<const double> predictions, std::span<const double> targets,
                         std::span<const double> weights = {});
/// 1 - residual / total sum of squares; undefined with fewer than two rows or when all targets are equal.
[[nodiscard]] Metric r2(std::span<const double> predictions, std::span<const double> targets,
                        std::span<const double> weights = {});
/// Pinball loss at `alpha` in [0, 1]; scikit-learn's mean_pinball_loss.
[[nodiscard]] Metric quantile_loss(std::span<const double> predictions, std::span<const double> targets, double alpha,
                                   std::span<const double> weights = {});
/// Mean Poisson deviance 2 (y log(y/p) - y + p); undefined unless y >= 0 and p > 0.
[[nodiscard]] Metric poisson_deviance(std::span<const double> predictions, std::span<const double> targets,
                                      std::span<const double> weights = {});
/// Mean gamma deviance 2 (log(p/y) + y/p - 1); undefined unless y > 0 and p > 0.
[[nodiscard]] Metric gamma_deviance(std::span<const double> predictions, std::span<const double> targets,
                                    std::span<const double> weights = {});
/// Mean Tweedie deviance with variance power `power`: 0 squared error, 1 Poisson, 2 gamma; any other p < 0 or p > 1.
/// scikit-learn's mean_tweedie_deviance. Throws Error(invalid_option) for 0 < power < 1.
[[nodiscard]] Metric tweedie_deviance(std::span<const double> predictions, std::span<const double> targets,
                                      double power, std::span<const double> weights = {});

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/regression.hpp>
