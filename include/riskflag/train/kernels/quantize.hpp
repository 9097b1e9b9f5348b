#pragma once

// Rounds gradients and hessians to quanta, up or down by chance so that no sum is biased.

#include <bit>
#include <cstddef>
#include <cstdint>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/cell.hpp>

namespace riskflag::inline v0_1::kernels {

/// Rows [first, first + n) of one iteration; g and h point to row `first`.
struct QuantizeBlock {
  const double* g;
  const double* h;
  std::size_t first;
  std::size_t n;
  double scale_g, scale_h;     ///< quanta for one unit
  std::uint32_t key_g, key_h;  ///< of the iteration
};

/// Adding it leaves the nearest integer in the low bits of the sum, as two's complement, for |x| < 2^51.
inline constexpr double kToInteger = 0x1.8p52;

/// 32 bits that depend on row and iteration: the finaliser of MurmurHash3 (Appleby), of a Weyl sequence.
[[nodiscard]] inline std::uint32_t row_hash(std::uint32_t row, std::uint32_t key) noexcept {
  std::uint32_t x = row * 0x9e3779b1U + key;
  x ^= x >> 16;
  x *= 0x85ebca6bU;
  x ^= x >> 13;
  x *= 0xc2b2ae35U;
  return x ^ (x >> 16);
}

/// A uniform number in [-0.5, 0.5) from 32 bits.
[[nodiscard]] inline double dither(std::uint32_t bits) noexcept {
  return static_cast<double>(static_cast<std::int32_t>(bits)) * 0x1p-32;
}

/// The second hash of a row costs one multiplication more: rounding of g and h must not move together.
[[nodiscard]] inline std::uint32_t second_hash(std::uint32_t x, std::uint32_t key) noexcept {
  x = (x ^ key) * 0x297a2d39U;
  return x ^ (x >> 15);
}

/// out[i] = the row's cell: floor(x * scale + u) for u uniform in [0, 1), written as round(x * scale + u - 1/2);
/// hessians of rows with h > 0 are at least 1.
using Quantize = void (*)(const QuantizeBlock& block, NarrowCell* out) noexcept;

inline void quantize_scalar(const QuantizeBlock& block, NarrowCell* out) noexcept {
  for (std::size_t i = 0; i < block.n; ++i) {
    const std::uint32_t first = row_hash(static_cast<std::uint32_t>(block.first + i), block.key_g);
    const double g = exact::add(exact::mul(block.g[i], block.scale_g), dither(first));
    const double h = exact::add(exact::mul(block.h[i], block.scale_h), dither(second_hash(first, block.key_h)));
    const auto qg = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(exact::add(g, kToInteger)));
    auto qh = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(exact::add(h, kToInteger)));
    if (qh == 0 && block.h[i] > 0.0) qh = 1;
    out[i] = (static_cast<std::uint64_t>(qg) << 32) + qh;
  }
}

/// The same with 61 bits each; beyond 2^52 quanta there is nothing left to round.
inline void quantize_wide(const QuantizeBlock& block, WideCell* out) noexcept {
  for (std::size_t i = 0; i < block.n; ++i) {
    const std::uint32_t first = row_hash(static_cast<std::uint32_t>(block.first + i), block.key_g);
    const double g = exact::add(exact::mul(block.g[i], block.scale_g), dither(first));
    const double h = exact::add(exact::mul(block.h[i], block.scale_h), dither(second_hash(first, block.key_h)));
    out[i].g = static_cast<std::int64_t>(__builtin_floor(exact::add(g, 0.5)));
    out[i].h = static_cast<std::int64_t>(__builtin_floor(exact::add(h, 0.5)));
    if (out[i].h <= 0) out[i].h = block.h[i] > 0.0 ? 1 : 0;
  }
}

}  // namespace riskflag::inline v0_1::kernels
