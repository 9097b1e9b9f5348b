#pragma once

#include <optional>
#include <span>

#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/regression.hpp>

namespace riskflag::inline v0_1::metrics {

/// The metrics that `--json` reports for two classes; a member without a value is null there.
struct BinaryMetrics {
  std::optional<double> roc_auc{}, pr_auc{}, log_loss{}, brier{}, ks{}, gini{};
  std::optional<double> accuracy{}, precision{}, recall{}, f1{}, threshold{}, ece{}, mcc{};
  Confusion confusion{};
  double rows = 0;  ///< weight of all rows
  double positives = 0;
};

/// All of them at once, with one sort. High means probability >= threshold.
[[nodiscard]] BinaryMetrics binary_metrics(std::span<const double> probabilities, std::span<const double> labels,
                                           std::span<const double> weights, double threshold);

struct RegressionMetrics {
  std::optional<double> rmse{}, mae{}, r2{};
};
[[nodiscard]] RegressionMetrics regression_metrics(std::span<const double> predictions, std::span<const double> targets,
                                                   std::span<const double> weights = {});

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/summary.hpp>
