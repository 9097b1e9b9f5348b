#pragma once

// Metrics of two classes. Scores are anything that orders the rows (higher = more likely positive); probabilities lie
// in [0, 1]. Labels are 0 or 1. Weights are >= 0, or absent (every row counts 1). All spans are equally long.
//
// Every function throws Error(invalid_data) when the lengths differ, a score is NaN, a label is neither 0 nor 1, or a
// weight is negative or not finite. What is ordinary but has no answer (one class, no rows) is an undefined Metric.

#include <cstddef>
#include <span>
#include <vector>

#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics {

/// Area under the ROC curve: the share of (positive, negative) pairs that the scores put in the right order, ties half.
/// scikit-learn's roc_auc_score. O(n log n).
[[nodiscard]] Metric roc_auc(std::span<const double> scores, std::span<const double> labels,
                             std::span<const double> weights = {});

/// Average precision: sum over thresholds of (recall_k - recall_{k-1}) * precision_k; scikit-learn's
/// average_precision_score (no interpolation). Undefined without positives.
[[nodiscard]] Metric pr_auc(std::span<const double> scores, std::span<const double> labels,
                            std::span<const double> weights = {});

/// Mean of -log of the probability given to the true class, in nats; probabilities are kept 2^-52 away from 0 and 1 as
/// scikit-learn's log_loss does. Defined for one class too.
[[nodiscard]] Metric log_loss(std::span<const double> probabilities, std::span<const double> labels,
                              std::span<const double> weights = {});

/// Mean squared difference of probability and label; scikit-learn's brier_score_loss.
[[nodiscard]] Metric brier(std::span<const double> probabilities, std::span<const double> labels,
                           std::span<const double> weights = {});

/// Weighted rows by true class and decision; positive means score >= threshold.
struct Confusion {
  double tp = 0, fp = 0, tn = 0, fn = 0;
  [[nodiscard]] double total() const noexcept { return tp + fp + tn + fn; }
};
[[nodiscard]] Confusion confusion(std::span<const double> scores, std::span<const double> labels, double threshold,
                                  std::span<const double> weights = {});

[[nodiscard]] Metric accuracy(const Confusion& c) noexcept;
/// tp / (tp + fp); undefined when no row is called positive.
[[nodiscard]] Metric precision(const Confusion& c) noexcept;
/// tp / (tp + fn); undefined without positives.
[[nodiscard]] Metric recall(const Confusion& c) noexcept;
/// 2 tp / (2 tp + fp + fn); undefined when all three are 0.
[[nodiscard]] Metric f1(const Confusion& c) noexcept;
/// Matthews correlation coefficient in [-1, 1]; 0 when a row or column of the table is empty (as scikit-learn).
[[nodiscard]] Metric mcc(const Confusion& c) noexcept;
[[nodiscard]] Metric mcc(std::span<const double> scores, std::span<const double> labels, double threshold,
                         std::span<const double> weights = {});

/// One point of a ROC curve: rates in [0, 1] of the rows with score >= threshold. The first has threshold +inf.
struct RocPoint {
  double false_positive_rate, true_positive_rate, threshold;
};
/// The ROC curve, thinned to at most `max_points` corners evenly in false positive rate; empty with one class.
[[nodiscard]] std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const double> labels,
                                              std::span<const double> weights = {}, std::size_t max_points = 1000);

struct PrPoint {
  double recall, precision, threshold;
};
/// Precision against recall for falling thresholds, thinned like roc_curve; empty without positives.
[[nodiscard]] std::vector<PrPoint> pr_curve(std::span<const double> scores, std::span<const double> labels,
                                            std::span<const double> weights = {}, std::size_t max_points = 1000);

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/classification.hpp>
