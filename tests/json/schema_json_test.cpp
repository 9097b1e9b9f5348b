#include <riskflag/json/schema_json.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace riskflag;

namespace {

Schema every_kind_of_field() {
  Schema schema;
  schema.positive = "1";
  schema.target_levels = {"0", "1"};
  schema.missing = {"", "NA", "\"quoted\" \\ \n"};
  Field income{.name = "income", .minimum = 0.0, .maximum = 0.1 + 0.2};
  income.special = {96, 98.5};
  Field home{
      .name = "home \xc3\xa9", .type = ColumnType::category, .required = false, .levels = {"MORTGAGE", "OWN", "RENT"}};
  home.missing = {"unknown"};
  home.unseen = UnseenPolicy::missing;
  home.text_rules = {.ignore_case = true, .collapse_blanks = false, .underscores_as_blanks = true};
  schema.fields = {income, home, Field{.name = "since", .type = ColumnType::date, .date_format = "%d/%m/%Y"},
                   Field{.name = "id", .type = ColumnType::text, .role = Role::id},
                   Field{.name = "sex", .type = ColumnType::category, .role = Role::protected_, .levels = {"f", "m"}}};
  return schema;
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("invariant: a schema comes back from its text to the bit, and its text is the same again") {
  const Schema schema = every_kind_of_field();
  const std::string text = schema_text(schema);
  const Schema again = parse_schema(text, "schema.json");
  CHECK(again == schema);
  CHECK(schema_text(again) == text);
  CHECK(schema_digest(again) == schema_digest(schema));
}

TEST_CASE("a schema's digest changes with any of its facts") {
  Schema schema = every_kind_of_field();
  const std::string before = schema_digest(schema);
  schema.fields[1].levels[2] = "RENTS";
  CHECK(schema_digest(schema) != before);
}

TEST_CASE("a broken schema file is refused with file, place and what is accepted") {
  const std::string good = schema_text(every_kind_of_field());
  auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    return message_of([&] { static_cast<void>(parse_schema(text, "schema.json")); });
  };
  CHECK(with("\"format\": 1", "\"format\": 2").find("format 2, this build reads up to 1") != std::string::npos);
  CHECK(with("\"role\": \"id\"", "\"role\": \"name\"").find("\"role\" is \"name\"") != std::string::npos);
  CHECK(with("\"type\": \"date\"", "\"type\": \"day\"").find("number, category, text, date") != std::string::npos);
  CHECK(with("\"unseen\": \"missing\"", "\"unseen\": \"ignore\"").find("accepted: error, missing") !=
        std::string::npos);
  CHECK(with("\"required\"", "\"requierd\"").find("required") != std::string::npos);
  CHECK(with("\"OWN\"", "\"A\"").find("not sorted") != std::string::npos);
  CHECK(with("\"since\"", "\"income\"").find("two fields \"income\"") != std::string::npos);
  CHECK(with("\"format\": 1,", "").find("format") != std::string::npos);
  CHECK(message_of([] { static_cast<void>(parse_schema("{", "schema.json")); }).substr(0, 11) == "schema.json");
  CHECK(message_of([] { static_cast<void>(parse_schema("[]", "schema.json")); }).find("no JSON object") !=
        std::string::npos);
}
