#include <riskflag/data/schema.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace riskflag;

TEST_CASE("infer_schema says what the frame is") {
  Frame frame;
  Column n;
  n.name = "n";
  n.numbers = {1, kMissing};
  frame.add(n);
  Column c;
  c.name = "c";
  c.type = ColumnType::category;
  c.levels = {"x", "y"};
  c.codes = {0, 1};
  frame.add(c);
  const Schema schema = infer_schema(frame);
  REQUIRE(schema.fields.size() == 2);
  CHECK(schema.fields[0].type == ColumnType::number);
  CHECK_FALSE(schema.fields[0].required);  // a cell is missing
  CHECK(schema.fields[1].required);
  CHECK(schema.fields[1].levels == std::vector<std::string>{"x", "y"});
  CHECK(schema.features() == std::vector<std::size_t>{0, 1});
}

TEST_CASE("roles have names that find them again, and pick the features") {
  for (const Role role : {Role::feature, Role::target, Role::id, Role::protected_, Role::weight, Role::offset,
                          Role::time, Role::group, Role::dropped}) {
    CHECK(find_role(name_of(role)) == role);
  }
  CHECK(name_of(Role::protected_) == "protected");
  CHECK(find_role("protected_") == std::nullopt);
  Schema schema;
  for (const Role role : {Role::id, Role::feature, Role::target, Role::feature}) {
    Field field;
    field.name = "f" + std::to_string(schema.fields.size());
    field.role = role;
    schema.fields.push_back(field);
  }
  CHECK(schema.features() == std::vector<std::size_t>{1, 3});
  CHECK(schema.with_role(Role::target) == std::vector<std::size_t>{2});
  CHECK(schema.find("f2") == &schema.fields[2]);
  CHECK_THROWS_WITH_AS((void)schema.field("f22"), doctest::Contains("there is no field \"f22\""), Error);
}

TEST_CASE("missing tokens are the schema's and the field's") {
  Schema schema;
  Field field;
  field.missing = {"-9"};
  CHECK(is_missing_token(schema, field, ""));
  CHECK(is_missing_token(schema, field, "NA"));
  CHECK(is_missing_token(schema, field, "-9"));
  CHECK_FALSE(is_missing_token(schema, field, "na"));
}

TEST_CASE("text rules: case, blanks, underscores, and applying them twice changes nothing") {
  const std::string text = "  New__York\t City_ ";
  CHECK(TextRules{}.apply(text) == text);
  CHECK(TextRules{.ignore_case = true}.apply(text) == "  new__york\t city_ ");
  CHECK(TextRules{.collapse_blanks = true}.apply(text) == "New__York City_");
  CHECK(TextRules{.underscores_as_blanks = true}.apply(text) == "  New  York\t City  ");
  CHECK(TextRules{true, true, true}.apply(text) == "new york city");
  for (int bits = 0; bits < 8; ++bits) {
    const TextRules rules{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
    CHECK(rules.apply(rules.apply(text)) == rules.apply(text));
  }
  CHECK(TextRules{true, true, true}.apply("\xC3\x84_x") == "\xC3\x84 x");  // letters beyond ASCII stay
}
