#include <riskflag/model/iterations.hpp>

#include <vector>

#include <doctest/doctest.h>
#include <riskflag/model/check.hpp>

using namespace riskflag;

TEST_CASE("iterations are taken as LightGBM's start_iteration and num_iteration take them") {
  Model model;
  model.features.resize(1);
  model.features[0].name = "a";
  model.num_outputs = 2;
  model.objective.name = "multiclassova";
  model.base_margin = {1, 2};
  for (int t = 0; t < 6; ++t) model.trees.push_back({.leaves = {static_cast<double>(t)}});
  const auto leaves = [&](int start, int count) {
    const Model taken = take_iterations(model, start, count);
    CHECK(taken.base_margin == model.base_margin);
    CHECK(check_model(taken, "taken").ok());
    std::vector<double> out;
    for (const Tree& tree : taken.trees) out.push_back(tree.leaves[0]);
    return out;
  };
  CHECK(leaves(0, -1) == std::vector<double>{0, 1, 2, 3, 4, 5});
  CHECK(leaves(1, 1) == std::vector<double>{2, 3});
  CHECK(leaves(-5, 2) == std::vector<double>{0, 1, 2, 3});
  CHECK(leaves(2, 9) == std::vector<double>{4, 5});
  CHECK(leaves(7, 1).empty());
  model.trees[4].linear = {{1.5, {0}, {2.0}}};
  CHECK(take_iterations(model, 2, 1).trees[0].linear == model.trees[4].linear);
}
