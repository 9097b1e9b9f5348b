#include <riskflag/model/monotone.hpp>

#include <doctest/doctest.h>

using namespace riskflag;

namespace {

/// x0 <= 0 ? (x1 <= 0 ? a : b) : c
Tree three_leaves(double a, double b, double c) {
  Tree tree;
  Node root, below;
  root.feature = 0;
  root.threshold = 0.0;
  root.left = 1;
  root.right = ~2;
  below.feature = 1;
  below.threshold = 0.0;
  below.left = ~0;
  below.right = ~1;
  tree.nodes = {root, below};
  tree.leaves = {a, b, c};
  return tree;
}

}  // namespace

TEST_CASE("a tree is monotone when every leaf stands in order with every leaf that raising the feature can reach") {
  CHECK_FALSE(find_monotone_violation(three_leaves(1, 2, 3), 0, 1));
  CHECK_FALSE(find_monotone_violation(three_leaves(1, 2, 3), 1, 1));
  CHECK(find_monotone_violation(three_leaves(1, 2, 3), 0, -1));
  const auto found = find_monotone_violation(three_leaves(1, 4, 3), 0, 1);
  REQUIRE(found);
  CHECK(found->lower == 1);
  CHECK(found->upper == 2);
  CHECK_FALSE(find_monotone_violation(three_leaves(1, 4, 3), 1, 1));
  CHECK_FALSE(find_monotone_violation(three_leaves(4, 1, 3), 0, 0));
}

TEST_CASE("of linear leaves nothing is proven, but for features that the tree does not read") {
  Tree tree = three_leaves(1, 2, 3);
  tree.linear = {{1.0, {}, {}}, {2.0, {2}, {0.5}}, {3.0, {}, {}}};
  for (const std::int32_t feature : {0, 1, 2}) {
    const auto found = find_monotone_violation(tree, feature, 1);
    REQUIRE(found);
    CHECK(found->lower == 1);
    CHECK(found->upper == 1);
  }
  CHECK_FALSE(find_monotone_violation(tree, 3, 1));
  CHECK_FALSE(find_monotone_violation(tree, 2, 0));
}

TEST_CASE("leaves that no raise of the feature joins may stand in any order") {
  // x1 <= 0 ? (x0 <= 0 ? 1 : 2) : (x0 <= 0 ? -5 : -4): rising in x0 on each side, though -5 < 2.
  Tree tree;
  Node root, left, right;
  root.feature = 1;
  root.left = 1;
  root.right = 2;
  left.feature = right.feature = 0;
  left.left = ~0;
  left.right = ~1;
  right.left = ~2;
  right.right = ~3;
  tree.nodes = {root, left, right};
  tree.leaves = {1, 2, -5, -4};
  CHECK_FALSE(find_monotone_violation(tree, 0, 1));
  CHECK(find_monotone_violation(tree, 1, 1));
  tree.leaves = {1, 2, -3, -4};
  CHECK(find_monotone_violation(tree, 0, 1));
}

TEST_CASE("missing values of the feature itself are outside the constraint; of others they join leaves") {
  // x0 missing goes right: leaf c holds x0 > 0 and the missing ones.
  Tree tree = three_leaves(1, 2, 3);
  CHECK_FALSE(find_monotone_violation(tree, 0, 1));
  // Only missing x0 reach the right leaf: no value lies there.
  tree.nodes[0].threshold = std::numeric_limits<double>::infinity();
  tree.leaves = {4, 5, 1};
  CHECK_FALSE(find_monotone_violation(tree, 0, 1));
}

TEST_CASE("levels keep leaves apart") {
  // x1 in {0, 2} ? (x0 <= 0 ? 1 : 2) : (x0 <= 0 ? 8 : 9)
  Tree tree;
  Node root, left, right;
  root.feature = 1;
  root.categorical = true;
  root.left = 1;
  root.right = 2;
  left.feature = right.feature = 0;
  left.left = ~0;
  left.right = ~1;
  right.left = ~2;
  right.right = ~3;
  tree.category_sets = {{5}};
  tree.nodes = {root, left, right};
  tree.leaves = {1, 2, 8, 9};
  CHECK_FALSE(find_monotone_violation(tree, 0, 1));
  tree.leaves = {8, 9, 1, 2};
  CHECK_FALSE(find_monotone_violation(tree, 0, 1));
  tree.leaves = {8, 9, 2, 1};
  CHECK(find_monotone_violation(tree, 0, 1));
}
