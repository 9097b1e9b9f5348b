#pragma once

// Losses of distances, for labels with outliers: absolute, Huber's, and quantiles.

#include <cstddef>
#include <optional>
#include <string_view>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

/// What the three share: h is the weight, margins are on the scale of the labels.
class RobustObjective : public ObjectiveFunction {
 public:
  [[nodiscard]] double margin_of_mean(double mean) const noexcept override { return mean; }
  [[nodiscard]] double leaf_grid(double label_range) const noexcept override { return grid_of_range(label_range); }
  [[nodiscard]] bool constant_hessian() const noexcept override { return true; }
  void gradients(const GradientBlock& block) const noexcept override {
    for (std::size_t i = 0; i < block.rows; ++i) {
      const double w = block.weights == nullptr ? 1.0 : block.weights[i];
      block.g[i] = exact::mul(slope(exact::sub(block.scores[i], block.labels[i])), w);
      block.h[i] = w;
    }
  }

 protected:
  /// Derivative of the loss at margin - label.
  [[nodiscard]] virtual double slope(double distance) const noexcept = 0;
};

/// Absolute error: leaves are medians.
class AbsoluteObjective final : public RobustObjective {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "regression_l1"; }
  [[nodiscard]] std::optional<double> quantile() const noexcept override { return 0.5; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "l1"; }

 protected:
  [[nodiscard]] double slope(double d) const noexcept override { return d > 0.0 ? 1.0 : d < 0.0 ? -1.0 : 0.0; }
};

/// Squared up to a distance of alpha, absolute beyond. As in LightGBM leaves are means of the clipped distances and
/// training starts at the mean.
class HuberObjective final : public RobustObjective {
 public:
  explicit HuberObjective(double alpha) noexcept : alpha_(alpha) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "huber"; }
  [[nodiscard]] double parameter() const noexcept override { return alpha_; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "huber"; }

 protected:
  [[nodiscard]] double slope(double d) const noexcept override {
    return d > alpha_ ? alpha_ : d < -alpha_ ? -alpha_ : d;
  }

 private:
  double alpha_;
};

/// Pinball loss: leaves are alpha quantiles.
class QuantileObjective final : public RobustObjective {
 public:
  explicit QuantileObjective(double alpha) noexcept : alpha_(alpha) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "quantile"; }
  [[nodiscard]] double parameter() const noexcept override { return alpha_; }
  [[nodiscard]] std::optional<double> quantile() const noexcept override { return alpha_; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "quantile"; }

 protected:
  [[nodiscard]] double slope(double d) const noexcept override { return d >= 0.0 ? exact::sub(1.0, alpha_) : -alpha_; }

 private:
  double alpha_;
};

}  // namespace riskflag::inline v0_1::detail
