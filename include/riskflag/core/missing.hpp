#pragma once

#include <cstdint>
#include <limits>

#include <riskflag/core/bit_cast.hpp>

namespace riskflag::inline v0_1 {

/// The missing value of a numeric cell: a quiet NaN. Every NaN counts as missing, whatever its payload or sign.
inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// True for every NaN. Reads the bits instead of calling std::isnan: consumers choose the flags, and -ffast-math folds
/// isnan to false, sending every missing value left.
[[nodiscard]] constexpr bool is_missing(double x) noexcept {
  return (detail::bit_cast<std::uint64_t>(x) & 0x7fffffffffffffffULL) > 0x7ff0000000000000ULL;
}
[[nodiscard]] constexpr bool is_missing(float x) noexcept {
  return (detail::bit_cast<std::uint32_t>(x) & 0x7fffffffU) > 0x7f800000U;
}

namespace detail {
/// +inf, about which the compiler knows nothing: under -ffast-math Clang takes code that returns one for unreachable.
[[nodiscard]] inline double infinity() noexcept {
  std::uint64_t bits = 0x7ff0000000000000ULL;
  asm("" : "+r"(bits));
  return detail::bit_cast<double>(bits);
}
/// The bits of any double. Under -ffast-math Clang takes it that a function is never given NaN or infinity, and folds
/// what asks the bits of its argument; not of these.
[[nodiscard]] inline std::uint64_t opaque_bits(double x) noexcept {
  auto bits = detail::bit_cast<std::uint64_t>(x);
  asm("" : "+r"(bits));
  return bits;
}
}  // namespace detail

/// True for everything but NaN and the infinities; by bits, for the same reason.
[[nodiscard]] constexpr bool is_finite(double x) noexcept {
  return (detail::bit_cast<std::uint64_t>(x) & 0x7ff0000000000000ULL) != 0x7ff0000000000000ULL;
}

}  // namespace riskflag::inline v0_1
