#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <optional>
#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// Trees may be at most this deep, so that recursive readers of a file from elsewhere cannot run out of stack.
inline constexpr std::size_t kMaxTreeDepth = 4096;

/// True when `grid` is a positive power of two.
[[nodiscard]] bool is_power_of_two(double grid) noexcept;

/// What holds of every tree that a scorer may walk without checks: nodes.size() + 1 leaves, each node and leaf
/// referenced exactly once, children after their parents, features and category sets in range, no NaN threshold, finite
/// leaves, linear ones of finite numbers and numeric features, at most kMaxTreeDepth deep. `where` names the tree in
/// the failure. O(nodes).
[[nodiscard]] Result<void> check_tree(const Tree& tree, const std::vector<Feature>& features, const std::string& where);

/// What holds of every model that a scorer may use: all trees checked, leaves and base margins finite and multiples of
/// leaf_grid (and few enough grid steps that sums are exact), no grid and no float32_inputs where leaves are linear,
/// outputs and trees matching, a known objective.
/// Failures have code `corrupt` and say where: "model.json: tree 3, node 7".
[[nodiscard]] Result<void> check_model(const Model& model, const std::string& where);

// ---------------------------------------------------------------------------------------------------------------------

inline bool is_power_of_two(double grid) noexcept {
  const auto bits = detail::bit_cast<std::uint64_t>(grid);
  const std::uint64_t exponent = bits >> 52;  // the sign bit must be 0, too
  const std::uint64_t fraction = bits & 0x000fffffffffffffULL;
  if (exponent >= 2047) return false;
  return exponent == 0 ? fraction != 0 && (fraction & (fraction - 1)) == 0 : fraction == 0;
}

namespace detail {

inline Failure corrupt(std::string where, std::string message) {
  return {ErrorCode::corrupt, std::move(where), std::move(message)};
}

/// Steps of `grid` in x; nullopt when x is no multiple, or more than 2^53 steps away from 0.
inline std::optional<double> grid_steps(double x, double grid) noexcept {
  const double steps = exact::div(x, grid);  // exact, or out of range
  if (!(steps >= -0x1p53 && steps <= 0x1p53)) return std::nullopt;
  if (static_cast<double>(static_cast<std::int64_t>(steps)) != steps || exact::mul(steps, grid) != x)
    return std::nullopt;
  return steps < 0 ? -steps : steps;
}

/// One child reference: notes that it was seen and how deep it lies.
struct TreeCensus {
  std::vector<std::uint8_t> node_seen, leaf_seen;
  std::vector<std::uint32_t> depth;
};

inline Result<void> count_child(TreeCensus& census, std::size_t parent, std::int32_t child, const char* side,
                                const std::string& where) {
  const std::size_t leaves = census.leaf_seen.size();
  const std::size_t nodes = census.node_seen.size();
  const std::string name = std::string(side) + " child " + std::to_string(child);
  if (child < 0) {
    const auto leaf = static_cast<std::size_t>(~child);
    if (leaf >= leaves)
      return corrupt(where, name + " is leaf " + std::to_string(leaf) + " of " + std::to_string(leaves));
    if (census.leaf_seen[leaf]++ != 0) return corrupt(where, name + " is a leaf that has another parent already");
    return {};
  }
  const auto node = static_cast<std::size_t>(child);
  if (node >= nodes) return corrupt(where, name + " of " + std::to_string(nodes) + " nodes");
  if (node <= parent) return corrupt(where, name + " does not stand after its parent");
  if (census.node_seen[node]++ != 0) return corrupt(where, name + " has another parent already");
  census.depth[node] = census.depth[parent] + 1;
  if (census.depth[node] > kMaxTreeDepth) {
    return corrupt(where, "lies deeper than " + std::to_string(kMaxTreeDepth) + " levels");
  }
  return {};
}

}  // namespace detail

