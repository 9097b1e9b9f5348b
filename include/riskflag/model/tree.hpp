#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <riskflag/model/linear_leaf.hpp>

namespace riskflag::inline v0_1 {

/// What a numeric node does with NaN; LightGBM's missing types under its own names.
enum class MissingRule : std::uint8_t {
  nan,   ///< NaN takes the default side
  none,  ///< NaN counts as 0.0
  zero,  ///< NaN and every |x| <= kZeroBand take the default side
};

/// Half-width of the band that MissingRule::zero takes for zero: LightGBM's kZeroThreshold, a float there.
inline constexpr double kZeroBand = static_cast<double>(1e-35F);

/// The rule's name as files write it.
[[nodiscard]] constexpr std::string_view name_of(MissingRule rule) noexcept {
  switch (rule) {
    case MissingRule::nan: return "nan";
    case MissingRule::none: return "none";
    case MissingRule::zero: return "zero";
  }
  return "nan";
}

/// One question of a tree. A numeric node sends x <= threshold left; a categorical node sends the levels of its set
/// left.
struct Node {
  std::int32_t feature = 0;                ///< index into Model::features
  bool categorical = false;                ///< ask category_set instead of threshold
  bool default_left = false;               ///< the side of missing values
  MissingRule missing = MissingRule::nan;  ///< numeric nodes; categorical ones always send NaN to the default side
  double threshold = 0.0;                  ///< finite or +inf; -0 counts as +0
  std::uint32_t category_set = 0;          ///< index into Tree::category_sets; 0 for numeric nodes
  std::int32_t left = 0;                   ///< >= 0: node, < 0: leaf ~left
  std::int32_t right = 0;
  double gain = 0.0;   ///< loss reduction that the split brought in training
  double count = 0.0;  ///< weighted training rows that reached the node
  double value = 0.0;  ///< what a leaf here would have said

  bool operator==(const Node&) const = default;
};

/// A binary tree. Parents stand before their children, node 0 is the root; no nodes = one leaf.
///
/// A tree that parse_model() or check_tree() accepted has leaves.size() == nodes.size() + 1 and every node and leaf
/// referenced once.
struct Tree {
  std::vector<Node> nodes{};
  std::vector<double> leaves{};       ///< margins that the tree adds
  std::vector<double> leaf_counts{};  ///< weighted training rows per leaf; as long as leaves, or empty
  /// Bitsets of levels: level i is in the set when bit i % 32 of word i / 32 is set. A value is cut to an integer
  /// first; levels beyond the words, and negative ones, are not in the set.
  std::vector<std::vector<std::uint32_t>> category_sets{};
  std::vector<LinearLeaf> linear{};  ///< one for each leaf, or empty: the leaves are constants

  bool operator==(const Tree&) const = default;
};

}  // namespace riskflag::inline v0_1
