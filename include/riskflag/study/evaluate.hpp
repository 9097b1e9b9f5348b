#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/metrics/multiclass.hpp>
#include <riskflag/metrics/summary.hpp>

namespace riskflag::inline v0_1::study {

/// Names and values of one part's metrics, in the order that `--json` writes them; a value that is not defined is
/// absent.
using MetricList = std::vector<std::pair<std::string, std::optional<double>>>;

/// The contract's metrics of one part: roc_auc, pr_auc, log_loss, brier, ks, gini, accuracy, precision, recall, f1,
/// threshold, ece (binary), log_loss, accuracy, f1_macro, f1_weighted, roc_auc_ovr (multiclass; scores are rows x
/// classes, row-major), or rmse, mae, r2 (regression). Empty for a part without rows.
[[nodiscard]] inline MetricList evaluate(bundle::Kind kind, std::span<const double> scores,
                                         std::span<const double> labels, std::span<const double> weights,
                                         double threshold) {
  if (scores.empty()) return {};
  if (kind == bundle::Kind::multiclass) {
    const auto p = MatrixView<double>::row_major(scores.data(), labels.size(), scores.size() / labels.size());
    const metrics::MulticlassMetrics m = metrics::multiclass_metrics(p, labels, weights);
    return {{"log_loss", m.log_loss},
            {"accuracy", m.accuracy},
            {"f1_macro", m.f1_macro},
            {"f1_weighted", m.f1_weighted},
            {"roc_auc_ovr", m.roc_auc_ovr}};
  }
  if (kind != bundle::Kind::binary) {
    const metrics::RegressionMetrics m = metrics::regression_metrics(scores, labels, weights);
    return {{"rmse", m.rmse}, {"mae", m.mae}, {"r2", m.r2}};
  }
  const metrics::BinaryMetrics m = metrics::binary_metrics(scores, labels, weights, threshold);
  return {{"roc_auc", m.roc_auc}, {"pr_auc", m.pr_auc}, {"log_loss", m.log_loss}, {"brier", m.brier},
          {"ks", m.ks},           {"gini", m.gini},     {"accuracy", m.accuracy}, {"precision", m.precision},
          {"recall", m.recall},   {"f1", m.f1},         {"threshold", threshold}, {"ece", m.ece}};
}

/// `list` as a JSON object, or null when it is empty.
inline void write_metrics(JsonWriter& json, const MetricList& list) {
  if (list.empty()) {
    json.null();
    return;
  }
  json.begin_object();
  for (const auto& [name, value] : list) {
    json.key(name);
    if (value)
      json.value(*value);
    else
      json.null();
  }
  json.end_object();
}

/// Mean and sample standard deviation over folds of one metric; absent when it was not defined in a fold.
struct FoldMetric {
  std::string name;
  std::optional<double> mean, std;
};

[[nodiscard]] inline std::vector<FoldMetric> fold_metrics(std::span<const MetricList> folds) {
  std::vector<FoldMetric> out;
  if (folds.empty()) return out;
  for (std::size_t m = 0; m < folds[0].size(); ++m) {
    FoldMetric metric{folds[0][m].first, {}, {}};
    double sum = 0, squares = 0;
    bool all = true;
    for (const MetricList& fold : folds) {
      if (fold[m].second)
        sum = exact::add(sum, *fold[m].second);
      else
        all = false;
    }
    const auto k = static_cast<double>(folds.size());
    if (all) {
      metric.mean = exact::div(sum, k);
      for (const MetricList& fold : folds) {
        const double off = exact::sub(*fold[m].second, *metric.mean);
        squares = exact::add(squares, exact::mul(off, off));
      }
      metric.std = exact::sqrt(exact::div(squares, k - 1));
    }
    out.push_back(std::move(metric));
  }
  return out;
}

}  // namespace riskflag::inline v0_1::study
