#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <riskflag/core/cpu.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/kernels/dispatch.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

/// Log loss of labels 0 and 1: g = p - y, h = p (1 - p), at least 1e-16.
class BinaryObjective final : public ObjectiveFunction {
 public:
  explicit BinaryObjective(CpuLevel level = cpu_level()) noexcept : kernel_(kernels::train_kernels(level).logistic) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "binary"; }

  void check_labels(std::span<const double> labels, std::span<const double> weights) const override {
    bool seen[2] = {false, false};
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] != 0.0 && labels[i] != 1.0) {
        fail(ErrorCode::invalid_data, "row " + std::to_string(i),
             "label " + number_text(labels[i]) + " is neither 0 nor 1 (objective binary)");
      }
      if (weights.empty() || weights[i] > 0.0) seen[labels[i] != 0.0 ? 1 : 0] = true;
    }
    if (seen[0] != seen[1]) {
      fail(ErrorCode::invalid_data, "labels",
           std::string("all rows are labelled ") + (seen[1] ? "1" : "0") +
               "; a binary model needs rows of both classes");
    }
  }
  [[nodiscard]] double margin_of_mean(double mean) const noexcept override { return exact::logit(mean); }
  /// 2^-36: sums of leaves stay exact up to margins of 131,072.
  [[nodiscard]] double leaf_grid(double) const noexcept override { return 0x1p-36; }
  void gradients(const GradientBlock& block) const noexcept override { kernel_(block); }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "binary_logloss"; }

 private:
  kernels::Logistic kernel_;
};

}  // namespace riskflag::inline v0_1::detail
