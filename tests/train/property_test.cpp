#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/model/walk.hpp>

#include "../sanitized.hpp"
#include "slow_trainer.hpp"
#include "small_table.hpp"

using namespace riskflag;

namespace {

/// Draws from short lists: the first entry is the default or the harmless one.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(Random(seed).split(77)) {}
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[random_.below(values.size(), at_++)];
  }
  std::size_t below(std::size_t n) { return random_.below(n, at_++); }

 private:
  Random random_;
  std::uint64_t at_ = 0;
};

struct Case {
  SmallTable table;
  std::vector<double> weights, margins;
  TrainOptions options;
  unsigned threads;
};

Case draw_case(std::uint64_t seed) {
  Draw draw(seed);
  Case c;
  const bool binary = draw.of({true, true, false});
  c.table = small_table(20 + draw.below(300), 1 + draw.below(9), seed, binary);
  SmallTable& t = c.table;
  if (draw.below(4) == 0) {  // columns that repeat each other: ties everywhere
    for (std::size_t i = 0; i < t.rows; ++i) {
      for (std::size_t j = 1; j < t.cols; ++j) {
        if (t.features[j].type == t.features[0].type) t.values[i * t.cols + j] = t.values[i * t.cols];
      }
    }
  }
  TrainOptions& o = c.options;
  o.objective = binary ? "binary" : "regression";
  if (!binary) {
    o.objective =
        draw.of<const char*>({"regression", "regression_l1", "huber", "quantile", "poisson", "gamma", "tweedie"});
    o.alpha = draw.of({0.9, 0.5, 0.13});
    o.tweedie_variance_power = draw.of({1.5, 1.0, 1.9});
    if (o.objective == "poisson" || o.objective == "gamma" || o.objective == "tweedie") {
      for (double& y : t.labels) y = std::max(o.objective == "gamma" ? 0.1 : 0.0, y + 1.0);
      t.labels[0] = 1.0;
    }
  }
  if (binary &&
      *std::max_element(t.labels.begin(), t.labels.end()) == *std::min_element(t.labels.begin(), t.labels.end()))
    t.labels[0] = 1.0 - t.labels[0];
  o.num_iterations = 1 + static_cast<int>(draw.below(4));
  o.learning_rate = draw.of({0.1, 1.0, 0.3});
  o.num_leaves = 2 + static_cast<int>(draw.below(14));
  o.max_depth = draw.of({-1, -1, 1, 2, 4});
  o.min_data_in_leaf = draw.of({20, 0, 1, 5, 12});
  o.min_sum_hessian_in_leaf = draw.of({1e-3, 0.0, 1.0, 5.0});
  o.lambda_l1 = draw.of({0.0, 0.0, 0.4});
  o.lambda_l2 = draw.of({0.0, 1.0, 10.0});
  o.min_gain_to_split = draw.of({0.0, 0.0, 0.5});
  o.max_bin = draw.of({255, 2, 3, 16, 31});
  o.feature_fraction = draw.of({1.0, 1.0, 0.5});
  o.bagging_freq = draw.of({0, 0, 1, 2});
  o.bagging_fraction = draw.of({1.0, 0.7});
  if (binary && draw.below(5) == 0) {
    o.bagging_freq = 1;
    o.pos_bagging_fraction = 0.8;
    o.neg_bagging_fraction = 0.5;
  }
  o.max_cat_to_onehot = draw.of({4, 1, 30});
  o.max_cat_threshold = draw.of({32, 2});
  o.cat_smooth = draw.of({10.0, 0.0, 2.0});
  o.cat_l2 = draw.of({10.0, 0.0});
  o.min_data_per_group = draw.of({100, 1, 10});
  o.seed = draw.below(3);
  o.grow_policy = draw.of({"leafwise", "leafwise", "depthwise"});
  o.max_delta_step = draw.of({0.0, 0.0, 0.0, 0.3});
  o.feature_fraction_bynode = draw.of({1.0, 1.0, 0.5});
  o.extra_trees = draw.below(5) == 0;
  o.zero_as_missing = draw.below(6) == 0;
  if (draw.below(4) == 0) {
    for (std::size_t f = 0; f < t.cols; ++f) {
      const int sign = draw.of({1, 0, -1});
      o.monotone_constraints.push_back(t.features[f].type == FeatureType::categorical ? 0 : sign);
    }
    o.monotone_constraints_method = draw.of({"basic", "intermediate"});
  }
  if (draw.below(5) == 0) {
    for (int group = 0; group < 2; ++group) {
      auto& names = o.interaction_constraints.emplace_back();
      for (std::size_t f = 0; f < t.cols; ++f) {
        if (draw.below(2) == 0) names.push_back(t.features[f].name);
      }
      if (names.empty()) names.push_back(t.features[0].name);
    }
  }
  if (draw.below(6) == 0) {
    for (std::size_t f = 0; f < t.cols; ++f) o.max_bin_by_feature.push_back(draw.of({255, 2, 7}));
  }
  o.cegb_penalty_split = draw.of({0.0, 0.0, 0.0, 0.01});
  o.cegb_tradeoff = draw.of({1.0, 0.5});
  if (draw.below(6) == 0) {
    for (std::size_t f = 0; f < t.cols; ++f) o.feature_contri.push_back(draw.of({1.0, 0.3, 0.0, 2.0}));
  }
  if (draw.below(6) == 0) {
    for (std::size_t f = 0; f < t.cols; ++f) o.cegb_penalty_feature_coupled.push_back(draw.of({1.0, 0.0, 3.0}));
  }
  if (draw.below(8) == 0) {
    for (std::size_t f = 0; f < t.cols; ++f) o.cegb_penalty_feature_lazy.push_back(draw.of({0.02, 0.0, 0.1}));
  }
  o.min_data_in_bin = draw.of({3, 1, 10});
  if (draw.below(6) == 0) {
    for (std::size_t f = 0; f < t.cols; ++f) {
      if (t.features[f].type == FeatureType::numeric && draw.below(2) == 0)
        o.forced_bins.push_back({t.features[f].name, {-0.5, 0.25 + static_cast<double>(draw.below(3)), 4.5}});
    }
  }
  if (draw.below(3) == 0) c.weights = t.weights;
  if (!binary && !c.weights.empty()) c.weights[0] = 1.0;
  if (draw.below(12) == 0) {            // heavy tails: the wide cell
    c.weights.assign(t.rows, 0x1p-17);  // sums of them are exact in double, too
    for (std::size_t i = 0; i < t.rows; i += 9) c.weights[i] = 0x1p20;
  }
  if (draw.below(2) == 0) c.margins = t.margins;
  if (binary && !c.weights.empty()) {  // both classes need weight
    for (const double label : {0.0, 1.0}) {
      double sum = 0.0;
      std::size_t any = 0;
      for (std::size_t i = 0; i < t.rows; ++i) {
        if (t.labels[i] == label) sum += c.weights[i], any = i;
      }
      if (!(sum > 0)) c.weights[any] = 1.0;
    }
  }
  c.threads = draw.of({1U, 2U, 3U});
  if (t.cols > 3 && draw.below(3) == 0) make_exclusive(t, draw.below(2), seed);
  return c;
}

