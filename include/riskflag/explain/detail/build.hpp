#pragma once

// From a Model to an Explainer.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/explain/kernels/dispatch.hpp>
#include <riskflag/explain/quadrature.hpp>
#include <riskflag/explain/shap.hpp>
#include <riskflag/model/check.hpp>

namespace riskflag::inline v0_1 {

/// Life: constructed with a checked model; build() once.
class Explainer::Builder {
 public:
  Builder(const Model& model, Parts& out) : model_(model), out_(out), columns_of_(model.features.size()) {}

  [[nodiscard]] Result<void> build() {
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    out_.features = model_.features.size();
    out_.float32_inputs = model_.float32_inputs;
    out_.base = model_.base_margin;
    if (model_.average_output && !model_.trees.empty()) {
      const std::size_t trees_each = model_.trees.size() / outputs;
      out_.scale = exact::div(1.0, static_cast<double>(trees_each));
    }
    std::vector<double> sums(outputs, 0.0);
    for (std::size_t t = 0; t < model_.trees.size(); ++t) {
      if (auto added = add_tree(model_.trees[t], "model: tree " + std::to_string(t)); !added) return added;
      sums[t % outputs] = exact::add(sums[t % outputs], mean_.empty() ? model_.trees[t].leaves[0] : mean_[0]);
    }
    for (std::size_t k = 0; k < outputs; ++k) {
      out_.expected.push_back(exact::add(out_.base[k], exact::mul(out_.scale, sums[k])));
    }
    return {};
  }

 private:
  /// The path to a node: the last node that asked each feature, and how many features there are.
  struct Way {
    std::int32_t parent = -1;
    std::uint32_t side = 0;
    std::uint32_t distinct = 0;
  };

  static double count_of(const Tree& tree, std::int32_t child) {
    return child < 0 ? tree.leaf_counts[static_cast<std::size_t>(~child)]
                     : tree.nodes[static_cast<std::size_t>(child)].count;
  }

  Result<void> add_tree(const Tree& tree, const std::string& where) {
    const std::size_t nodes = tree.nodes.size();
    TreeRange range{out_.nodes.size(),
                    out_.leaves.size(),
                    0,
                    static_cast<std::uint32_t>(nodes),
                    static_cast<std::uint32_t>(tree.leaves.size()),
                    0};
    out_.leaves.insert(out_.leaves.end(), tree.leaves.begin(), tree.leaves.end());
    mean_.assign(nodes, 0.0);
    if (nodes > 0 && tree.leaf_counts.empty()) {
      return Failure{ErrorCode::unsupported, where,
                     "it has no counts of training rows at its leaves, without which there is no mean to compare with"};
    }
    std::vector<Way> ways(nodes);
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < nodes; ++i) {
      const Node& node = tree.nodes[i];
      ShapNode made{};
      made.key = node.categorical ? 0 : order_key(node.threshold);
      made.feature = static_cast<std::uint32_t>(node.feature);
      made.column = column_of(tree, node);
      made.above = -1;
      made.above_share = 1.0;
      std::uint32_t side = ways[i].side;
      for (std::int32_t at = ways[i].parent; at >= 0;) {
        const auto above = static_cast<std::size_t>(at);
        if (tree.nodes[above].feature == node.feature) {
          const ShapNode& asked = out_.nodes[range.first_node + above];
          made.above = at;
          made.above_side = side;
          made.above_share = exact::mul(asked.above_share, asked.share[side]);
          break;
        }
        side = ways[above].side;
        at = ways[above].parent;
      }
      const std::uint32_t distinct = ways[i].distinct + (made.above < 0 ? 1 : 0);
      most = distinct > most ? distinct : most;
      const double own = node.count;
      const std::int32_t children[2] = {node.left, node.right};
      for (std::uint32_t c = 0; c < 2; ++c) {
        const double count = count_of(tree, children[c]);
        if (!is_finite(count) || !is_finite(own) || !(count >= 0.0) || !(own >= 0.0) || (own == 0.0 && count > 0.0)) {
          return Failure{ErrorCode::unsupported, where + ", node " + std::to_string(i),
                         "its counts of training rows do not fit together"};
        }
        made.share[c] = own == 0.0 ? 0.5 : exact::div(count, own);
        if (children[c] < 0) {
          made.slot[c] = static_cast<std::uint32_t>(nodes + static_cast<std::size_t>(~children[c]));
        } else {
          made.slot[c] = static_cast<std::uint32_t>(children[c]);
          ways[made.slot[c]] = {static_cast<std::int32_t>(i), c, distinct};
        }
      }
      out_.nodes.push_back(made);
    }
    for (std::size_t i = nodes; i-- > 0;) {
      const ShapNode& node = out_.nodes[range.first_node + i];
      double sum = 0.0;
      for (std::size_t c = 0; c < 2; ++c) {
        const double value = node.slot[c] < nodes ? mean_[node.slot[c]] : tree.leaves[node.slot[c] - nodes];
        sum = exact::add(sum, exact::mul(node.share[c], value));
      }
      mean_[i] = sum;
    }
    set_rule(range, most);
    const std::size_t slots = nodes + tree.leaves.size();
    out_.most_slots = slots > out_.most_slots ? slots : out_.most_slots;
    out_.most_nodes = nodes > out_.most_nodes ? nodes : out_.most_nodes;
    out_.trees.push_back(range);
    return {};
  }

