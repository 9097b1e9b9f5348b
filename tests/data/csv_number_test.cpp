#include <riskflag/data/detail/csv_number.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>

#include "../sanitized.hpp"

using namespace riskflag::detail::csv;

namespace {

/// Bits of strtod's value and of simple_number's, when that takes the text; it must take all of it.
bool agrees_with_strtod(const std::string& text, bool& was_simple) {
  const std::string padded = text + "," + std::string(64, '\0');
  double value = 0;
  const char* const next = simple_number(padded.c_str(), value);
  was_simple = next != nullptr && next == padded.c_str() + text.size();
  if (!was_simple) return true;
  return std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr));
}

using Reader = bool (*)(const char*, const char*, double&);

/// The same of a look at a number whose end is known; it takes only what simple_number takes. The bytes around the text
/// are digits, which it must not mind.
bool look_agrees(Reader look, const std::string& text, bool& was_taken) {
  const std::string padded = std::string(64, '7') + text + "," + std::string(64, '7');
  const char* const p = padded.c_str() + 64;
  double value = 0, simple = 0;
  was_taken = look(p, p + text.size(), value);
  if (!was_taken) return true;
  return simple_number(p, simple) == p + text.size() &&
         std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(simple) &&
         std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr));
}

std::string random_number(std::mt19937_64& random) {
  char buffer[64];
  const auto bits = random();
  const double x = std::ldexp(static_cast<double>(bits >> 11), static_cast<int>(random() % 100) - 103);
  std::string text;
  switch (random() % 6) {
    case 0: std::snprintf(buffer, sizeof buffer, "%.17g", x); return buffer;
    case 1: std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(random() % 18), x); return buffer;
    case 2: return std::to_string(bits >> (random() % 64));
    case 3: std::snprintf(buffer, sizeof buffer, "%.*e", static_cast<int>(random() % 18), x); return buffer;
    case 4: {  // halfway between two doubles: m + 1/2 ulp for m of 54 bits, as (2m + 1) / 2^k with 1 to 3 decimals
      const std::uint64_t odd = ((bits >> 11) | (std::uint64_t{1} << 53)) * 2 + 1;
      const unsigned places = 1 + static_cast<unsigned>(random() % 3);
      std::uint64_t scaled = odd >> 10 | 1;
      for (unsigned i = 0; i < places; ++i) scaled = scaled * 5;
      text = std::to_string(scaled);
      if (text.size() <= places) return "0.5";
      return text.insert(text.size() - places, ".");
    }
    default:
      for (std::size_t i = 0, n = random() % 12; i < n; ++i) text += static_cast<char>('0' + random() % 10);
      text += '.';
      for (std::size_t i = 0, n = random() % 14; i < n; ++i) text += static_cast<char>('0' + random() % 10);
      return text;
  }
}

}  // namespace

