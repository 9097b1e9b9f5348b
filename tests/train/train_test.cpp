#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/model/walk.hpp>

#include "small_table.hpp"

using namespace riskflag;

namespace train_test {
namespace {

TrainOptions quick(int iterations = 5) {
  TrainOptions o;
  o.num_iterations = iterations;
  o.num_leaves = 8;
  o.max_bin = 31;
  return o;
}

struct Learned {
  Binned bins;
  TrainResult result;
};
Learned learn(const SmallTable& t, const TrainOptions& o, std::vector<double> weights = {},
              std::vector<double> margins = {}) {
  SerialExecutor serial;
  Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  TrainResult result =
      train({.bins = bins, .labels = t.labels, .weights = weights, .init_margins = margins}, {}, o, serial);
  return {std::move(bins), std::move(result)};
}

std::string refusal(const SmallTable& t, const TrainOptions& o, std::vector<double> weights = {},
                    std::vector<double> margins = {}) {
  try {
    (void)learn(t, o, std::move(weights), std::move(margins));
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("invariant: counts add up, gains are positive and leaves are on the grid, over random small tables") {
  for (std::uint64_t seed = 100; seed < 120; ++seed) {
    CAPTURE(seed);
    const bool binary = seed % 2 == 0;
    const SmallTable t = small_table(60 + seed % 7 * 50, 1 + seed % 9, seed, binary);
    TrainOptions o = quick();
    o.objective = binary ? "binary" : "regression";
    o.num_leaves = 2 + static_cast<int>(seed % 12);
    o.min_data_in_leaf = static_cast<int>(seed % 5) * 4;
    o.max_depth = static_cast<int>(seed % 4);
    const Model model = learn(t, o, seed % 3 == 0 ? t.weights : std::vector<double>{}).result.model;
    for (const Tree& tree : model.trees) {
      REQUIRE(tree.leaves.size() == tree.nodes.size() + 1);
      REQUIRE(static_cast<int>(tree.leaves.size()) <= o.num_leaves);
      std::vector<double> exact_rows(tree.leaves.size());
      for (std::size_t i = 0; i < t.rows; ++i)
        exact_rows[leaf_of(tree, t.row(i))] += seed % 3 == 0 ? t.weights[i] : 1.0;
      for (std::size_t k = 0; k < tree.leaves.size(); ++k) {
        CHECK(std::abs(tree.leaf_counts[k] - exact_rows[k]) < 1e-6);
        if (seed % 3 != 0) CHECK(tree.leaf_counts[k] >= o.min_data_in_leaf);
        const double quanta = tree.leaves[k] / model.leaf_grid;
        CHECK(quanta == std::floor(quanta));
      }
      for (const Node& node : tree.nodes) {
        CHECK(node.gain > 0.0);
        double below = 0.0;
        for (const std::int32_t child : {node.left, node.right}) {
          below += child >= 0 ? tree.nodes[static_cast<std::size_t>(child)].count
                              : tree.leaf_counts[static_cast<std::size_t>(~child)];
        }
        CHECK(std::abs(node.count - below) < 1e-6);
      }
    }
  }
}

TEST_CASE("a leaf is split only after every better one: the order of nodes is best first") {
  const SmallTable t = small_table(600, 6, 3);
  TrainOptions o = quick(1);
  const Model model = learn(t, o).result.model;
  const Tree& tree = model.trees[0];
  for (std::size_t k = 1; k < tree.nodes.size(); ++k) {
    // A node that stands later although its parent stood before an earlier one had no larger gain.
    for (std::size_t earlier = 1; earlier < k; ++earlier) {
      std::size_t parent = 0;
      for (std::size_t p = 0; p < tree.nodes.size(); ++p) {
        if (tree.nodes[p].left == static_cast<std::int32_t>(k) || tree.nodes[p].right == static_cast<std::int32_t>(k))
          parent = p;
      }
      if (parent < earlier) CHECK(tree.nodes[k].gain <= tree.nodes[earlier].gain);
    }
  }
}

TEST_CASE("invariant: the slow scorer gives the margins that training ended with, to the bit") {
  // A second training that continues from the first one's margins starts exactly where the first ended: its gradients,
  // and so its trees, are those that the first would have grown next.
  for (const bool binary : {true, false}) {
    const SmallTable t = small_table(700, 7, 17, binary);
    TrainOptions o = quick(3);
    o.objective = binary ? "binary" : "regression";
    const Model first = learn(t, o).result.model;
    std::vector<double> margins;
    for (std::size_t i = 0; i < t.rows; ++i) {
      margins.push_back(margin(first, t.row(i)));
      const double quanta = margins.back() / first.leaf_grid;
      REQUIRE(quanta == std::floor(quanta));
    }
    std::vector<double> sums;  // any other order of summation
    for (std::size_t i = 0; i < t.rows; ++i) {
      double sum = 0.0;
      for (std::size_t k = first.trees.size(); k-- > 0;)
        sum += first.trees[k].leaves[leaf_of(first.trees[k], t.row(i))];
      sums.push_back(sum + first.base_margin[0]);
    }
    CHECK(sums == margins);
  }
}

TEST_CASE("validation margins during training are the slow scorer's: the logged metric is that of the finished model") {
  const SmallTable t = small_table(900, 6, 5), v = small_table(300, 6, 6);
  TrainOptions o = quick(6);
  o.metric = {"binary_logloss", "auc"};
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const ValidData valid{.name = "valid", .features = v.view(), .labels = v.labels};
  std::vector<double> last;
  int calls = 0;
  TrainHooks hooks;
  hooks.on_iteration = [&](const IterationReport& report) {
    CHECK(report.iteration == ++calls);
    last = report.values;
  };
  const TrainResult result = train({.bins = bins, .labels = t.labels}, {&valid, 1}, o, serial, hooks);
  CHECK(calls == 6);
  CHECK(result.model.history.names == std::vector<std::string>{"valid.binary_logloss", "valid.auc"});
  CHECK(result.model.history.values.size() == 6);
  std::vector<double> p;
  for (std::size_t i = 0; i < v.rows; ++i) p.push_back(exact::sigmoid(margin(result.model, v.row(i))));
  CHECK(last[0] == *metrics::log_loss(p, v.labels).value);
  CHECK(last[1] == doctest::Approx(*metrics::roc_auc(p, v.labels).value).epsilon(1e-15));
}

TEST_CASE("early stopping keeps the best iteration") {
  const SmallTable t = small_table(300, 6, 5), v = small_table(300, 6, 6);
  TrainOptions o = quick(200);
  o.learning_rate = 0.5;
  o.min_data_in_leaf = 2;
  o.early_stopping_round = 5;
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const ValidData valid{.features = v.view(), .labels = v.labels};
  const TrainResult result = train({.bins = bins, .labels = t.labels}, {&valid, 1}, o, serial);
  CHECK(result.stopped_early);
  const auto& values = result.model.history.values;
  REQUIRE(values.size() == static_cast<std::size_t>(result.best_iteration) + 5);
  for (const auto& row : values) CHECK(values[static_cast<std::size_t>(result.best_iteration) - 1][0] <= row[0]);
  CHECK(result.model.trees.size() == static_cast<std::size_t>(result.best_iteration));
  CHECK(result.model.best_iteration == result.best_iteration);
}

TEST_CASE("a stop request keeps the iterations finished so far") {
  const SmallTable t = small_table(300, 4, 5);
  SerialExecutor serial;
  const TrainOptions o = quick(50);
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  std::stop_source source;
  TrainHooks hooks;
  hooks.stop = source.get_token();
  hooks.on_iteration = [&](const IterationReport& report) {
    if (report.iteration == 4) source.request_stop();
  };
  const TrainResult cut = train({.bins = bins, .labels = t.labels}, {}, o, serial, hooks);
  CHECK(cut.cancelled);
  CHECK(cut.model.trees.size() == 4);
  const TrainResult whole = train({.bins = bins, .labels = t.labels}, {}, o, serial);
  for (std::size_t k = 0; k < 4; ++k) CHECK(cut.model.trees[k] == whole.model.trees[k]);
}

TEST_CASE("what cannot be learned from is refused with row, value and what would be accepted") {
  SmallTable t = small_table(100, 3, 1);
  const TrainOptions o = quick();
  SmallTable bad = t;
  bad.labels[7] = kMissing;
  CHECK(refusal(bad, o) == "row 7: label nan is not 0 or 1 (objective binary)");
  bad.labels[7] = 0.5;
  CHECK(refusal(bad, o) == "row 7: label 0.5 is not 0 or 1 (objective binary)");
  bad.labels.assign(100, 1.0);
  CHECK(refusal(bad, o) == "labels: all rows are labelled 1; a binary model needs rows of both classes");
  TrainOptions squared = o;
  squared.objective = "regression";
  bad.labels[9] = std::numeric_limits<double>::infinity();
  CHECK(refusal(bad, squared) == "row 9: label inf is not a finite number (objective regression)");
  bad.labels.pop_back();
  CHECK(refusal(bad, squared) == "labels: 99 values for 100 rows");
  std::vector<double> weights(100, 1.0);
  weights[3] = -1.0;
  CHECK(refusal(t, o, weights) == "row 3: weight -1 is not a finite number >= 0");
  CHECK(refusal(t, o, std::vector<double>(100, 0.0)) == "weights: all are 0; at least one row must count");
  CHECK(refusal(t, o, {}, std::vector<double>(100, kMissing)) == "row 0: init margin nan is not a finite number");
  SmallTable none = t;
  none.rows = 0;
  CHECK(refusal(none, o) == "table: has no rows; at least one is needed");
  for (std::size_t i = 0; i < 100; ++i) weights[i] = t.labels[i];
  CHECK(refusal(t, o, weights) == "labels: all rows are labelled 1; a binary model needs rows of both classes");
  SmallTable huge = small_table(100, 3, 1, false);
  huge.labels[0] = 1e308;
  huge.labels[1] = -1e308;
  CHECK(refusal(huge, squared).find("must be finite (scale the labels or weights down)") != std::string::npos);
}

TEST_CASE("validation sets and groups that do not fit the table are refused, each by its name") {
  const SmallTable t = small_table(100, 3, 1);
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, {}, serial);
  const auto refused = [&](const ValidData& valid, std::vector<std::uint64_t> groups = {}) {
    try {
      (void)train({.bins = bins, .labels = t.labels, .groups = groups}, {&valid, 1}, quick(), serial);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  const ValidData good{.name = "held", .features = t.view(), .labels = t.labels};
  CHECK(refused(good) == "accepted");
  const SmallTable wider = small_table(50, 4, 1);
  ValidData bad = good;
  bad.features = wider.view();
  CHECK(refused(bad) == "validation set \"held\": 4 columns; training has 3");
  bad = good;
  bad.labels = std::span(t.labels).first(99);
  CHECK(refused(bad) == "validation set \"held\": labels: 99 values for 100 rows");
  std::vector<double> labels = t.labels;
  labels[5] = 2.0;
  bad.labels = labels;
  CHECK(refused(bad) == "validation set \"held\", row 5: label 2 is not 0 or 1 (objective binary)");
  labels[5] = kMissing;
  CHECK(refused(bad) == "validation set \"held\", row 5: label nan is not 0 or 1 (objective binary)");
  bad = good;
  const std::vector<double> none(100, 0.0);
  bad.weights = none;
  CHECK(refused(bad) == "weights: all are 0; at least one row must count");
  bad = good;
  bad.features = t.view().rows_from(0, 0);
  bad.labels = {};
  CHECK(refused(bad) == "validation set \"held\": has no rows; leave it out instead");
  CHECK(refused(good, {1, 2, 3}) == "groups: 3 values for 100 rows");
}

TEST_CASE("one row trains to its label, or is one class; a table binned for validation is refused") {
  const SmallTable t = small_table(1, 3, 1, false);
  TrainOptions o = quick();
  CHECK(refusal(t, o).find("is not 0 or 1") != std::string::npos);
  SmallTable one = t;
  one.labels = {1.0};
  CHECK(refusal(one, o) == "labels: all rows are labelled 1; a binary model needs rows of both classes");
  o.objective = "regression";
  const Model model = learn(t, o).result.model;
  CHECK(model.trees.empty());
  CHECK(model.base_margin[0] == doctest::Approx(t.labels[0]).epsilon(1e-9));
  SerialExecutor serial;
  const Binned bins = bin_like(make_cuts(t.view(), t.features, {}, serial), t.view(), serial);
  CHECK_THROWS_WITH(static_cast<void>(train({.bins = bins, .labels = t.labels}, {}, o, serial)),
                    "training rows: were binned with bin_like(), for validation; use bin_matrix()");
}

TEST_CASE("constant features, infinities and tables without a good split train to what can be learned") {
  SmallTable t = small_table(200, 3, 9);
  for (std::size_t i = 0; i < t.rows; ++i) {
    t.values[i * 3 + 1] = 4.0;
    if (i % 10 == 0) t.values[i * 3] = i % 20 == 0 ? HUGE_VAL : -HUGE_VAL;
    if (i % 17 == 0) t.values[i * 3] = 1e308;
  }
  const Model model = learn(t, quick()).result.model;
  CHECK(model.trees.size() == 5);
  for (const Tree& tree : model.trees) {
    for (const Node& node : tree.nodes) CHECK(node.feature != 1);
  }
  SmallTable flat = t;
  for (double& x : flat.values) x = 1.0;
  for (auto& feature : flat.features) feature = Feature{"x"};
  const TrainResult nothing = learn(flat, quick()).result;
  CHECK(nothing.model.trees.empty());
  CHECK(nothing.best_iteration == 0);
  double positives = 0;
  for (const double y : flat.labels) positives += y;
  CHECK(exact::sigmoid(margin(nothing.model, flat.row(0))) == doctest::Approx(positives / 200).epsilon(1e-9));
}

TEST_CASE("missing values alone can carry a split, and take the learned side") {
  SmallTable t;
  t.rows = 200;
  t.cols = 1;
  t.features = {{"x"}};
  for (std::size_t i = 0; i < t.rows; ++i) {
    t.values.push_back(i % 4 == 0 ? kMissing : 1.0);
    t.labels.push_back(i % 4 == 0 && i % 12 != 0 ? 1.0 : 0.0);
  }
  const Model model = learn(t, quick(1)).result.model;
  REQUIRE(model.trees[0].nodes.size() == 1);
  const Node& node = model.trees[0].nodes[0];
  const double missing = kMissing, value = 1.0;
  CHECK(margin(model, {&missing, 1}) > margin(model, {&value, 1}));
  CHECK(node.threshold == std::numeric_limits<double>::infinity());
  CHECK_FALSE(node.default_left);
  CHECK(node.count == 200.0);
}

TEST_CASE("importance comes from the gains of nodes: a feature that labels ignore gets little") {
  SmallTable t = small_table(2000, 6, 4);  // column 5 is noise
  const auto importances = importance(learn(t, quick(10)).result.model);
  CHECK(importances[0].gain > 20.0 * importances[5].gain);
}

TEST_CASE("sampling of rows and features depends on the seed alone") {
  const SmallTable t = small_table(800, 8, 4);
  TrainOptions o = quick(6);
  o.bagging_fraction = 0.5;
  o.bagging_freq = 2;
  o.feature_fraction = 0.4;
  const Model a = learn(t, o).result.model;
  CHECK(a == learn(t, o).result.model);
  TrainOptions other = o;
  other.seed = 7;
  CHECK(a.trees != learn(t, other).result.model.trees);
  for (const Tree& tree : a.trees) {
    std::vector<bool> used(8);
    for (const Node& node : tree.nodes) used[static_cast<std::size_t>(node.feature)] = true;
    CHECK(std::count(used.begin(), used.end(), true) <= 3);
    CHECK(tree.nodes[0].count < 500.0);
    CHECK(tree.nodes[0].count > 300.0);
  }
}

}  // namespace train_test
