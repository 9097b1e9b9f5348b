#include <riskflag/model/load.hpp>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "../predict/random_model.hpp"
#include "../replaced.hpp"

using namespace riskflag;
using namespace riskflag_test;

namespace {

Model rich(std::uint64_t seed) {
  Model model = random_model(seed, {.trees = 6,
                                    .leaves = 7,
                                    .features = 5,
                                    .categorical = 0.4,
                                    .all_rules = true,
                                    .edge_thresholds = true,
                                    .outputs = 2});
  model.options = {{"objective", "multiclass"}, {"num_leaves", "7"}};
  model.data_digest = "00ff";
  model.schema_digest = "ff00";
  model.history = {{"valid.multi_logloss", "train.x"}, {{0.1, 1e-300}, {0.30000000000000004, 5e-324}}};
  model.features[0].fields = {"Income", "quo\"ted \\ \n \xc3\xa9"};
  return model;
}

/// The text with its digest made anew: what a careful forger, or a defect of a writer, would leave.
std::string resealed(std::string text) {
  const std::size_t at = text.rfind("\"sha256\"");
  text.resize(at);
  const std::string digest = sha256_hex(text);
  return text + "\"sha256\": \"" + digest + "\"\n}\n";
}

}  // namespace

TEST_CASE("invariant: a model comes back from its text to the bit, and gives the same text again") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Model model = rich(seed);
    const std::string text = model_text(model);
    const auto back = parse_model(text, "model.json");
    REQUIRE_MESSAGE(back.ok(), back.failure().text());
    CHECK(*back == model);
    CHECK(model_text(*back) == text);
  }
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Model model = with_linear_leaves(seed, rich(seed));
    const auto back = parse_model(model_text(model), "model.json");
    REQUIRE_MESSAGE(back.ok(), back.failure().text());
    CHECK(*back == model);
  }
}

TEST_CASE("a metric without a value is null in the history and comes back missing") {
  Model model = rich(1);
  model.history.values[0][1] = kMissing;
  const auto back = parse_model(model_text(model), "model.json");
  REQUIRE(back.ok());
  CHECK(is_missing(back->history.values[0][1]));
}

TEST_CASE("the digest is the SHA-256 of all bytes before the last member") {
  const std::string text = model_text(rich(1));
  const std::size_t at = text.rfind("\"sha256\"");
  CHECK(text.substr(at) == "\"sha256\": \"" + sha256_hex(text.substr(0, at)) + "\"\n}\n");
}

TEST_CASE("invariant: a model file cut off anywhere is refused as corrupt") {
  const std::string text = model_text(with_linear_leaves(2, random_model(2, {.trees = 2, .leaves = 4, .features = 3})));
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto read = parse_model(std::string_view(text).substr(0, n), "model.json");
    CAPTURE(n);
    REQUIRE_FALSE(read.ok());
    CHECK(read.failure().code == ErrorCode::corrupt);
    CHECK(read.failure().where.find("model.json") == 0);
  }
}

TEST_CASE("invariant: a model file with any one bit flipped is refused") {
  const std::string text = model_text(with_linear_leaves(2, random_model(2, {.trees = 1, .leaves = 3, .features = 2})));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string altered = text;
    altered[at] = static_cast<char>(altered[at] ^ (1 << (at % 7)));
    CAPTURE(at);
    CHECK_FALSE(parse_model(altered, "model.json").ok());
  }
}

