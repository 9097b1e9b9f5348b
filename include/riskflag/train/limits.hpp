#pragma once

// What one node of a tree may ask and say, beyond what its rows allow.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// Least and largest output, in quanta of g for one quantum of h, or in margins where a name says so.
struct OutputBounds {
  static constexpr double kNone = std::numeric_limits<double>::max();
  double low = -kNone;
  double high = kNone;

  [[nodiscard]] double clipped(double x) const noexcept { return x < low ? low : x > high ? high : x; }
};

/// 1: the output may not fall while the feature rises; -1: not rise; 0: no monotone constraint.
[[nodiscard]] inline int monotone_sign(const TrainOptions& options, std::uint32_t feature) noexcept {
  return options.monotone_constraints.empty() ? 0 : options.monotone_constraints[feature];
}

/// Between outputs that have to stay in order. The same for both orders of a and b.
[[nodiscard]] inline double middle_of(double a, double b) noexcept { return exact::mul(exact::add(a, b), 0.5); }

/// LightGBM's basic method: neither side of a split on a feature with a constraint of this sign ever passes the middle
/// of the two sides' outputs.
[[nodiscard]] inline OutputBounds bounds_of_side(OutputBounds bounds, int sign, std::size_t side, double left,
                                                 double right) noexcept {
  if (sign != 0) ((sign > 0) == (side == 0) ? bounds.high : bounds.low) = middle_of(left, right);
  return bounds;
}

/// Its method intermediate: a side does not pass what the other one says. LeafOrder tells whom else it may not pass.
[[nodiscard]] inline OutputBounds bounds_beside(OutputBounds bounds, int sign, std::size_t side, double left,
                                                double right) noexcept {
  if (sign != 0) ((sign > 0) == (side == 0) ? bounds.high : bounds.low) = side == 0 ? right : left;
  return bounds;
}

/// A node's place in its tree, as far as limits depend on it.
struct NodeState {
  std::uint64_t key = 1;  ///< of the path from the root: what is drawn for a node depends on it alone
  OutputBounds bounds{};
  std::vector<std::uint32_t> groups{};  ///< interaction_constraints that allow all features asked so far, rising
};

[[nodiscard]] constexpr std::uint64_t child_key(std::uint64_t key, std::size_t side) noexcept {
  std::uint64_t x = key * 2 + side + 0x9e3779b97f4a7c15ULL;  // the finaliser of SplitMix64: paths longer than 63 differ
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// max(1, round(share * n)).
[[nodiscard]] inline std::size_t drawn_features(double share, std::size_t n) noexcept {
  const double wanted = exact::add(exact::mul(static_cast<double>(n), share), 0.5);
  return std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, std::max<std::size_t>(n, 1));
}

/// Which features a node may ask: those of the tree, of the groups that its path allows, and drawn by node.
class NodeFeatures {
 public:
  /// `groups`: rising feature indices of each interaction constraint; empty: none.
  NodeFeatures(const TrainOptions& options, std::vector<std::vector<std::uint32_t>> groups)
      : share_(options.feature_fraction_bynode), groups_(std::move(groups)) {}

  [[nodiscard]] bool varies() const noexcept { return share_ < 1.0 || !groups_.empty(); }
  void start_tree(std::span<const std::uint32_t> features, const Random& random) {
    features_ = features;
    random_ = random;
  }
  [[nodiscard]] NodeState root() const {
    NodeState state;
    state.groups.resize(groups_.size());
    std::iota(state.groups.begin(), state.groups.end(), 0U);
    return state;
  }
  /// The groups of a child whose parent asks `feature`.
  [[nodiscard]] std::vector<std::uint32_t> groups_below(const NodeState& parent, std::uint32_t feature) const {
    std::vector<std::uint32_t> out;
    for (const std::uint32_t group : parent.groups) {
      if (std::binary_search(groups_[group].begin(), groups_[group].end(), feature)) out.push_back(group);
    }
    return out;
  }
  /// Rising. Fills `out` where nodes differ; otherwise returns the tree's own.
  [[nodiscard]] std::span<const std::uint32_t> of(const NodeState& node, std::vector<std::uint32_t>& out) const {
    if (!varies()) return features_;
    if (groups_.empty()) {
      out.assign(features_.begin(), features_.end());
    } else {
      out.clear();
      for (const std::uint32_t feature : features_) {
        const auto allows = [&](std::uint32_t group) {
          return std::binary_search(groups_[group].begin(), groups_[group].end(), feature);
        };
        if (std::any_of(node.groups.begin(), node.groups.end(), allows)) out.push_back(feature);
      }
    }
    if (share_ < 1.0 && !out.empty()) {
      shuffle(out, random_.split(node.key));
      out.resize(drawn_features(share_, out.size()));
      std::sort(out.begin(), out.end());
    }
    return out;
  }

 private:
  double share_;
  std::vector<std::vector<std::uint32_t>> groups_;
  std::span<const std::uint32_t> features_{};
  Random random_{0};
};

}  // namespace riskflag::inline v0_1::detail
