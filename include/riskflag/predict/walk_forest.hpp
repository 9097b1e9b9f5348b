#pragma once

// The fallback: any tree, any number of leaves, walked node by node in one array.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/linear_trees.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict/detail/flat_array.hpp>

namespace riskflag::inline v0_1 {

/// Built from a checked Model on load, never saved.
class WalkForest {
 public:
  WalkForest() = default;
  explicit WalkForest(const Model& model) : float32_inputs_(model.float32_inputs) {
    for (const Tree& tree : model.trees) {
      const auto first_node = static_cast<std::int32_t>(nodes_.size());
      const auto first_leaf = static_cast<std::int32_t>(leaves_.size());
      const auto first_set = static_cast<std::uint32_t>(sets_.size());
      const auto child = [&](std::int32_t c) { return c < 0 ? ~(first_leaf + ~c) : first_node + c; };
      roots_.push_back(tree.nodes.empty() ? ~first_leaf : first_node);
      for (const auto& words : tree.category_sets) {
        sets_.push_back({static_cast<std::uint32_t>(words_.size()), static_cast<std::uint32_t>(words.size())});
        words_.append(words.data(), words.size());
      }
      for (const Node& node : tree.nodes) {
        FlatNode flat{order_key(node.threshold),
                      static_cast<std::uint32_t>(node.feature),
                      {child(node.right), child(node.left)},
                      0,
                      node.missing,
                      node.categorical,
                      node.default_left};
        if (node.categorical) flat.set = first_set + node.category_set;
        nodes_.push_back(flat);
      }
      leaves_.append(tree.leaves.data(), tree.leaves.size());
    }
    if (find_linear_tree(model)) add_linear_leaves(model);
  }

  /// The leaf value of tree `t` for a row whose cells lie `stride` doubles apart. Requires !has_linear_leaves().
  [[nodiscard]] double leaf(std::size_t t, const double* row, std::ptrdiff_t stride) const noexcept {
    return leaves_[find_leaf(t, row, stride)];
  }

  [[nodiscard]] bool has_linear_leaves() const noexcept { return linear_.size() != 0; }

  /// What tree `t` adds. Requires has_linear_leaves().
  [[nodiscard]] double linear_leaf(std::size_t t, const double* row, std::ptrdiff_t stride) const noexcept {
    return linear_value(find_leaf(t, row, stride), row, stride);
  }

  /// Asks for what linear_value() reads of a leaf: first its record, then, once that is there, its terms.
  void ask_for_record(std::size_t leaf) const noexcept { __builtin_prefetch(linear_.data() + leaf); }
  void ask_for_terms(std::size_t leaf) const noexcept { __builtin_prefetch(terms_.data() + linear_[leaf].first); }

  /// The same, of the leaf with that number: leaves are counted from the first tree's on.
  [[nodiscard]] double linear_value(std::size_t leaf, const double* row, std::ptrdiff_t stride) const noexcept {
    const FlatLinear& linear = linear_[leaf];
    double sum = linear.constant;
    for (std::size_t i = linear.first; i < linear.end; ++i) {
      const double x = row[static_cast<std::ptrdiff_t>(terms_[i].feature) * stride];
      if (is_missing(x)) return leaves_[leaf];
      sum = exact::add(sum, exact::mul(terms_[i].coefficient, without_zero_band(x)));
    }
    return sum;
  }

 private:
  [[nodiscard]] std::size_t find_leaf(std::size_t t, const double* row, std::ptrdiff_t stride) const noexcept {
    std::int32_t at = roots_[t];
    while (at >= 0) {
      const FlatNode& node = nodes_[static_cast<std::size_t>(at)];
      double x = row[static_cast<std::ptrdiff_t>(node.feature) * stride];
      if (float32_inputs_ && !is_missing(x)) x = rounded_to_float32(x);
      at = node.child[goes_left(node, x) ? 1 : 0];
    }
    return static_cast<std::size_t>(~at);
  }

  void add_linear_leaves(const Model& model) {
    for (const Tree& tree : model.trees) {
      for (std::size_t i = 0; i < tree.leaves.size(); ++i) {
        const std::size_t first = terms_.size();
        if (tree.linear.empty()) {
          linear_.push_back({tree.leaves[i], first, first});
          continue;
        }
        const LinearLeaf& leaf = tree.linear[i];
        for (std::size_t j = 0; j < leaf.features.size(); ++j) {
          terms_.push_back({leaf.coefficients[j], static_cast<std::size_t>(leaf.features[j])});
        }
        linear_.push_back({leaf.constant, first, terms_.size()});
      }
    }
  }

  struct FlatNode {
    std::int64_t key;
    std::uint32_t feature;
    std::int32_t child[2];  ///< right, left: >= 0 a node, < 0 leaf ~child
    std::uint32_t set;
    MissingRule missing;
    bool categorical, default_left;
  };
  struct Set {
    std::uint32_t first, words;
  };
  struct FlatLinear {
    double constant;
    std::size_t first, end;  ///< of its terms
  };
  struct FlatTerm {
    double coefficient;
    std::size_t feature;
  };

  [[nodiscard]] bool goes_left(const FlatNode& node, double x) const noexcept {
    const std::int64_t key = order_key(x);
    const bool missing = is_missing(x);
    if (node.categorical) {
      if (missing) return node.default_left;
      const Set& set = sets_[node.set];
      if (set.words == 0 || key <= order_key(-1.0) || (float32_inputs_ && key < 0) ||
          key >= order_key(static_cast<double>(set.words) * 32.0))
        return false;
      const auto level = static_cast<std::uint64_t>(static_cast<std::int64_t>(x));
      return ((words_[set.first + level / 32] >> (level % 32)) & 1U) != 0;
    }
    if (missing) return node.missing == MissingRule::none ? order_key(0.0) <= node.key : node.default_left;
    if (node.missing == MissingRule::zero && key >= order_key(-kZeroBand) && key <= order_key(kZeroBand)) {
      return node.default_left;
    }
    return key <= node.key;
  }

  detail::FlatArray<FlatNode> nodes_;
  detail::FlatArray<std::int32_t> roots_;
  detail::FlatArray<double> leaves_;
  detail::FlatArray<FlatLinear> linear_;  ///< of every leaf, where any is linear
  detail::FlatArray<FlatTerm> terms_;
  detail::FlatArray<Set> sets_;
  detail::FlatArray<std::uint32_t> words_;
  bool float32_inputs_ = false;
};

}  // namespace riskflag::inline v0_1
