#include <riskflag/prep/recipe.hpp>

#include <string>
#include <variant>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;

namespace {

std::string recipe_refusal(const std::string& steps, ErrorCode code = ErrorCode::invalid_option) {
  return prep_test::refusal_of(
      code, [&] { (void)prep::parse_recipe(R"({"format":1,"steps":[)" + steps + "]}", "recipe.json"); });
}
using prep_test::says;

}  // namespace

TEST_CASE("every op reads back to the same recipe with every option spelled out") {
  const std::string text = R"({"format":1,"steps":[
    {"op":"impute","columns":["a","b"],"strategy":"constant","value":3,"level":"none","indicator":true,"keep":true},
    {"op":"clip","columns":{"type":"number"},"low":0.05,"high":0.95},
    {"op":"log1p","columns":{"pattern":"x*","except":["x1"]}},
    {"op":"scale","columns":["a"],"center":false},
    {"op":"ordinal_encode","columns":["c"],"order":["lo","hi"],"missing":-1,"unseen":-2},
    {"op":"one_hot","columns":["c"],"max_categories":5,"min_frequency":0.01},
    {"op":"frequency_encode","columns":["c"]},
    {"op":"target_encode","columns":["c"],"smooth":10,"folds":3,"ordered":true},
    {"op":"target_encode","columns":["c"],"smooth":"auto"},
    {"op":"woe_encode","columns":["c"],"smoothing":1,"folds":0},
    {"op":"bin","columns":["a"],"kind":"monotone","max_bins":4,"min_share":0.1,"output":"woe"},
    {"op":"group","columns":["c"],"ignore_case":true,"map":{"x":"y"},"other":"rest","min_frequency":20},
    {"op":"derive","name":"r","expression":"a / b"},
    {"op":"select","columns":{"type":"date","pattern":"*"}},
    {"op":"drop","columns":["b"]}]})";
  const prep::Recipe recipe = prep::parse_recipe(text, "recipe.json");
  REQUIRE(recipe.steps.size() == 15);
  const std::string once = prep::recipe_text(recipe);
  CHECK(prep::recipe_text(prep::parse_recipe(once, "again")) == once);

  const auto& impute = std::get<prep::Impute>(recipe.steps[0]);
  CHECK(impute.strategy == prep::ImputeStrategy::constant);
  CHECK(impute.value == 3);
  CHECK(impute.indicator);
  CHECK(impute.keep);
  CHECK(std::get<prep::Log1pOf>(recipe.steps[2]).columns.except == std::vector<std::string>{"x1"});
  CHECK_FALSE(std::get<prep::TargetEncode>(recipe.steps[8]).smooth.has_value());
  CHECK(std::get<prep::TargetEncode>(recipe.steps[7]).smooth == 10);
  CHECK(std::get<prep::BinNumbers>(recipe.steps[10]).kind == prep::BinKind::monotone);
  CHECK(std::get<prep::Group>(recipe.steps[11]).text.ignore_case);
}

TEST_CASE("an unknown op, key or word is an error with the nearest name and its place") {
  CHECK(says(recipe_refusal(R"({"op":"imputed","columns":["a"]})"), "did you mean \"impute\""));
  CHECK(says(recipe_refusal(R"({"op":"impute","columns":["a"],"stratgy":"mean"})"), "did you mean \"strategy\""));
  CHECK(says(recipe_refusal(R"({"op":"impute","columns":["a"],"strategy":"meen"})"), "did you mean \"mean\""));
  CHECK(says(recipe_refusal(R"({"op":"impute","columns":["a"],"strategy":"meen"})"), "recipe.json:1:"));
  CHECK(says(recipe_refusal(R"({"op":"one_hot","columns":{"typ":"number"}})"), "did you mean \"type\""));
  CHECK(says(recipe_refusal(R"({"op":"drop","columns":["a"],"keep":true})"), "keep"));
}

TEST_CASE("a missing or empty choice of columns is refused") {
  CHECK(says(recipe_refusal(R"({"op":"impute"})"), "columns"));
  CHECK(says(recipe_refusal(R"({"op":"impute","columns":[]})"), "at least one name"));
  CHECK(says(recipe_refusal(R"({"op":"impute","columns":{}})"), "neither type nor pattern"));
  CHECK(says(recipe_refusal(R"({"op":"impute","columns":"a"})"), "accepted"));
}

