#pragma once

// Metrics of several classes. Probabilities are rows x classes, in [0, 1]; labels are whole numbers from 0 to classes -
// 1; weights are >= 0, or absent (every row counts 1).
//
// Every function throws Error(invalid_data) when the lengths differ, a probability or a label is out of its range, or a
// weight is negative or not finite. What is ordinary but has no answer is an undefined Metric.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <riskflag/core/matrix_view.hpp>
#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics {

/// Mean of -log of the probability given to the true class, in nats; probabilities are kept 2^-52 away from 0 and 1 as
/// scikit-learn's log_loss does, and are not made to add up to 1.
[[nodiscard]] Metric multi_log_loss(MatrixView<double> probabilities, std::span<const double> labels,
                                    std::span<const double> weights = {});

/// Weighted rows by true class and by the class that was called.
struct ClassConfusion {
  std::size_t classes = 0;
  std::vector<double> cells{};  ///< [true class * classes + called class]

  [[nodiscard]] double at(std::size_t truth, std::size_t called) const noexcept {
    return cells[truth * classes + called];
  }
};

/// The class of the greatest probability of a row; of equal ones the first, as numpy's argmax.
[[nodiscard]] std::size_t called_class(MatrixView<double> probabilities, std::size_t row) noexcept;

[[nodiscard]] ClassConfusion class_confusion(MatrixView<double> probabilities, std::span<const double> labels,
                                             std::span<const double> weights = {});

/// Share of the rows whose class was called. 1 minus it is LightGBM's multi_error, but for ties: there a row with
/// several greatest probabilities is an error.
[[nodiscard]] Metric accuracy(const ClassConfusion& table);

/// One class against the others; precision is undefined where it is never called, recall where it has no rows, F1 where
/// both hold.
struct ClassScores {
  Metric precision{}, recall{}, f1{};
  double rows = 0;  ///< their weight
};
[[nodiscard]] std::vector<ClassScores> class_scores(const ClassConfusion& table);

/// Mean of the classes' F1, over classes that have rows or are called; scikit-learn's f1_score(average="macro").
[[nodiscard]] Metric f1_macro(const ClassConfusion& table);
/// The same weighted by the classes' rows; average="weighted".
[[nodiscard]] Metric f1_weighted(const ClassConfusion& table);

/// Mean over classes of the ROC-AUC of a class's probability against all others; scikit-learn's
/// roc_auc_score(multi_class="ovr", average="macro"). Undefined as soon as one class has no rows, or all.
[[nodiscard]] Metric roc_auc_ovr(MatrixView<double> probabilities, std::span<const double> labels,
                                 std::span<const double> weights = {});

/// All of them at once; a member without a value is null in `--json`.
struct MulticlassMetrics {
  std::optional<double> log_loss{}, accuracy{}, f1_macro{}, f1_weighted{}, roc_auc_ovr{};
  ClassConfusion confusion{};
};
[[nodiscard]] MulticlassMetrics multiclass_metrics(MatrixView<double> probabilities, std::span<const double> labels,
                                                   std::span<const double> weights = {});

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/multiclass.hpp>
