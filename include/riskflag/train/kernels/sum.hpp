#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <riskflag/core/exact.hpp>

namespace riskflag::inline v0_1::kernels {

/// What the scale of an iteration is chosen from.
struct GradientSums {
  double g = 0.0;  ///< of |g|
  double h = 0.0;
  double least_g = std::numeric_limits<double>::max();  ///< smallest nonzero |g|
};

using SumGradients = GradientSums (*)(const double* g, const double* h, std::size_t n) noexcept;

/// The last n < 8 rows of a block, then the eight running sums from first to last.
[[nodiscard]] inline GradientSums finish_sums(const double* g, const double* h, std::size_t n, double* lanes_g,
                                              double* lanes_h, GradientSums out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const double m = std::bit_cast<double>(std::bit_cast<std::uint64_t>(g[i]) & 0x7fffffffffffffffULL);
    lanes_g[i] = exact::add(lanes_g[i], m);
    lanes_h[i] = exact::add(lanes_h[i], h[i]);
    if (m > 0.0 && m < out.least_g) out.least_g = m;
  }
  for (std::size_t lane = 0; lane < 8; ++lane) {
    out.g = exact::add(out.g, lanes_g[lane]);
    out.h = exact::add(out.h, lanes_h[lane]);
  }
  return out;
}

/// Eight running sums each, which vector units can follow: the order is part of the definition.
[[nodiscard]] inline GradientSums sum_scalar(const double* g, const double* h, std::size_t n) noexcept {
  double lanes_g[8] = {}, lanes_h[8] = {};
  GradientSums out;
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double m = std::bit_cast<double>(std::bit_cast<std::uint64_t>(g[i + lane]) & 0x7fffffffffffffffULL);
      lanes_g[lane] = exact::add(lanes_g[lane], m);
      lanes_h[lane] = exact::add(lanes_h[lane], h[i + lane]);
      if (m > 0.0 && m < out.least_g) out.least_g = m;
    }
  }
  return finish_sums(g + i, h + i, n - i, lanes_g, lanes_h, out);
}

}  // namespace riskflag::inline v0_1::kernels
