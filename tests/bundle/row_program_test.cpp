#include <riskflag/bundle/row_program.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <riskflag/model/walk.hpp>

#include "tiny_model.hpp"

using namespace riskflag;
using bundle::RawCell;
using Kind = RawCell::Kind;

namespace {

/// A row program over the tiny model, without files.
struct Program {
  Schema schema;
  prep::Pipeline pipeline = tiny::pipeline();
  Predictor predictor = value_or_throw(Predictor::make(tiny::model()));
  bundle::RowProgram program;
  explicit Program(Schema s = tiny::schema())
      : schema(std::move(s)), program(schema, pipeline, predictor, Calibration{}) {}

  /// "500" for a number that was read, or the issue's code.
  std::string read(std::size_t input, RawCell cell) const {
    double value = 0;
    std::vector<bundle::FieldIssue> issues;
    if (program.read(input, cell, value, issues)) return number_text(value);
    REQUIRE(issues.size() == 1);
    return std::string(issues[0].code);
  }
};

constexpr std::size_t kIncome = 0, kHome = 1, kSince = 2;

}  // namespace

TEST_CASE("inputs are the feature fields in the schema's order") {
  const Program p;
  CHECK(p.program.inputs() == std::vector<std::string>{"income", "home", "since"});
  CHECK(p.program.find_input("since") == 2);
  CHECK(p.program.find_input("sex") == bundle::ColumnMap::kAbsent);
  CHECK(p.program.find_input("") == bundle::ColumnMap::kAbsent);
}

TEST_CASE("a number field reads numbers exactly, and says what else it found") {
  const Program p;
  for (const Kind kind : {Kind::cell, Kind::number}) {
    CHECK(p.read(kIncome, {kind, "500"}) == "500");
    CHECK(p.read(kIncome, {kind, "0.1"}) == "0.1");
    CHECK(p.read(kIncome, {kind, "1e-320"}) == number_text(1e-320));
    CHECK(p.read(kIncome, {kind, "8.98846567431158e+307"}) == "out_of_range");
    CHECK(p.read(kIncome, {kind, "-1"}) == "out_of_range");
    CHECK(p.read(kIncome, {kind, "10000001"}) == "out_of_range");
    CHECK(p.read(kIncome, {kind, "-9"}) == "-9");  // a special code is outside the limits on purpose
    CHECK(p.read(kIncome, {kind, "1e999"}) == "not_finite");
    CHECK(p.read(kIncome, {kind, "-1e999"}) == "not_finite");
  }
  for (const Kind kind : {Kind::cell, Kind::text}) {
    CHECK(p.read(kIncome, {kind, "inf"}) == "not_finite");
    CHECK(p.read(kIncome, {kind, "-Infinity"}) == "not_finite");
    CHECK(p.read(kIncome, {kind, "nan"}) == "not_finite");  // "NaN" is a missing token, other spellings are not
    CHECK(p.read(kIncome, {kind, "NaN"}) == "nan");
    CHECK(p.read(kIncome, {kind, ""}) == "nan");
    CHECK(p.read(kIncome, {kind, "NA"}) == "nan");
    CHECK(p.read(kIncome, {kind, "3O"}) == "wrong_type");
    CHECK(p.read(kIncome, {kind, "0x10"}) == "wrong_type");
    CHECK(p.read(kIncome, {kind, "1,000"}) == "wrong_type");
  }
  CHECK(p.read(kIncome, {Kind::text, "500"}) == "wrong_type");  // a JSON string is no number
  CHECK(p.read(kIncome, {Kind::boolean, "true"}) == "wrong_type");
  CHECK(p.read(kIncome, {Kind::null, {}}) == "nan");
  CHECK(p.read(kIncome, {Kind::absent, {}}) == "missing_field");
  CHECK(p.read(kSince, {Kind::absent, {}}) == "nan");
}

