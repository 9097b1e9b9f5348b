#include <riskflag/prep/fields.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;
using prep_test::bits;
using prep_test::kNan;

namespace {

std::vector<double> encoded(const Schema& schema, const Frame& rows, std::size_t field = 0) {
  const prep::FieldEncoder encoder(schema);
  std::vector<std::vector<double>> values(encoder.fields().size(), std::vector<double>(rows.rows()));
  std::vector<double*> out;
  for (auto& each : values) out.push_back(each.data());
  encoder.encode(rows, 0, rows.rows(), out);
  return values[field];
}

}  // namespace

TEST_CASE("a category's code is its place in the schema, whatever the frame's own dictionary says") {
  const Schema schema = infer_schema(prep_test::frame({prep_test::category("c", {"a", "b", "c", "d"})}));
  const Frame rows = prep_test::frame({prep_test::category("c", {"d", "b", "", "zebra"})});
  CHECK(bits(encoded(schema, rows)) == bits(std::vector<double>{3, 1, kNan, prep::kUnseen}));
}

TEST_CASE("text rules apply before a level is looked up, and missing tokens are missing") {
  Schema schema = infer_schema(prep_test::frame({prep_test::category("c", {"new york", "rome"})}));
  schema.fields[0].text_rules = {true, true, true};
  schema.fields[0].missing = {"-"};
  const prep::FieldEncoder encoder(schema);
  CHECK(encoder.level_code(0, "New_York") == 0);
  CHECK(encoder.level_code(0, " ROME ") == 1);
  CHECK(encoder.level_code(0, "Milan") == prep::kUnseen);
  CHECK(is_missing(encoder.level_code(0, "NA")));
  CHECK(is_missing(encoder.level_code(0, "-")));
}

TEST_CASE("only features are inputs, in the schema's order") {
  Schema schema = infer_schema(prep_test::random_table(1, 10).frame);
  schema.fields[0].role = Role::id;
  schema.fields[3].role = Role::protected_;
  CHECK(prep::FieldEncoder(schema).inputs() == std::vector<std::string>{"age", "city", "late"});
}

TEST_CASE("a date is days since 1970 and may be missing") {
  Column column;
  column.name = "d";
  column.type = ColumnType::date;
  column.days = {0, 20000, kMissingDate};
  const Frame rows = prep_test::frame({column});
  CHECK(bits(encoded(infer_schema(rows), rows)) == bits(std::vector<double>{0, 20000, kNan}));
}

TEST_CASE(
    "a column that the reader took for another type is read as the schema says, or refused with its first bad cell") {
  const Schema numbers = infer_schema(prep_test::frame({prep_test::number("x", {1})}));
  CHECK(bits(encoded(numbers, prep_test::frame({prep_test::category("x", {"1", "2.5", "", "NA"})}))) ==
        bits(std::vector<double>{1, 2.5, kNan, kNan}));
  CHECK_THROWS_WITH_AS((void)encoded(numbers, prep_test::frame({prep_test::category("x", {"3O"})})),
                       doctest::Contains("column \"x\" has the cell \"3O\"; the schema says number"), Error);
  const Schema categories = infer_schema(prep_test::frame({prep_test::category("x", {"1", "2"})}));
  CHECK(bits(encoded(categories, prep_test::frame({prep_test::number("x", {2, 1, 3, kNan})}))) ==
        bits(std::vector<double>{1, 0, prep::kUnseen, kNan}));
}

TEST_CASE("an absent column is missing when it is optional and refused by name when it is required") {
  Schema schema = infer_schema(prep_test::frame({prep_test::number("Income", {1}), prep_test::number("Age", {1})}));
  const Frame rows = prep_test::frame({prep_test::number("Incme", {1, 2}), prep_test::number("Age", {1, 2})});
  CHECK_THROWS_WITH_AS((void)encoded(schema, rows), doctest::Contains("did you mean \"Incme\""), Error);
  schema.fields[0].required = false;
  CHECK(bits(encoded(schema, rows)) == bits(std::vector<double>{kNan, kNan}));
}

TEST_CASE("a text column is no feature, and two levels may not become one by text rules") {
  Schema schema;
  schema.fields.push_back({.name = "t", .type = ColumnType::text});
  CHECK_THROWS_WITH_AS(prep::FieldEncoder{schema}, doctest::Contains("is text and a feature"), Error);
  schema.fields[0].type = ColumnType::category;
  schema.fields[0].levels = {"A", "a"};
  schema.fields[0].text_rules.ignore_case = true;
  CHECK_THROWS_WITH_AS(prep::FieldEncoder{schema}, doctest::Contains("twice after its text rules"), Error);
}
