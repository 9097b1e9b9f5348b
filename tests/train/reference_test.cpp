#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <riskflag/model/walk.hpp>

#include "reference_trainer.hpp"
#include "small_table.hpp"

using namespace riskflag;

namespace {

/// Rows of `node` (an index, or ~leaf) that reach it, from walking every row with the model's own questions.
std::vector<std::size_t> rows_sent_left(const SmallTable& table, const std::vector<double>& weights, const Tree& tree,
                                        std::size_t node) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < table.rows; ++i) {
    if (!weights.empty() && !(weights[i] > 0)) continue;
    std::int32_t at = 0;
    while (at >= 0 && static_cast<std::size_t>(at) != node) {
      const Node& here = tree.nodes[static_cast<std::size_t>(at)];
      at = goes_left(tree, here, table.row(i)[static_cast<std::size_t>(here.feature)]) ? here.left : here.right;
    }
    const Node& here = tree.nodes[node];
    if (at >= 0 && goes_left(tree, here, table.row(i)[static_cast<std::size_t>(here.feature)])) out.push_back(i);
  }
  return out;
}

void check_against_reference(const SmallTable& table, const std::vector<double>& weights, const TrainOptions& options) {
  Pool pool(2);
  const Binned bins = bin_matrix(table.view(), table.features, bin_options(options), pool);
  const TrainResult got = train(
      {.bins = bins, .labels = table.labels, .weights = weights, .init_margins = table.margins}, {}, options, pool);
  const std::vector<reference::Round> want = reference::Trainer(table, weights, bins.cuts(), options).run();
  REQUIRE(got.model.trees.size() == want.size());
  for (std::size_t t = 0; t < want.size(); ++t) {
    CAPTURE(t);
    const Tree& tree = got.model.trees[t];
    REQUIRE(tree.nodes.size() == want[t].splits.size());
    for (std::size_t k = 0; k < want[t].splits.size(); ++k) {
      CAPTURE(k);
      CHECK(tree.nodes[k].feature == want[t].splits[k].feature);
      CHECK(tree.nodes[k].gain == doctest::Approx(want[t].splits[k].gain).epsilon(1e-4));
      REQUIRE(rows_sent_left(table, weights, tree, k) == want[t].splits[k].left_rows);
    }
    for (std::size_t k = 0; k < want[t].leaves.size(); ++k) {
      // Monotone bounds come from the sums that choose splits, whose rounding is coarser.
      const double slack = options.monotone_constraints.empty() ? 1e-9 : 1e-7;
      CHECK(std::abs(tree.leaves[k] - want[t].leaves[k]) < slack + slack * std::abs(want[t].leaves[k]));
    }
  }
}

}  // namespace

TEST_CASE("training gives the trees of a textbook trainer with sums in double over raw rows") {
  TrainOptions defaults;
  defaults.num_iterations = 4;
  defaults.num_leaves = 8;
  defaults.max_bin = 20;
  defaults.min_data_in_leaf = 10;
  TrainOptions regularised = defaults;
  regularised.lambda_l1 = 0.5;
  regularised.lambda_l2 = 2.0;
  regularised.min_gain_to_split = 0.3;
  TrainOptions limited = defaults;
  limited.max_depth = 3;
  limited.min_sum_hessian_in_leaf = 4.0;
  limited.min_data_in_leaf = 1;
  TrainOptions small_groups = defaults;
  small_groups.min_data_per_group = 5;
  small_groups.cat_smooth = 2.0;
  small_groups.cat_l2 = 1.0;
  TrainOptions one_by_one = defaults;
  one_by_one.max_cat_to_onehot = 30;
  int which = 0;
  for (const TrainOptions& options : {defaults, regularised, limited, small_groups, one_by_one}) {
    CAPTURE(which++);
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
      CAPTURE(seed);
      check_against_reference(small_table(250, 6, seed), {}, options);
    }
  }
}

TEST_CASE("limits on outputs and other orders of growth give the textbook's trees") {
  TrainOptions defaults;
  defaults.num_iterations = 4;
  defaults.num_leaves = 10;
  defaults.max_bin = 20;
  defaults.min_data_in_leaf = 8;
  TrainOptions rising = defaults;
  rising.monotone_constraints = {1, -1, 0, 1, 0, -1};
  TrainOptions small_steps = defaults;
  small_steps.max_delta_step = 0.4;
  TrainOptions both = rising;
  both.max_delta_step = 0.6;
  both.lambda_l1 = 0.2;
  both.lambda_l2 = 1.0;
  TrainOptions levels = defaults;
  levels.grow_policy = "depthwise";
  TrainOptions rising_levels = rising;
  rising_levels.grow_policy = "depthwise";
  rising_levels.max_depth = 3;
  int which = 0;
  for (const TrainOptions& options : {rising, small_steps, both, levels, rising_levels}) {
    CAPTURE(which++);
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
      CAPTURE(seed);
      check_against_reference(small_table(250, 6, seed), {}, options);
    }
  }
}

TEST_CASE("weights multiply gradients, rows of weight 0 are as good as absent") {
  const SmallTable table = small_table(300, 5, 11);
  TrainOptions o;
  o.num_iterations = 3;
  o.num_leaves = 6;
  o.max_bin = 16;
  o.min_data_in_leaf = 12;
  check_against_reference(table, table.weights, o);
}

TEST_CASE("without init margins training starts at the labels' mean") {
  SmallTable table = small_table(300, 6, 21);
  table.margins.clear();
  TrainOptions o;
  o.num_iterations = 3;
  o.num_leaves = 5;
  o.max_bin = 16;
  check_against_reference(table, {}, o);
}

TEST_CASE("squared error gives the textbook's trees") {
  for (const std::uint64_t seed : {5U, 6U}) {
    const SmallTable table = small_table(250, 6, seed, false);
    TrainOptions o;
    o.objective = "regression";
    o.num_iterations = 3;
    o.num_leaves = 7;
    o.max_bin = 24;
    check_against_reference(table, {}, o);
    check_against_reference(table, table.weights, o);
  }
}
