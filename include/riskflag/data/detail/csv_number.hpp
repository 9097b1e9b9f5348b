#pragma once

// Numbers of CSV cells. The fast path is exact by construction (Clinger, "How to read floating point numbers
// accurately", PLDI 1990): a mantissa of at most 2^53 times or divided by a power of ten of at most 10^22 rounds once,
// as strtod does. Everything else goes to core's parse_double.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/detail/csv_divide.hpp>
#include <riskflag/data/detail/csv_scan.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace riskflag::inline v0_1::detail::csv {

inline constexpr std::uint64_t kExactInteger = std::uint64_t{1} << 53;
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return static_cast<unsigned>(c) - '0' < 10U; }

[[nodiscard]] inline std::uint64_t load8(const char* p) noexcept {
  std::uint64_t bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}

inline constexpr std::array<std::uint64_t, 20> kTens = [] {
  std::array<std::uint64_t, 20> tens{1};
  for (std::size_t i = 1; i < tens.size(); ++i) tens[i] = tens[i - 1] * 10;
  return tens;
}();

/// Eight bytes as a word, the first one lowest on every platform.
[[nodiscard]] inline std::uint64_t word_of(const char* p) noexcept {
  if constexpr (std::endian::native == std::endian::little) return load8(p);
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
  return word;
}

/// The number of eight digits, a byte each.
[[nodiscard]] inline std::uint64_t eight_digits_value(std::uint64_t value) noexcept {
  value = value * 10 + (value >> 8);
  return (((value & 0x000000ff000000ffULL) * 0x000f424000000064ULL +
           ((value >> 16) & 0x000000ff000000ffULL) * 0x0000271000000001ULL) >>
          32) &
         0xffffffffULL;
}
/// The number that the first `count` bytes of `word` spell, digits all; 1 <= count <= 8.
[[nodiscard]] inline std::uint64_t digits_value(std::uint64_t word, unsigned count) noexcept {
  return eight_digits_value((word << (64 - 8 * count)) & 0x0f0f0f0f0f0f0f0fULL);
}
/// The same for 0 <= count <= 7; no bytes are 0.
[[nodiscard]] inline std::uint64_t digits_value_to_7(std::uint64_t word, unsigned count) noexcept {
  return eight_digits_value((word << 8 << (56 - 8 * count)) & 0x0f0f0f0f0f0f0f0fULL);
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

/// A number of at most 8 bytes behind the sign: [p, end) as -?d+[.d+], as simple_number reads it, the value in `out`;
/// false when it is not one (then ask short_number). Reads 8 bytes before `end`.
[[nodiscard]] inline bool tiny_number(const char* p, const char* end, double& out) noexcept {
  const std::uint64_t negative = *p == '-' ? 1 : 0;  // signs are irregular: no branch
  p += negative;
  const auto size = static_cast<std::size_t>(end - p);
  if (size - 1 > 7) return false;
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL, kPoint = '.' ^ '0';
  const std::uint64_t unused = 64 - 8 * size;
  std::uint64_t bytes = (word_of(end - 8) ^ ('0' * kOnes)) >> unused << unused;    // digits 0 before the first
  const std::uint64_t others = ((bytes + 0x76 * kOnes) | bytes) & (0x80 * kOnes);  // above 9, carries go upwards
  double value = 0;
  if (others == 0) {
    if (*p == '0' && size > 1) return false;
    value = static_cast<double>(static_cast<std::int64_t>(eight_digits_value(bytes)));
  } else {
    const auto bit = static_cast<unsigned>(std::countr_zero(others)) - 7;
    const std::size_t places = 7 - bit / 8;
    if ((others & (others - 1)) != 0 || ((bytes >> bit) & 0xff) != kPoint || places == 0) return false;
    if (size < places + 2 || (*p == '0' && size > places + 2)) return false;
    const std::uint64_t before = bytes & ((others >> 7) - 1);
    bytes += (before << 8) - before - (kPoint << bit);  // the point goes, what stands before it moves up
    value = exact::div(static_cast<double>(static_cast<std::int64_t>(eight_digits_value(bytes))), kPowersOfTen[places]);
  }
  out = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) | (negative << 63));
  return true;
}