TEST_CASE("a missing token that is a number is missing as CSV cell and as JSON number") {
  Schema s = tiny::schema();
  s.fields[1].missing = {"-1"};
  const Program p(s);
  CHECK(p.read(kIncome, {Kind::cell, "-1"}) == "nan");
  CHECK(p.read(kIncome, {Kind::number, "-1"}) == "nan");
  CHECK(p.read(kIncome, {Kind::number, "-2"}) == "out_of_range");
}

TEST_CASE("a category reads levels, and names the accepted ones otherwise") {
  const Program p;
  CHECK(p.read(kHome, {Kind::text, "OWN"}) == "1");
  CHECK(p.read(kHome, {Kind::cell, "RENT"}) == "2");
  CHECK(p.read(kHome, {Kind::text, "own"}) == "unseen_category");
  CHECK(p.read(kHome, {Kind::cell, "?"}) == "nan");
  CHECK(p.read(kHome, {Kind::number, "1"}) == "wrong_type");
  CHECK(p.read(kHome, {Kind::boolean, "true"}) == "wrong_type");
  std::vector<bundle::FieldIssue> issues;
  double value = 0;
  CHECK_FALSE(p.program.read(kHome, {Kind::text, "RENTT"}, value, issues));
  CHECK(issues[0].field == "home");
  CHECK(issues[0].found == "\"RENTT\"");
  CHECK(issues[0].expected.find("\"MORTGAGE\", \"OWN\", \"RENT\"") != std::string::npos);
  CHECK(issues[0].expected.find("did you mean \"RENT\"") != std::string::npos);
}

TEST_CASE("levels that are texts of numbers or booleans accept JSON numbers and booleans") {
  Schema s = tiny::schema();
  s.fields[2].levels = {"1", "2.5", "true"};
  const Program p(s);
  CHECK(p.read(kHome, {Kind::number, "1"}) == "0");
  CHECK(p.read(kHome, {Kind::number, "1.0"}) == "0");
  CHECK(p.read(kHome, {Kind::number, "25e-1"}) == "1");
  CHECK(p.read(kHome, {Kind::boolean, "true"}) == "2");
  CHECK(p.read(kHome, {Kind::boolean, "false"}) == "wrong_type");
  CHECK(p.read(kHome, {Kind::number, "7"}) == "unseen_category");
  CHECK(p.read(kHome, {Kind::text, "1"}) == "0");
}

TEST_CASE("text rules come before the level is looked up, and the field's policy decides about the rest") {
  Schema s = tiny::schema();
  s.fields[2].text_rules = {.ignore_case = true, .collapse_blanks = true};
  CHECK(Program(s).read(kHome, {Kind::text, "  own "}) == "1");
  s.fields[2].unseen = UnseenPolicy::missing;
  CHECK(Program(s).read(kHome, {Kind::text, "tent"}) == number_text(prep::kUnseen));
}

TEST_CASE("a date reads its format") {
  const Program p;
  CHECK(p.read(kSince, {Kind::text, "1970-01-02"}) == "1");
  CHECK(p.read(kSince, {Kind::cell, "1970-01-02T10:00:00Z"}) == "1");
  CHECK(p.read(kSince, {Kind::text, "1970-02-30"}) == "wrong_type");
  CHECK(p.read(kSince, {Kind::number, "7"}) == "wrong_type");
  CHECK(p.read(kSince, {Kind::text, ""}) == "nan");
}

TEST_CASE("a level of ten megabytes is refused with a short sentence") {
  const Program p;
  const std::string huge(10u << 20, 'x');
  std::vector<bundle::FieldIssue> issues;
  double value = 0;
  CHECK_FALSE(p.program.read(kHome, {Kind::text, huge}, value, issues));
  CHECK_FALSE(p.program.read(kIncome, {Kind::number, std::string(5000, '1')}, value, issues));
  for (const auto& issue : issues) CHECK(issue.sentence().size() < 400);
}

