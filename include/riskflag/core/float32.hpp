#pragma once

// Conversions between float and double whose results do not depend on flush-to-zero modes. A program linked with
// -ffast-math starts in them (crtfastmath.o), and the processor's own conversions then make 0 of floats below 2^-126.

#include <cstdint>

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/exact.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

inline constexpr std::uint32_t kFloat32LeastNormalBits = 0x00800000U;
inline constexpr std::uint64_t kFloat32LeastNormal = 0x3810000000000000ULL;  ///< the bits of the double 2^-126
/// Doubles of its size are multiples of 2^-149, as floats below 2^-126 are: adding it rounds to them.
inline constexpr double kFloat32TinyGrid = 0x1.8p-97;

}  // namespace detail

/// `x` as the double that it is.
[[nodiscard]] inline double from_float32(float x) noexcept {
  const auto bits = detail::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude - 1 < detail::kFloat32LeastNormalBits - 1) [[unlikely]] {
    const double size = exact::mul(static_cast<double>(static_cast<std::int32_t>(magnitude)), 0x1p-149);
    return (bits >> 31) != 0 ? -size : size;
  }
  return static_cast<double>(x);
}

/// `x` rounded to the nearest float, ties to even, as a double; the sign of a zero is not kept.
[[nodiscard]] inline double rounded_to_float32(double x) noexcept {
  if (exact::detail::magnitude_bits(x) - 1 < detail::kFloat32LeastNormal - 1) [[unlikely]] {
    return exact::sub(exact::add(x, detail::kFloat32TinyGrid), detail::kFloat32TinyGrid);
  }
  return static_cast<double>(static_cast<float>(x));
}

/// The float nearest to `x`, ties to even.
[[nodiscard]] inline float to_float32(double x) noexcept {
  const std::uint64_t magnitude = exact::detail::magnitude_bits(x);
  if (magnitude >= detail::kFloat32LeastNormal) return static_cast<float>(x);
  const double size = exact::detail::from_bits(magnitude);
  const double shifted = exact::add(size, detail::kFloat32TinyGrid);
  const auto steps =
      static_cast<std::uint32_t>(exact::detail::bits_of(shifted) - exact::detail::bits_of(detail::kFloat32TinyGrid));
  const auto sign = static_cast<std::uint32_t>(exact::detail::bits_of(x) >> 63) << 31;
  return detail::bit_cast<float>(sign | steps);
}

}  // namespace riskflag::inline v0_1
