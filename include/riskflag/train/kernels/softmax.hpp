#pragma once

// Gradient and hessian of the log loss of several classes for a block of rows, in two steps: what the classes of a row
// share (once a round), then one class after another. The probabilities are never held for all classes at once, which
// costs a second exponential and saves 8 bytes a row and class.

#include <cstddef>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/kernels/logistic.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::kernels {

using SoftmaxSums = void (*)(const detail::SharedBlock& block) noexcept;
using SoftmaxGradients = void (*)(const detail::GradientBlock& block, double factor) noexcept;

/// The greatest margin of a row and the sum of e^(margin - greatest), class after class: the order of apply_link(), so
/// that probabilities are those of scoring to the bit.
inline void softmax_sums_scalar(const detail::SharedBlock& block) noexcept {
  for (std::size_t i = 0; i < block.rows; ++i) {
    const double* const margins = block.scores + i;
    double top = margins[0];
    for (std::size_t k = 1; k < block.outputs; ++k) {
      const double m = margins[k * block.stride];
      top = m > top ? m : top;
    }
    double sum = 0.0;
    for (std::size_t k = 0; k < block.outputs; ++k)
      sum = exact::add(sum, exact::exp(exact::sub(margins[k * block.stride], top)));
    block.tops[i] = top;
    block.sums[i] = sum;
  }
}

/// g = p - 1 for rows of the class, p elsewhere; h = factor p (1 - p), at least kLeastHessian; both times the weight.
inline void softmax_gradients_scalar(const detail::GradientBlock& block, double factor) noexcept {
  const auto of_class = static_cast<double>(block.output);
  for (std::size_t i = 0; i < block.rows; ++i) {
    const double p = exact::div(exact::exp(exact::sub(block.scores[i], block.tops[i])), block.sums[i]);
    double g = exact::sub(p, block.labels[i] == of_class ? 1.0 : 0.0);
    double h = exact::mul(exact::mul(factor, p), exact::sub(1.0, p));
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