TEST_CASE("invariant: a row scores as the slow walk over its hand-made features, as CSV and as JSON") {
  const Program p;
  struct Row {
    const char *income, *home;
    double margin;
  };
  for (const Row& row : {Row{"500", "OWN", 0.75}, Row{"1000", "RENT", 1.75}, Row{"1000.0000000000001", "RENT", 0.25},
                         Row{"5000", "MORTGAGE", 0.25}, Row{"5000", "OWN", -0.75}}) {
    CAPTURE(row.income);
    for (const bool csv : {false, true}) {
      const std::vector<RawCell> cells{
          {csv ? Kind::cell : Kind::number, row.income}, {csv ? Kind::cell : Kind::text, row.home}, {}};
      std::vector<double> features(p.program.features());
      bundle::RowProgram::Scratch scratch;
      std::vector<bundle::FieldIssue> issues;
      REQUIRE(p.program.prepare(cells, features, scratch, issues));
      CHECK(p.predictor.margin(features.data()) == row.margin);
      CHECK(p.program.probability(features) == tiny::of_margin(row.margin));
      CHECK(margin(tiny::model(), features) == row.margin);
    }
  }
}

TEST_CASE("a row names every cell that cannot be used") {
  const Program p;
  const std::vector<RawCell> cells{{Kind::text, "abc"}, {Kind::text, "TENT"}, {Kind::boolean, "true"}};
  std::vector<double> features(p.program.features());
  bundle::RowProgram::Scratch scratch;
  std::vector<bundle::FieldIssue> issues;
  CHECK_FALSE(p.program.prepare(cells, features, scratch, issues));
  REQUIRE(issues.size() == 3);
  CHECK(issues[0].code == "wrong_type");
  CHECK(issues[1].code == "unseen_category");
  CHECK(issues[2].field == "since");
}

TEST_CASE("a row that overflows in linear leaves to a score that is none is refused, with its greatest number") {
  Schema schema = tiny::schema();
  schema.fields[1].maximum.reset();
  Model model = tiny::model();
  model.leaf_grid = 0.0;
  model.trees[0].linear = {{2.0, {}, {}}, {0.5, {0, 0}, {1e10, -1e10}}};
  const prep::Pipeline pipeline = tiny::pipeline();
  const Predictor predictor = value_or_throw(Predictor::make(model));
  const bundle::RowProgram program(schema, pipeline, predictor, Calibration{});
  std::vector<double> features(program.features());
  bundle::RowProgram::Scratch scratch;
  std::vector<bundle::FieldIssue> issues;
  REQUIRE(program.prepare(std::vector<RawCell>{{Kind::number, "1e290"}, {Kind::text, "OWN"}, {}}, features, scratch,
                          issues));
  CHECK(program.probability(features) == tiny::of_margin(-1.25));  // -1 + ((0.5 + 1e300) - 1e300) - 0.25
  CHECK_FALSE(program.prepare(std::vector<RawCell>{{Kind::number, "1e300"}, {Kind::text, "OWN"}, {}}, features, scratch,
                              issues));
  REQUIRE(issues.size() == 1);
  CHECK(issues[0].sentence() ==
        "field \"income\": 1e300 is out of range (out_of_range); expected a number that the model's linear leaves can "
        "multiply without an overflow");
}

TEST_CASE("columns match by name in any order; extra ones are counted, absent required ones named") {
  const std::vector<std::string> header{"extra", "home", "id", "income", "default"};
  const auto map = bundle::map_columns(tiny::schema(), header);
  CHECK(map.inputs == std::vector<std::size_t>{3, 1, bundle::ColumnMap::kAbsent});
  CHECK(map.ids == std::vector<std::size_t>{2});
  CHECK(map.id_names == std::vector<std::string>{"id"});
  CHECK(map.ignored == 2);
  CHECK(map.missing_required.empty());
  const std::vector<std::string> less{"home"};
  CHECK(bundle::map_columns(tiny::schema(), less).missing_required == std::vector<std::string>{"income"});
}
