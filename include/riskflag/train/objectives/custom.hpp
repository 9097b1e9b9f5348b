#pragma once

#include <string_view>

#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

/// The caller's own loss: gradients come from TrainHooks::gradients, margins start at 0 and stay margins.
class CustomObjective final : public ObjectiveFunction {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "custom"; }
  [[nodiscard]] double margin_of_mean(double) const noexcept override { return 0.0; }
  [[nodiscard]] double leaf_grid(double) const noexcept override { return kLogGrid; }
  void gradients(const GradientBlock&) const noexcept override {}
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "l2"; }
};

}  // namespace riskflag::inline v0_1::detail