namespace detail {

/// What check_tree() asks of linear leaves.
inline Result<void> check_linear_leaves(const Tree& tree, const std::vector<Feature>& features,
                                        const std::string& where) {
  if (tree.linear.size() != tree.leaves.size()) {
    return corrupt(where, std::to_string(tree.linear.size()) + " linear leaves for " +
                              std::to_string(tree.leaves.size()) + " leaves");
  }
  for (std::size_t i = 0; i < tree.linear.size(); ++i) {
    const LinearLeaf& leaf = tree.linear[i];
    const auto here = [&] { return where + ", leaf " + std::to_string(i); };
    if (leaf.coefficients.size() != leaf.features.size()) {
      return corrupt(here(), std::to_string(leaf.coefficients.size()) + " coefficients for " +
                                 std::to_string(leaf.features.size()) + " features");
    }
    if (!is_finite(leaf.constant)) {
      return corrupt(here(), "its constant is " + number_text(leaf.constant) + "; a finite number is accepted");
    }
    for (std::size_t j = 0; j < leaf.features.size(); ++j) {
      const std::int32_t f = leaf.features[j];
      if (f < 0 || static_cast<std::size_t>(f) >= features.size()) {
        return corrupt(here(), "feature " + std::to_string(f) + " of " + std::to_string(features.size()));
      }
      const Feature& feature = features[static_cast<std::size_t>(f)];
      if (feature.type != FeatureType::numeric) {
        return corrupt(here(), "multiplies feature " + quoted(feature.name) + ", which is categorical");
      }
      if (!is_finite(leaf.coefficients[j])) {
        return corrupt(here(), "the coefficient of feature " + quoted(feature.name) + " is " +
                                   number_text(leaf.coefficients[j]) + "; a finite number is accepted");
      }
    }
  }
  return {};
}

}  // namespace detail

inline Result<void> check_tree(const Tree& tree, const std::vector<Feature>& features, const std::string& where) {
  const std::size_t nodes = tree.nodes.size();
  if (tree.leaves.size() != nodes + 1) {
    return detail::corrupt(where, std::to_string(tree.leaves.size()) + " leaves for " + std::to_string(nodes) +
                                      " nodes; a binary tree has one leaf more than nodes");
  }
  if (nodes > static_cast<std::size_t>(INT32_MAX) - 1) return detail::corrupt(where, "more than 2^31 - 2 nodes");
  if (!tree.leaf_counts.empty() && tree.leaf_counts.size() != tree.leaves.size()) {
    return detail::corrupt(where, std::to_string(tree.leaf_counts.size()) + " leaf counts for " +
                                      std::to_string(tree.leaves.size()) + " leaves");
  }
  for (std::size_t i = 0; i < tree.leaves.size(); ++i) {
    if (!is_finite(tree.leaves[i])) {
      return detail::corrupt(where + ", leaf " + std::to_string(i),
                             number_text(tree.leaves[i]) + "; leaves are finite");
    }
  }
  if (!tree.linear.empty()) {
    if (auto checked = detail::check_linear_leaves(tree, features, where); !checked) return checked;
  }
  detail::TreeCensus census{std::vector<std::uint8_t>(nodes), std::vector<std::uint8_t>(nodes + 1),
                            std::vector<std::uint32_t>(nodes)};
  for (std::size_t i = 0; i < nodes; ++i) {
    const Node& node = tree.nodes[i];
    const auto here = [&] { return where + ", node " + std::to_string(i); };
    if (node.feature < 0 || static_cast<std::size_t>(node.feature) >= features.size()) {
      return detail::corrupt(here(),
                             "feature " + std::to_string(node.feature) + " of " + std::to_string(features.size()));
    }
    if (node.categorical) {
      if (node.category_set >= tree.category_sets.size()) {
        return detail::corrupt(here(), "category set " + std::to_string(node.category_set) + " of " +
                                           std::to_string(tree.category_sets.size()));
      }
      if (features[static_cast<std::size_t>(node.feature)].type != FeatureType::categorical) {
        return detail::corrupt(here(), "asks for levels of feature " +
                                           quoted(features[static_cast<std::size_t>(node.feature)].name) +
                                           ", which is numeric");
      }
    } else if (is_missing(node.threshold)) {
      return detail::corrupt(here(), "the threshold is NaN");
    }
    if (node.missing != MissingRule::nan && node.missing != MissingRule::none && node.missing != MissingRule::zero) {
      return detail::corrupt(here(), "unknown rule for missing values");
    }
    for (const auto& [child, side] : {std::pair{node.left, "left"}, std::pair{node.right, "right"}}) {
      // The common case first: a message is only made for what is wrong.
      if (auto counted = detail::count_child(census, i, child, side, {}); !counted) {
        return detail::corrupt(here(), counted.failure().message);
      }
    }
  }
  // nodes + (nodes + 1) references to distinct things: with none counted twice, all are counted once but the root.
  return {};
}