TEST_CASE("refusals say where and what would be accepted") {
  const std::string text = model_text(rich(1));
  const auto says = [](const std::string& altered, const std::string& part, ErrorCode code = ErrorCode::corrupt) {
    const auto read = parse_model(altered, "model.json");
    REQUIRE_FALSE(read.ok());
    CAPTURE(read.failure().text());
    CHECK(read.failure().text().find(part) != std::string::npos);
    CHECK(read.failure().code == code);
  };
  says(replaced(text, "\"format\": 1", "\"format\": 3"), "model.json: format 3, this build reads up to 1; ",
       ErrorCode::unsupported);
  says(replaced(text, "\"format\": 1", "\"format\": 0"), "format is the number 0");
  says(replaced(text, "0.30000000000000004", "0.30000000000000005"), "have SHA-256");
  says(text + "\n", "do not end with");
  says("{}", "expected the member \"format\"");
  says("[]", "begins with the member \"format\"");
  says("", "model.json:1:1");
  says(text.substr(0, text.size() / 2), "cut off or was altered");
  // A proper digest over improper content: the structure is checked, too.
  says(resealed(replaced(text, "\"num_outputs\": 2", "\"num_outputs\": 5")), "2 base margins for 5 outputs");
  says(resealed(replaced(text, "\"num_outputs\"", "\"num_output\"")), "num_output");
  says(resealed(replaced(text, "\"trees\": [", "\"extra\": [], \"trees\": [")),
       "found the member \"extra\", expected \"trees\"");
  says(resealed(replaced(text, "\"best_iteration\": ", "\"best_iteration\": 1.5")), "expected a whole number");
  says(resealed(text.substr(0, text.rfind("\"sha256\"")) + "\"extra\": 1, \"sha256\""),
       "expected the member \"sha256\"");
  says(resealed(replaced(text, "\"left\": [", "\"left\": [], \"right\": [")), "\"left\" holds fewer");
  says(resealed(replaced(text, "\"type\": \"numeric\"", "\"type\": \"number\"")), "\"numeric\" or \"categorical\"");
  says(resealed(replaced(text, "\"average_output\": false", "\"average_output\": 0")), "expected true or false");
  says(resealed(replaced(text, "\"decision_type\": [", "\"decision_type\": [1, ")),
       "one value for each of the 6 nodes");
  says(resealed(replaced(text, "\"name\": \"multiclass\"", "\"name\": \"new\"")), "objective \"new\" is unknown",
       ErrorCode::unsupported);
  Model stump = random_model(1, {.trees = 1, .leaves = 2, .features = 1});
  stump.leaf_grid = 0.0;
  stump.trees[0].linear = {{0.5, {0}, {0.25}}, {7.5, {}, {}}};
  const std::string linear = model_text(stump);
  const auto flat = [&](const char* name) {  // the member's text in one line
    const std::size_t at = linear.find(name, linear.find("\"linear\"")), end = linear.find(']', linear.find("0", at));
    REQUIRE(end != std::string::npos);
    return linear.substr(at, end - at);
  };
  says(resealed(replaced(linear, flat("\"constant\""), "\"constant\": [1, 2, 3")),
       "found 3 constants, expected one for each of the 2");
  says(resealed(replaced(linear, flat("\"features\""), "\"features\": [[0], [0], [0")),
       "\"features\" holds more than the one array");
  says(resealed(replaced(linear, flat("\"features\""), "\"features\": [[9")), "tree 0, leaf 0: feature 9 of 1");
  says(resealed(replaced(linear, "\"coefficients\": [", "\"coefficients\": [], \"more\": [")),
       "\"coefficients\" holds fewer");
  says(resealed(replaced(linear, "\"coefficients\"", "\"coefficient\"")), "expected \"coefficients\"");
  says(resealed(replaced(linear, "\"linear\"", "\"lines\"")), "expected the end of the object");
}

TEST_CASE("load_model and save_model go through files and throw sentences") {
  const auto folder = std::filesystem::temp_directory_path() / "riskflag_model_file_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "model.json").string();
  const Model model = rich(4);
  save_model(model, path);
  CHECK(load_model(path) == model);
  CHECK_THROWS_WITH_AS((void)load_model((folder / "absent.json").string()), doctest::Contains("absent.json"), Error);
  Model broken = model;
  broken.trees[0].leaves[0] = kMissing;
  CHECK_THROWS_AS(save_model(broken, path), Error);
  CHECK(load_model(path) == model);
  std::filesystem::remove_all(folder);
}
