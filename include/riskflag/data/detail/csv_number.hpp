#pragma once

// Numbers of CSV cells. The fast path is exact by construction (Clinger, "How to read floating point numbers
// accurately", PLDI 1990): a mantissa of at most 2^53 times or divided by a power of ten of at most 10^22 rounds once,
// as strtod does. Everything else goes to core's parse_double.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/detail/csv_scan.hpp>

namespace riskflag::inline v0_1::detail::csv {

inline constexpr std::uint64_t kExactInteger = std::uint64_t{1} << 53;
inline constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return static_cast<unsigned>(c) - '0' < 10U; }

[[nodiscard]] inline std::uint64_t load8(const char* p) noexcept {
  std::uint64_t bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}

inline constexpr std::array<std::uint64_t, 9> kTens = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/// Eight bytes as a word, the first one lowest on every platform.
[[nodiscard]] inline std::uint64_t word_of(const char* p) noexcept {
  if constexpr (std::endian::native == std::endian::little) return load8(p);
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
  return word;
}

/// The number that the first `count` bytes of `word` spell, digits all; 1 <= count <= 8.
[[nodiscard]] inline std::uint64_t digits_value(std::uint64_t word, unsigned count) noexcept {
  std::uint64_t value = (word << (64 - 8 * count)) & 0x0f0f0f0f0f0f0f0fULL;
  value = value * 10 + (value >> 8);
  return (((value & 0x000000ff000000ffULL) * 0x000f424000000064ULL +
           ((value >> 16) & 0x000000ff000000ffULL) * 0x0000271000000001ULL) >>
          32) &
         0xffffffffULL;
}

/// Reads digits at p into `mantissa` and moves p behind them. Wraps silently: callers bound the number of digits. Reads
/// at most 8 bytes behind the digits.
inline void read_digits(const char*& p, std::uint64_t& mantissa) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    // Eight bytes at once: how many lead the word as digits, then their value by three multiplications; the lengths of
    // numbers are too irregular for a loop with a branch a digit.
    for (;;) {
      const std::uint64_t word = load8(p) ^ 0x3030303030303030ULL;
      // A byte above 9 sets its high bit; what it carries goes to later bytes only.
      const std::uint64_t others = ((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL;
      const int bits = others == 0 ? 64 : std::countr_zero(others) & ~7;
      if (bits == 0) return;
      const auto count = static_cast<unsigned>(bits / 8);
      mantissa = mantissa * kTens[count] + digits_value(word, count);
      p += bits / 8;
      if (bits != 64) return;
    }
  } else {
    while (is_digit(*p)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p++ - '0');
  }
}

/// numerator / 10^places, correctly rounded, by long division in integers: the remainder decides what the bits leave
/// open. numerator > 0, places <= 27; the result is a normal double.
[[nodiscard]] inline double divide_by_ten(std::uint64_t numerator, unsigned places) noexcept {
  static constexpr std::array<std::uint64_t, 28> kFives = [] {
    std::array<std::uint64_t, 28> fives{1};
    for (std::size_t i = 1; i < fives.size(); ++i) fives[i] = fives[i - 1] * 5;
    return fives;
  }();
  const int up = std::countl_zero(numerator);
  const int five_up = std::countl_zero(kFives[places]);
  const std::uint64_t high = numerator << up;
  const std::uint64_t divisor = kFives[places] << five_up;
  // quotient = high * 2^63 / divisor, between 2^62 and 2^64
  std::uint64_t quotient = 0, rest = 0;
#if defined(__x86_64__)
  asm("divq %4" : "=a"(quotient), "=d"(rest) : "a"(high << 63), "d"(high >> 1), "r"(divisor) : "cc");
#else
  const auto dividend = static_cast<__extension__ unsigned __int128>(high) << 63;
  quotient = static_cast<std::uint64_t>(dividend / divisor);
  rest = static_cast<std::uint64_t>(dividend % divisor);
#endif
  int exponent = five_up - up - 63 - static_cast<int>(places);
  const int drop = 64 - std::countl_zero(quotient) - 53;
  const std::uint64_t half = std::uint64_t{1} << (drop - 1);
  const std::uint64_t lost = quotient & (2 * half - 1);
  std::uint64_t kept = quotient >> drop;
  exponent += drop;
  if (lost > half || (lost == half && (rest != 0 || (kept & 1) != 0))) ++kept;  // 2^53 is exact too
  const auto scale = static_cast<std::uint64_t>(exponent + 1023) << 52;
  return static_cast<double>(static_cast<std::int64_t>(kept)) * std::bit_cast<double>(scale);
}

/// The simple number at p, its value in `out`; returns the byte behind it, or nullptr when the text is not simple (then
/// it may still be a number: ask number_cell). Simple: -?digits[.digits][e[+-]digits] with at most 19 digits and a
/// power of ten that the fast ways cover, and no integer with a leading zero or beyond 2^53. Reads at most 8 bytes
/// behind the number.
[[nodiscard]] inline const char* simple_number(const char* p, double& out) noexcept {
  const std::uint64_t negative = *p == '-' ? 1 : 0;  // signs are irregular: no branch
  p += negative;
  const char* const first = p;
  std::uint64_t mantissa = 0;
  read_digits(p, mantissa);
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
  double value = 0;
  if (mantissa <= kExactInteger && exponent >= -22 && exponent <= 22) {
    value = static_cast<double>(static_cast<std::int64_t>(mantissa));
    if (exponent < 0) {
      value = exact::div(value, kPowersOfTen[static_cast<std::size_t>(-exponent)]);
    } else if (exponent > 0) {
      value = exact::mul(value, kPowersOfTen[static_cast<std::size_t>(exponent)]);
    }
  } else if (mantissa != 0 && exponent < 0 && exponent >= -27) {
    value = divide_by_ten(mantissa, static_cast<unsigned>(-exponent));
  } else {
    return nullptr;
  }
  out = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) | (negative << 63));
  return p;
}

/// The commonest numbers at one look: -?d{1,8}[.d{1,8}], at most 15 bytes behind the sign, as simple_number reads them:
/// the value in `out`; nullptr when the text at p is not one (then ask simple_number). One load finds both ends, so
/// that the next cell's place is known early; at most 14 digits are exact in a double. Reads at most 24 bytes.
[[nodiscard]] inline const char* short_number(const char* p, double& out) noexcept {
  const std::uint64_t negative = *p == '-' ? 1 : 0;
  p += negative;
  const std::uint32_t others = others16(p);
  const auto whole = static_cast<unsigned>(std::countr_zero(others | 1U << 16));
  if (whole - 1 > 7 || (whole > 1 && *p == '0')) return nullptr;
  std::uint64_t mantissa = digits_value(word_of(p), whole);
  double value = 0;
  if (p[whole] == '.') {
    const auto end = static_cast<unsigned>(std::countr_zero((others & (others - 1)) | 1U << 16));
    const unsigned places = end - whole - 1;
    if (places - 1 > 7 || end == 16) return nullptr;
    mantissa = mantissa * kTens[places] + digits_value(word_of(p + whole + 1), places);
    value = exact::div(static_cast<double>(static_cast<std::int64_t>(mantissa)), kPowersOfTen[places]);
    p += end;
  } else {
    value = static_cast<double>(static_cast<std::int64_t>(mantissa));
    p += whole;
  }
  out = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) | (negative << 63));
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
