#pragma once

// The best cut where outputs are limited: by max_delta_step, by bounds from above, by a monotone constraint.

#include <riskflag/train/kernels/scan.hpp>
#include <riskflag/train/limits.hpp>

namespace riskflag::inline v0_1::kernels {

/// -G / H after soft thresholding by l1, within bounds; `h` includes l2.
[[nodiscard]] inline double limited_output(double g, double h, double l1, const detail::OutputBounds& bounds) noexcept {
  if (l1 > 0.0) {
    const double rest = exact::sub(g < 0.0 ? -g : g, l1);
    g = rest > 0.0 ? (g < 0.0 ? -rest : rest) : 0.0;
  }
  return bounds.clipped(exact::div(-g, h));
}

/// -(2 G w + H w^2): what the loss falls by (times two) when the rows of a node get the output w. G^2 / H at its best.
[[nodiscard]] inline double gain_of_output(double g, double h, double l1, double w) noexcept {
  if (l1 > 0.0) {
    const double rest = exact::sub(g < 0.0 ? -g : g, l1);
    g = rest > 0.0 ? (g < 0.0 ? -rest : rest) : 0.0;
  }
  return -exact::add(exact::mul(exact::mul(2.0, g), w), exact::mul(h, exact::mul(w, w)));
}

/// Outputs of two sides and what they gain.
struct LimitedSides {
  double left = 0.0, right = 0.0;
  double gain = -detail::OutputBounds::kNone;  ///< lowest: not allowed
};

/// `monotone` 1: the left side may not exceed the right one, -1: not fall below it. Hessians include l2.
[[nodiscard]] inline LimitedSides limited_sides(double gl, double hl, double gr, double hr, double l1,
                                                const detail::OutputBounds& bounds, int monotone) noexcept {
  LimitedSides out;
  out.left = limited_output(gl, hl, l1, bounds);
  out.right = limited_output(gr, hr, l1, bounds);
  if ((monotone > 0 && out.left > out.right) || (monotone < 0 && out.left < out.right)) return out;
  out.gain = exact::add(gain_of_output(gl, hl, l1, out.left), gain_of_output(gr, hr, l1, out.right));
  return out;
}

/// Its gain is -OutputBounds::kNone when no cut is allowed; it may be negative otherwise.
template <class Cell>
[[nodiscard]] inline ScanBest scan_limited(const ScanInput<Cell>& in, const detail::OutputBounds& bounds,
                                           int monotone) noexcept {
  ScanBest best{-detail::OutputBounds::kNone, 0};
  Cell left = in.start;
  for (unsigned b = 0; b < in.first; ++b) left += in.cells[b];
  for (unsigned b = in.first; b < in.end; ++b) {
    left += in.cells[b];
    const Cell right = in.total - left;
    const auto hl = static_cast<double>(h_of(left));
    const auto hr = static_cast<double>(h_of(right));
    if (!(hl >= in.min_h && hr >= in.min_h)) continue;
    const LimitedSides sides =
        limited_sides(static_cast<double>(g_of(left)), exact::add(hl, in.l2), static_cast<double>(g_of(right)),
                      exact::add(hr, in.l2), in.l1, bounds, monotone);
    if (sides.gain > best.gain) best = {sides.gain, b};
  }
  return best;
}

}  // namespace riskflag::inline v0_1::kernels
