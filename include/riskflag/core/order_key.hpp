#pragma once

#include <cstdint>

#include <riskflag/core/bit_cast.hpp>

namespace riskflag::inline v0_1 {

/// An integer that orders doubles as `<` does, with -0 equal to +0: key(a) <= key(b) exactly when a <= b, for all but
/// NaN.
///
/// Comparing keys instead of doubles gives the same answer when the consumer's -ffast-math sets flush-to-zero
/// (denormals would equal 0) or lets the compiler assume that there are no infinities. NaN keys lie outside those of
/// the infinities.
[[nodiscard]] constexpr std::int64_t order_key(double x) noexcept {
  const auto bits = detail::bit_cast<std::int64_t>(x);
  // Negative values: sign-magnitude to two's complement, which also sends -0 to 0.
  return bits >= 0 ? bits : static_cast<std::int64_t>(0x8000000000000000ULL - static_cast<std::uint64_t>(bits));
}

/// The double whose key it is: +0 for 0, otherwise the very value.
[[nodiscard]] constexpr double from_order_key(std::int64_t key) noexcept {
  return detail::bit_cast<double>(
      key >= 0 ? key : static_cast<std::int64_t>(0x8000000000000000ULL - static_cast<std::uint64_t>(key)));
}

}  // namespace riskflag::inline v0_1
