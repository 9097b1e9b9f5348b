#include <riskflag/model/check.hpp>

#include <functional>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "../predict/random_model.hpp"

using namespace riskflag;
using namespace riskflag_test;

namespace {

Model sound() { return random_model(3, {.trees = 3, .leaves = 6, .features = 4, .categorical = 0.5}); }

std::string refusal(const std::function<void(Model&)>& spoil) {
  Model model = sound();
  spoil(model);
  const auto checked = check_model(model, "model.json");
  return checked ? "accepted" : checked.failure().text();
}

}  // namespace

TEST_CASE("a sound model is accepted") {
  CHECK(check_model(sound(), "model.json").ok());
  CHECK(check_model(random_model(4, {.trees = 2, .leaves = 1}), "model.json").ok());
  CHECK(check_model(random_model(4, {.trees = 2, .leaves = 9, .outputs = 3, .grid = 0.0}), "model.json").ok());
}

TEST_CASE("every broken structure is refused with its place") {
  const auto says = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  says(refusal([](Model& m) { m.trees[1].nodes[2].left = 1; }), "model.json: tree 1, node 2: left child 1");
  says(refusal([](Model& m) { m.trees[1].nodes[0].right = 99; }), "tree 1, node 0: right child 99 of 5 nodes");
  says(refusal([](Model& m) { m.trees[0].nodes[4].left = ~99; }), "leaf 99 of 6");
  says(refusal([](Model& m) { m.trees[0].nodes[4].left = m.trees[0].nodes[4].right = ~0; }), "another parent already");
  says(refusal([](Model& m) { m.trees[2].nodes[3].feature = 4; }), "tree 2, node 3: feature 4 of 4");
  says(refusal([](Model& m) { m.trees[2].nodes[3].feature = -1; }), "feature -1 of 4");
  says(refusal([](Model& m) {
         m.trees[2].nodes[0].categorical = false;
         m.trees[2].nodes[0].threshold = kMissing;
       }),
       "node 0: the threshold is NaN");
  says(refusal([](Model& m) { m.trees[0].leaves.pop_back(); }), "5 leaves for 5 nodes");
  says(refusal([](Model& m) { m.trees[0].leaf_counts.pop_back(); }), "5 leaf counts for 6 leaves");
  says(refusal([](Model& m) { m.trees[0].leaves[2] = std::numeric_limits<double>::infinity(); }),
       "tree 0, leaf 2: inf");
  says(refusal([](Model& m) { m.trees[0].leaves[2] += 0x1p-40; }), "no multiple of leaf_grid");
  says(refusal([](Model& m) { m.base_margin[0] += 0x1p-40; }), "base margin");
  says(refusal([](Model& m) { m.leaf_grid = 0.3; }), "leaf_grid is 0.3");
  says(refusal([](Model& m) { m.leaf_grid = -0.5; }), "leaf_grid is -0.5");
  says(refusal([](Model& m) {
         m.trees[0].leaves[0] = 0x1p23;
         m.trees[1].leaves[1] = 0x1p23;
       }),
       "2^53 steps");
  says(refusal([](Model& m) { m.base_margin.clear(); }), "0 base margins for 1 outputs");
  says(refusal([](Model& m) { m.num_outputs = 0; }), "num_outputs is 0");
  says(refusal([](Model& m) {
         m.num_outputs = 2;
         m.base_margin = {0.0, 0.0};
       }),
       "3 trees cannot be shared by 2");
  says(refusal([](Model& m) { m.objective.name = "bogus"; }), "objective \"bogus\" is unknown");
  says(refusal([](Model& m) { m.objective.sigmoid = 0.0; }), "sigmoid is 0");
}

