#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

/// Half the squared error: g = margin - y, h = 1.
class RegressionObjective final : public ObjectiveFunction {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "regression"; }

  void check_labels(std::span<const double> labels, std::span<const double>) const override {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (!is_finite(labels[i])) {
        fail(ErrorCode::invalid_data, "row " + std::to_string(i),
             "label " + number_text(labels[i]) + " is not a finite number");
      }
    }
  }
  [[nodiscard]] double margin_of_mean(double mean) const noexcept override { return mean; }
  /// The power of two at or above the largest absolute label or distance between labels, times 2^-36.
  [[nodiscard]] double leaf_grid(double label_range) const noexcept override {
    double grid = 0x1p-36;
    while (grid * 0x1p36 < label_range && grid < 0x1p900) grid *= 2.0;
    while (grid * 0x1p35 >= label_range && grid > 0x1p-900 && label_range > 0.0) grid *= 0.5;
    return grid;
  }
  void gradients(const GradientBlock& block) const noexcept override {
    for (std::size_t i = 0; i < block.rows; ++i) {
      const double g = exact::sub(block.scores[i], block.labels[i]);
      const double w = block.weights == nullptr ? 1.0 : block.weights[i];
      block.g[i] = exact::mul(g, w);
      block.h[i] = w;
    }
  }
  [[nodiscard]] bool constant_hessian() const noexcept override { return true; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "l2"; }
};

}  // namespace riskflag::inline v0_1::detail
