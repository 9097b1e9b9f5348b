#pragma once

// Gradient and hessian of log loss for a block of rows.

#include <cstddef>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::kernels {

using Logistic = void (*)(const detail::GradientBlock& block) noexcept;

/// Where p rounds to 0 or 1 a row still counts as one: no histogram may take its bin for empty.
inline constexpr double kLeastHessian = 1e-16;

inline void logistic_scalar(const detail::GradientBlock& block) noexcept {
  for (std::size_t i = 0; i < block.rows; ++i) {
    const double p = exact::sigmoid(block.scores[i]);
    double g = exact::sub(p, block.labels[i]);
    double h = exact::mul(p, exact::sub(1.0, p));
    if (!(h > kLeastHessian)) h = kLeastHessian;
    if (block.weights != nullptr) {
      g = exact::mul(g, block.weights[i]);
      h = exact::mul(h, block.weights[i]);
    }
    block.g[i] = g;
    block.h[i] = h;
  }
}

}  // namespace riskflag::inline v0_1::kernels
