#pragma once

// What a SHAP kernel works on: one tree in a flat form, and rows' answers to its questions.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/cpu.hpp>

namespace riskflag::inline v0_1 {

/// Most quadrature points that a kernel takes at once; a rule has half as many, or a multiple.
inline constexpr std::size_t kShapPoints = 8;

/// Eight doubles on a cache line of their own.
struct alignas(64) ShapLine {
  double at[kShapPoints];
};

/// A node: children are slots, of the tree's nodes first and of its leaves behind them; [0] is the left one.
struct ShapNode {
  std::int64_t key;          ///< left when the row's key of `column` is at most this
  double share[2];           ///< of the node's training rows that went to the child; the two add up to 1
  std::uint32_t slot[2];     ///< of the children
  std::uint32_t column;      ///< of the row's keys
  std::uint32_t feature;     ///< of the contributions
  std::uint32_t above;       ///< 1 + the nearest node above with the same feature, or 0
  std::uint32_t above_side;  ///< the side of it that leads here; 0 where there is none
  std::uint32_t entry;       ///< place in ShapTree::entries, while the row takes all edges above of the node's feature
  std::uint32_t place;       ///< of the feature among those of the path, in the order in which they are asked first
};

/// Of a rule's table: for a feature that the row was led away from, and for one that is asked for the first time.
inline constexpr std::uint32_t kShapOff = 0, kShapFirst = 1;

struct ShapTree {
  const ShapNode* nodes;
  const double* leaves;
  const double* weights;  ///< of the rule's `count` points: kShapPoints / 2, or a multiple of kShapPoints
  /// Entry e: for each point, the chance that the feature is not known, given the path; then, for each point, the
  /// weight of the node's part.
  const double* entries;
  std::uint32_t num_nodes, num_leaves, count;
};

/// One node as one row meets it. Places are in doubles; two share a word, for GCC 12 gathers four separate stores in a
/// vector register, which takes longer than the rest of the node.
struct ShapStep {
  double cold_share;            ///< share of the child that the row does not take
  std::uint64_t children;       ///< the low half: place of the child that the row takes; the high half: of the other
  std::uint64_t entry_feature;  ///< the low half: place in ShapTree::entries; the high half: of the contributions
};

/// A caller's memory for one tree.
struct ShapRoom {
  double* down;       ///< product of the factors from the root to the slot: kShapPoints for each slot
  double* up;         ///< value of the subtree: likewise
  ShapStep* steps;    ///< one a node
  std::uint8_t* hot;  ///< the side that the row takes; one more than nodes, the first stands for "none above"
  std::uint8_t* on;   ///< whether the row takes all edges above of the node's feature; likewise
};

/// Adds one tree's contributions for each row: phi[feature].at[point % 8]. Keys and contributions of a row are
/// `columns` and `features` behind those of the row before.
using ShapKernel = void (*)(const ShapTree& tree, const std::int64_t* keys, std::size_t columns, std::size_t rows,
                            const ShapRoom& room, ShapLine* phi, std::size_t features);

/// Reference rows that are taken at once: a bit each.
inline constexpr std::size_t kReferenceRows = 64;

/// ReferenceTree::weights reaches as far as a + b = this.
inline constexpr std::uint32_t kReferenceTable = 64;

/// A tree with up to kReferenceRows rows to compare with.
struct ReferenceTree {
  const ShapNode* nodes;
  const double* leaves;
  const std::uint64_t* left;  ///< a word a node: the references that go left there
  /// (a - 1)! b! / (a + b)! at (a + b) (a + b + 1) / 2 + a, for 1 <= a
  const double* weights;
  std::uint32_t num_nodes;
};

/// A caller's memory for one path: as many places as it has features, and two more counts.
struct ReferenceRoom {
  std::uint64_t* reach;     ///< references that take all edges of the place's feature
  std::uint64_t* at_least;  ///< references that differ from the row, and would leave the path, in that many features
  std::uint32_t* feature;   ///< of the place
  std::uint8_t* takes;      ///< whether the row takes all edges of the place's feature
};

/// Adds one row's contributions against all references of `all`, summed: phi[feature].
using ReferenceKernel = void (*)(const ReferenceTree& tree, const std::int64_t* keys, std::uint64_t all,
                                 const ReferenceRoom& room, double* phi);

}  // namespace riskflag::inline v0_1
