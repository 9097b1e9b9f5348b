#include <riskflag/model/walk.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "../predict/random_model.hpp"

using namespace riskflag;
using namespace riskflag_test;

namespace {

/// One numeric node: left leaf 1, right leaf 2.
Model stump(double threshold, MissingRule rule, bool default_left) {
  Model model;
  model.features = {{"x", FeatureType::numeric, {}, {}}};
  model.base_margin = {0.0};
  Tree tree;
  Node node;
  node.threshold = threshold;
  node.missing = rule;
  node.default_left = default_left;
  node.left = ~0;
  node.right = ~1;
  tree.nodes = {node};
  tree.leaves = {1.0, 2.0};
  model.trees = {tree};
  return model;
}

bool left(const Model& model, double x) { return margin(model, std::vector<double>{x}) == 1.0; }

const double kInf = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("a numeric node sends x <= threshold left, the threshold itself included") {
  const Model model = stump(0.5, MissingRule::nan, false);
  CHECK(left(model, 0.5));
  CHECK(left(model, -kInf));
  CHECK_FALSE(left(model, std::nextafter(0.5, 1.0)));
  CHECK_FALSE(left(model, kInf));
}

TEST_CASE("both zeros are equal, as value and as threshold") {
  for (const double threshold : {0.0, -0.0}) {
    const Model model = stump(threshold, MissingRule::nan, false);
    CHECK(left(model, 0.0));
    CHECK(left(model, -0.0));
    CHECK_FALSE(left(model, 5e-324));
    CHECK(left(model, -5e-324));
  }
}

TEST_CASE("an infinite threshold sends every number left, and missing values their own way") {
  const Model model = stump(kInf, MissingRule::nan, false);
  CHECK(left(model, kInf));
  CHECK(left(model, 1e308));
  CHECK_FALSE(left(model, kMissing));
}

TEST_CASE("missing values follow the node's rule") {
  for (const bool default_left : {false, true}) {
    for (const double nan : {kMissing, -kMissing}) {
      CHECK(left(stump(-1.0, MissingRule::nan, default_left), nan) == default_left);
      CHECK(left(stump(-1.0, MissingRule::zero, default_left), nan) == default_left);
      CHECK_FALSE(left(stump(-1.0, MissingRule::none, default_left), nan));  // 0 <= -1 is false
      CHECK(left(stump(0.0, MissingRule::none, default_left), nan));
    }
  }
}

TEST_CASE("the zero rule takes values up to LightGBM's float 1e-35 for zero") {
  for (const bool default_left : {false, true}) {
    const Model model = stump(default_left ? -1.0 : 1.0, MissingRule::zero, default_left);
    for (const double zero : {0.0, -0.0, kZeroBand, -kZeroBand, 1e-300}) CHECK(left(model, zero) == default_left);
    CHECK(left(model, std::nextafter(kZeroBand, 1.0)) != default_left);
    CHECK(left(model, std::nextafter(-kZeroBand, -1.0)) != default_left);
  }
}

TEST_CASE("a categorical node sends its set left, everything unknown right, missing values the default way") {
  Model model = stump(0.0, MissingRule::nan, true);
  model.features[0].type = FeatureType::categorical;
  model.trees[0].nodes[0].categorical = true;
  model.trees[0].category_sets = {{0x5U, 0x80000000U}};  // levels 0, 2 and 63
  for (const double in : {0.0, -0.0, 2.0, 63.0, 2.9, -0.5}) CHECK(left(model, in));
  for (const double out : {1.0, 3.0, 62.0, 64.0, 1e9, 1e300, kInf, -1.0, -3.0, -kInf}) CHECK_FALSE(left(model, out));
  CHECK(left(model, kMissing));
  model.trees[0].nodes[0].default_left = false;
  CHECK_FALSE(left(model, kMissing));
  model.trees[0].category_sets = {{}};
  for (const double out : {0.0, -0.5, 1.0, -1.0}) CHECK_FALSE(left(model, out));
}

TEST_CASE("rows are rounded to float first for models that say so") {
  const double threshold = static_cast<double>(0.1F);  // above the double 0.1
  Model model = stump(std::nextafter(threshold, 0.0), MissingRule::nan, false);
  CHECK(left(model, 0.1));
  model.float32_inputs = true;
  CHECK_FALSE(left(model, 0.1));
}

TEST_CASE("margins add the base and each output's own trees; averages divide the leaves' sum") {
  Model model = stump(0.5, MissingRule::nan, false);
  model.num_outputs = 2;
  model.base_margin = {10.0, 20.0};
  model.trees.push_back(model.trees[0]);
  model.trees[1].leaves = {3.0, 4.0};
  model.trees.push_back(model.trees[0]);
  model.trees.push_back(model.trees[1]);
  CHECK(margin(model, std::vector<double>{0.0}, 0) == 12.0);  // 10 + 1 + 1
  CHECK(margin(model, std::vector<double>{1.0}, 1) == 28.0);  // 20 + 4 + 4
  model.average_output = true;
  CHECK(margin(model, std::vector<double>{1.0}, 1) == 24.0);  // 20 + (4 + 4) / 2
}

TEST_CASE("a linear leaf adds its terms in their order, each rounded once, and its constant where a value is missing") {
  Model model = stump(0.0, MissingRule::nan, true);
  model.trees[0].linear = {{0.5, {0}, {0.25}}, {-1.0, {0}, {1.0 + 0x1p-30}}};
  const auto at = [&](double x) { return margin(model, std::vector<double>{x}); };
  CHECK(at(-8.0) == -1.5);              // 0.5 + 0.25 * -8
  CHECK(at(1.0 + 0x1p-30) == 0x1p-29);  // fused, it would be 2^-29 + 2^-60
  CHECK(at(kMissing) == 1.0);           // to the left; the constant of Tree::leaves
  CHECK(at(kInf) == kInf);
  CHECK(at(-kInf) == -kInf);
  model.trees[0].linear[1] = {0x1p53, {0, 0}, {1.0, 1.0}};
  CHECK(at(1.0) == 0x1p53);  // 2^53 + 1 is no double; 2^53 + 2 would be
  model.trees[0].linear[1] = {0.0, {0, 0}, {1.0, -1.0}};
  CHECK(order_key(at(kInf)) == order_key(kMissing));  // inf - inf: one NaN whatever the processor
  model.trees[0].linear[1] = {2.5, {}, {}};
  CHECK(at(kInf) == 2.5);
}

TEST_CASE("a linear leaf takes values up to LightGBM's float 1e-35 for zero") {
  Model model = stump(-1.0, MissingRule::nan, false);
  model.trees[0].linear = {{0.0, {}, {}}, {0.0, {0}, {1e35}}};
  const auto at = [&](double x) { return margin(model, std::vector<double>{x}); };
  for (const double x : {kZeroBand, -kZeroBand, 5e-324, -0.0}) CHECK(at(x) == 0.0);
  CHECK(at(std::nextafter(kZeroBand, 1.0)) > 0.9);
  CHECK(at(std::nextafter(-kZeroBand, -1.0)) < -0.9);
}

TEST_CASE("a tree without nodes is its one leaf, and no trees leave the base margin") {
  Model model = stump(0.0, MissingRule::nan, false);
  model.trees[0] = Tree{.leaves = {7.5}};
  CHECK(margin(model, std::vector<double>{kMissing}) == 7.5);
  model.trees.clear();
  model.base_margin = {-2.0};
  CHECK(margin(model, std::vector<double>{0.0}) == -2.0);
}

TEST_CASE("invariant: comparing order keys is comparing doubles, for all but NaN") {
  std::vector<double> values = edge_values();
  Draws draws(5);
  for (int i = 0; i < 200; ++i) values.push_back((draws.uniform() - 0.5) * std::pow(10.0, draws.uniform() * 600 - 300));
  values.push_back(-kInf);
  for (const double a : values) {
    CHECK(from_order_key(order_key(a)) == a);
    for (const double b : values) {
      CHECK((order_key(a) < order_key(b)) == (a < b));
      CHECK((order_key(a) == order_key(b)) == (a == b));
    }
  }
}