std::string options_text(const TrainOptions& options) {
  std::string out;
  for (const auto& [name, value] : recorded_options(options)) out += name + "=" + value + " ";
  return out;
}

/// Largest and smallest leaf below `child` of `tree`.
std::pair<double, double> range_below(const riskflag::Tree& tree, std::int32_t child) {
  if (child < 0) return {tree.leaves[static_cast<std::size_t>(~child)], tree.leaves[static_cast<std::size_t>(~child)]};
  const Node& node = tree.nodes[static_cast<std::size_t>(child)];
  const auto a = range_below(tree, node.left), b = range_below(tree, node.right);
  return {std::min(a.first, b.first), std::max(a.second, b.second)};
}

void check_invariants(const Case& c, const Model& model) {
  const TrainOptions& o = c.options;
  const SmallTable& t = c.table;
  REQUIRE(check_model(model, "model"));
  for (std::size_t f = 0; f < o.monotone_constraints.size(); ++f)
    CHECK_FALSE(find_monotone_violation(model, static_cast<std::int32_t>(f), o.monotone_constraints[f]));
  for (const riskflag::Tree& tree : model.trees) {
    CHECK(static_cast<int>(tree.leaves.size()) <= o.num_leaves);
    if (tree.nodes.empty()) continue;
    std::vector<double> reached(tree.leaves.size());
    double all = 0.0;
    for (std::size_t i = 0; i < t.rows; ++i) {
      const double weight = c.weights.empty() ? 1.0 : c.weights[i];
      reached[leaf_of(tree, t.row(i))] += weight;
      all += weight;
    }
    const bool whole = o.bagging_freq == 0 || (o.bagging_fraction == 1.0 && o.pos_bagging_fraction == 1.0);
    for (std::size_t k = 0; k < tree.leaves.size(); ++k) {
      if (whole) CHECK(std::abs(tree.leaf_counts[k] - reached[k]) <= 1e-9 * all);
      if (c.weights.empty()) CHECK(tree.leaf_counts[k] >= std::max(1, o.min_data_in_leaf));
      if (o.max_delta_step > 0) CHECK(std::abs(tree.leaves[k]) <= o.learning_rate * o.max_delta_step + model.leaf_grid);
    }
    std::vector<int> depth(tree.nodes.size());
    std::vector<std::set<std::string>> asked(tree.nodes.size());
    for (std::size_t k = 0; k < tree.nodes.size(); ++k) {
      const Node& node = tree.nodes[k];
      const bool has_costs = !o.feature_contri.empty() || o.cegb_penalty_split > 0 ||  // paid after min_gain_to_split
                             !o.cegb_penalty_feature_coupled.empty() || !o.cegb_penalty_feature_lazy.empty();
      CHECK(node.gain > (has_costs ? 0.0 : o.min_gain_to_split));
      if (o.max_depth > 0) CHECK(depth[k] < o.max_depth);
      asked[k].insert(t.features[static_cast<std::size_t>(node.feature)].name);
      if (!o.interaction_constraints.empty()) {
        bool allowed = false;
        for (const auto& group : o.interaction_constraints) {
          allowed = allowed || std::all_of(asked[k].begin(), asked[k].end(), [&](const std::string& name) {
                      return std::find(group.begin(), group.end(), name) != group.end();
                    });
        }
        CHECK(allowed);
      }
      if (o.monotone_constraints_method == "basic" && !o.monotone_constraints.empty() &&
          o.monotone_constraints[static_cast<std::size_t>(node.feature)] != 0) {
        const auto left = range_below(tree, node.left), right = range_below(tree, node.right);
        if (o.monotone_constraints[static_cast<std::size_t>(node.feature)] > 0) {
          CHECK(left.second <= right.first);
        } else {
          CHECK(left.first >= right.second);
        }
      }
      double below = 0.0;
      for (const std::int32_t child : {node.left, node.right}) {
        if (child >= 0) {
          depth[static_cast<std::size_t>(child)] = depth[k] + 1;
          asked[static_cast<std::size_t>(child)] = asked[k];
        }
        below += child >= 0 ? tree.nodes[static_cast<std::size_t>(child)].count
                            : tree.leaf_counts[static_cast<std::size_t>(~child)];
      }
      CHECK(std::abs(node.count - below) <= 1e-9 * all);
    }
  }
}

}  // namespace

