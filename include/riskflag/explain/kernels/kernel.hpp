#pragma once

// What a SHAP kernel works on: one tree in a flat form, and one row's answers to its questions.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/cpu.hpp>

namespace riskflag::inline v0_1 {

/// Doubles that a kernel takes at once: quadrature comes in multiples of it.
inline constexpr std::size_t kShapPoints = 8;

/// Eight doubles on a cache line of their own.
struct alignas(64) ShapLine {
  double at[kShapPoints];
};

/// A node: children are slots, of the tree's nodes first and of its leaves behind them; [0] is the left one.
struct ShapNode {
  std::int64_t key;       ///< left when the row's key of `column` is at most this
  double share[2];        ///< of the node's training rows that went to the child
  double above_share;     ///< product of the shares of the feature's edges above; 1 where there is none
  std::uint32_t slot[2];  ///< of the children
  std::uint32_t column;   ///< of the row's keys
  std::uint32_t feature;
  std::int32_t above;        ///< the nearest node above with the same feature, or -1
  std::uint32_t above_side;  ///< the side of it that leads here
};

struct ShapTree {
  const ShapNode* nodes;
  const double* leaves;
  const double* points;   ///< `count` of them, a multiple of kShapPoints
  const double* weights;  ///< likewise; 0 beyond the rule's own
  std::uint32_t num_nodes, num_leaves, count;
};

/// A caller's memory for one tree: lines for num_nodes + num_leaves slots each, and a byte a node twice.
struct ShapRoom {
  ShapLine* down;      ///< product of the factors from the root to the slot
  ShapLine* up;        ///< value of the subtree
  ShapLine* included;  ///< repeated features: chance that the feature counts as known, given the path
  ShapLine* gain;      ///< likewise: the weight of this node's part
  std::uint8_t* hot;   ///< the side that the row takes
  std::uint8_t* on;    ///< whether the row takes all edges above of the node's feature
};

/// Adds one tree's contributions: phi[feature].at[point % 8].
using ShapKernel = void (*)(const ShapTree& tree, const std::int64_t* keys, const ShapRoom& room, ShapLine* phi);

}  // namespace riskflag::inline v0_1
