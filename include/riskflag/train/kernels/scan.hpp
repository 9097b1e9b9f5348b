#pragma once

// The best cut of one numeric feature in one leaf, from its histogram.

#include <cstdint>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/cell.hpp>

namespace riskflag::inline v0_1::kernels {

/// Cuts first .. end - 1: bins <= b go left, together with `start` (the missing rows, or nothing).
template <class Cell>
struct ScanInput {
  const Cell* cells;
  unsigned first, end;
  Cell start;
  Cell total;                        ///< of the leaf
  double l1, l2;                     ///< in quanta of g and h
  double min_h;                      ///< least hessian of either side in quanta, >= 1: no side is empty
  std::uint32_t rows = 0xffffffffU;  ///< of the leaf, or more: with few of them most bins are empty
  double floor = -1.0;               ///< cuts that gain no more are of no use, and a kernel may leave them out
};

struct ScanBest {
  double gain = -1.0;  ///< GL^2 / (HL + l2) + GR^2 / (HR + l2) in quanta; below 0: no cut is allowed
  unsigned cut = 0;    ///< the lowest of equals
};

/// Gradient sum after soft thresholding by l1, squared (the leaf's share of the loss reduction, times H + l2).
[[nodiscard]] inline double squared_gradient(double g, double l1) noexcept {
  if (l1 > 0.0) {
    g = g < 0.0 ? -g : g;
    g = exact::sub(g, l1);
    if (!(g > 0.0)) return 0.0;
  }
  return exact::mul(g, g);
}

/// One division for both sides. `hl` and `hr` include l2.
[[nodiscard]] inline double two_sided_gain(double gl, double hl, double gr, double hr, double l1) noexcept {
  const double over_left = exact::mul(squared_gradient(gl, l1), hr);
  const double over_right = exact::mul(squared_gradient(gr, l1), hl);
  return exact::div(exact::add(over_left, over_right), exact::mul(hl, hr));
}

template <class Cell>
[[nodiscard]] inline ScanBest scan_scalar(const ScanInput<Cell>& in) noexcept {
  ScanBest best;
  Cell left = in.start;
  for (unsigned b = 0; b < in.first; ++b) left += in.cells[b];
  for (unsigned b = in.first; b < in.end; ++b) {
    left += in.cells[b];
    const Cell right = in.total - left;
    const auto hl = static_cast<double>(h_of(left));
    const auto hr = static_cast<double>(h_of(right));
    if (!(hl >= in.min_h && hr >= in.min_h)) continue;
    const double gain = two_sided_gain(static_cast<double>(g_of(left)), exact::add(hl, in.l2),
                                       static_cast<double>(g_of(right)), exact::add(hr, in.l2), in.l1);
    if (gain > best.gain) best = {gain, b};
  }
  return best;
}

/// Flags, one cell each: the rows that hold it, to be parted from the rest of the leaf.
struct FlagScan {
  const NarrowCell* cells;
  unsigned n;  ///< at most 64; up to seven cells behind them are read
  NarrowCell total;
  double l2, min_h;
  double floor;
};

/// A bit for each flag whose split is allowed and may gain more than `floor`: none that does is left out. No division:
/// over / weight > floor can only be where over >= floor * weight, less what two roundings may add.
[[nodiscard]] inline std::uint64_t flags_above_scalar(const FlagScan& in) noexcept {
  std::uint64_t out = 0;
  for (unsigned k = 0; k < in.n; ++k) {
    const NarrowCell left = in.cells[k], right = in.total - left;
    const auto hl = static_cast<double>(h_of(left)), hr = static_cast<double>(h_of(right));
    const auto gl = static_cast<double>(g_of(left)), gr = static_cast<double>(g_of(right));
    const double wl = exact::add(hl, in.l2), wr = exact::add(hr, in.l2);
    const double over = exact::add(exact::mul(exact::mul(gl, gl), wr), exact::mul(exact::mul(gr, gr), wl));
    const double needed = exact::mul(exact::mul(in.floor, exact::mul(wl, wr)), 1.0 - 0x1p-52);
    out |= static_cast<std::uint64_t>(hl >= in.min_h && hr >= in.min_h && over >= needed) << k;
  }
  return out;
}

using FlagsAbove = std::uint64_t (*)(const FlagScan& in) noexcept;
using ScanNarrow = ScanBest (*)(const ScanInput<NarrowCell>& in) noexcept;

}  // namespace riskflag::inline v0_1::kernels
