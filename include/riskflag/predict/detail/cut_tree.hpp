#pragma once

// Cuts a tree with more leaves than one byte can number into pieces that add up to it.
//
// A piece is a subtree with the questions on the way to it: rows that do not come there get 0 from it, and in the piece
// above a cut leaves a 0 where the subtree was. Exactly one piece gives a row its leaf, the others give 0, so that any
// order of adding them is exact.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/model/tree.hpp>
#include <riskflag/predict/detail/flat_array.hpp>

namespace riskflag::inline v0_1::detail {

/// Life: constructed with a checked tree; cut() once.
class TreeCutter {
 public:
  TreeCutter(const Tree& tree, std::size_t most_leaves) : tree_(tree), most_(most_leaves) {}

  /// Appends the pieces; false when the tree is too deep for that.
  [[nodiscard]] bool cut(std::vector<Tree>& pieces) {
    const std::size_t nodes = tree_.nodes.size();
    parent_.resize(nodes, -1);
    depth_.resize(nodes, 0);
    left_.resize(nodes, 0);
    cut_.resize(nodes, 0);
    for (std::size_t i = 0; i < nodes; ++i) {
      for (const std::int32_t child : {tree_.nodes[i].left, tree_.nodes[i].right}) {
        if (child < 0) continue;
        parent_[static_cast<std::size_t>(child)] = static_cast<std::int32_t>(i);
        depth_[static_cast<std::size_t>(child)] = depth_[i] + 1;
      }
    }
    // A piece has a leaf for each question on the way to it beside its own.
    for (std::size_t i = nodes; i-- > 0;) {
      const std::int32_t a = tree_.nodes[i].left, b = tree_.nodes[i].right;
      while (leaves_below(a) + leaves_below(b) + depth_[i] > most_) {
        const std::int32_t larger = leaves_below(a) > leaves_below(b) ? a : b;
        if (leaves_below(larger) == 1) return false;
        add_piece(larger, pieces);
      }
      left_[i] = leaves_below(a) + leaves_below(b);
    }
    add_piece(0, pieces);
    return true;
  }

 private:
  [[nodiscard]] std::size_t leaves_below(std::int32_t child) const noexcept {
    return child < 0 || cut_[static_cast<std::size_t>(child)] != 0 ? 1 : left_[static_cast<std::size_t>(child)];
  }

  static std::int32_t add_leaf(Tree& piece, double value) {
    piece.leaves.push_back(value);
    return ~static_cast<std::int32_t>(piece.leaves.size() - 1);
  }

  void add_piece(std::int32_t root, std::vector<Tree>& pieces) {
    Tree piece;
    FlatArray<std::int32_t> way;
    for (std::int32_t at = parent_[static_cast<std::size_t>(root)]; at >= 0; at = parent_[static_cast<std::size_t>(at)])
      way.push_back(at);
    for (std::size_t i = way.size(); i-- > 0;) {
      piece.nodes.push_back(tree_.nodes[static_cast<std::size_t>(way[i])]);
      Node& gate = piece.nodes.back();
      const std::int32_t inner = i > 0 ? way[i - 1] : root;
      const auto next = static_cast<std::int32_t>(piece.nodes.size());
      const bool goes_left = gate.left == inner;
      gate.left = goes_left ? next : add_leaf(piece, 0.0);
      gate.right = goes_left ? add_leaf(piece, 0.0) : next;
    }
    piece.nodes.push_back(tree_.nodes[static_cast<std::size_t>(root)]);
    for (std::size_t i = piece.nodes.size() - 1; i < piece.nodes.size(); ++i) {
      for (const bool is_left : {true, false}) {
        std::int32_t child = is_left ? piece.nodes[i].left : piece.nodes[i].right;
        if (child < 0) {
          child = add_leaf(piece, tree_.leaves[static_cast<std::size_t>(~child)]);
        } else if (cut_[static_cast<std::size_t>(child)] != 0) {
          child = add_leaf(piece, 0.0);
        } else {
          piece.nodes.push_back(tree_.nodes[static_cast<std::size_t>(child)]);
          child = static_cast<std::int32_t>(piece.nodes.size() - 1);
        }
        (is_left ? piece.nodes[i].left : piece.nodes[i].right) = child;
      }
    }
    for (const auto& words : tree_.category_sets) {  // not by =, which costs those who compile this 1 %
      auto& copy = piece.category_sets.emplace_back();
      for (const std::uint32_t word : words) copy.push_back(word);
    }
    cut_[static_cast<std::size_t>(root)] = 1;
    pieces.push_back(static_cast<Tree&&>(piece));
  }

  const Tree& tree_;
  std::size_t most_;
  FlatArray<std::int32_t> parent_;
  FlatArray<std::size_t> depth_, left_;
  FlatArray<std::uint8_t> cut_;
};

}  // namespace riskflag::inline v0_1::detail