TEST_CASE("linear leaves of other lengths, features that are none or categorical, and infinite numbers are refused") {
  const auto linear = [](auto spoil) {
    return refusal([&](Model& m) {
      m.features[0].type = FeatureType::numeric;
      m.features[1].type = FeatureType::categorical;
      for (Tree& tree : m.trees) tree = Tree{.leaves = {1.0}};
      m.leaf_grid = 0.0;
      m.base_margin = {0.0};
      m.trees[1].linear = {{0.5, {0}, {0.25}}};
      spoil(m, m.trees[1].linear[0]);
    });
  };
  CHECK(linear([](Model&, LinearLeaf&) {}) == "accepted");
  const std::string leaf = "model.json: tree 1, leaf 0: ";
  CHECK(linear([](Model&, LinearLeaf& l) { l.features[0] = 4; }) == leaf + "feature 4 of 4");
  CHECK(linear([](Model&, LinearLeaf& l) { l.features[0] = -1; }) == leaf + "feature -1 of 4");
  CHECK(linear([](Model& m, LinearLeaf& l) {
          m.features[1].name = "home";
          l.features[0] = 1;
        }) == leaf + "multiplies feature \"home\", which is categorical");
  CHECK(linear([](Model&, LinearLeaf& l) { l.coefficients.clear(); }) == leaf + "0 coefficients for 1 features");
  CHECK(linear([](Model& m, LinearLeaf& l) {
          m.features[0].name = "age";
          l.coefficients[0] = std::numeric_limits<double>::infinity();
        }) == leaf + "the coefficient of feature \"age\" is inf; a finite number is accepted");
  CHECK(linear([](Model&, LinearLeaf& l) { l.constant = kMissing; }) ==
        leaf + "its constant is nan; a finite number is accepted");
  CHECK(linear([](Model& m, LinearLeaf&) { m.trees[1].linear.resize(2); }) ==
        "model.json: tree 1: 2 linear leaves for 1 leaves");
  CHECK(linear([](Model& m, LinearLeaf&) { m.leaf_grid = 0.25; }) ==
        "model.json: tree 1: its leaves are linear; leaf_grid is 0 in such models, not 0.25");
  CHECK(linear([](Model& m, LinearLeaf&) { m.float32_inputs = true; }) ==
        "model.json: tree 1: its leaves are linear; float32_inputs is false in such models");
}

TEST_CASE("category sets must exist and belong to a categorical feature") {
  Model model = sound();
  for (Tree& tree : model.trees) {
    for (Node& node : tree.nodes) {
      if (!node.categorical) continue;
      Model other = model;
      node.category_set += 50;
      CHECK_FALSE(check_model(model, "m").ok());
      other.features[static_cast<std::size_t>(node.feature)].type = FeatureType::numeric;
      CHECK_FALSE(check_model(other, "m").ok());
      return;
    }
  }
  FAIL("the random model has no categorical node");
}

TEST_CASE("a tree deeper than the limit is refused, one at the limit is not") {
  const auto chain = [](std::size_t nodes) {
    Model model;
    model.features.resize(1);
    model.base_margin = {0.0};
    Tree tree;
    for (std::size_t i = 0; i < nodes; ++i) {
      Node node;
      node.left = ~static_cast<std::int32_t>(i);
      node.right = i + 1 < nodes ? static_cast<std::int32_t>(i + 1) : ~static_cast<std::int32_t>(nodes);
      tree.nodes.push_back(node);
    }
    tree.leaves.assign(nodes + 1, 0.0);
    model.trees = {tree};
    return model;
  };
  CHECK(check_model(chain(kMaxTreeDepth + 1), "m").ok());
  CHECK_FALSE(check_model(chain(kMaxTreeDepth + 2), "m").ok());
}

TEST_CASE("powers of two are told from other doubles, denormal ones included") {
  for (const double yes : {1.0, 0.5, 0x1p-1074, 0x1p-1022, 0x1p1023, 0x1p-40}) CHECK(is_power_of_two(yes));
  for (const double no : {0.0, -0.0, -1.0, 3.0, 0.3, 0x3p-1074, kMissing, std::numeric_limits<double>::infinity()}) {
    CHECK_FALSE(is_power_of_two(no));
  }
}