  /// n points are exact up to degree 2 n - 1, and a path with d features makes polynomials of degree d - 1.
  void set_rule(TreeRange& range, std::uint32_t distinct) {
    const std::size_t lines = distinct <= 2 * kShapPoints ? 1 : (distinct + 2 * kShapPoints - 1) / (2 * kShapPoints);
    if (first_points_.size() <= lines) first_points_.resize(lines + 1, kNone);
    if (first_points_[lines] == kNone) {
      first_points_[lines] = out_.points.size();
      const Quadrature rule = gauss_legendre(lines * kShapPoints);
      out_.points.insert(out_.points.end(), rule.points.begin(), rule.points.end());
      out_.weights.insert(out_.weights.end(), rule.weights.begin(), rule.weights.end());
    }
    range.first_point = first_points_[lines];
    range.points = static_cast<std::uint32_t>(lines * kShapPoints);
  }

  std::uint32_t column_of(const Tree& tree, const Node& node) {
    const auto feature = static_cast<std::size_t>(node.feature);
    const auto next = static_cast<std::uint32_t>(out_.columns.size());
    if (node.categorical) {
      const auto& words = tree.category_sets[node.category_set];
      out_.columns.push_back({static_cast<std::uint32_t>(feature), KeyRule::set, node.default_left,
                              static_cast<std::uint32_t>(out_.words.size()), static_cast<std::uint32_t>(words.size())});
      out_.words.insert(out_.words.end(), words.begin(), words.end());
      return next;
    }
    const KeyRule rule = node.missing == MissingRule::none ? KeyRule::none
                         : node.missing == MissingRule::zero
                             ? (node.default_left ? KeyRule::zero_left : KeyRule::zero_right)
                             : (node.default_left ? KeyRule::nan_left : KeyRule::nan_right);
    for (const std::uint32_t column : columns_of_[feature]) {
      if (out_.columns[column].rule == rule) return column;
    }
    columns_of_[feature].push_back(next);
    out_.columns.push_back({static_cast<std::uint32_t>(feature), rule, false, 0, 0});
    return next;
  }

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  const Model& model_;
  Parts& out_;
  std::vector<std::vector<std::uint32_t>> columns_of_;  // the numeric ones of each feature
  std::vector<std::size_t> first_points_;               // by lines of points
  std::vector<double> mean_;
};

inline Result<Explainer> Explainer::make(const Model& model, CpuLevel level) {
  if (auto checked = check_model(model, "model"); !checked) return checked.failure();
  const std::shared_ptr<Parts> parts(new Parts);
  if (auto built = Builder(model, *parts).build(); !built) return built.failure();
  parts->kernel = shap_kernel(static_cast<int>(level) < static_cast<int>(cpu_level()) ? level : cpu_level());
  return Explainer(parts);
}

}  // namespace riskflag::inline v0_1
