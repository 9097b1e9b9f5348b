#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/multiclass.hpp>
#include <riskflag/metrics/regression.hpp>
#include <riskflag/predict/predictor.hpp>
#include <riskflag/prep/pipeline.hpp>

namespace riskflag::inline v0_1::study {

/// Metric lost when one feature's values are dealt out anew among the rows: ROC-AUC (binary), minus log loss
/// (multiclass) or R2, one for each feature; absent where the metric is not defined. Breiman, "Random forests", 2001,
/// section 10. The order is drawn from `seed` and the feature alone.
[[nodiscard]] inline std::vector<std::optional<double>> permutation_importance(
    const Predictor& predictor, prep::FeatureMatrix matrix, bundle::Kind kind, std::span<const double> labels,
    std::span<const double> weights, std::span<const double> offsets, std::uint64_t seed, Executor& executor,
    std::stop_token stop = {}) {
  const auto outputs = static_cast<std::size_t>(predictor.outputs());
  std::vector<double> scores(matrix.rows * outputs);
  const auto judge = [&]() -> std::optional<double> {
    predict_rows(predictor, matrix.view(), offsets, scores, executor);
    if (kind == bundle::Kind::multiclass) {
      const auto loss =
          metrics::multi_log_loss(MatrixView<double>::row_major(scores.data(), matrix.rows, outputs), labels, weights);
      return loss ? std::optional(-*loss.value) : std::nullopt;
    }
    return kind == bundle::Kind::binary ? metrics::roc_auc(scores, labels, weights).value
                                        : metrics::r2(scores, labels, weights).value;
  };
  std::vector<std::optional<double>> lost(matrix.cols);
  const std::optional<double> whole = judge();
  if (!whole) return lost;
  std::vector<std::uint32_t> order(matrix.rows);
  for (std::size_t f = 0; f < matrix.cols && !stop.stop_requested(); ++f) {
    std::iota(order.begin(), order.end(), 0U);
    shuffle(order, Random(seed, f));
    double* column = matrix.values.data() + f * matrix.rows;
    const std::vector<double> kept(column, column + matrix.rows);
    for (std::size_t i = 0; i < matrix.rows; ++i) column[i] = kept[order[i]];
    if (const auto without = judge()) lost[f] = *whole - *without;
    std::copy(kept.begin(), kept.end(), column);
  }
  return lost;
}

}  // namespace riskflag::inline v0_1::study
