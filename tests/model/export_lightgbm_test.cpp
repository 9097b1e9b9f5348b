#include <riskflag/model/export_lightgbm.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/model/walk.hpp>

#include "../predict/random_model.hpp"

using namespace riskflag;
using namespace riskflag_test;

TEST_CASE("what lightgbm_text wrote, import_lightgbm reads back to the same leaves and margins") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    ModelShape shape;
    shape.trees = 6;
    shape.leaves = 1 + seed % 12;
    shape.categorical = 0.3;
    shape.all_rules = true;
    shape.edge_thresholds = seed % 2 == 0;
    shape.outputs = seed % 5 == 0 ? 3 : 1;
    Model model = random_model(seed, shape);
    model.average_output = seed % 4 == 0;
    for (Tree& tree : model.trees) {
      for (Node& node : tree.nodes) node.default_left = node.default_left && !node.categorical;
    }
    const auto text = lightgbm_text(model);
    REQUIRE(text);
    const auto back = import_lightgbm(*text, "text");
    REQUIRE(back);
    const std::size_t cols = model.features.size();
    const auto rows = random_rows(seed, 60, model);
    for (std::size_t r = 0; r < 60; ++r) {
      std::vector<double> row(rows.begin() + static_cast<std::ptrdiff_t>(r * cols),
                              rows.begin() + static_cast<std::ptrdiff_t>((r + 1) * cols));
      for (double& x : row) x = std::abs(x) <= kZeroBand ? 0.0 : x;  // as LightGBM takes them
      for (std::size_t t = 0; t < model.trees.size(); ++t) {
        CHECK(leaf_of(back->trees[t], row) == leaf_of(model.trees[t], row));
      }
      for (int k = 0; k < model.num_outputs; ++k) {
        CHECK(std::abs(margin(*back, row, k) - margin(model, row, k)) < 1e-13);
      }
    }
  }
}

TEST_CASE("linear leaves come back from LightGBM's text with the same bits") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Model model = with_linear_leaves(
        seed,
        random_model(
            seed,
            {.trees = 6, .leaves = 1 + seed % 8, .features = 4, .all_rules = true, .outputs = seed % 5 == 0 ? 3 : 1}));
    model.average_output = seed % 4 == 0;
    model.base_margin.assign(model.base_margin.size(), 0.0);
    const auto text = lightgbm_text(model);
    REQUIRE(text);
    const auto back = import_lightgbm(*text, "text");
    REQUIRE_MESSAGE(back, back.failure().text());
    CHECK(back->leaf_grid == 0.0);
    const auto rows = random_rows(seed, 60, model, 0.1, 0.0);
    for (std::size_t r = 0; r < 60; ++r) {
      const std::vector<double> row(rows.begin() + static_cast<std::ptrdiff_t>(r * 4),
                                    rows.begin() + static_cast<std::ptrdiff_t>(r * 4 + 4));
      for (int k = 0; k < model.num_outputs; ++k) CHECK(margin(*back, row, k) == margin(model, row, k));
    }
  }
}

TEST_CASE("the double at which rounding to float turns: the last that goes left with a float's threshold") {
  const float inf = std::numeric_limits<float>::infinity();
  const double most = std::numeric_limits<double>::max();
  for (const double threshold : {1.0, 0.1, -0.1, -1.0, 0.0, -0.0, 1e-46, -1e-46, 1e-45, -1e-45, 3.4e38, -3.4e38,
                                 static_cast<double>(std::nextafter(1.0F, 2.0F)),
                                 static_cast<double>(std::numeric_limits<float>::max()), 1e300, -1e300}) {
    CAPTURE(threshold);
    const double last = detail::before_rounding(threshold);
    CHECK(static_cast<double>(static_cast<float>(last)) <= threshold);
    CHECK(!(static_cast<double>(static_cast<float>(std::nextafter(last, most))) <= threshold));
  }
  CHECK(detail::before_rounding(static_cast<double>(inf)) == static_cast<double>(inf));
}

TEST_CASE("what LightGBM cannot say is refused") {
  Model model = random_model(2, {.trees = 2, .leaves = 4, .features = 2, .categorical = 1.0});
  for (Tree& tree : model.trees) {
    for (Node& node : tree.nodes) node.default_left = true;
  }
  CHECK(lightgbm_text(model).failure().text() ==
        "tree 0, node 0: it sends missing categories to its set's side; LightGBM always sends them to the other");
  for (Tree& tree : model.trees) {
    for (Node& node : tree.nodes) node.default_left = false;
  }
  REQUIRE(lightgbm_text(model));
  model.features[0].name = "a b";
  model.features[1].name = "a_b";
  CHECK(lightgbm_text(model).failure().text() == "\"a_b\": two features have this name, blanks written as '_'");
}
