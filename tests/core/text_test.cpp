#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <riskflag/core/detail/text_portable.hpp>
#include <riskflag/core/random.hpp>

#include "../sanitized.hpp"

using namespace riskflag;

namespace {

std::uint64_t bits_of(double x) { return std::bit_cast<std::uint64_t>(x); }

}  // namespace

TEST_CASE("number_text is the shortest text that reads back") {
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(1e22) == "1e+22");
  CHECK(number_text(100.0) == "100");
  CHECK(number_text(-0.0) == "-0");
  CHECK(number_text(5e-324) == "5e-324");
  CHECK(number_text(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
  CHECK(number_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(number_text(-kMissing) == "nan");
}

TEST_CASE("invariant: a double written by number_text reads back with the same bits") {
  const Random random(11);
  for (std::uint64_t i = 0; i < riskflag_test::draws(200000); ++i) {
    const double x = std::bit_cast<double>(random.bits(i));
    if (!is_finite(x)) continue;
    const auto back = parse_double(number_text(x));
    REQUIRE(back);
    REQUIRE(bits_of(*back) == bits_of(x));
  }
}

TEST_CASE("where the library cannot write and read doubles, C's functions give the same text and bits") {
  const auto check = [](double x) {
    CAPTURE(x);
    char buffer[40];
    const std::string want(buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr);
    REQUIRE(detail::shortest_text(x) == want);
    REQUIRE(bits_of(detail::value_by_strtod(want)) == bits_of(x));
  };
  for (const double x :
       {0.0, -0.0, 1.0, 0.1, 123456.0, 1e5, 1e22, 1e23, 0.001, 1e-5, 9007199254740993.0, -4503599627370497.5})
    check(x);
  for (int power = -1074; power < 1024; ++power) {  // whose upper neighbour is twice as far as their lower one
    check(std::ldexp(1.0, power));
    check(std::ldexp(-3.0, power - 1));
  }
  const Random random(12);
  for (std::uint64_t i = 0; i < riskflag_test::draws(20000); ++i) {
    const double any = std::bit_cast<double>(random.bits(3 * i));
    if (is_finite(any)) check(any);
    check(static_cast<double>(random.bits(3 * i + 1) >> (i % 64)));
    check(std::round(random.uniform(3 * i + 2) * 1e6) / 1e3);
  }
}

TEST_CASE("append_number writes the ends of the integers") {
  std::string text;
  append_number(text, std::numeric_limits<std::int64_t>::min());
  text += ' ';
  append_number(text, std::numeric_limits<std::uint64_t>::max());
  text += ' ';
  append_number(text, -7);
  CHECK(text == "-9223372036854775808 18446744073709551615 -7");
}

TEST_CASE("decimals of any length and point have strtod's bits") {
  const Random random(21);
  const auto check = [](const std::string& text) {
    CAPTURE(text);
    const auto value = parse_double(text);
    REQUIRE(value);
    REQUIRE(bits_of(*value) == bits_of(std::strtod(text.c_str(), nullptr)));
  };
  for (const char* text : {"9007199254740992", "9007199254740993", "9007199254.740993", "900719925474099.3", "0.1", "0",
                           "000000000000000001", "0.000000000000000001", "123456789012345678", "1234567890123456789",
                           "0.1234567890123456789", "-.5", "5.", "00.0", "18446744073709551616"})
    check(text);
  for (std::uint64_t i = 0; i < riskflag_test::draws(100000); ++i) {
    const std::size_t digits = 1 + random.below(21, 4 * i);
    std::string text;
    for (std::size_t d = 0; d < digits; ++d) text += static_cast<char>('0' + (random.bits(4 * i + 1) >> (3 * d) & 7));
    if (i % 2 == 0) text.insert(random.below(digits + 1, 4 * i + 2), ".");
    check(text);
    check("-" + text);
  }
  for (const char* bad : {".", "1.2.3", "..1", "1.-", "1 ", " 1", "1,5", "-", "+.", "1_0"})
    CHECK_FALSE(parse_double(bad));
}

TEST_CASE("parse_double takes whole plain decimals and nothing else") {
  CHECK(parse_double("3.25") == 3.25);
  CHECK(parse_double("+3") == 3.0);
  CHECK(parse_double(".5") == 0.5);
  CHECK(parse_double("5.") == 5.0);
  CHECK(parse_double("-1E-2") == -0.01);
  CHECK(parse_double("007") == 7.0);
  CHECK(bits_of(*parse_double("-0")) == bits_of(-0.0));
  for (const char* bad : {"",     "+",   "-",     ".",   "e5",  "1e",       "1e+", "+-1", "--1",   "1 ",   " 1",
                          "0x10", "1,5", "1e5.0", "nan", "inf", "infinity", "NaN", "1f",  "1_000", "1.2.3"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_double(bad));
  }
  CHECK_FALSE(parse_double(std::string_view("1\0", 2)));
}

TEST_CASE("parse_double knows nan and inf in any case only when asked to") {
  CHECK(is_missing(*parse_double("NaN", Specials::accept)));
  CHECK(parse_double("-Inf", Specials::accept) == -std::numeric_limits<double>::infinity());
  CHECK(parse_double("+infinity", Specials::accept) == std::numeric_limits<double>::infinity());
  CHECK_FALSE(parse_double("nano", Specials::accept));
  CHECK_FALSE(parse_double("nan(1)", Specials::accept));
}

TEST_CASE("underflow is the nearest double, overflow is no number") {
  CHECK(bits_of(*parse_double("1e-400")) == bits_of(0.0));
  CHECK(bits_of(*parse_double("-1e-400")) == bits_of(-0.0));
  CHECK(parse_double("4.9e-324") == 5e-324);
  CHECK(parse_double("2e-324") == 0.0);
  CHECK(parse_double("2.5e-324") == 5e-324);
  CHECK(parse_double("0.00000000000000000001e-310") == 0.0);
  CHECK(parse_double("0e999999999999999999999") == 0.0);
  CHECK(parse_double("1e-99999999999999999999999") == 0.0);
  CHECK(parse_double(std::string(400, '0') + "1") == 1.0);
  CHECK(parse_double("0." + std::string(400, '0') + "1e401") == 1.0);
  CHECK_FALSE(parse_double("1e309"));
  CHECK_FALSE(parse_double("-1e309"));
  CHECK_FALSE(parse_double("1.7976931348623159e308"));
  CHECK_FALSE(parse_double("0.0001e313"));
  CHECK_FALSE(parse_double("1e99999999999999999999999"));
  CHECK_FALSE(parse_double(std::string(400, '9')));
}

TEST_CASE("parse_double gives strtod's bits") {
  const Random random(5);
  for (std::uint64_t i = 0; i < 50000; ++i) {
    std::string text;
    const std::uint64_t digits = 1 + random.below(24, 10 * i);
    for (std::uint64_t d = 0; d < digits; ++d) {
      if (d == digits / 2 && d != 0) text += '.';
      text += static_cast<char>('0' + random.below(10, 1000000000 + 100 * i + d));
    }
    text += 'e' + std::to_string(static_cast<int>(random.below(700, 10 * i + 1)) - 350);
    const double want = std::strtod(text.c_str(), nullptr);
    const auto got = parse_double(text);
    CAPTURE(text);
    REQUIRE(got.has_value() == std::isfinite(want));
    if (got) REQUIRE(bits_of(*got) == bits_of(want));
  }
}

TEST_CASE("parse_integer takes whole int64 and nothing else") {
  CHECK(parse_integer("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(parse_integer("+12") == 12);
  for (const char* bad : {"", "+", "-", "+-1", "9223372036854775808", "1.0", "1 ", " 1", "0x1", "1e3"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_integer(bad));
  }
}

TEST_CASE("trimmed, lower_ascii and split_text do what their names say") {
  CHECK(trimmed(" \t\r\n\f\va b \n") == "a b");
  CHECK(trimmed(" \t ").empty());
  CHECK(lower_ascii("AbZ-\xc3\x84") == "abz-\xc3\x84");  // only ASCII letters
  CHECK(split_text("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split_text("", ',') == std::vector<std::string_view>{""});
}

TEST_CASE("quoted is fit for one line of a message") {
  CHECK(quoted("3O") == "\"3O\"");
  CHECK(quoted("a\"b\\c\n\x01\x7f") == "\"a\\\"b\\\\c\\n\\x01\\x7f\"");
  CHECK(quoted("\xff\xc3\xa4") == "\"\\xff\xc3\xa4\"");
  CHECK(quoted("abcdef", 4) == "\"abcd...\"");
  CHECK(quoted("abc\xc3\xa4", 4) == "\"abc...\"");  // not half a character
}

TEST_CASE("find_nearest suggests slips and nothing far away") {
  const std::array<std::string_view, 4> names = {"num_leaves", "learning_rate", "lambda_l2", "seed"};
  CHECK(find_nearest("num_leafs", names) == "num_leaves");
  CHECK(find_nearest("NUM_LEAVES", names) == "num_leaves");
  CHECK(find_nearest("sede", names) == "seed");  // two neighbours swapped count once
  CHECK_FALSE(find_nearest("color", names));
  CHECK_FALSE(find_nearest("", names));
  CHECK(did_you_mean("lamda_l2", names) == " (did you mean \"lambda_l2\"?)");
  CHECK(did_you_mean("zzzzzz", names).empty());
  const std::vector<std::string> owned = {"age", "income"};
  CHECK(did_you_mean("incme", owned) == " (did you mean \"income\"?)");
  CHECK(what_there_is("incme", std::vector<std::string>{"age", "income"}) ==
        " (did you mean \"income\"?); there are \"income\", \"age\"");
  CHECK(what_there_is("zzzzzz", std::vector<std::string>{"age"}) == "; there is only \"age\"");
  CHECK(what_there_is("age", std::vector<std::string>{}) == "; there are none");
  CHECK(what_there_is("zz", std::vector<std::string>(10, "column")).ends_with("\"column\" and 2 more"));
}

TEST_CASE("is_utf8 refuses what RFC 3629 refuses") {
  for (const char* good : {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const char* bad :
       {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("a word of a shell is quoted where it is not plain") {
  CHECK(riskflag::shell_word("debt_ratio") == "debt_ratio");
  CHECK(riskflag::shell_word("due=%d/%m/%Y") == "due=%d/%m/%Y");
  CHECK(riskflag::shell_word("monthly income") == "'monthly income'");
  CHECK(riskflag::shell_word("it's $1") == "'it'\\''s $1'");
  CHECK(riskflag::shell_word("") == "''");
}
