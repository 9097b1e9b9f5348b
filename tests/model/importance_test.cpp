#include <riskflag/model/importance.hpp>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("importance adds up gains and splits by feature, and orders them with ties by index") {
  Model model;
  model.features.resize(4);
  Tree tree;
  const auto ask = [&](std::int32_t feature, double gain) {
    Node node;
    node.feature = feature;
    node.gain = gain;
    tree.nodes.push_back(node);
  };
  ask(2, 1.5);
  ask(0, 2.0);
  ask(2, 0.5);
  model.trees = {tree, tree};
  const auto found = importance(model);
  CHECK(found[0].gain == 4.0);
  CHECK(found[0].splits == 2);
  CHECK(found[2].gain == 4.0);
  CHECK(found[2].splits == 4);
  CHECK(found[1].gain == 0.0);
  CHECK(found[1].splits == 0);
  CHECK(used_features(model) == std::vector<bool>{true, false, true, false});
  model.trees[1].linear = {{0.0, {3}, {1.0}}};
  CHECK(used_features(model) == std::vector<bool>{true, false, true, true});
  CHECK(by_gain(found) == std::vector<std::size_t>{0, 2, 1, 3});
}
