#pragma once

#include <cstddef>
#include <string_view>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

/// Half the squared error: g = margin - y, h = 1.
class RegressionObjective final : public ObjectiveFunction {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "regression"; }

  [[nodiscard]] double margin_of_mean(double mean) const noexcept override { return mean; }
  [[nodiscard]] double leaf_grid(double label_range) const noexcept override { return grid_of_range(label_range); }
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
