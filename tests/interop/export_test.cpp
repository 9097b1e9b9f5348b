#include <riskflag/interop/export_onnx.hpp>
#include <riskflag/interop/export_xgboost.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/interop/xgboost.hpp>
#include <riskflag/model/walk.hpp>

#include "../predict/random_model.hpp"

using namespace riskflag;
using namespace riskflag_test;

namespace {

/// A model that floats can say: no node takes zeros for missing.
Model float_model(std::uint64_t seed, std::size_t leaves) {
  ModelShape shape;
  shape.trees = 6;
  shape.leaves = leaves;
  shape.categorical = 0.3;
  shape.all_rules = true;
  shape.edge_thresholds = seed % 2 == 0;
  shape.outputs = seed % 5 == 0 ? 3 : 1;
  Model model = random_model(seed, shape);
  if (model.num_outputs == 3) model.objective.name = "multiclass";
  model.average_output = seed % 4 == 0;
  for (Tree& tree : model.trees) {
    for (Node& node : tree.nodes) {
      if (node.missing == MissingRule::zero) node.missing = MissingRule::nan;
    }
  }
  return model;
}

}  // namespace

TEST_CASE("what xgboost_json wrote, import_xgboost reads back to the same margins for every row of floats") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const Model model = float_model(seed, 1 + seed % 12);
    const auto text = interop::xgboost_json(model);
    REQUIRE_MESSAGE(text, text.failure().text());
    const auto back = interop::import_xgboost(*text, "text");
    REQUIRE_MESSAGE(back, back.failure().text());
    const std::size_t cols = model.features.size();
    const auto rows = random_rows(seed, 60, model);
    for (std::size_t r = 0; r < 60; ++r) {
      std::vector<double> row(rows.begin() + static_cast<std::ptrdiff_t>(r * cols),
                              rows.begin() + static_cast<std::ptrdiff_t>((r + 1) * cols));
      for (double& x : row) x = std::isinf(x) ? 1e30 : static_cast<double>(static_cast<float>(x));
      for (std::size_t f = 0; f < cols; ++f) {
        double& x = row[f];
        if (std::isinf(x)) x = 1e30;
        // Between -1 and 0: level 0 for this model, none for XGBoost.
        if (model.features[f].type == FeatureType::categorical && x > -1.0 && x < 0.0) x = 0.0;
      }
      for (int k = 0; k < model.num_outputs; ++k) {
        CHECK(std::abs(margin(*back, row, k) - margin(model, row, k)) < 2e-5);
      }
    }
  }
}

TEST_CASE("an averaged model without trees is its base margin") {
  Model model = float_model(4, 6);
  REQUIRE(model.average_output);
  model.trees.clear();
  model.base_margin = {0.75};
  const auto text = interop::xgboost_json(model);
  REQUIRE_MESSAGE(text, text.failure().text());
  const auto back = interop::import_xgboost(*text, "text");
  REQUIRE_MESSAGE(back, back.failure().text());
  CHECK(margin(*back, std::vector<double>(model.features.size(), 0.0)) == 0.75);
}

TEST_CASE("a float's threshold lets the same floats through as the double's") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const double threshold : {0.1, -0.1, 0.0, -0.0, 1e-46, -1e-46, 1e300, -1e300, 3.5e38, -3.5e38, 1.0,
                                 std::nextafter(1.0, 2.0), std::nextafter(1.0, 0.0), static_cast<double>(inf)}) {
    CAPTURE(threshold);
    const float most = interop::detail::float_at_most(threshold);
    CHECK(static_cast<double>(most) <= threshold);
    if (most < inf) {
      const float above = interop::detail::float_above(most);
      CHECK(above == std::nextafter(most, inf));
      CHECK((static_cast<double>(above) > threshold || above == inf));
    }
  }
}

TEST_CASE("what floats or XGBoost cannot say is refused") {
  Model model = float_model(3, 6);
  const Model linear = with_linear_leaves(3, model);
  CHECK(interop::xgboost_json(linear).failure().text() ==
        "tree 0: its leaves are linear, and XGBoost's trees have constants alone; export the model as LightGBM's text, "
        "or train it with linear_tree=false");
  CHECK(interop::onnx_bytes(linear).failure().text().find("ONNX's trees have constants alone") != std::string::npos);
  Node& node = model.trees[2].nodes[0];
  node.categorical = false;
  node.missing = MissingRule::zero;
  node.threshold = 1.0;
  node.default_left = false;
  for (const auto& failed : {interop::xgboost_json(model), interop::onnx_bytes(model)}) {
    REQUIRE(!failed);
    CHECK(failed.failure().text().find("tree 2, node 0: zeros count as missing there") == 0);
  }
  node.default_left = true;  // where the number would go, too
  CHECK(interop::onnx_bytes(model));
  model.objective.name = "cross_entropy_lambda";
  CHECK(interop::xgboost_json(model).failure().text() ==
        "objective: \"cross_entropy_lambda\" has a link that no objective of XGBoost's has; export it as LightGBM's "
        "text");
}

TEST_CASE("protocol buffers: varints, floats and lengths, by hand") {
  interop::detail::Protobuf message;
  message.integer(1, 300).bytes(2, "ab").real(3, 1.0F).integer(4, -1);
  CHECK(message.text() == std::string("\x08\xAC\x02\x12\x02"
                                      "ab\x1D\x00\x00\x80\x3F\x20\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
                                      23));
}
