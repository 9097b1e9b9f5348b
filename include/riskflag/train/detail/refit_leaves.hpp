#pragma once

// Definitions of train/refit.hpp.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/cpu.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/train/detail/check_data.hpp>
#include <riskflag/train/detail/class_weights.hpp>
#include <riskflag/train/detail/continue.hpp>
#include <riskflag/train/detail/finish_tree.hpp>
#include <riskflag/train/detail/row_gradients.hpp>
#include <riskflag/train/objectives/make.hpp>
#include <riskflag/train/refit.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

inline void TreeFinisher::refit(Tree& tree, std::span<const std::span<const std::uint32_t>> leaf_rows,
                                const RowGradients& gradients, double learning_rate, double decay,
                                const std::optional<LeafRenewal>& renewal, Executor& executor) {
  learning_rate_ = learning_rate;
  const double scale_g = fine_scale(gradients.sum_g()), scale_h = fine_scale(gradients.sum_h());
  const std::vector<FineSum> leaves = leaf_sums(leaf_rows, gradients, scale_g, scale_h, executor);
  const auto mixed = [&](double before, double now) {
    return placed(exact::add(exact::mul(before, decay), exact::mul(now, exact::sub(1.0, decay))));
  };
  tree.leaf_counts.resize(tree.leaves.size());
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    tree.leaf_counts[k] = count(leaves[k]);
    if (leaves[k].rows == 0 || (!weights_.empty() && leaves[k].weight == 0)) continue;
    const double now =
        renewal ? shrunk(renewed(leaf_rows[k], *renewal), {}, 1.0) : value(leaves[k], scale_g, scale_h, {}, 1.0);
    tree.leaves[k] = mixed(tree.leaves[k], now);
  }
  // Children need not stand behind their parents in an imported tree: sum upwards along the walk from the root.
  std::vector<FineSum> nodes(tree.nodes.size());
  std::vector<std::int32_t> order;
  if (!tree.nodes.empty()) order.push_back(0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Node& node = tree.nodes[static_cast<std::size_t>(order[i])];
    for (const std::int32_t child : {node.left, node.right}) {
      if (child >= 0) order.push_back(child);
    }
  }
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto k = static_cast<std::size_t>(order[i]);
    Node& node = tree.nodes[k];
    for (const std::int32_t child : {node.left, node.right})
      nodes[k] += child >= 0 ? nodes[static_cast<std::size_t>(child)] : leaves[static_cast<std::size_t>(~child)];
    node.count = count(nodes[k]);
    if (node.count > 0.0) node.value = mixed(node.value, value(nodes[k], scale_g, scale_h, {}, 1.0));
  }
}

/// The rows of each leaf, rising; `rows` holds them.
[[nodiscard]] inline std::vector<std::span<const std::uint32_t>> rows_by_leaf(const Tree& tree, MatrixView<double> x,
                                                                              std::vector<std::uint32_t>& rows,
                                                                              Executor& executor) {
  std::vector<std::uint32_t> leaf(x.rows());
  parallel_for(executor, x.rows(), kSumBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<double> row(x.cols());
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t f = 0; f < row.size(); ++f) row[f] = x(i, f);
      leaf[i] = static_cast<std::uint32_t>(leaf_of(tree, row));
    }
  });
  std::vector<std::size_t> end(tree.leaves.size());
  for (const std::uint32_t k : leaf) ++end[k];
  std::size_t at = 0;
  for (std::size_t& e : end) at = e += at;
  rows.resize(x.rows());
  std::vector<std::size_t> next(end.size());
  for (std::size_t k = 1; k < end.size(); ++k) next[k] = end[k - 1];
  for (std::size_t i = 0; i < leaf.size(); ++i) rows[next[leaf[i]]++] = static_cast<std::uint32_t>(i);
  std::vector<std::span<const std::uint32_t>> out;
  for (std::size_t k = 0, begin = 0; k < end.size(); begin = end[k++])
    out.emplace_back(rows.data() + begin, end[k] - begin);
  return out;
}

}  // namespace detail

