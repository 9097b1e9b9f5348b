#pragma once

// Integers divided by powers of ten as strtod rounds them, in integers only.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <riskflag/core/random.hpp>

namespace riskflag::inline v0_1::detail::csv {

__extension__ using Wide = unsigned __int128;

/// 5^i with its highest bit moved to bit 63.
inline constexpr std::array<std::uint64_t, 28> kFives = [] {
  std::array<std::uint64_t, 28> fives{};
  std::uint64_t five = 1;
  for (std::size_t i = 0; i < fives.size(); ++i, five *= 5) fives[i] = five << std::countl_zero(five);
  return fives;
}();
/// numerator / 10^i is 2^-kFiveBits[i] times the numerator * 2^63 / kFives[i].
inline constexpr std::array<int, 28> kFiveBits = [] {
  std::array<int, 28> bits{};
  std::uint64_t five = 1;
  for (std::size_t i = 0; i < bits.size(); ++i, five *= 5) bits[i] = 63 - std::countl_zero(five) + static_cast<int>(i);
  return bits;
}();

/// kept * 2^exponent, a normal double; 2^52 <= kept <= 2^53.
[[nodiscard]] inline double scaled(std::uint64_t kept, int exponent) noexcept {
  return std::bit_cast<double>((static_cast<std::uint64_t>(exponent + 1074) << 52) + kept);
}

/// numerator / 10^places, correctly rounded, by long division in integers: the remainder decides what the bits leave
/// open. numerator > 0, places <= 27; the result is a normal double.
[[nodiscard]] inline double divide_by_ten_slowly(std::uint64_t numerator, unsigned places) noexcept {
  const int up = std::countl_zero(numerator);
  const std::uint64_t high = numerator << up;
  const std::uint64_t divisor = kFives[places];
  // quotient = high * 2^63 / divisor, between 2^62 and 2^64
  std::uint64_t quotient = 0, rest = 0;
#if defined(__x86_64__)
  asm("divq %4" : "=a"(quotient), "=d"(rest) : "a"(high << 63), "d"(high >> 1), "r"(divisor) : "cc");
#else
  const auto dividend = static_cast<Wide>(high) << 63;
  quotient = static_cast<std::uint64_t>(dividend / divisor);
  rest = static_cast<std::uint64_t>(dividend % divisor);
#endif
  const int drop = 64 - std::countl_zero(quotient) - 53;
  const std::uint64_t half = std::uint64_t{1} << (drop - 1);
  const std::uint64_t lost = quotient & (2 * half - 1);
  std::uint64_t kept = quotient >> drop;
  if (lost > half || (lost == half && (rest != 0 || (kept & 1) != 0))) ++kept;
  return scaled(kept, drop - up - kFiveBits[places]);
}

/// The same by a multiplication wherever its bits decide, which is nearly everywhere.
[[nodiscard]] inline double divide_by_ten(std::uint64_t numerator, unsigned places) noexcept {
  // 2^127 / five, less at most 1: the product's high word is less than 2 below the quotient.
  static constexpr std::array<std::uint64_t, 28> kInverses = [] {
    std::array<std::uint64_t, 28> inverses{};
    for (std::size_t i = 0; i < inverses.size(); ++i) {
      inverses[i] = static_cast<std::uint64_t>(((static_cast<Wide>(1) << 127) - 1) / kFives[i]);
    }
    return inverses;
  }();
  const int up = std::countl_zero(numerator | 1);
  const std::uint64_t quotient = multiply_high(numerator << up, kInverses[places]);
  const auto high = static_cast<int>(quotient >> 63);
  const std::uint64_t bits = quotient << (1 - high);
  // The true bits are these or less than 4 more: close below half a unit that cannot tell up from down.
  if ((bits & 2047) - 1020 <= 4) return divide_by_ten_slowly(numerator, places);
  return scaled((bits >> 11) + ((bits >> 10) & 1), 10 + high - up - kFiveBits[places]);
}

}  // namespace riskflag::inline v0_1::detail::csv
