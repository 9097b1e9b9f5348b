// docs/formats/recipe.md and pipeline.md name every op, and their example is a recipe.

#include <riskflag/prep/detail/recipe_names.hpp>

#include <string>

#include <doctest/doctest.h>
#include <riskflag/bundle/detail/pipeline_json_names.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/prep/recipe.hpp>

using namespace riskflag;

namespace {

std::string page(const std::string& name) {
  return read_file(std::string(RISKFLAG_TESTS_DIR) + "/../docs/formats/" + name);
}

}  // namespace

TEST_CASE("the page of the recipe has a row for every op, and its example parses") {
  const std::string text = page("recipe.md");
  for (const std::string_view op : prep::detail::kOps) {
    CAPTURE(op);
    CHECK(text.find("`" + std::string(op) + "`") != std::string::npos);
  }
  const std::size_t begin = text.find("```json\n");
  REQUIRE(begin != std::string::npos);
  const std::string example = text.substr(begin + 8, text.find("```", begin + 8) - begin - 8);
  CHECK(prep::parse_recipe(example, "recipe.md").steps.size() == 6);
}

TEST_CASE("the page of pipeline.json has a row for every operation and names every token") {
  const std::string text = page("pipeline.md");
  for (const std::string_view op : bundle::pipeline_detail::kOperationNames) {
    CAPTURE(op);
    CHECK(text.find("| `" + std::string(op) + "` |") != std::string::npos);
  }
  for (std::size_t k = 2; k < bundle::pipeline_detail::kTokenNames.size(); ++k) {
    const std::string token(bundle::pipeline_detail::kTokenNames[k]);
    CAPTURE(token);
    CHECK(text.find("\"" + token + "\"") != std::string::npos);
  }
}
