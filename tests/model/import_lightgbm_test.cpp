#include <riskflag/model/import_lightgbm.hpp>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>

#include "../replaced.hpp"

using namespace riskflag;

namespace {

/// LightGBM 4.7 wrote these files; tests/peers/test_import_lightgbm.py compares with LightGBM itself.
std::string golden(const std::string& name) {
  std::ifstream file(std::filesystem::path(RISKFLAG_TESTS_DIR) / "fuzz" / "corpus" / "import_lightgbm" / name,
                     std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Node 0: x0 <= 1.5 left, NaN right; node 1 (its right): category set {1, 33} left.
const std::string kSmall =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
    "objective=binary sigmoid:2\nfeature_names=x grade\nfeature_infos=[0:9] 0:1:33\n\n"
    "Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=0 1\nsplit_gain=1 2\nthreshold=1.5 0\ndecision_type=8 1\n"
    "left_child=-1 -2\nright_child=1 -3\nleaf_value=0.5 -0.25 1\nleaf_weight=1 1 1\nleaf_count=5 3 2\n"
    "internal_value=0 0\ninternal_weight=1 1\ninternal_count=10 5\ncat_boundaries=0 2\ncat_threshold=2 2\n"
    "is_linear=0\nshrinkage=1\n\n\nend of trees\n";

std::string refusal(const std::string& text) {
  const auto model = import_lightgbm(text, "m.txt");
  REQUIRE(!model);
  return model.failure().text();
}

}  // namespace

TEST_CASE("a small LightGBM text, leaf by leaf, by hand") {
  const Model model = import_lightgbm(kSmall, "m.txt").value();
  CHECK(model.objective.name == "binary");
  CHECK(model.objective.sigmoid == 2.0);
  CHECK(model.features[0].name == "x");
  CHECK(model.features[1].type == FeatureType::categorical);
  CHECK(model.features[1].levels.size() == 34);
  const auto score = [&](double x, double grade) { return margin(model, std::vector<double>{x, grade}); };
  CHECK(score(1.5, 0) == 0.5);
  CHECK(score(std::nextafter(1.5, 2.0), 1) == -0.25);
  CHECK(score(9, 33) == -0.25);
  CHECK(score(9, 0) == 1.0);
  CHECK(score(9, 34) == 1.0);
  CHECK(score(9, 1e9) == 1.0);
  CHECK(score(9, -1) == 1.0);
  CHECK(score(9, kMissing) == 1.0);
  CHECK(score(kMissing, 1) == -0.25);
  CHECK(model.trees[0].leaf_counts == std::vector<double>{5, 3, 2});
  CHECK(model.trees[0].nodes[1].count == 5.0);
}

TEST_CASE("a threshold within 1e-35 of zero moves to the band's edge, because LightGBM takes such values for 0") {
  for (const char* threshold : {"-1e-40", "-1.0000000180025095e-35"}) {
    const Model model = import_lightgbm(replaced(kSmall, "1.5 0\n", std::string(threshold) + " 0\n"), "m.txt").value();
    const auto left = [&](double x) { return leaf_of(model.trees[0], std::vector<double>{x, 0.0}) == 0; };
    CHECK(!left(-kZeroBand));
    CHECK(!left(-5e-324));
    CHECK(!left(0.0));
    CHECK(left(std::nextafter(-kZeroBand, -1.0)));
  }
  const Model model = import_lightgbm(replaced(kSmall, "1.5 0\n", "1e-40 0\n"), "m.txt").value();
  CHECK(leaf_of(model.trees[0], std::vector<double>{kZeroBand, 0.0}) == 0);
  CHECK(leaf_of(model.trees[0], std::vector<double>{std::nextafter(kZeroBand, 1.0), 0.0}) != 0);
}

TEST_CASE("leaves are rounded to a grid on which sums are exact, by less than the rounding of a sum") {
  for (const char* name : {"binary", "zero", "three", "forest", "constant"}) {
    CAPTURE(name);
    const Model model = import_lightgbm(golden(name), name).value();
    CHECK(model.leaf_grid > 0.0);
    CHECK(model.leaf_grid < 1e-13);
    CHECK(check_model(model, name).ok());
    CHECK(parse_model(model_text(model), name).value() == model);
  }
}

TEST_CASE("put_on_grid keeps what lies on a grid already, and moves nothing by more than half a step") {
  Model model;
  model.base_margin = {-0.1};
  for (const double leaf : {0.3, -0.7, 1e-300, 123.456}) {
    Tree tree;
    tree.leaves = {leaf};
    model.trees.push_back(tree);
  }
  const Model before = model;
  put_on_grid(model);
  REQUIRE(model.leaf_grid == 0x1p-45);  // 124.156 stays below 2^52 steps
  for (std::size_t t = 0; t < 4; ++t) {
    CHECK(std::abs(model.trees[t].leaves[0] - before.trees[t].leaves[0]) <= 0x1p-46);
  }
  const Model once = model;
  put_on_grid(model);
  CHECK(model == once);
}

TEST_CASE("put_on_grid takes all steps that sums can have where half of them are too coarse") {
  const auto grid_of = [](double each, double last) {
    Model model;
    model.base_margin = {0.0};
    for (int t = 0; t < 500; ++t) {
      Tree tree;
      tree.leaves = {0.001, t == 499 ? last : each};
      tree.nodes.resize(1);
      model.trees.push_back(tree);
    }
    put_on_grid(model);
    for (const Tree& tree : model.trees) {
      if (model.leaf_grid == 0.0) continue;
      const double steps = tree.leaves[1] / model.leaf_grid;
      CHECK(steps == std::floor(steps));
    }
    return model.leaf_grid;
  };
  CHECK(grid_of(0.2, 0.2) == 0x1p-45);    // 1.2 * 2^-45 * sqrt(501) < 1e-12
  CHECK(grid_of(0.32, 0.32) == 0x1p-45);  // the sum is 160, and half of 2^53 steps are too coarse
  CHECK(grid_of(0.1, 150.0) == 0x1p-45);  // a leaf beyond 2^52 steps
  CHECK(grid_of(0.52, 0.52) == 0.0);      // 260: too coarse with all of them
  // So near to 256 that the rounded leaves could come to more than 2^53 steps.
  CHECK(grid_of(0.512, std::nextafter(256.0, 0.0) - 499 * 0.512) == 0.0);
}

TEST_CASE("one leaf far beyond the others keeps all of them off a grid, which would be too coarse") {
  Model model;
  model.base_margin = {-1.2250153};
  Tree tree;
  tree.leaves = {0.5, 0.25, 4.7745165e18};
  tree.nodes.resize(2);
  model.trees = {tree};
  const Model before = model;
  put_on_grid(model);
  CHECK(model == before);
}

TEST_CASE("classes, averages, zeros as missing and pandas's levels are kept") {
  const Model three = import_lightgbm(golden("three"), "three").value();
  CHECK(three.num_outputs == 3);
  CHECK(three.trees.size() == 6);
  CHECK(three.best_iteration == 2);
  const Model forest = import_lightgbm(golden("forest"), "forest").value();
  CHECK(forest.average_output);
  CHECK(forest.features[1].levels == std::vector<std::string>{"x", "yy", "z \xc3\xa9"});
  const Model zero = import_lightgbm(golden("zero"), "zero").value();
  bool asked = false;
  for (const Tree& tree : zero.trees) {
    for (const Node& node : tree.nodes) asked = asked || node.missing == MissingRule::zero;
  }
  CHECK(asked);
}

TEST_CASE(
    "linear leaves, leaf by leaf, by hand: gaps where a leaf has no feature, the constant where a value is missing") {
  const std::string text = replaced(kSmall, "is_linear=0\n",
                                    "is_linear=1\nleaf_const=0.5 -2 8\nnum_features=1 0 2\nleaf_features=0   0 0 \n"
                                    "leaf_coeff=0.25   3 -1 \n");
  const Model model = import_lightgbm(text, "m.txt").value();
  CHECK(model.leaf_grid == 0.0);
  const auto score = [&](double x, double grade) { return margin(model, std::vector<double>{x, grade}); };
  CHECK(score(-2, 0) == 0.0);         // 0.5 + 0.25 * -2
  CHECK(score(9, 1) == -2.0);         // its constant, not its leaf_value
  CHECK(score(9, 0) == 26.0);         // 8 + 27 - 9
  CHECK(score(kMissing, 1) == -2.0);  // no value of the leaf's is missing
  CHECK(score(kMissing, 34) == 1.0);  // leaf_value
  CHECK(parse_model(model_text(model), "model.json").value() == model);
  // LightGBM's first tree has constants alone: an ordinary one, on a grid.
  const Model plain =
      import_lightgbm(replaced(kSmall, "is_linear=0\n",
                               "is_linear=1\nleaf_const=0.5 -2 8\nnum_features=0 0 0\nleaf_features=   \n"
                               "leaf_coeff=   \n"),
                      "m.txt")
          .value();
  CHECK(plain.trees[0].linear.empty());
  CHECK(plain.trees[0].leaves == std::vector<double>{0.5, -2, 8});
  CHECK(plain.leaf_grid > 0.0);
  const auto damaged = [&](const char* what, const char* with) { return refusal(replaced(text, what, with)); };
  CHECK(damaged("leaf_const=0.5 -2 8\n", "") == "m.txt:33: there is no \"leaf_const\" in the lines above");
  CHECK(damaged("leaf_const=0.5", "leaf_const=inf") ==
        "m.txt: tree 0, leaf 0: its constant is inf; a finite number is accepted");
  CHECK(damaged("num_features=1 0", "num_features=1 1") == "m.txt:31: \"leaf_features\" has 3 numbers, 4 are expected");
  CHECK(damaged("num_features=1 0", "num_features=1 -1") ==
        "m.txt:30: \"num_features\": \"-1\" is not a number that is accepted there");
  CHECK(damaged("leaf_features=0 ", "leaf_features=2 ") == "m.txt: tree 0, leaf 0: feature 2 of 2");
  CHECK(damaged("leaf_features=0 ", "leaf_features=1 ") ==
        "m.txt: tree 0, leaf 0: multiplies feature \"grade\", which is categorical");
  CHECK(damaged("3 -1", "3 nan") ==
        "m.txt: tree 0, leaf 2: the coefficient of feature \"x\" is nan; a finite number is accepted");
  CHECK(damaged("3 -1", "3") == "m.txt:32: \"leaf_coeff\" has 2 numbers, 3 are expected");
}

TEST_CASE("a linear tree's margins are LightGBM's to the bit") {
  const Model model = import_lightgbm(golden("linear"), "linear").value();
  CHECK(model.trees[0].linear.empty());
  CHECK(!model.trees[1].linear.empty());
  const std::vector<std::vector<double>> rows = {
      {0.5, -0.25, 2}, {kMissing, -0.25, 2}, {0.5, kMissing, 0}, {-1.5, 2, 3}, {0.5, -0.25, kMissing}};
  const double margins[] = {1.0427582616970619, 0.13290869132504987, 0.23926181756365697, -1.6038965048613605,
                            0.4810598763447076};  // LightGBM 4.7's raw scores
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(margin(model, rows[i]) == margins[i]);
}

TEST_CASE("what cannot be taken over is refused with what to do") {
  CHECK(refusal(replaced(kSmall, "binary sigmoid:2", "regression sqrt")).find("reg_sqrt=false") != std::string::npos);
  CHECK(refusal(replaced(kSmall, "binary sigmoid:2", "mystery")).find("objective \"mystery\" is not known here") !=
        std::string::npos);
  CHECK(refusal(replaced(kSmall, "version=v4", "version=v9")) == "m.txt:2: version \"v9\"; v2, v3 and v4 are read");
}

TEST_CASE("damaged trees are refused with the line, the tree or the node") {
  CHECK(refusal("{}") == "m.txt:1: the first line is not \"tree\": this is no LightGBM text model");
  CHECK(refusal(replaced(kSmall, "left_child=-1 -2", "left_child=-1 0")) ==
        "m.txt: tree 0, node 1: left child 0 does not stand after its parent");
  CHECK(refusal(replaced(kSmall, "left_child=-1 -2", "left_child=-1 -9")) ==
        "m.txt: tree 0, node 1: left child -9 is leaf 8 of 3");
  CHECK(refusal(replaced(kSmall, "split_feature=0 1", "split_feature=7 1")) == "m.txt:30: node 0 asks feature 7 of 2");
  CHECK(refusal(replaced(kSmall, "num_leaves=3", "num_leaves=2147483648")) ==
        "m.txt:20: \"leaf_value\" has 3 numbers, 2147483648 are expected");
  CHECK(refusal(replaced(kSmall, "num_cat=1", "num_cat=18446744073709551615")) ==
        "m.txt:30: num_cat exceeds cat_boundaries");
  CHECK(refusal(replaced(kSmall, "cat_boundaries=0 2", "cat_boundaries=0 99999999999")) ==
        "m.txt:27: \"cat_threshold\" has 2 numbers, 99999999999 are expected");
  CHECK(refusal(replaced(kSmall, "threshold=1.5", "threshold=nan")) == "m.txt: tree 0, node 0: the threshold is NaN");
  CHECK(refusal(replaced(kSmall, "0.5 -0.25", "0.5 0x25")) ==
        "m.txt:20: \"leaf_value\": \"0x25\" is not a number that is accepted there");
  CHECK(refusal(replaced(kSmall, "0.5 -0.25", "0.5 inf")) == "m.txt: tree 0, leaf 1: inf; leaves are finite");
  CHECK(refusal(replaced(kSmall, "end of trees\n", "")) ==
        "m.txt:31: the file ends before \"end of trees\": it was cut off");
}

TEST_CASE("a file cut off anywhere before the end of its trees is refused; one with a changed byte never crashes") {
  for (const char* name : {"binary", "three", "forest", "linear"}) {
    CAPTURE(name);
    const std::string text = golden(name);
    const std::size_t end = text.find("end of trees");
    for (std::size_t size = 0; size < end; ++size) {
      CAPTURE(size);
      CHECK(!import_lightgbm(std::string_view(text).substr(0, size), name));
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
      const auto model = import_lightgbm(changed, name);
      if (model) CHECK(check_model(*model, name).ok());
    }
  }
}