TEST_CASE("options outside their ranges are refused") {
  CHECK(says(recipe_refusal(R"({"op":"clip","columns":["a"],"low":0.9,"high":0.1})"), "low < high"));
  CHECK(says(recipe_refusal(R"({"op":"target_encode","columns":["a"],"folds":1})"), "2 to 1000"));
  CHECK(says(recipe_refusal(R"({"op":"target_encode","columns":["a"],"folds":0})"), "2 to 1000"));
  CHECK(says(recipe_refusal(R"({"op":"target_encode","columns":["a"],"smooth":-1})"), "smooth"));
  CHECK(says(recipe_refusal(R"({"op":"target_encode","columns":["a"],"ordered":true})"), "ordered needs smooth"));
  CHECK(says(recipe_refusal(R"({"op":"woe_encode","columns":["a"],"folds":1})"), "0 (not cross-fitted)"));
  CHECK(says(recipe_refusal(R"({"op":"bin","columns":["a"],"max_bins":1})"), "2 to 1000"));
  CHECK(says(recipe_refusal(R"({"op":"group","columns":["a"],"min_frequency":5})"), "other"));
  CHECK(says(recipe_refusal(R"({"op":"derive","name":"","expression":"1"})"), "empty name"));
  CHECK(says(recipe_refusal(R"({"op":"derive","name":"x","expression":"1 +"})", ErrorCode::parse), "character 4"));
}

TEST_CASE("a recipe of a newer format is refused as unsupported, and what is no JSON as a parse error") {
  CHECK_THROWS_WITH_AS((void)prep::parse_recipe(R"({"format":2,"steps":[]})", "r.json"),
                       doctest::Contains("this build reads 1"), Error);
  CHECK_THROWS_AS((void)prep::parse_recipe("{", "r.json"), Error);
}

TEST_CASE("a group step with text rules joins the schema's levels once, and twice changes nothing") {
  const Frame rows = prep_test::frame({prep_test::category("CITY", {"New_York", "new york", "Rome", "NEW  YORK"})});
  const prep::Recipe recipe = prep::parse_recipe(
      R"({"format":1,"steps":[{"op":"group","columns":["CITY"],"ignore_case":true,"collapse_blanks":true,"underscores_as_blanks":true,
          "map":{"Rome":"Italy","Paris_Nord":"France"}}]})",
      "r.json");
  const Schema schema = prep::prepare_schema(recipe, infer_schema(rows));
  CHECK(schema.fields[0].levels == std::vector<std::string>{"new york", "paris nord", "rome"});
  CHECK(schema.fields[0].text_rules.ignore_case);
  CHECK(schema.fields[0].unseen == UnseenPolicy::error);
  CHECK(prep::prepare_schema(recipe, schema) == schema);
}

TEST_CASE("naming an other group says where unknown levels belong") {
  const Frame rows = prep_test::frame({prep_test::category("CITY", {"a", "b"})});
  const prep::Recipe recipe = prep::parse_recipe(
      R"({"format":1,"steps":[{"op":"group","columns":{"type":"category"},"map":{"a":"A"},"other":"rest"}]})",
      "r.json");
  CHECK(prep::prepare_schema(recipe, infer_schema(rows)).fields[0].unseen == UnseenPolicy::missing);
}

TEST_CASE("a recipe without group steps leaves the schema as it is") {
  const Schema schema = infer_schema(prep_test::random_table(1, 20).frame);
  CHECK(prep::prepare_schema(prep::default_recipe(), schema) == schema);
}

TEST_CASE("a map that sends one normalised level to two groups is refused") {
  const Frame rows = prep_test::frame({prep_test::category("CITY", {"a", "b"})});
  const prep::Recipe recipe = prep::parse_recipe(
      R"({"format":1,"steps":[{"op":"group","columns":["CITY"],"ignore_case":true,"map":{"A":"x","a":"y"}}]})",
      "r.json");
  CHECK_THROWS_WITH_AS((void)prep::prepare_schema(recipe, infer_schema(rows)), doctest::Contains("two groups"), Error);
}
