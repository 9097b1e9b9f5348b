#pragma once

// Where to cut: a row is High exactly when its probability >= threshold.

#include <span>

#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics {

/// The threshold, among the scores that occur, with the greatest F1; ties take the higher. 0.5 without positives or
/// rows.
[[nodiscard]] double threshold_f1(std::span<const double> probabilities, std::span<const double> labels,
                                  std::span<const double> weights = {});

/// The threshold that minimises fn_cost * (weight of missed positives) + fp_cost * (weight of negatives called High).
/// Candidates are the scores that occur and one just above the greatest (nobody is High); ties take the higher.
/// 0.5 without rows. Throws Error(invalid_option) unless both costs are finite and >= 0.
[[nodiscard]] double threshold_cost(std::span<const double> probabilities, std::span<const double> labels,
                                    std::span<const double> weights, double fn_cost, double fp_cost);

/// The largest threshold t, among the scores that occur and one just above the greatest, with share(p < t) <= rate:
/// at most `rate` of the weight is approved. 0.5 without rows. Throws Error(invalid_option) unless 0 <= rate <= 1.
[[nodiscard]] double threshold_approve(std::span<const double> probabilities, double rate,
                                       std::span<const double> weights = {});

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/threshold.hpp>
