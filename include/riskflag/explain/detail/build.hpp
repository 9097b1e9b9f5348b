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
#include <riskflag/model/linear_trees.hpp>

namespace riskflag::inline v0_1 {

/// Life: constructed with a checked model; build() once.
class Explainer::Builder {
 public:
  Builder(const Model& model, CpuLevel level, Parts& out)
      : model_(model), level_(level), out_(out), columns_of_(model.features.size()) {}

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
    out_.reference_kernel = reference_kernel(level_);
    for (std::size_t sum = 0; sum <= kReferenceTable; ++sum) {
      out_.reference_weights.push_back(0.0);
      for (std::size_t a = 1; a <= sum; ++a) out_.reference_weights.push_back(reference_weight(a, sum - a));
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

  /// 1 / (a C(a + b, a)) = (a - 1)! b! / (a + b)!, for a >= 1.
  static double reference_weight(std::size_t a, std::size_t b) noexcept {
    double choose = 1.0;
    for (std::size_t i = 1; i <= b; ++i) {
      choose = exact::div(exact::mul(choose, static_cast<double>(a + i)), static_cast<double>(i));
    }
    return exact::div(1.0, exact::mul(static_cast<double>(a), choose));
  }

  Result<void> add_tree(const Tree& tree, const std::string& where) {
    const std::size_t nodes = tree.nodes.size();
    TreeRange range{out_.nodes.size(), out_.leaves.size(), static_cast<std::uint32_t>(nodes),
                    static_cast<std::uint32_t>(tree.leaves.size()), 0};
    out_.leaves.insert(out_.leaves.end(), tree.leaves.begin(), tree.leaves.end());
    mean_.assign(nodes, 0.0);
    if (nodes > 0 && tree.leaf_counts.empty()) {
      return Failure{ErrorCode::unsupported, where,
                     "it has no counts of training rows at its leaves, without which there is no mean to compare with"};
    }
    std::vector<Way> ways(nodes);
    std::vector<double> shares(nodes, 1.0);  // of all edges above of the node's feature
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < nodes; ++i) {
      const Node& node = tree.nodes[i];
      ShapNode made{};
      made.key = node.categorical ? 0 : order_key(node.threshold);
      made.feature = static_cast<std::uint32_t>(node.feature);
      made.column = column_of(tree, node);
      std::uint32_t side = ways[i].side;
      for (std::int32_t at = ways[i].parent; at >= 0;) {
        const auto above = static_cast<std::size_t>(at);
        if (tree.nodes[above].feature == node.feature) {
          const ShapNode& asked = out_.nodes[range.first_node + above];
          made.above = 1 + static_cast<std::uint32_t>(above);
          made.above_side = side;
          shares[i] = exact::mul(shares[above], asked.share[side]);
          break;
        }
        side = ways[above].side;
        at = ways[above].parent;
      }
      made.place = made.above == 0 ? ways[i].distinct : out_.nodes[range.first_node + made.above - 1].place;
      const std::uint32_t distinct = ways[i].distinct + (made.above == 0 ? 1 : 0);
      most = distinct > most ? distinct : most;
      const double own = node.count;
      const std::int32_t children[2] = {node.left, node.right};
      // Of both children together: a sum of hessians in float differs from its parts' sum, and shares must add up to 1.
      const double both = exact::add(count_of(tree, node.left), count_of(tree, node.right));
      for (std::uint32_t c = 0; c < 2; ++c) {
        const double count = count_of(tree, children[c]);
        if (!is_finite(count) || !is_finite(own) || !(count >= 0.0) || !(own >= 0.0) || (own == 0.0 && count > 0.0)) {
          return Failure{ErrorCode::unsupported, where + ", node " + std::to_string(i),
                         "its counts of training rows do not fit together"};
        }
        made.share[c] = !(both > 0.0) ? 0.5 : exact::div(count, both);
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
    out_.most_distinct = most > out_.most_distinct ? most : out_.most_distinct;
    range.rule = rule_for(most);
    for (std::size_t i = 0; i < nodes; ++i) {
      ShapNode& node = out_.nodes[range.first_node + i];
      Rule& rule = out_.rules[range.rule];
      node.entry = (node.above == 0 ? kShapFirst : add_entry(rule, shares[i])) * 2 * rule.count;
    }
    const std::size_t slots = nodes + tree.leaves.size();
    out_.most_slots = slots > out_.most_slots ? slots : out_.most_slots;
    out_.most_nodes = nodes > out_.most_nodes ? nodes : out_.most_nodes;
    out_.trees.push_back(range);
    return {};
  }

  /// The place of the rule for paths with so many features: n points are exact up to degree 2 n - 1, and a path with d
  /// features makes polynomials of degree d - 1.
  std::uint32_t rule_for(std::uint32_t distinct) {
    const std::size_t rule = distinct <= kShapPoints ? 0 : (distinct + 2 * kShapPoints - 1) / (2 * kShapPoints);
    if (out_.rules.size() <= rule) out_.rules.resize(rule + 1);
    Rule& made = out_.rules[rule];
    if (made.count > 0) return static_cast<std::uint32_t>(rule);
    made.count = static_cast<std::uint32_t>(rule == 0 ? kShapPoints / 2 : rule * kShapPoints);
    Quadrature quadrature = gauss_legendre(made.count);
    made.weights.resize((made.count + kShapPoints - 1) / kShapPoints);
    for (std::size_t i = 0; i < made.count; ++i)
      made.weights[i / kShapPoints].at[i % kShapPoints] = quadrature.weights[i];
    made.points = std::move(quadrature.points);
    made.kernel = shap_kernel(level_, made.count);
    double* const off = next_entry(made);
    for (std::size_t i = 0; i < made.count; ++i) off[i] = 1.0;
    double* const asked = next_entry(made);
    for (std::size_t i = 0; i < made.count; ++i) {
      asked[i] = exact::sub(1.0, made.points[i]);
      asked[made.count + i] = 1.0;
    }
    return static_cast<std::uint32_t>(rule);
  }

  /// Room for one more entry, all 0.
  static double* next_entry(Rule& rule) {
    const std::size_t lines = 2 * rule.count / kShapPoints;
    rule.entries.resize(rule.entries.size() + lines);
    ++rule.used;
    return rule.entries[rule.entries.size() - lines].at;
  }

  /// Of a node whose feature was asked above, the edges of which the share `z` of the training rows took.
  static std::uint32_t add_entry(Rule& rule, double z) {
    double* const entry = next_entry(rule);
    for (std::size_t i = 0; i < rule.count; ++i) {
      const double x = rule.points[i];
      const double inverse = exact::div(1.0, exact::add(exact::mul(z, exact::sub(1.0, x)), x));
      entry[i] = exact::sub(1.0, exact::mul(x, inverse));
      entry[rule.count + i] = exact::mul(exact::mul(z, inverse), inverse);
    }
    return rule.used - 1;
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

  const Model& model_;
  CpuLevel level_;
  Parts& out_;
  std::vector<std::vector<std::uint32_t>> columns_of_;  // the numeric ones of each feature
  std::vector<double> mean_;
};

inline Result<Explainer> Explainer::make(const Model& model, CpuLevel level) {
  if (auto checked = check_model(model, "model"); !checked) return checked.failure();
  if (auto constant = require_constant_leaves(
          model, "contributions are those of constants; train the model with linear_tree=false to have reasons");
      !constant) {
    return constant.failure();
  }
  const std::shared_ptr<Parts> parts(new Parts);
  const CpuLevel most = static_cast<int>(level) < static_cast<int>(cpu_level()) ? level : cpu_level();
  if (auto built = Builder(model, most, *parts).build(); !built) return built.failure();
  return Explainer(parts);
}

}  // namespace riskflag::inline v0_1