/// The number that `digits` <= 16 bytes before `end` spell, digits all but one: a byte that stands before the last
/// `places` of them is passed over. 17 bytes before `end` are readable.
[[nodiscard]] inline std::uint64_t digits_around_point(const char* end, unsigned digits, unsigned places) noexcept {
#if defined(__SSE2__)
  alignas(16) static constexpr std::array<std::uint8_t, 32> kLast = [] {  // from byte n on: the last n of 16 bytes
    std::array<std::uint8_t, 32> last{};
    for (std::size_t i = 16; i < 32; ++i) last[i] = 0xff;
    return last;
  }();
  const auto load = [](const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); };
  const __m128i text = load(end - 16), moved = load(end - 17);
  const __m128i joined = _mm_xor_si128(moved, _mm_and_si128(_mm_xor_si128(moved, text), load(kLast.data() + places)));
  const __m128i bytes = _mm_and_si128(_mm_sub_epi8(joined, _mm_set1_epi8('0')), load(kLast.data() + digits));
  const __m128i pairs = _mm_add_epi16(_mm_mullo_epi16(_mm_and_si128(bytes, _mm_set1_epi16(0xff)), _mm_set1_epi16(10)),
                                      _mm_srli_epi16(bytes, 8));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(1 << 16 | 100));
  const __m128i eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(1 << 16 | 10000));
  std::uint64_t both = 0;
  _mm_storel_epi64(reinterpret_cast<__m128i*>(&both), eights);
  return (both & 0xffffffffULL) * 100000000 + (both >> 32);
#else
  std::uint64_t value = 0;
  for (const char* p = end - digits - 1; p < end; ++p) {
    if (end - p != static_cast<std::ptrdiff_t>(places) + 1) value = value * 10 + static_cast<std::uint64_t>(*p - '0');
  }
  return value;
#endif
}

/// A number of which 16 bytes behind the sign are all: [p, end) as -?d+[.d+], as simple_number reads it, the value in
/// `out`; false when it is not one (then ask simple_number). Its digits are exact in a double, and neither their number
/// nor the point's place is a branch. Reads at most 16 bytes around the number.
[[nodiscard]] inline bool short_number(const char* p, const char* end, double& out) noexcept {
  const std::uint64_t negative = *p == '-' ? 1 : 0;  // signs are irregular: no branch
  p += negative;
  const auto size = static_cast<std::size_t>(end - p);
  if (size - 1 > 15) return false;
  const std::uint32_t others = others16(p) & ((1U << size) - 1);
  const auto whole = static_cast<unsigned>(std::countr_zero(others | 1U << size));
  const unsigned points = others == 0 ? 0 : 1;
  const unsigned digits = static_cast<unsigned>(size) - points;
  const unsigned places = digits - whole;
  if ((others & (others - 1)) != 0 || whole == 0 || digits > 15 || (whole > 1 && *p == '0')) return false;
  if (points != 0 && (p[whole] != '.' || places == 0)) return false;
  const std::uint64_t mantissa = digits_around_point(p + digits + 1, digits, places);
  const double value = exact::div(static_cast<double>(static_cast<std::int64_t>(mantissa)), kPowersOfTen[places]);
  out = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) | (negative << 63));
  return true;
}

/// The same of 17 to 20 bytes behind the sign: d{1,7}.d+.
[[nodiscard]] inline bool long_number(const char* p, const char* end, double& out) noexcept {
  const std::uint64_t negative = *p == '-' ? 1 : 0;
  p += negative;
  const auto size = static_cast<std::size_t>(end - p);
  if (size - 17 > 3) return false;
  const std::uint32_t others = others16(p);
  const auto whole = static_cast<unsigned>(std::countr_zero(others | 1U << 16));
  if (others != 1U << whole || others16(end - 16) != others >> (size - 16)) return false;
  if (whole - 1 > 6 || p[whole] != '.' || (whole > 1 && *p == '0')) return false;
  const unsigned places = static_cast<unsigned>(size) - whole - 1;
  // The digits before the last 16, none to three, from a word without the point.
  const std::uint64_t word = word_of(p);
  const std::uint64_t before = (std::uint64_t{1} << (8 * whole)) - 1;
  const std::uint64_t first =
      digits_value_to_7((word & before) | ((word >> 8) & ~before), static_cast<unsigned>(size) - 17);
  const std::uint64_t mantissa = first * kTens[16] + digits_around_point(end, 16, std::min(places, 16U));
  if (mantissa == 0) return false;
  const double value = divide_by_ten(mantissa, places);
  out = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) | (negative << 63));
  return true;
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
