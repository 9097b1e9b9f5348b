#pragma once

// Definitions of core/text.hpp.

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/text.hpp>

#include <riskflag/core/detail/text_portable.hpp>

namespace riskflag::inline v0_1 {

inline void append_number(std::string& out, double x) {
  const std::uint64_t bits = detail::opaque_bits(x), magnitude = bits << 1 >> 1;
  if (magnitude >= 0x7ff0000000000000ULL) {
    out += magnitude != 0x7ff0000000000000ULL ? "nan" : (bits >> 63) != 0 ? "-inf" : "inf";
    return;
  }
#if defined(__cpp_lib_to_chars)
  // Below 2^-1022 the flush-to-zero mode of -ffast-math makes std::to_chars write 0.
  if (magnitude >= 0x0010000000000000ULL || magnitude == 0) {
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, x).ptr;
    out.append(buffer, end);
    return;
  }
#endif
  out += detail::shortest_text(x);
}

inline void append_number(std::string& out, std::int64_t x) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr);
}

inline void append_number(std::string& out, std::uint64_t x) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr);
}

inline void append_number(std::string& out, int x) { append_number(out, static_cast<std::int64_t>(x)); }

inline std::string number_text(double x) {
  std::string out;
  append_number(out, x);
  return out;
}

namespace detail {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Whether digits[.digits][e[+-]digits] (no sign) is below 1 in magnitude; tells underflow from overflow where
/// std::from_chars says "out of range" to both.
[[nodiscard]] inline bool is_below_one(std::string_view text) noexcept {
  std::int64_t before_point = 0;  // decimal exponent of the first significant digit, were there no e-part
  bool significant = false, point = false;
  std::size_t i = 0;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.'); ++i) {
    if (text[i] == '.') {
      point = true;
    } else if (significant) {
      before_point += point ? 0 : 1;
    } else if (text[i] != '0') {
      significant = true;
      before_point += point ? 0 : 1;
    } else {
      before_point -= point ? 1 : 0;
    }
  }
  std::int64_t exponent = 0;
  if (i < text.size()) {  // at 'e'
    ++i;
    const bool negative = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    for (; i < text.size() && exponent < (std::int64_t{1} << 60) / 16; ++i) exponent = exponent * 10 + (text[i] - '0');
    if (negative) exponent = -exponent;
  }
  return before_point + exponent <= 0;
}

/// digits[.digits][e[+-]digits], a digit on at least one side of the point: what strtod reads, without signs and names.
[[nodiscard]] inline bool is_plain_decimal(std::string_view text) noexcept {
  std::size_t i = 0, digits = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) ++digits;
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && is_digit(text[i]); ++i) ++digits;
  }
  if (digits == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t first = i;
    for (; i < text.size() && is_digit(text[i]);) ++i;
    if (i == first) return false;
  }
  return i == text.size();
}

[[nodiscard]] inline bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) { return lower(a) == b; });
}

inline constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// digits[.digits] of at most 2^53 without the point, over a power of ten of at most 10^22: rounds once, as strtod does
/// (Clinger, "How to read floating point numbers accurately", PLDI 1990). False for any other text: another way reads
/// it, or nobody. A third of from_chars' time, and most numbers of people are such.
[[nodiscard]] inline bool read_short_decimal(std::string_view text, double& out) noexcept {
  if (text.size() > 19) return false;  // 18 digits and a point
  std::uint64_t mantissa = 0;
  std::size_t digits = 0, whole = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - unsigned{'0'};
    if (digit < 10) {
      mantissa = mantissa * 10 + digit;
      ++digits;
    } else if (text[i] == '.' && whole == text.size()) {
      whole = i;
    } else {
      return false;
    }
  }
  if (digits == 0 || digits > 18 || mantissa > std::uint64_t{1} << 53) return false;
  const std::size_t places = digits - whole;  // of a text without a point 0
  out = static_cast<double>(static_cast<std::int64_t>(mantissa));
  if (places != 0) out = exact::div(out, kPowersOfTen[places]);
  return true;
}

/// A plain decimal's value; nullopt on overflow.
[[nodiscard]] inline std::optional<double> decimal_value(std::string_view text) noexcept {
#if defined(__cpp_lib_to_chars)
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (is_below_one(text)) return 0.0;
    return std::nullopt;
  }
  return value;
#else
  const double value = value_by_strtod(text);
  if (!is_finite(value)) return std::nullopt;
  return value;
#endif
}

}  // namespace detail

inline std::optional<double> parse_double(std::string_view text, Specials specials) noexcept {
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  std::optional<double> value;
  if (double short_one = 0; detail::read_short_decimal(text, short_one)) {
    value = short_one;
  } else if (detail::is_plain_decimal(text)) {
    value = detail::decimal_value(text);
  } else if (specials == Specials::accept) {
    if (detail::equals_ignoring_case(text, "nan")) return kMissing;
    if (detail::equals_ignoring_case(text, "inf") || detail::equals_ignoring_case(text, "infinity")) {
      value = detail::infinity();
    }
  }
  if (value && negative) value = -*value;
  return value;
}

inline std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  if (text.size() > 1 && text.front() == '+' && detail::is_digit(text[1])) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

inline std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && detail::is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && detail::is_blank(text.back())) text.remove_suffix(1);
  return text;
}

inline std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = detail::lower(c);
  return out;
}

inline std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;  // a continuation byte, or an overlong form of ASCII
  if (first < 0xe0) return continues(1) ? 2 : 0;
  if (first < 0xf0) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;   // overlong forms
    const unsigned high = first == 0xed ? 0x9f : 0xbf;  // surrogates
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (first < 0xf5) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;  // beyond U+10FFFF
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

inline std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./=:,@%+";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

inline bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

namespace detail {

/// Appends the escape of two characters that `c` has in JSON and in C++ alike; false when it has none.
[[nodiscard]] inline bool append_short_escape(std::string& out, char c) {
  const char letter = c == '"' || c == '\\' ? c : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '\0';
  if (letter == '\0') return false;
  out += '\\';
  out += letter;
  return true;
}

}  // namespace detail

inline std::string quoted(std::string_view text, std::size_t limit) {
  std::string out = "\"";
  std::size_t taken = 0;
  while (taken < text.size()) {
    const std::string_view rest = text.substr(taken);
    const std::size_t length = std::max<std::size_t>(utf8_length(rest), 1);
    if (taken + length > limit) {
      out += "...";
      break;
    }
    const auto byte = static_cast<unsigned char>(rest.front());
    if (detail::append_short_escape(out, rest.front())) {
      ++taken;
      continue;
    }
    if (byte < 0x20 || byte == 0x7f || utf8_length(rest) == 0) {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out.append(rest.substr(0, length));
    }
    taken += length;
  }
  out += '"';
  return out;
}

}  // namespace riskflag::inline v0_1