inline Result<void> check_model(const Model& model, const std::string& where) {
  if (model.num_outputs < 1) {
    return detail::corrupt(where, "num_outputs is " + std::to_string(model.num_outputs) + "; at least 1");
  }
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  if (!find_link(model.objective.name)) {
    return Failure{
        ErrorCode::unsupported, where,
        "objective " + quoted(model.objective.name) + " is unknown to this build; a newer riskflag may know it"};
  }
  if (!is_finite(model.objective.sigmoid) || !(model.objective.sigmoid > 0)) {
    return detail::corrupt(where, "sigmoid is " + number_text(model.objective.sigmoid) + "; it is finite and positive");
  }
  if (model.base_margin.size() != outputs) {
    return detail::corrupt(
        where, std::to_string(model.base_margin.size()) + " base margins for " + std::to_string(outputs) + " outputs");
  }
  if (model.trees.size() % outputs != 0) {
    return detail::corrupt(where, std::to_string(model.trees.size()) + " trees cannot be shared by " +
                                      std::to_string(outputs) + " outputs");
  }
  if (model.leaf_grid != 0.0 && !is_power_of_two(model.leaf_grid)) {
    return detail::corrupt(where, "leaf_grid is " + number_text(model.leaf_grid) + "; it is a power of two, or 0");
  }
  std::vector<double> steps(outputs, 0.0);  // of the grid: the greatest sum that each output can reach
  for (std::size_t k = 0; k < outputs; ++k) {
    if (!is_finite(model.base_margin[k])) {
      return detail::corrupt(where, "base margin " + std::to_string(k) + " is " + number_text(model.base_margin[k]));
    }
    if (model.leaf_grid == 0.0) continue;
    const auto own = detail::grid_steps(model.base_margin[k], model.leaf_grid);
    if (!own) {
      return detail::corrupt(where, "base margin " + number_text(model.base_margin[k]) +
                                        " is no multiple of leaf_grid " + number_text(model.leaf_grid));
    }
    steps[k] = *own;
  }
  for (std::size_t t = 0; t < model.trees.size(); ++t) {
    const std::string here = where + ": tree " + std::to_string(t);
    if (auto checked = check_tree(model.trees[t], model.features, here); !checked) return checked;
    if (!model.trees[t].linear.empty() && (model.leaf_grid != 0.0 || model.float32_inputs)) {
      return detail::corrupt(
          here, "its leaves are linear; " +
                    (model.float32_inputs ? std::string("float32_inputs is false in such models")
                                          : "leaf_grid is 0 in such models, not " + number_text(model.leaf_grid)));
    }
    if (model.leaf_grid == 0.0) continue;
    double most = 0.0;
    for (std::size_t i = 0; i < model.trees[t].leaves.size(); ++i) {
      const auto own = detail::grid_steps(model.trees[t].leaves[i], model.leaf_grid);
      if (!own) {
        return detail::corrupt(
            here + ", leaf " + std::to_string(i),
            number_text(model.trees[t].leaves[i]) + " is no multiple of leaf_grid " + number_text(model.leaf_grid));
      }
      most = *own > most ? *own : most;
    }
    steps[t % outputs] = exact::add(steps[t % outputs], most);
    if (steps[t % outputs] > 0x1p53) {
      return detail::corrupt(here,
                             "sums of leaves could exceed 2^53 steps of leaf_grid " + number_text(model.leaf_grid));
    }
  }
  return {};
}

}  // namespace riskflag::inline v0_1