TEST_CASE("invariant: random tables with random options train to the slow trainer's trees, bit for bit") {
  int refused = 0;
  std::size_t splits = 0, shared = 0;
  const std::size_t tables = riskflag_test::kSanitized ? 48 : 4000;
  for (std::uint64_t seed = 1; seed <= tables; ++seed) {
    CAPTURE(seed);
    const Case c = draw_case(seed);
    Pool pool(c.threads);
    const Binned bins = bin_matrix(c.table.view(), c.table.features, bin_options(c.options), pool);
    for (std::size_t f = 0; f < bins.cols(); ++f) shared += bins.place(f).is_shared ? 1U : 0U;
    Model model;
    try {
      model = train({.bins = bins, .labels = c.table.labels, .weights = c.weights, .init_margins = c.margins}, {},
                    c.options, pool)
                  .model;
    } catch (const Error& e) {  // a rate of 1 without any regularisation: leaves run away, and training says so
      REQUIRE(e.code() == ErrorCode::numeric);
      ++refused;
      continue;
    }
    slow::Trainer trainer(bins, c.table.labels, c.weights, c.margins, c.options);
    trainer.others = [&](std::size_t tree, std::size_t row) {
      return model.trees[tree].leaves[leaf_of(model.trees[tree], c.table.row(row))];
    };
    const std::vector<slow::Tree> want = trainer.run(model);
    REQUIRE(model.trees.size() == want.size());
    for (std::size_t t = 0; t < want.size(); ++t) {
      CAPTURE(t);
      const riskflag::Tree& got = model.trees[t];
      CAPTURE(options_text(c.options));
      REQUIRE(got.leaves == want[t].leaves);
      splits += got.nodes.size();
      REQUIRE(got.nodes.size() == want[t].feature.size());
      for (std::size_t k = 0; k < got.nodes.size(); ++k) {
        CAPTURE(k);
        CAPTURE(options_text(c.options));
        CAPTURE(got.nodes[k].categorical);
        CAPTURE(got.nodes[k].threshold);
        CAPTURE(got.nodes[k].gain);
        CAPTURE(want[t].gain[k]);
        CAPTURE(got.nodes[k].count);
        CAPTURE(got.nodes[k].feature);
        REQUIRE(got.nodes[k].feature == want[t].feature[k]);
        REQUIRE(got.nodes[k].default_left == want[t].default_left[k]);
        REQUIRE(got.nodes[k].gain == want[t].gain[k]);
      }
      if (c.weights.empty() && !got.nodes.empty()) CHECK(got.leaf_counts == want[t].counts);
    }
    check_invariants(c, model);
  }
  CHECK(refused < 40);
  CHECK(splits > 15 * tables / 4);  // the tables are worth splitting
  CHECK(shared > tables / 4);       // features that exclude each other
}