inline Model refit(const Model& model, MatrixView<double> x, std::span<const double> labels,
                   std::span<const double> weights, const TrainOptions& options, double decay_rate,
                   Executor& executor) {
  validate(options);
  if (!(decay_rate >= 0.0 && decay_rate <= 1.0))
    fail(ErrorCode::invalid_option, "refit_decay_rate", number_text(decay_rate) + " is not in [0, 1]");
  if (options.objective == "custom")
    fail(ErrorCode::invalid_option, "objective", "\"custom\" has no gradients of its own to refit leaves with");
  const auto objective = detail::make_objective(options, cpu_level());
  detail::check_start_model(model, model.features, *objective, {});
  if (x.rows() == 0) fail(ErrorCode::invalid_data, "rows", "there are none; at least one is needed");
  detail::check_length(x.cols(), model.features.size(), "columns");
  detail::check_length(labels.size(), x.rows(), "labels");
  if (!weights.empty()) detail::check_length(weights.size(), x.rows(), "weights");
  detail::check_weights(weights, "weight");
  objective->check_labels(labels, weights);
  if (!options.monotone_constraints.empty() && options.monotone_constraints.size() != model.features.size()) {
    fail(ErrorCode::invalid_option, "monotone_constraints",
         std::to_string(options.monotone_constraints.size()) + " numbers for " + std::to_string(model.features.size()) +
             " features");
  }
  const std::vector<double> of_classes = detail::class_weighted(options, labels, weights);
  if (!of_classes.empty()) weights = of_classes;
  double sum_of_weights = static_cast<double>(x.rows());
  if (!weights.empty()) {
    sum_of_weights = 0.0;
    for (const double weight : weights) sum_of_weights = exact::add(sum_of_weights, weight);
  }
  Model out = model;
  const Random random = Random(options.seed).split(0x7265666974);  // "refit"
  detail::RowGradients gradients(x.rows(), *objective, cpu_level());
  detail::TreeFinisher finisher(options, weights, sum_of_weights, model.leaf_grid);
  const std::size_t outputs = objective->outputs();
  detail::SharedRows shared(x.rows(), *objective);
  std::vector<double> all_scores, mass;  // output after output
  for (std::size_t k = 0; k < outputs; ++k) {
    const double base = out.base_margin.empty() ? 0.0 : out.base_margin[k];
    all_scores.insert(all_scores.end(), x.rows(), base);
    mass.push_back(detail::magnitude(base));
  }
  std::vector<std::uint32_t> rows;
  for (std::size_t t = 0; t < out.trees.size(); ++t) {
    Tree& tree = out.trees[t];
    const std::size_t k = t % outputs;
    if (k == 0) shared.look(all_scores, executor);
    const std::span<double> scores = std::span(all_scores).subspan(k * x.rows(), x.rows());
    gradients.compute(scores, labels, weights, random.split(t), executor, {}, shared.of(k));
    const auto leaf_rows = detail::rows_by_leaf(tree, x, rows, executor);
    std::optional<detail::LeafRenewal> renewal;
    if (const auto share = objective->quantile()) renewal = detail::LeafRenewal{*share, labels, scores};
    finisher.refit(tree, leaf_rows, gradients, options.learning_rate, decay_rate, renewal, executor);
    mass[k] = exact::add(mass[k], detail::largest_leaf(tree));
    if (!(mass[k] < exact::mul(0x1p52, model.leaf_grid)) && model.leaf_grid > 0.0) {
      fail(ErrorCode::numeric, "tree " + std::to_string(t + 1),
           "leaves add up to " + number_text(mass[k]) + ", too much for exact sums; raise lambda_l2 or decay_rate");
    }
    finisher.add_to_scores(tree, leaf_rows, scores, executor);
  }
  for (std::size_t f = 0; f < options.monotone_constraints.size(); ++f) {
    if (const auto found =
            find_monotone_violation(out, static_cast<std::int32_t>(f), options.monotone_constraints[f])) {
      fail(ErrorCode::invalid_data, "tree " + std::to_string(found->tree + 1),
           "its new leaves break the monotone constraint of " + quoted(out.features[f].name) +
               "; raise decay_rate, or train anew");
    }
  }
  out.options = recorded_options(options);
  out.history = {};
  out.data_digest.clear();
  return out;
}

}  // namespace riskflag::inline v0_1
