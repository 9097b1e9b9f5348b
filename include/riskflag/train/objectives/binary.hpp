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
class BinaryObjective : public ObjectiveFunction {
 public:
  explicit BinaryObjective(CpuLevel level = cpu_level()) noexcept : kernel_(kernels::train_kernels(level).logistic) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "binary"; }

  [[nodiscard]] bool is_label(double label) const noexcept override { return label == 0.0 || label == 1.0; }
  [[nodiscard]] std::string_view wanted_label() const noexcept override { return "0 or 1"; }
  void check_labels(std::span<const double> labels, std::span<const double> weights) const override {
    bool seen[2] = {false, false};
    for (std::size_t i = 0; i < labels.size(); ++i) {
      check_label(labels[i], "row " + std::to_string(i));
      if (weights.empty() || weights[i] > 0.0) seen[labels[i] != 0.0 ? 1 : 0] = true;
    }
    if (seen[0] != seen[1]) {
      fail(ErrorCode::invalid_data, "labels",
           std::string("all rows are labelled ") + (seen[1] ? "1" : "0") +
               "; a binary model needs rows of both classes");
    }
  }
  [[nodiscard]] double margin_of_mean(double mean) const noexcept override { return exact::logit(mean); }
  [[nodiscard]] double leaf_grid(double) const noexcept override { return kLogGrid; }
  void gradients(const GradientBlock& block) const noexcept override { kernel_(block); }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "binary_logloss"; }

 private:
  kernels::Logistic kernel_;
};

/// Log loss of labels from 0 to 1: shares, or probabilities from elsewhere. LightGBM's cross_entropy.
class CrossEntropyObjective final : public BinaryObjective {
 public:
  using BinaryObjective::BinaryObjective;
  [[nodiscard]] std::string_view name() const noexcept override { return "cross_entropy"; }
  [[nodiscard]] bool is_label(double label) const noexcept override { return label >= 0.0 && label <= 1.0; }
  [[nodiscard]] std::string_view wanted_label() const noexcept override { return "from 0 to 1"; }
  void check_labels(std::span<const double> labels, std::span<const double> weights) const override {
    bool low = true, high = true;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      check_label(labels[i], "row " + std::to_string(i));
      if (!weights.empty() && !(weights[i] > 0.0)) continue;
      low = low && labels[i] == 0.0;
      high = high && labels[i] == 1.0;
    }
    if (low || high) {
      fail(ErrorCode::invalid_data, "labels",
           std::string("all rows are labelled ") + (low ? "0" : "1") + "; there is nothing to tell apart");
    }
  }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "cross_entropy"; }
};

}  // namespace riskflag::inline v0_1::detail
