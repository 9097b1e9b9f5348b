#include <riskflag/prep/expression.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;
using prep_test::kNan;

namespace {

double value(const std::string& text, const std::vector<double>& values = {}) {
  return prep::evaluate(prep::parse_expression(text, "recipe"), values);
}

/// What the parser says of a text that it refuses; "" when it accepts it.
std::string refusal(const std::string& text) {
  try {
    (void)prep::parse_expression(text, "recipe");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::parse);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("operators bind as in arithmetic and from left to right") {
  CHECK(value("1 + 2 * 3") == 7);
  CHECK(value("(1 + 2) * 3") == 9);
  CHECK(value("10 - 4 - 3") == 3);
  CHECK(value("24 / 4 / 2") == 3);
  CHECK(value("-2 * -3") == 6);
  CHECK(value("2 - -3") == 5);
  CHECK(value("+4") == 4);
  CHECK(value("1e3 + .5") == 1000.5);
}

TEST_CASE("columns are found by name, quoted names may hold anything, and each is one slot") {
  const auto expression = prep::parse_expression("Income / `Married/Single` + Income + `a``b` + größe", "recipe");
  CHECK(expression.names == std::vector<std::string>{"Income", "Married/Single", "a`b", "größe"});
  CHECK(prep::evaluate(expression, {6, 2, 100, 1000}) == 3 + 6 + 100 + 1000);
}

TEST_CASE("a column may be called as a function is") {
  CHECK(value("log + log(1)", {5}) == 5);
  CHECK(value("max(min, 3)", {2}) == 3);
}

TEST_CASE("functions give what they are called") {
  CHECK(value("min(3, 1, 2)") == 1);
  CHECK(value("max(3, 1, 4, 2)") == 4);
  CHECK(value("abs(0 - 3)") == 3);
  CHECK(value("log1p(0)") == 0);
  CHECK(value("log(1)") == 0);
  CHECK(value("log(x)", {10}) == doctest::Approx(std::log(10.0)).epsilon(1e-15));
  CHECK(value("if_missing(x, 7)", {kNan}) == 7);
  CHECK(value("if_missing(x, 7)", {3}) == 3);
  CHECK(value("if-missing (x, 7)", {kNan}) == 7);
}

TEST_CASE("if-missing without an operand list is a subtraction") { CHECK(value("if-missing", {10, 4}) == 6); }

TEST_CASE("a missing operand makes everything but if_missing missing") {
  for (const char* text :
       {"x + 1", "1 - x", "x * 0", "0 / x", "-x", "abs(x)", "log(x)", "log1p(x)", "min(x, 1)", "max(1, x)"}) {
    CAPTURE(text);
    CHECK(is_missing(value(text, {kNan})));
  }
}

TEST_CASE("division by zero is missing, and so is every result that is not finite") {
  CHECK(is_missing(value("1 / x", {0})));
  CHECK(is_missing(value("1 / x", {-0.0})));
  CHECK(is_missing(value("0 / x", {0})));
  CHECK(is_missing(value("log(x)", {0})));
  CHECK(is_missing(value("log(x)", {-1})));
  CHECK(is_missing(value("log1p(x)", {-1})));
  CHECK(is_missing(value("x * x", {1e300})));
  CHECK(is_missing(value("x", {std::numeric_limits<double>::infinity()})));
  CHECK(value("if_missing(1 / x, 5)", {0}) == 5);
}

TEST_CASE("a refused expression says at which character, what was found and what would be accepted") {
  CHECK(refusal("Income / ") ==
        "recipe: expression \"Income / \", character 10: found the end; accepted: a number, a column, a "
        "function or \"(\"");
  CHECK(refusal("1 + lg(x)").find("character 5: found the function \"lg\"") != std::string::npos);
  CHECK(refusal("1 + lg(x)").find("did you mean \"log\"") != std::string::npos);
  CHECK(refusal("(1 + 2").find("accepted: \")\"") != std::string::npos);
  CHECK(refusal("a b").find("accepted: an operator") != std::string::npos);
  CHECK(refusal("log(1, 2)").find("one operand") != std::string::npos);
  CHECK(refusal("min(1)").find("two or more") != std::string::npos);
  CHECK(refusal("if_missing(1, 2, 3)").find("two operands") != std::string::npos);
  CHECK(refusal("`a").find("nothing closes") != std::string::npos);
  CHECK(refusal("``").find("empty name") != std::string::npos);
  CHECK(refusal("1.2.3").find("a number such as") != std::string::npos);
  CHECK(refusal("12abc").find("a number such as") != std::string::npos);
  CHECK(refusal("1e999").find("a number such as") != std::string::npos);
  CHECK(refusal("").find("found the end") != std::string::npos);
}

TEST_CASE("nesting and length are bounded") {
  CHECK(refusal(std::string(60, '(') + "1" + std::string(60, ')')).empty());
  CHECK(refusal(std::string(200, '(') + "1" + std::string(200, ')')).find("nesting") != std::string::npos);
  CHECK(refusal(std::string(500, '-') + "1").find("nesting") != std::string::npos);
  CHECK(refusal(std::string(10'001, ' ')).find("at most 10000") != std::string::npos);
}
