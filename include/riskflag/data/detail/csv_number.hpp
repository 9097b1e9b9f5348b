#pragma once

// Numbers of CSV cells. The fast path is exact by construction (Clinger, "How to read floating point numbers accurately",
// PLDI 1990): a mantissa of at most 2^53 times or divided by a power of ten of at most 10^22 rounds once, as strtod does.
// Everything else goes to core's parse_double.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::detail::csv {

inline constexpr std::uint64_t kExactInteger = std::uint64_t{1} << 53;
inline constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return static_cast<unsigned>(c) - '0' < 10U; }

/// True when all eight bytes are ASCII digits (little-endian load or not).
[[nodiscard]] constexpr bool are_digits8(std::uint64_t bytes) noexcept {
  return ((bytes & 0xf0f0f0f0f0f0f0f0ULL) | (((bytes + 0x0606060606060606ULL) & 0xf0f0f0f0f0f0f0f0ULL) >> 4)) ==
         0x3333333333333333ULL;
}
/// The value of eight ASCII digits that were loaded little-endian: pairs, then fours, then all, by three multiplications.
[[nodiscard]] constexpr std::uint64_t value_of_digits8(std::uint64_t bytes) noexcept {
  bytes = (bytes & 0x0f0f0f0f0f0f0f0fULL) * 2561 >> 8;
  bytes = (bytes & 0x00ff00ff00ff00ffULL) * 6553601 >> 16;
  return (bytes & 0x0000ffff0000ffffULL) * 42949672960001ULL >> 32;
}
[[nodiscard]] inline std::uint64_t load8(const char* p) noexcept {
  std::uint64_t bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}

/// Reads digits at p into `mantissa` and moves p behind them. Wraps silently: callers bound the number of digits.
inline void read_digits(const char*& p, std::uint64_t& mantissa) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    while (true) {
      const std::uint64_t bytes = load8(p);
      if (!are_digits8(bytes)) break;
      mantissa = mantissa * 100000000 + value_of_digits8(bytes);
      p += 8;
    }
  }
  while (is_digit(*p)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p++ - '0');
}

/// The simple number at p, its value in `out`; returns the byte behind it, or nullptr when the text is not simple (then it
/// may still be a number: ask number_cell). Simple: -?digits[.digits][e[+-]digits] with at most 19 digits, exact by Clinger's bound,
/// no integer with a leading zero or beyond 2^53. Reads at most 8 bytes behind the number.
[[nodiscard]] inline const char* simple_number(const char* p, double& out) noexcept {
  const bool negative = *p == '-';
  if (negative) ++p;
  const char* const first = p;
  std::uint64_t mantissa = 0;
  while (is_digit(*p)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p++ - '0');
  std::ptrdiff_t digits = p - first;
  if (digits > 1 && *first == '0') return nullptr;
  std::ptrdiff_t exponent = 0;
  if (*p == '.') {
    const char* const fraction = ++p;
    read_digits(p, mantissa);
    exponent = fraction - p;
    digits -= exponent;
  }
  if (digits == 0 || digits > 19) return nullptr;
  if ((*p | 0x20) == 'e') {
    ++p;
    const bool down = *p == '-';
    if (down || *p == '+') ++p;
    if (!is_digit(*p)) return nullptr;
    std::ptrdiff_t written = *p++ - '0';
    if (is_digit(*p)) written = written * 10 + (*p++ - '0');
    if (is_digit(*p)) return nullptr;
    exponent += down ? -written : written;
  }
  if (mantissa > kExactInteger || exponent < -22 || exponent > 22) return nullptr;
  double value = static_cast<double>(static_cast<std::int64_t>(mantissa));
  if (exponent < 0) {
    value = exact::div(value, kPowersOfTen[static_cast<std::size_t>(-exponent)]);
  } else if (exponent > 0) {
    value = exact::mul(value, kPowersOfTen[static_cast<std::size_t>(exponent)]);
  }
  out = negative ? -value : value;
  return p;
}

/// What counts as a number.
enum class NumberRule {
  inferred,  ///< no leading zeros before another digit, no integer beyond 2^53: those are names, not amounts
  forced,    ///< every finite decimal number
};

/// The cell as a number under that rule, bit-equal to strtod; nullopt when it is none.
[[nodiscard]] inline std::optional<double> number_cell(std::string_view text, NumberRule rule) noexcept {
  const std::optional<double> value = parse_double(text);
  if (!value || rule == NumberRule::forced) return value;
  const std::size_t sign = text.front() == '-' || text.front() == '+' ? 1 : 0;
  const std::string_view body = text.substr(sign);
  if (body.size() > 1 && body[0] == '0' && is_digit(body[1])) return std::nullopt;
  if (body.size() > 15 && body.find_first_not_of("0123456789") == std::string_view::npos) {
    std::uint64_t integer = 0;
    for (const char c : body) {
      integer = integer * 10 + static_cast<std::uint64_t>(c - '0');
      if (integer > kExactInteger) return std::nullopt;
    }
  }
  return value;
}

}  // namespace riskflag::inline v0_1::detail::csv
