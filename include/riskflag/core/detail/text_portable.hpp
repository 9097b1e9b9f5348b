#pragma once

// Doubles as text and back by C's own functions: where the standard library has no std::to_chars and std::from_chars of
// double (libc++ before 20), and for numbers below 2^-1022.

#include <clocale>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/missing.hpp>

namespace riskflag::inline v0_1::detail {

/// strtod of a plain decimal; an overflow is infinite. strtod reads the locale's decimal point, so that is put in.
[[nodiscard]] inline double value_by_strtod(std::string_view text) noexcept {
  std::string copy(text);
  const std::size_t point = copy.find('.');
  // NOLINTNEXTLINE(concurrency-mt-unsafe): only a program that changes its locale while it reads could collide
  if (point != std::string::npos) copy.replace(point, 1, std::localeconv()->decimal_point);
  return std::strtod(copy.c_str(), nullptr);
}

/// A positive number's decimal digits and the exponent of the first one: 1.25e7 is "125" and 7.
struct Decimal {
  std::string digits{};
  int exponent = 0;

  [[nodiscard]] std::string scientific() const {
    std::string out = digits.substr(0, 1);
    if (digits.size() > 1) out += '.' + digits.substr(1);
    const int size = exponent < 0 ? -exponent : exponent;
    out += exponent < 0 ? "e-" : "e+";
    if (size < 10) out += '0';
    return out + std::to_string(size);
  }
  /// The next one up with as many digits.
  [[nodiscard]] Decimal next() const {
    Decimal out = *this;
    for (std::size_t i = digits.size(); i-- > 0;) {
      if (out.digits[i] != '9') {
        ++out.digits[i];
        return out;
      }
      out.digits[i] = '0';
    }
    out.digits[0] = '1';
    ++out.exponent;
    return out;
  }
};

/// Fewest digits that read back as `x` (> 0, finite), of these the nearest.
[[nodiscard]] inline Decimal shortest_decimal(double x) {
  // The numbers that round to a power of two reach farther up than down: there the nearest decimal of so many digits
  // may miss where the next one up does not.
  const auto bits = detail::bit_cast<std::uint64_t>(x);
  const bool lopsided = (bits & 0xfffffffffffffULL) == 0;
  const auto is_x = [&](const Decimal& decimal) {  // by bits: flush-to-zero modes compare small numbers as 0
    return detail::bit_cast<std::uint64_t>(value_by_strtod(decimal.scientific())) == bits;
  };
  Decimal found;
  for (int count = 1; count <= 17; ++count) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*e", count - 1, x);
    found.digits.clear();
    const char* at = text;
    for (; *at != 'e'; ++at) {
      if (*at >= '0' && *at <= '9') found.digits += *at;  // all but the locale's point
    }
    found.exponent = static_cast<int>(std::strtol(at + 1, nullptr, 10));
    if (is_x(found)) break;
    if (lopsided && is_x(found.next())) return found.next();
  }
  return found;
}

/// What std::to_chars(x) writes for a finite x: the shortest text that reads back, fixed unless the scientific form is
/// shorter.
[[nodiscard]] inline std::string shortest_text(double x) {
  const std::uint64_t bits = opaque_bits(x);
  const std::string sign = (bits >> 63) != 0 ? "-" : "";
  if (bits << 1 == 0) return sign + "0";
  const double size = detail::bit_cast<double>(bits << 1 >> 1);
  const Decimal number = shortest_decimal(size);
  const std::string scientific = number.scientific();
  const int count = static_cast<int>(number.digits.size()), exponent = number.exponent;
  const int fixed = exponent < 0 ? 1 - exponent + count : exponent < count - 1 ? count + 1 : exponent + 1;
  if (fixed > static_cast<int>(scientific.size())) return sign + scientific;
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + number.digits;
  if (exponent < count - 1) {
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    return sign + number.digits.substr(0, whole) + '.' + number.digits.substr(whole);
  }
  char text[40];  // a whole number in full: zeros in place of digits would read back, but be farther off
  std::snprintf(text, sizeof text, "%.0f", size);
  return sign + text;
}

}  // namespace riskflag::inline v0_1::detail
