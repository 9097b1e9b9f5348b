#pragma once

// The fallback: any tree, any number of leaves, walked node by node in one array.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/model.hpp>
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
  }

  /// The leaf value of tree `t` for a row whose cells lie `stride` doubles apart.
  [[nodiscard]] double leaf(std::size_t t, const double* row, std::ptrdiff_t stride) const noexcept {
    std::int32_t at = roots_[t];
    while (at >= 0) {
      const FlatNode& node = nodes_[static_cast<std::size_t>(at)];
      double x = row[static_cast<std::ptrdiff_t>(node.feature) * stride];
      if (float32_inputs_ && !is_missing(x)) x = rounded_to_float32(x);
      at = node.child[goes_left(node, x) ? 1 : 0];
    }
    return leaves_[static_cast<std::size_t>(~at)];
  }

 private:
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
  detail::FlatArray<Set> sets_;
  detail::FlatArray<std::uint32_t> words_;
  bool float32_inputs_ = false;
};

}  // namespace riskflag::inline v0_1