TEST_CASE("invariant: the fast number parser gives strtod's bits wherever it answers") {
  std::mt19937_64 random(3);
  int simple = 0;
  for (int i = 0; i < riskflag_test::draws(1'000'000); ++i) {
    const std::string text = (random() % 2 == 0 ? "-" : "") + random_number(random);
    bool was_simple = false;
    if (!agrees_with_strtod(text, was_simple)) FAIL(text);
    simple += was_simple ? 1 : 0;
  }
  CHECK(simple > riskflag_test::draws(500'000));
}

TEST_CASE("the looks at a number take the numbers of their length, and give strtod's bits for them") {
  std::mt19937_64 random(4);
  int tiny = 0, of_short = 0, of_long = 0;
  for (int i = 0; i < riskflag_test::draws(300'000); ++i) {
    std::string text = random() % 2 == 0 ? "-" : "";
    if (i % 3 == 0) {
      text += random_number(random);
    } else {
      for (std::size_t n = 0, digits = random() % 10; n < digits; ++n) text += static_cast<char>('0' + random() % 10);
      if (random() % 3 != 0) text += '.';
      for (std::size_t n = 0, digits = random() % 20; n < digits; ++n) text += static_cast<char>('0' + random() % 10);
      if (!text.empty() && random() % 30 == 0) text[random() % text.size()] = "/:.-+e \"\n\0\xff"[random() % 11];
    }
    for (const auto& [look, count] :
         {std::pair<Reader, int*>(tiny_number, &tiny), {short_number, &of_short}, {long_number, &of_long}}) {
      bool was_taken = false;
      if (!look_agrees(look, text, was_taken)) FAIL(text);
      *count += was_taken ? 1 : 0;
    }
  }
  CHECK(tiny > riskflag_test::draws(30'000));
  CHECK(of_short > riskflag_test::draws(60'000));
  CHECK(of_long > riskflag_test::draws(20'000));
  const auto takes = [](Reader look, const char* text) {
    CAPTURE(text);
    bool was_taken = false;
    CHECK(look_agrees(look, text, was_taken));
    return was_taken;
  };
  for (const char* text : {"0", "-0", "7", "12345678", "-12345678", "0.1", "-0.000001", "123456.1", "1.25", "0.0"}) {
    CHECK(takes(tiny_number, text));
    CHECK(takes(short_number, text));
  }
  for (const char* text :
       {"123456789", "123456789012345", "-0.1234567890123", "12345678901234.5", "1.00000000000001"}) {
    CHECK(takes(short_number, text));
    CHECK(!takes(tiny_number, text));
  }
  for (const char* text : {"0.123456789012345", "-0.123456789012345678", "1234567.1234567890", "12.34567890123456789",
                           "1.0000000000000002", "0.000000000000000001", "9.999999999999999999"}) {
    CHECK(takes(long_number, text));
    CHECK(!takes(short_number, text));
  }
  for (const char* text :
       {"", "-", ".", ".5", "5.", "007", "00.5", "--1", "1.2.3", "1e5", "1:2", "1/2", "1234567890123456",
        "0.0000000000000000000", "12345678.12345678901", "0.12345678901234567890", "01.12345678901234567"}) {
    CHECK(!takes(tiny_number, text));
    CHECK(!takes(short_number, text));
    CHECK(!takes(long_number, text));
  }
}

TEST_CASE("edges of the fast ways give strtod's bits") {
  for (const char* text : {"0",
                           "-0",
                           "0.0",
                           "-0.000",
                           "1",
                           "9007199254740992",
                           "9007199254740991.5",
                           "9007199254740993.0",
                           "9007199254740992.5",
                           "9007199254740994.5",
                           "0.1",
                           "0.3",
                           "123456789012345678.9",
                           "9999999999999999999",
                           "999999999999999999.9",
                           "0.0000000000000000001",
                           "1e22",
                           "1e-22",
                           "9007199254740991e22",
                           "9007199254740991e-22",
                           "4.35",
                           "5.",
                           ".5",
                           "-.5",
                           "1.7976931348623157",
                           "0.9007199254740993",
                           "12345678.12345678",
                           "1234567.1",
                           "1.0000000000000002",
                           "1.00000000000000011102"}) {
    CAPTURE(text);
    bool was_simple = false;
    CHECK(agrees_with_strtod(text, was_simple));
  }
}

TEST_CASE("division by a power of ten rounds to even, and up when anything is left") {
  CHECK(divide_by_ten(1, 1) == 0.1);
  CHECK(divide_by_ten(45035996273704965, 1) ==
        4503599627370496.0);  // ...496.5 of doubles 1 apart, exactly halfway: to even, down
  CHECK(divide_by_ten(45035996273704975, 1) == 4503599627370498.0);    // ...497.5, exactly halfway: to even, up
  CHECK(divide_by_ten(90071992547409930, 1) == 9007199254740992.0);    // ...993 of doubles 2 apart: to even, down
  CHECK(divide_by_ten(90071992547409950, 1) == 9007199254740996.0);    // ...995: to even, up
  CHECK(divide_by_ten(90071992547409925, 1) == 9007199254740992.0);    // a quarter above
  CHECK(divide_by_ten(90071992547409935, 1) == 9007199254740994.0);    // a quarter below
  CHECK(divide_by_ten(900719925474099299, 2) == 9007199254740992.0);   // ...992.99 of doubles 2 apart: down
  CHECK(divide_by_ten(9007199254740993001, 3) == 9007199254740994.0);  // a thousandth above halfway: up
  CHECK(divide_by_ten(UINT64_MAX, 0) == 18446744073709551616.0);       // carries into the next power of two
  CHECK(divide_by_ten(1, 27) == 1e-27);
}

TEST_CASE("invariant: division by a power of ten gives the same bits by multiplication and by long division") {
  std::mt19937_64 random(5);
  int near_half = 0;
  for (int i = 0; i < 400'000; ++i) {
    const auto places = static_cast<unsigned>(random() % 28);
    std::uint64_t numerator = (random() >> (random() % 64)) | 1;
    if (i % 2 == 0) {  // about halfway between two doubles: (m + 1/2) 10^places / 2^k, for the k that fits 64 bits
      const std::uint64_t middle = ((random() >> 11) | (std::uint64_t{1} << 52)) * 2 + 1;
      const auto scale = static_cast<long double>(std::pow(10.0L, places));
      int exponent = 0;
      const long double mantissa = std::frexp(static_cast<long double>(middle) * scale, &exponent);
      numerator = static_cast<std::uint64_t>(std::ldexp(mantissa, 64)) + random() % 3 - 1;
      ++near_half;
    }
    if (numerator == 0) continue;
    const auto want = std::bit_cast<std::uint64_t>(divide_by_ten_slowly(numerator, places));
    if (std::bit_cast<std::uint64_t>(divide_by_ten(numerator, places)) != want) FAIL(numerator, " ", places);
  }
  CHECK(near_half == 200'000);
}

TEST_CASE("what is not simple is left to the slow way") {
  for (const char* text :
       {"",   "-",   ".",     "-.", "+1",  "007", "-01", "00.5", "9007199254740993",       "12345678901234567890",
        "1e", "1e+", "1e100", "e5", "abc", "inf", "nan", "1e23", "0.00000000000000000001", "99999999999999999.999"}) {
    CAPTURE(text);
    double value = 0;
    CHECK(simple_number((std::string(text) + "," + std::string(64, '\0')).c_str(), value) == nullptr);
  }
}

TEST_CASE("leading zeros and integers beyond 2^53 are numbers only by force") {
  for (const char* text :
       {"007", "-01", "+01", "00.5", "9007199254740993", "-9007199254740993", "123456789012345678901234567890"}) {
    CAPTURE(text);
    CHECK_FALSE(number_cell(text, NumberRule::inferred).has_value());
    CHECK(number_cell(text, NumberRule::forced) == std::strtod(text, nullptr));
  }
  for (const char* text :
       {"0", "-0", "0.5", "+5", "9007199254740992", "9007199254740993.0", "1e300", "1e-400", "1e308", "0e5"}) {
    CAPTURE(text);
    CHECK(number_cell(text, NumberRule::inferred) == std::strtod(text, nullptr));
  }
  for (const char* text : {"", " 1", "1 ", "0x10", "inf", "nan", "1e309", "1,5", "1_000", "--1", "1e", "."}) {
    CAPTURE(text);
    CHECK_FALSE(number_cell(text, NumberRule::forced).has_value());
  }
}
