#pragma once

// Several classes, labelled 0, 1, ...: one margin and one tree a round for each.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/cpu.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/kernels/dispatch.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

/// LightGBM's kEpsilon, there a float: shares of rows are kept this far from 0 (and 1).
inline constexpr double kLeastShare = static_cast<double>(1e-15F);

/// Labels, starting margins and metrics of both forms.
class ClassesObjective : public ObjectiveFunction {
 public:
  explicit ClassesObjective(int classes)
      : classes_(classes),
        wanted_("a whole number from 0 to " + std::to_string(classes - 1) + " (num_class is " +
                std::to_string(classes) + ")") {}

  [[nodiscard]] std::size_t outputs() const noexcept override { return static_cast<std::size_t>(classes_); }
  [[nodiscard]] bool is_label(double label) const noexcept override {
    return label >= 0.0 && label < static_cast<double>(classes_) &&
           static_cast<double>(static_cast<int>(label)) == label;
  }
  [[nodiscard]] std::string_view wanted_label() const noexcept override { return wanted_; }
  void check_labels(std::span<const double> labels, std::span<const double> weights) const override {
    double first = -1.0;
    bool several = false;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      check_label(labels[i], "row " + std::to_string(i));
      if (!weights.empty() && !(weights[i] > 0.0)) continue;
      if (first < 0.0) first = labels[i];
      several = several || labels[i] != first;
    }
    if (!several) {
      fail(ErrorCode::invalid_data, "labels",
           "all rows are labelled " + number_text(first) + "; a multiclass model needs rows of two classes at least");
    }
  }
  [[nodiscard]] double leaf_grid(double) const noexcept override { return kLogGrid; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "multi_logloss"; }

 private:
  int classes_;
  std::string wanted_;
};

/// Softmax over all classes: g = p - [label is k], h = K / (K - 1) p (1 - p), as in LightGBM (Friedman's factor makes
/// up for the one margin too many).
class SoftmaxObjective final : public ClassesObjective {
 public:
  SoftmaxObjective(int classes, CpuLevel level)
      : ClassesObjective(classes),
        factor_(exact::div(static_cast<double>(classes), static_cast<double>(classes - 1))),
        sums_(kernels::train_kernels(level).softmax_sums),
        gradients_(kernels::train_kernels(level).softmax_gradients) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "multiclass"; }
  [[nodiscard]] double margin_of_mean(double share) const noexcept override {
    return exact::log(std::max(share, kLeastShare));
  }
  [[nodiscard]] bool shares_rows() const noexcept override { return true; }
  void share_rows(const SharedBlock& block) const noexcept override { sums_(block); }
  void gradients(const GradientBlock& block) const noexcept override { gradients_(block, factor_); }

 private:
  double factor_;
  kernels::SoftmaxSums sums_;
  kernels::SoftmaxGradients gradients_;
};

/// One class against all others, each a binary log loss of its own; probabilities of a row do not add up to 1.
class OneVsAllObjective final : public ClassesObjective {
 public:
  OneVsAllObjective(int classes, CpuLevel level)
      : ClassesObjective(classes), kernel_(kernels::train_kernels(level).logistic) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "multiclassova"; }
  [[nodiscard]] double margin_of_mean(double share) const noexcept override {
    return exact::logit(std::min(std::max(share, kLeastShare), exact::sub(1.0, kLeastShare)));
  }
  void gradients(const GradientBlock& block) const noexcept override {
    constexpr std::size_t kRows = 512;
    double is_class[kRows];
    const auto of_class = static_cast<double>(block.output);
    for (std::size_t begin = 0; begin < block.rows; begin += kRows) {
      const std::size_t rows = std::min(kRows, block.rows - begin);
      for (std::size_t i = 0; i < rows; ++i) is_class[i] = block.labels[begin + i] == of_class ? 1.0 : 0.0;
      kernel_({block.scores + begin, is_class, block.weights == nullptr ? nullptr : block.weights + begin,
               block.g + begin, block.h + begin, rows});
    }
  }

 private:
  kernels::Logistic kernel_;
};

}  // namespace riskflag::inline v0_1::detail
