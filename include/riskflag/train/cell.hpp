#pragma once

// What a histogram adds up: one packed 64-bit integer, or two of them.

#include <cstdint>

namespace riskflag::inline v0_1 {

/// Gradient and hessian of some rows in quanta: the signed gradient in the high half, the unsigned hessian in the low
/// one.
///
/// One addition adds both; the scale of an iteration makes sure that no subset of rows leaves its half. Subtracting a
/// subset cannot borrow, because every row's hessian is >= 0. Unsigned, so that wrapping of the high half is defined.
using NarrowCell = std::uint64_t;

/// The same in two 64-bit integers: for tables and weights whose rows would round to nothing in 32 bits.
struct WideCell {
  std::int64_t g = 0;
  std::int64_t h = 0;

  WideCell& operator+=(WideCell o) noexcept {
    g += o.g;
    h += o.h;
    return *this;
  }
  WideCell& operator-=(WideCell o) noexcept {
    g -= o.g;
    h -= o.h;
    return *this;
  }
  friend WideCell operator+(WideCell a, WideCell b) noexcept { return a += b; }
  friend WideCell operator-(WideCell a, WideCell b) noexcept { return a -= b; }
  bool operator==(const WideCell&) const = default;
};

[[nodiscard]] inline NarrowCell pack(std::int32_t g, std::uint32_t h) noexcept {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(g)) << 32) + h;
}
[[nodiscard]] inline std::int64_t g_of(NarrowCell c) noexcept { return static_cast<std::int64_t>(c) >> 32; }
[[nodiscard]] inline std::int64_t h_of(NarrowCell c) noexcept { return static_cast<std::int64_t>(c & 0xffffffffU); }
[[nodiscard]] inline std::int64_t g_of(WideCell c) noexcept { return c.g; }
[[nodiscard]] inline std::int64_t h_of(WideCell c) noexcept { return c.h; }

/// Cells from one feature's histogram to the next: more than 256 bins, and no power of two, which would send equal bins
/// of all features to the same cache sets (8 times slower on skewed columns).
inline constexpr unsigned kCellStride = 264;

}  // namespace riskflag::inline v0_1
