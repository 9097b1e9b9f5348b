#pragma once

// Proof that a tree is monotone in a feature: over all pairs of its leaves, not over samples.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <riskflag/core/order_key.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// Two leaves whose order contradicts a constraint: some row of `lower` and some row of `upper` differ in the feature
/// alone, where `upper`'s value is larger, and the margins go the wrong way.
struct MonotoneViolation {
  std::size_t tree = 0, lower = 0, upper = 0;  ///< tree and leaf numbers
};

namespace detail {

/// The rows that reach a leaf, feature by feature: values above `low` and up to `high` by their order keys, missing
/// ones, and levels that all sets on the path agree on.
struct LeafRegion {
  struct Side {
    std::int64_t low = order_key(-std::numeric_limits<double>::infinity()) - 1;  ///< excluded
    std::int64_t high = order_key(std::numeric_limits<double>::infinity());
    bool missing = true;
    std::vector<std::pair<const std::vector<std::uint32_t>*, bool>> sets{};  ///< in (true) or not in
  };
  std::vector<std::pair<std::int32_t, Side>> sides{};  ///< of features that the path asks

  [[nodiscard]] const Side* find(std::int32_t feature) const noexcept {
    for (const auto& [f, side] : sides) {
      if (f == feature) return &side;
    }
    return nullptr;
  }
};

[[nodiscard]] inline bool any_level(const LeafRegion::Side& a, const LeafRegion::Side& b) {
  std::size_t words = 0;
  for (const auto* side : {&a, &b}) {
    for (const auto& [set, in] : side->sets) words = std::max(words, set->size());
  }
  for (std::size_t level = 0; level < (words + 1) * 32; ++level) {  // one word more: levels in no set
    bool in_all = true;
    for (const auto* side : {&a, &b}) {
      for (const auto& [set, in] : side->sets) {
        const bool here = level / 32 < set->size() && (((*set)[level / 32] >> (level % 32)) & 1U) != 0;
        in_all = in_all && here == in;
      }
    }
    if (in_all) return true;
  }
  return false;
}

/// True when some value of the feature lies on both sides. Zeros that count as missing (MissingRule::zero) are taken
/// for values too: the proof then asks more than is needed.
[[nodiscard]] inline bool share_a_value(const LeafRegion::Side& a, const LeafRegion::Side& b) {
  if (a.missing && b.missing) return true;
  if (!a.sets.empty() || !b.sets.empty()) return any_level(a, b);
  return std::max(a.low, b.low) < std::min(a.high, b.high);
}

inline void collect_regions(const Tree& tree, std::int32_t at, const LeafRegion& here, std::vector<LeafRegion>& out) {
  if (at < 0) {
    out[static_cast<std::size_t>(~at)] = here;
    return;
  }
  const Node& node = tree.nodes[static_cast<std::size_t>(at)];
  for (const bool left : {true, false}) {
    LeafRegion below = here;
    auto found =
        std::find_if(below.sides.begin(), below.sides.end(), [&](const auto& s) { return s.first == node.feature; });
    if (found == below.sides.end()) found = below.sides.insert(below.sides.end(), {node.feature, {}});
    LeafRegion::Side& side = found->second;
    side.missing = side.missing && node.default_left == left;
    if (node.categorical) {
      side.sets.emplace_back(&tree.category_sets[node.category_set], left);
    } else if (left) {
      side.high = std::min(side.high, order_key(node.threshold));
    } else {
      side.low = std::max(side.low, order_key(node.threshold));
    }
    collect_regions(tree, left ? node.left : node.right, below, out);
  }
}

/// The first linear leaf with a term, of a tree that asks or multiplies the feature.
[[nodiscard]] inline std::optional<std::size_t> find_unproven_leaf(const Tree& tree, std::int32_t feature) {
  bool reads = std::any_of(tree.nodes.begin(), tree.nodes.end(), [&](const Node& n) { return n.feature == feature; });
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < tree.linear.size(); ++i) {
    const std::vector<std::int32_t>& features = tree.linear[i].features;
    if (!first && !features.empty()) first = i;
    reads = reads || std::find(features.begin(), features.end(), feature) != features.end();
  }
  return reads ? first : std::nullopt;
}

}  // namespace detail

/// The first pair of leaves of `tree` that breaks "the margin never falls (sign 1) or never rises (sign -1) while
/// `feature` rises and all else stays"; nullopt when that holds for all rows whose value of `feature` is not missing.
/// O(leaves^2 * depth). `tree` passed check_tree(). Nothing is proven of linear leaves: a tree that has them and reads
/// the feature is told with the first one as both.
[[nodiscard]] inline std::optional<MonotoneViolation> find_monotone_violation(const Tree& tree, std::int32_t feature,
                                                                              int sign) {
  if (sign == 0) return std::nullopt;
  if (const auto leaf = detail::find_unproven_leaf(tree, feature)) return MonotoneViolation{0, *leaf, *leaf};
  if (tree.nodes.empty()) return std::nullopt;
  std::vector<detail::LeafRegion> regions(tree.leaves.size());
  detail::collect_regions(tree, 0, {}, regions);
  const detail::LeafRegion::Side whole{};
  for (std::size_t a = 0; a < regions.size(); ++a) {
    for (std::size_t b = 0; b < regions.size(); ++b) {
      if (a == b || !(sign > 0 ? tree.leaves[a] > tree.leaves[b] : tree.leaves[a] < tree.leaves[b])) continue;
      // Can a row of leaf a become one of leaf b by raising the feature alone?
      const auto* fa = regions[a].find(feature);
      const auto* fb = regions[b].find(feature);
      if (fa == nullptr) fa = &whole;
      if (fb == nullptr) fb = &whole;
      if (!(fa->low < fa->high && fb->low < fb->high && fa->low < fb->high)) continue;  // no value, or none above
      bool meet = true;
      for (const auto* region : {&regions[a], &regions[b]}) {
        for (const auto& [f, side] : region->sides) {
          if (f == feature || !meet) continue;
          const auto* other = (region == &regions[a] ? regions[b] : regions[a]).find(f);
          meet = detail::share_a_value(side, other != nullptr ? *other : whole);
        }
      }
      if (meet) return MonotoneViolation{0, a, b};
    }
  }
  return std::nullopt;
}

/// The same over all trees: sums of trees that are monotone one by one are monotone.
[[nodiscard]] inline std::optional<MonotoneViolation> find_monotone_violation(const Model& model, std::int32_t feature,
                                                                              int sign) {
  for (std::size_t t = 0; t < model.trees.size(); ++t) {
    if (auto found = find_monotone_violation(model.trees[t], feature, sign)) {
      found->tree = t;
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace riskflag::inline v0_1
