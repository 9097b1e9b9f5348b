#include <riskflag/prep/monotone.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/prep/expression.hpp>
#include <riskflag/prep/pipeline.hpp>

using namespace riskflag;
using prep::FieldDirection;

namespace prep_monotone_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Fields x (0), y (1) and positive p (2, never below 1); g (3) is a category.
Schema xy_schema() {
  Schema schema;
  for (const char* name : {"x", "y", "p", "g"}) {
    Field field;
    field.name = name;
    schema.fields.push_back(field);
  }
  schema.fields[2].minimum = 1.0;
  schema.fields[3].type = ColumnType::category;
  schema.fields[3].levels = {"a", "b"};
  return schema;
}

prep::Pipeline pipeline_of(std::vector<prep::Operation> operations, prep::Slot feature, bool categorical = false) {
  Feature out;
  out.name = "f";
  if (categorical) out.type = FeatureType::categorical;
  return prep::Pipeline({.inputs = {"x", "y", "p", "g"},
                         .input_levels = {0, 0, 0, 2},
                         .operations = std::move(operations),
                         .features = {out},
                         .feature_slots = {feature},
                         .recipe = {},
                         .information_value = {}});
}

/// One feature, f, that is this expression of x, y and p.
prep::Pipeline formula(const std::string& text) {
  prep::Expression parsed = prep::parse_expression(text, "test");
  for (prep::Token& token : parsed.program) {
    if (token.kind != prep::Token::Kind::slot) continue;
    const std::string& name = parsed.names[token.slot];
    token.slot = name == "x" ? 0 : name == "y" ? 1 : 2;
  }
  return pipeline_of({prep::Formula{4, parsed.program, parsed.text}}, 4);
}

/// The sign of f for a promise about x, or what was refused.
std::string sign_in(const prep::Pipeline& pipeline, const char* field = "x", int sign = 1) {
  const std::vector<FieldDirection> wanted{{field, sign}};
  try {
    return std::to_string(prep::monotone_features(pipeline, xy_schema(), wanted).at(0));
  } catch (const Error& error) {
    return error.what();
  }
}
bool refused(const prep::Pipeline& pipeline, const char* why) {
  const std::string got = sign_in(pipeline);
  CAPTURE(got);
  CHECK(got.find(why) != std::string::npos);
  return got.find("feature \"f\" derives from \"x\"") != std::string::npos;
}

}  // namespace

TEST_CASE("operations keep the sign of a field: scale, clip, log1p, fill, bins, special codes") {
  using namespace prep;
  CHECK(sign_in(pipeline_of({}, 0)) == "1");
  CHECK(sign_in(pipeline_of({}, 0), "x", -1) == "-1");
  CHECK(sign_in(pipeline_of({Scale{0, 4, 5, 2}}, 4)) == "1");
  CHECK(sign_in(pipeline_of({Scale{0, 4, 5, -2}}, 4)).find("scale is not positive") != std::string::npos);
  CHECK(sign_in(pipeline_of({Clip{0, 4, 0, 9}, Log1p{4, 5}, Fill{5, 6, 0.5}, Scale{6, 7, 1, 2}}, 7)) == "1");
  CHECK(sign_in(pipeline_of({Fill{0, 4, 3}, Log1p{4, 5}}, 5)) == "1");
  CHECK(sign_in(pipeline_of({Bin{0, 4, {1, 2, 3}}}, 4)) == "1");
  CHECK(sign_in(pipeline_of({DropSpecial{0, 4, {96, 98}}, Fill{4, 5, 2}}, 5)) == "1");
}

TEST_CASE("a table over bins keeps or turns the sign where it is in order, and is refused where it is not") {
  using namespace prep;
  const auto table = [](std::vector<double> values) {
    return pipeline_of({Bin{0, 4, {1, 2}}, Lookup{4, 5, std::move(values), 0.5, 0.5}}, 5);
  };
  CHECK(sign_in(table({1, 1, 2})) == "1");
  CHECK(sign_in(table({3, 2, 2})) == "-1");
  CHECK(refused(table({1, 3, 2}), "neither rise nor fall"));
  CHECK(refused(table({1, 2}), "neither rise nor fall"));  // bin 2 is beyond the table
}

TEST_CASE("what has no direction is refused by name") {
  using namespace prep;
  CHECK(refused(pipeline_of({Bin{0, 4, {1, 2}}, OneHot{4, 5, 3, {0, 1, 2}, -1, -1}}, 6), "one-hot"));
  CHECK(refused(pipeline_of({Bin{0, 4, {1, 2}}, KnownLevel{4, 5}}, 5, true), "is categorical"));
  // log1p makes x <= -1 missing, and what follows would give such values a place of their own.
  CHECK(refused(pipeline_of({Log1p{0, 4}, Fill{4, 5, 2}}, 5), "clip them first"));
  CHECK(refused(pipeline_of({Log1p{0, 4}, MissingFlag{4, 5}}, 5), "a flag tells"));
  CHECK(sign_in(pipeline_of({}, 1)) == "monotone: no feature derives from field \"x\"");
  CHECK(sign_in(pipeline_of({MissingFlag{0, 4}}, 4)) == "monotone: no feature derives from field \"x\"");
  CHECK(sign_in(pipeline_of({}, 0), "X").find("no field is called \"X\"") != std::string::npos);
  CHECK(sign_in(pipeline_of({}, 0), "g").find("is a category") != std::string::npos);
  CHECK(sign_in(pipeline_of({}, 0), "x", 2).find("accepted: 1 and -1") != std::string::npos);
}

