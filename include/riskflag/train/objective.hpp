#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace riskflag::inline v0_1::detail {

/// Rows of one block, as plain pointers to its first row; weights may be null (all 1).
struct GradientBlock {
  const double* scores;
  const double* labels;
  const double* weights;
  double* g;  ///< out: first derivative of the loss by the margin, times the weight
  double* h;  ///< out: second derivative, >= 0, times the weight
  std::size_t rows;
};

/// A loss, as training sees it. Stateless: one object serves all threads.
class ObjectiveFunction {
 public:
  virtual ~ObjectiveFunction() = default;
  /// LightGBM's name, as Model::objective keeps it.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Throws Error(invalid_data) with the row when a label cannot be learned from.
  virtual void check_labels(std::span<const double> labels, std::span<const double> weights) const = 0;
  /// The best constant margin for labels with this weighted mean.
  [[nodiscard]] virtual double margin_of_mean(double mean) const noexcept = 0;
  /// The spacing of leaves and base margins: a power of two, chosen from the range of labels and the base margin.
  [[nodiscard]] virtual double leaf_grid(double label_range) const noexcept = 0;
  /// Fills g and h. Every row alone, so blocks may run in any order.
  virtual void gradients(const GradientBlock& block) const noexcept = 0;
  /// True when h is the weight itself: unweighted rows then count as one quantum each, without rounding.
  [[nodiscard]] virtual bool constant_hessian() const noexcept { return false; }
  /// What early stopping looks at when no metric is named.
  [[nodiscard]] virtual std::string_view default_metric() const noexcept = 0;
};

}  // namespace riskflag::inline v0_1::detail
