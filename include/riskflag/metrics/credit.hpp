#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics {

/// Kolmogorov-Smirnov: greatest distance between the score distributions of the two classes, in [0, 1];
/// scipy.stats.ks_2samp's statistic. Undefined with one class.
[[nodiscard]] Metric ks(std::span<const double> scores, std::span<const double> labels,
                        std::span<const double> weights = {});

/// 2 * roc_auc - 1 (Somers' D); negative when the scores order the wrong way round.
[[nodiscard]] Metric gini(std::span<const double> scores, std::span<const double> labels,
                          std::span<const double> weights = {});

/// Shares of each class with score <= `score`.
struct KsPoint {
  double score, positives_below, negatives_below;
};
/// The two distributions that ks() compares, thinned to about `max_points` points; empty with one class.
[[nodiscard]] std::vector<KsPoint> ks_curve(std::span<const double> scores, std::span<const double> labels,
                                            std::span<const double> weights = {}, std::size_t max_points = 1000);

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/credit.hpp>