TEST_CASE("two fields that ask a feature for opposite directions are refused") {
  const std::vector<FieldDirection> against{{"x", 1}, {"y", 1}}, along{{"x", 1}, {"y", -1}}, twice{{"x", 1}, {"x", 1}};
  CHECK(prep::monotone_features(formula("x - y"), xy_schema(), along) == std::vector<int>{1});
  CHECK_THROWS_WITH(static_cast<void>(prep::monotone_features(formula("x - y"), xy_schema(), against)),
                    doctest::Contains("\"f\" derives from \"y\" and from \"x\", which ask it for opposite directions"));
  CHECK_THROWS_WITH(static_cast<void>(prep::monotone_features(formula("x"), xy_schema(), twice)),
                    doctest::Contains("named twice"));
}

TEST_CASE("expressions follow the rule of signs as far as ranges are known") {
  CHECK(sign_in(formula("2 * x + 1")) == "1");
  CHECK(sign_in(formula("1 - x / 3")) == "-1");
  CHECK(sign_in(formula("x * p")) == "1");           // p is at least 1
  CHECK(sign_in(formula("-p / max(x, 0)")) == "1");  // -p / x rises with a positive x
  CHECK(sign_in(formula("x / (p + 1)")) == "1");
  CHECK(sign_in(formula("max(x, y) + min(x, 3)")) == "1");
  CHECK(sign_in(formula("log(max(x, 1)) - log1p(abs(y))")) == "1");
  CHECK(sign_in(formula("if_missing(x, 0)")) == "1");
  CHECK(sign_in(formula("abs(min(x, 0))")) == "-1");
  CHECK(sign_in(formula("y + p")).find("no feature derives from") != std::string::npos);
  CHECK(refused(
      formula("x * y"),
      "\"x * y\": a product whose other operand may be negative or positive; say which by max(..., 0) around it"));
  CHECK(sign_in(formula("x * max(y, 0)")) == "1");
  CHECK(sign_in(formula("x / max(y, 0)")) == "1");
  CHECK(refused(formula("p / x"), "divides by what may be negative or positive"));
  CHECK(refused(formula("x - log(x)"), "work against each other"));
  CHECK(refused(formula("abs(x)"), "falls, then rises"));
  CHECK(refused(formula("if_missing(log(x), 0)"), "clip them first"));
}

namespace {

/// A random expression of x, y, p and constants, nested at most `depth` deep.
std::string random_expression(const Random& random, std::uint64_t& at, int depth) {
  static const char* const leaves[] = {"x", "x", "y", "p", "2", "-0.5", "0"};
  if (depth == 0) return leaves[random.below(7, at++)];
  const auto next = [&] { return random_expression(random, at, depth - 1); };
  switch (random.below(13, at++)) {
    case 0: return "-(" + next() + ")";
    case 1: return "log(" + next() + ")";
    case 2: return "log1p(" + next() + ")";
    case 3: return "abs(" + next() + ")";
    case 4: return "max(" + next() + ", " + next() + ")";
    case 5: return "min(" + next() + ", " + next() + ")";
    case 6: return "if_missing(" + next() + ", " + next() + ")";
    case 7: return "(" + next() + ") + (" + next() + ")";
    case 8: return "(" + next() + ") - (" + next() + ")";
    case 9: return "(" + next() + ") * (" + next() + ")";
    case 10: return "(" + next() + ") / (" + next() + ")";
    default: return next();
  }
}

}  // namespace

TEST_CASE("invariant: a sign that was carried through an expression holds wherever it is evaluated") {
  const Random random(91);
  std::uint64_t at = 0;
  int rising = 0, falling = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    const std::string text = random_expression(random, at, 3);
    const prep::Pipeline pipeline = formula(text);
    const std::string found = sign_in(pipeline);
    if (found != "1" && found != "-1") continue;
    const double sign = found == "1" ? 1.0 : -1.0;
    ++(found == "1" ? rising : falling);
    prep::Scratch scratch;
    std::vector<double> out(pipeline.features().size());
    for (int sample = 0; sample < 20; ++sample) {
      const double y = sample % 5 == 0 ? kMissing : 8.0 * random.uniform(at++) - 4.0, p = 1.0 + random.uniform(at++);
      double last = -kInf;
      for (double x = -5.0; x <= 5.0; x += 0.625) {
        const std::vector<double> fields{x, y, p, 0.0};
        pipeline.transform_row(fields, out, scratch);
        if (is_missing(out[0])) continue;
        CAPTURE(text);
        CAPTURE(x);
        CAPTURE(y);
        if (sign * out[0] < last - 1e-12) FAIL("the value goes the other way");
        last = sign * out[0];
      }
    }
  }
  CHECK(rising > 200);
  CHECK(falling > 200);
}

}  // namespace prep_monotone_test
