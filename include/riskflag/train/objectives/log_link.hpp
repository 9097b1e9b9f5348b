#pragma once

// Losses of counts and amounts, whose margin is the logarithm of the prediction. Formulas are LightGBM's
// (src/objective/regression_objective.hpp).

#include <cstddef>
#include <span>
#include <string_view>

#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/train/kernels/logistic.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

class LogLinkObjective : public ObjectiveFunction {
 public:
  [[nodiscard]] bool is_label(double label) const noexcept override { return is_finite(label) && label >= 0.0; }
  [[nodiscard]] std::string_view wanted_label() const noexcept override { return "a finite number >= 0"; }
  void check_labels(std::span<const double> labels, std::span<const double> weights) const override {
    ObjectiveFunction::check_labels(labels, weights);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] > 0.0 && (weights.empty() || weights[i] > 0.0)) return;
    }
    fail(ErrorCode::invalid_data, "labels", "all are 0; the logarithm of their mean does not exist");
  }
  [[nodiscard]] double margin_of_mean(double mean) const noexcept override { return exact::log(mean); }
  [[nodiscard]] double leaf_grid(double) const noexcept override { return kLogGrid; }
  void gradients(const GradientBlock& block) const noexcept override {
    for (std::size_t i = 0; i < block.rows; ++i) {
      const double w = block.weights == nullptr ? 1.0 : block.weights[i];
      double g = 0.0, h = 0.0;
      derivatives(block.scores[i], block.labels[i], g, h);
      if (!(h > kernels::kLeastHessian)) h = kernels::kLeastHessian;
      block.g[i] = exact::mul(g, w);
      block.h[i] = exact::mul(h, w);
    }
  }

 protected:
  virtual void derivatives(double score, double label, double& g, double& h) const noexcept = 0;
};

/// g = e^s - y, h = e^(s + poisson_max_delta_step): the step keeps the first leaves small.
class PoissonObjective final : public LogLinkObjective {
 public:
  explicit PoissonObjective(double max_delta_step) noexcept : step_(exact::exp(max_delta_step)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "poisson"; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "poisson_deviance"; }

 protected:
  void derivatives(double score, double label, double& g, double& h) const noexcept override {
    const double mean = exact::exp(score);
    g = exact::sub(mean, label);
    h = exact::mul(mean, step_);
  }

 private:
  double step_;
};

/// g = 1 - y e^-s, h = y e^-s.
class GammaObjective final : public LogLinkObjective {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "gamma"; }
  [[nodiscard]] bool is_label(double label) const noexcept override { return is_finite(label) && label > 0.0; }
  [[nodiscard]] std::string_view wanted_label() const noexcept override { return "a finite number > 0"; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "gamma_deviance"; }

 protected:
  void derivatives(double score, double label, double& g, double& h) const noexcept override {
    h = exact::mul(label, exact::exp(-score));
    g = exact::sub(1.0, h);
  }
};

/// g = e^((2 - p) s) - y e^((1 - p) s), for a variance power 1 <= p < 2.
class TweedieObjective final : public LogLinkObjective {
 public:
  explicit TweedieObjective(double power) noexcept : power_(power) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "tweedie"; }
  [[nodiscard]] double parameter() const noexcept override { return power_; }
  [[nodiscard]] std::string_view default_metric() const noexcept override { return "tweedie_deviance"; }

 protected:
  void derivatives(double score, double label, double& g, double& h) const noexcept override {
    const double one = exact::sub(1.0, power_), two = exact::sub(2.0, power_);
    const double a = exact::mul(label, exact::exp(exact::mul(one, score)));
    const double b = exact::exp(exact::mul(two, score));
    g = exact::sub(b, a);
    h = exact::sub(exact::mul(two, b), exact::mul(one, a));
  }

 private:
  double power_;
};

}  // namespace riskflag::inline v0_1::detail
