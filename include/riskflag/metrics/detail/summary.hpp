#pragma once

#include <riskflag/metrics/calibration.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/summary.hpp>

namespace riskflag::inline v0_1::metrics {

inline BinaryMetrics binary_metrics(std::span<const double> probabilities, std::span<const double> labels,
                                    std::span<const double> weights, double threshold) {
  BinaryMetrics out;
  {
    const detail::Ranked rows(probabilities, labels, weights);
    out.rows = rows.total();
    out.positives = rows.positive();
    out.roc_auc = detail::roc_auc_of(rows).value;
    out.pr_auc = detail::pr_auc_of(rows).value;
    out.ks = detail::ks_of(rows).value;
    if (out.roc_auc) out.gini = exact::sub(exact::mul(2.0, *out.roc_auc), 1.0);
  }
  out.log_loss = log_loss(probabilities, labels, weights).value;
  out.brier = brier(probabilities, labels, weights).value;
  out.ece = ece(probabilities, labels, weights).value;
  out.threshold = threshold;
  out.confusion = metrics::confusion(probabilities, labels, threshold, weights);
  out.accuracy = accuracy(out.confusion).value;
  out.precision = precision(out.confusion).value;
  out.recall = recall(out.confusion).value;
  out.f1 = f1(out.confusion).value;
  out.mcc = mcc(out.confusion).value;
  return out;
}

inline RegressionMetrics regression_metrics(std::span<const double> predictions, std::span<const double> targets,
                                            std::span<const double> weights) {
  return {rmse(predictions, targets, weights).value, mae(predictions, targets, weights).value,
          r2(predictions, targets, weights).value};
}

}  // namespace riskflag::inline v0_1::metrics
