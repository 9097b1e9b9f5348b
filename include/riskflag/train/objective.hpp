#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::detail {

/// Rows of one block, as plain pointers to its first row; weights may be null (all 1).
struct GradientBlock {
  const double* scores;
  const double* labels;
  const double* weights;
  double* g;  ///< out: first derivative of the loss by the margin, times the weight
  double* h;  ///< out: second derivative, >= 0, times the weight
  std::size_t rows;
  std::size_t output = 0;        ///< whose margins `scores` are
  const double* tops = nullptr;  ///< what share_rows() found out, where the objective shares rows
  const double* sums = nullptr;
};

/// Rows of one block with the margins of all outputs: output k's lie k * stride behind the first's.
struct SharedBlock {
  const double* scores;
  std::size_t stride, outputs;
  double* tops;  ///< out: what share_rows() keeps of a row for its outputs
  double* sums;
  std::size_t rows;
};

/// A loss, as training sees it. Stateless: one object serves all threads.
class ObjectiveFunction {
 public:
  virtual ~ObjectiveFunction() = default;
  /// LightGBM's name, as Model::objective keeps it, and its parameter (0 where it has none).
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  [[nodiscard]] virtual double parameter() const noexcept { return 0.0; }
  /// Whether a label can be learned from, and which ones can: "a finite number".
  [[nodiscard]] virtual bool is_label(double label) const noexcept { return is_finite(label); }
  [[nodiscard]] virtual std::string_view wanted_label() const noexcept { return "a finite number"; }
  /// Throws Error(invalid_data), with the row where one is at fault, when the labels cannot be learned from.
  virtual void check_labels(std::span<const double> labels, std::span<const double> weights) const {
    (void)weights;
    for (std::size_t i = 0; i < labels.size(); ++i) check_label(labels[i], "row " + std::to_string(i));
  }
  void check_label(double label, const std::string& where) const {
    if (!is_label(label)) {
      fail(ErrorCode::invalid_data, where,
           "label " + number_text(label) + " is not " + std::string(wanted_label()) + " (objective " +
               std::string(name()) + ")");
    }
  }
  /// Margins of a row, each with a tree of its own in every round.
  [[nodiscard]] virtual std::size_t outputs() const noexcept { return 1; }
  /// Set: gradients() needs what share_rows() says of the margins at the beginning of the round.
  [[nodiscard]] virtual bool shares_rows() const noexcept { return false; }
  virtual void share_rows(const SharedBlock& block) const noexcept { (void)block; }
  /// The best constant margin for labels with this weighted mean; of several outputs: for a class with this share of
  /// the rows.
  [[nodiscard]] virtual double margin_of_mean(double mean) const noexcept = 0;
  /// Set: the constant margin, and every leaf's, is not a mean but this quantile of what is left to explain.
  [[nodiscard]] virtual std::optional<double> quantile() const noexcept { return std::nullopt; }
  /// The spacing of leaves and base margins: a power of two, chosen from the range of labels and the base margin.
  [[nodiscard]] virtual double leaf_grid(double label_range) const noexcept = 0;
  /// Fills g and h. Every row alone, so blocks may run in any order.
  virtual void gradients(const GradientBlock& block) const noexcept = 0;
  /// True when h is the weight itself: unweighted rows then count as one quantum each, without rounding.
  [[nodiscard]] virtual bool constant_hessian() const noexcept { return false; }
  /// What early stopping looks at when no metric is named.
  [[nodiscard]] virtual std::string_view default_metric() const noexcept = 0;
};

/// For margins on the scale of the labels: the power of two at or above the largest absolute label or distance between
/// labels, times 2^-36.
[[nodiscard]] inline double grid_of_range(double label_range) noexcept {
  double grid = 0x1p-36;
  while (grid * 0x1p36 < label_range && grid < 0x1p900) grid *= 2.0;
  while (grid * 0x1p35 >= label_range && grid > 0x1p-900 && label_range > 0.0) grid *= 0.5;
  return grid;
}
/// For margins before a logistic or exponential link. Sums of leaves stay exact up to margins of 131,072.
inline constexpr double kLogGrid = 0x1p-36;

}  // namespace riskflag::inline v0_1::detail
