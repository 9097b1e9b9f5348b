#include <riskflag/interop.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/model/check.hpp>
#include <riskflag/model/walk.hpp>

#include "../replaced.hpp"
#include "../sanitized.hpp"

using namespace riskflag;

namespace {

/// XGBoost 3.2 wrote these files; tests/peers/test_import_xgboost.py compares with XGBoost itself.
std::string golden(const std::string& name) {
  std::ifstream file(std::filesystem::path(RISKFLAG_TESTS_DIR) / "fuzz" / "corpus" / "import_xgboost" / name,
                     std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Node 0: a < 0.5 left, NaN right; node 2 (its right): home in {1} right, NaN left. A pruned node, 5, stays behind.
const std::string kSmall =
    R"({"learner":{"feature_names":["a","home"],"feature_types":["float","c"],"gradient_booster":{"model":{)"
    R"("gbtree_model_param":{"num_trees":"1"},"tree_info":[0],"trees":[{"base_weights":[0,0,0,0,0,0],)"
    R"("categories":[1],"categories_nodes":[2],"categories_segments":[0],"categories_sizes":[1],)"
    R"("default_left":[0,0,1,0,0,0],"left_children":[1,-1,3,-1,-1,-1],"right_children":[2,-1,4,-1,-1,-1],)"
    R"("loss_changes":[1,0,1,0,0,0],"split_conditions":[0.5,0.25,NaN,-0.5,1.0,9.0],)"
    R"("split_indices":[0,0,1,0,0,0],"split_type":[0,0,1,0,0,0],"sum_hessian":[10,4,6,2,4,0]}]},"name":"gbtree"},)"
    R"("learner_model_param":{"base_score":"[2.5E-1]","num_class":"0","num_feature":"2","num_target":"1"},)"
    R"("objective":{"name":"binary:logistic"}},"version":[3,2,0]})";

std::string refusal(const std::string& text) {
  const auto model = interop::import_xgboost(text, "m.json");
  REQUIRE(!model);
  return model.failure().text();
}

}  // namespace

TEST_CASE("a small XGBoost model, leaf by leaf, by hand") {
  const Model model = interop::import_xgboost(kSmall, "m.json").value();
  CHECK(model.objective.name == "binary");
  CHECK(model.float32_inputs);
  CHECK(std::abs(model.base_margin[0] - std::log(0.25 / 0.75)) < 1e-7);
  const auto score = [&](double a, double home) {
    return margin(model, std::vector<double>{a, home}) - model.base_margin[0];
  };
  CHECK(std::abs(score(std::nextafter(0.5F, 0.0F), 0) - 0.25) < 1e-12);
  CHECK(std::abs(score(0.5, 0) + 0.5) < 1e-12);                       // x < 0.5 does not hold
  CHECK(std::abs(score(std::nextafter(0.5, 0.0), 0) + 0.5) < 1e-12);  // rounds to 0.5F
  CHECK(std::abs(score(0.5, 1) - 1.0) < 1e-12);
  CHECK(std::abs(score(0.5, 7) + 0.5) < 1e-12);
  CHECK(std::abs(score(0.5, -1) + 0.5) < 1e-12);
  CHECK(std::abs(score(0.5, -0.5) + 0.5) < 1e-12);  // below 0 is no category, as in XGBoost
  CHECK(std::abs(score(0.5, kMissing) + 0.5) < 1e-12);
  CHECK(std::abs(score(kMissing, 1) - 1.0) < 1e-12);
  CHECK(model.trees[0].leaves.size() == 3);  // without the pruned node
  CHECK(model.trees[0].leaf_counts == std::vector<double>{4, 2, 4});
}

TEST_CASE("a base score is a probability, a mean or a margin by the objective's rule") {
  const auto base = [](const std::string& objective, const std::string& score) {
    const auto model =
        interop::import_xgboost(replaced(replaced(kSmall, "binary:logistic", objective), "[2.5E-1]", score), "m.json");
    REQUIRE(model);
    return model->base_margin[0];
  };
  CHECK(std::abs(base("reg:logistic", "5E-1")) == 0.0);
  CHECK(base("binary:logitraw", "5E-1") == 0.5);
  CHECK(base("reg:squarederror", "(2E0)") == 2.0);
  CHECK(std::abs(base("count:poisson", "[2E0]") - std::log(2.0)) < 1e-7);
  CHECK(refusal(replaced(kSmall, "[2.5E-1]", "[1E0]")) == "m.json: base_score is no probability between 0 and 1");
  CHECK(refusal(replaced(kSmall, "[2.5E-1]", "[two]")) == "m.json: base_score has \"two\", which is no number");
}

TEST_CASE("the float below: zeros, denormals, powers of two, infinity") {
  using interop::detail::float_below;
  const float inf = std::numeric_limits<float>::infinity();
  for (const float x : {1.0F, 0.5F, -1.0F, 1e-45F, -1e-45F, 1e-38F, 3e38F, inf, 0.0F, -0.0F}) {
    CHECK(float_below(x) == std::nextafter(x, -inf));
  }
}

TEST_CASE("JSON and UBJSON of one model are the same model; DART's weights and classes are kept") {
  CHECK(interop::import_xgboost(golden("binary.json"), "a").value() ==
        interop::import_xgboost(golden("binary.ubj"), "a").value());
  CHECK(interop::import_xgboost(golden("dart.json"), "a").value() ==
        interop::import_xgboost(golden("dart.ubj"), "a").value());
  const Model three = interop::import_xgboost(golden("three.ubj"), "a").value();
  CHECK(three.num_outputs == 3);
  CHECK(three.trees.size() == 6);
  const Model binary = interop::import_xgboost(golden("binary.json"), "a").value();
  CHECK(binary.features[1].levels == std::vector<std::string>{"BOAT", "OWN", "RENT"});
}

TEST_CASE("damaged models are refused with the tree and the node") {
  CHECK(refusal("[]") == "m.json: the first byte is no \"{\": neither JSON nor UBJSON of XGBoost");
  CHECK(refusal("{}") == "m.json: there is no member \"learner\": this is no model of XGBoost's");
  CHECK(refusal(replaced(kSmall, "[1,-1,3", "[1,-1,0")) == "m.json: tree 0: node 0 has two parents");
  CHECK(refusal(replaced(kSmall, "[1,-1,3", "[1,-1,33")) == "m.json: tree 0: node 2 has child 33 of 6 nodes");
  CHECK(refusal(replaced(kSmall, "[1,-1,3", "[1,-1,2147483648")) ==
        "m.json: tree 0: node 2 has child 2147483648 of 6 nodes");
  CHECK(refusal(replaced(kSmall, "\"split_indices\":[0,0,1", "\"split_indices\":[0,0,2")) ==
        "m.json: tree 0: node 2 asks feature 2 of 2");
  CHECK(refusal(replaced(kSmall, "[0.5,0.25,NaN", "[NaN,0.25,NaN")) == "m.json: tree 0: node 0 has the condition nan");
  CHECK(refusal(replaced(kSmall, "\"categories\":[1]", "\"categories\":[99999999]")).find("2^24 - 1 are possible") !=
        std::string::npos);
  CHECK(refusal(replaced(kSmall, "categories_sizes\":[1]", "categories_sizes\":[4]")) ==
        "m.json: tree 0: the categories of a node lie outside of \"categories\"");
  CHECK(refusal(replaced(kSmall, "\"tree_info\":[0]", "\"tree_info\":[3]")) == "m.json: tree 0 is of class 3 of 1");
  CHECK(refusal(replaced(kSmall, "\"num_feature\":\"2\"", "\"num_feature\":\"2000000000\"")) ==
        "m.json: num_feature is \"2000000000\"; a count is accepted");
  CHECK(refusal(replaced(kSmall, "\"num_target\":\"1\"", "\"num_target\":\"2\"")).find("one model for each") !=
        std::string::npos);
}

TEST_CASE("a file that claims more than its bytes hold is refused without the memory for it") {
  const std::string key = "learner";
  std::string text = "{L";
  text += std::string("\0\0\0\0\0\0\0\7", 8) + key;
  // A typed array of 2^31 floats, and nothing after it.
  const std::string claimed = text + "[$d#L" + std::string("\0\0\0\0\x80\0\0\0", 8);
  CHECK(refusal(claimed).find("a length of 2147483648, and 0 bytes are left") != std::string::npos);
  std::string deep = text;
  for (int i = 0; i < 100000; ++i) deep += '[';
  CHECK(refusal(deep).find("nested more than 64 deep") != std::string::npos);
}

TEST_CASE("a file cut off anywhere is refused; one with a changed byte never crashes") {
  const std::size_t step = riskflag_test::kSanitized ? 7 : 1;
  for (const char* name : {"binary.json", "binary.ubj", "dart.ubj", "three.ubj"}) {
    CAPTURE(name);
    const std::string bytes = golden(name);
    for (std::size_t size = 0; size < bytes.size(); size += step) {
      CAPTURE(size);
      CHECK(!interop::import_xgboost(std::string_view(bytes).substr(0, size), name));
    }
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
      const auto model = interop::import_xgboost(changed, name);
      if (model) CHECK(check_model(*model, name).ok());
    }
  }
}
