#include <riskflag/bundle/pipeline_json.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../prep/every_step.hpp"
#include "../prep/frames.hpp"

using namespace riskflag;
using prep_test::bits;

namespace {

std::string refusal(const std::string& text, ErrorCode code = ErrorCode::corrupt) {
  try {
    (void)bundle::parse_pipeline(text, "pipeline.json");
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("invariant: a loaded pipeline prepares to the same bits as the saved one, and is saved to the same bytes") {
  const prep_test::EverySteps every(1200);
  const std::string text = bundle::pipeline_text(every.fitted.pipeline);
  const prep::Pipeline loaded = bundle::parse_pipeline(text, "pipeline.json");
  CHECK(bundle::pipeline_text(loaded) == text);
  CHECK(loaded.features() == every.fitted.pipeline.features());
  CHECK(loaded.inputs() == every.fitted.pipeline.inputs());
  CHECK(loaded.parts().information_value == every.fitted.pipeline.parts().information_value);
  CHECK(loaded.parts().information_value.size() == 3);
  CHECK(prep::recipe_text(loaded.parts().recipe) == prep::recipe_text(every.recipe));
  SerialExecutor executor;
  CHECK(bits(loaded.transform(every.rows, every.schema, executor).values) ==
        bits(every.fitted.pipeline.transform(every.rows, every.schema, executor).values));
}

TEST_CASE("awkward numbers and names come back as they were") {
  prep::PipelineParts parts;
  parts.inputs = {"a \"quoted\"\n", "ß"};
  parts.input_levels = {0, 3};
  parts.operations = {
      prep::Lookup{1, 2, {-0.0, 5e-324, 1.7976931348623157e308}, kMissing, 0.1},
      prep::Bin{0, 3, {-1e-300, 0.30000000000000004}},
      prep::Formula{4, {{prep::Token::Kind::constant, -0.0, 0}, {prep::Token::Kind::negate, 0, 0}}, "-(-0)"}};
  parts.features = {{"x", FeatureType::numeric, {}, {"ß"}},
                    {"", FeatureType::categorical, {"", "\t"}, {}},
                    {"z", FeatureType::numeric, {}, {}}};
  parts.feature_slots = {2, 3, 4};
  const prep::Pipeline saved(parts);
  const prep::Pipeline loaded = bundle::parse_pipeline(bundle::pipeline_text(saved), "pipeline.json");
  const auto& lookup = std::get<prep::Lookup>(loaded.parts().operations[0]);
  CHECK(bits(lookup.table) == bits(std::get<prep::Lookup>(parts.operations[0]).table));
  CHECK(is_missing(lookup.missing));
  CHECK(std::get<prep::Bin>(loaded.parts().operations[1]).edges == std::get<prep::Bin>(parts.operations[1]).edges);
  CHECK(bits(std::vector<double>{std::get<prep::Formula>(loaded.parts().operations[2]).program[0].constant}) ==
        bits(std::vector<double>{-0.0}));
  CHECK(loaded.features() == parts.features);
  CHECK(loaded.inputs() == parts.inputs);
}

TEST_CASE("a file that is no pipeline is refused with its place") {
  const prep_test::EverySteps every(200);
  const std::string text = bundle::pipeline_text(every.fitted.pipeline);
  CHECK(refusal("{", ErrorCode::parse).find("pipeline.json:1") != std::string::npos);
  CHECK(refusal("[]").find("pipeline.json") != std::string::npos);
  CHECK(refusal(replaced(text, "\"format\": 1", "\"format\": 2"), ErrorCode::unsupported).find("this build reads 1") !=
        std::string::npos);
  CHECK(refusal(replaced(text, "\"fill\"", "\"fil\"")).find("did you mean \"fill\"") != std::string::npos);
  CHECK(refusal(replaced(text, "\"inputs\"", "\"input\"")).find("pipeline.json:") != std::string::npos);
  CHECK(refusal(replaced(text, "\"in\": 0", "\"in\": 9999")).find("before it is written") != std::string::npos);
  CHECK(refusal(replaced(text, "\"count\": 9", "\"count\": 900000")).find("at most one column a level") !=
        std::string::npos);
  CHECK(refusal(replaced(text, "\"op\": \"impute\"", "\"op\": \"imputed\"")).find("did you mean \"impute\"") !=
        std::string::npos);
  CHECK(refusal(replaced(text, "\"if_missing\"", "\"slot\"")).find("accepted: an operator") != std::string::npos);
}

TEST_CASE("a truncated file is refused wherever it ends") {
  const auto table = prep_test::random_table(2, 60);
  const std::string text = bundle::pipeline_text(
      prep_test::fit(R"({"op":"derive","name":"d","expression":"income / 2"})", table.frame).pipeline);
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    CAPTURE(size);
    CHECK(!refusal(text.substr(0, size), ErrorCode::parse).empty());
  }
}
