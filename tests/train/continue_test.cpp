#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/train/cut.hpp>

#include "small_table.hpp"

using namespace riskflag;

namespace continue_test {
namespace {

TrainOptions quick() {
  TrainOptions o;
  o.num_iterations = 12;
  o.num_leaves = 8;
  o.max_bin = 31;
  o.min_data_in_leaf = 5;
  return o;
}

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("invariant: training that goes on from a cut model gives the file of training that never stopped") {
  const SmallTable t = small_table(700, 6, 21), held = small_table(200, 6, 22);
  SerialExecutor serial;
  TrainOptions sampled = quick();
  sampled.bagging_freq = 5;  // round 8 lies within a draw
  sampled.bagging_fraction = 0.7;
  sampled.feature_fraction = 0.6;
  sampled.extra_trees = true;
  TrainOptions absolute = quick();
  absolute.objective = "regression_l1";
  for (const TrainOptions& o : {quick(), sampled, absolute}) {
    CAPTURE(o.objective);
    const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
    const ValidData valid{.features = held.view(), .labels = held.labels};
    const TrainData data{.bins = bins, .labels = t.labels, .weights = t.weights};
    const Model whole = train(data, std::span(&valid, 1), o, serial).model;
    REQUIRE(whole.trees.size() == 12);
    const Model first = cut_at(whole, 7);
    TrainOptions rest = o;
    rest.num_iterations = 5;
    TrainData more = data;
    more.start = &first;
    more.features = t.view();
    Pool pool(3);
    const TrainResult got = train(more, std::span(&valid, 1), rest, pool);
    CHECK(got.model == whole);
    CHECK(got.best_iteration == 12);
  }
}

TEST_CASE("init margins come on top of the model that training goes on from") {
  const SmallTable t = small_table(300, 4, 23);
  SerialExecutor serial;
  TrainOptions o = quick();
  o.num_iterations = 3;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const Model first = train({.bins = bins, .labels = t.labels}, {}, o, serial).model;
  std::vector<double> both;
  for (std::size_t i = 0; i < t.rows; ++i)
    both.push_back(margin(first, t.row(i)) + std::floor(t.margins[i] / first.leaf_grid + 0.5) * first.leaf_grid);
  // The same gradients in the same rounds: only the draws of rounds 1 to 3 differ, and rounding is by round.
  TrainData more{.bins = bins, .labels = t.labels, .init_margins = t.margins, .start = &first, .features = t.view()};
  const Model got = train(more, {}, o, serial).model;
  const Model alone = train({.bins = bins, .labels = t.labels, .init_margins = both}, {}, o, serial).model;
  REQUIRE(got.trees.size() == 6);
  for (std::size_t k = 0; k < alone.trees[0].leaves.size(); ++k)
    CHECK(got.trees[3].leaves[k] == doctest::Approx(alone.trees[0].leaves[k]).epsilon(1e-9));
}

TEST_CASE("history counts its rows from the first round, watched or not, and is cut with the trees") {
  const SmallTable t = small_table(300, 4, 25), held = small_table(100, 4, 26);
  SerialExecutor serial;
  TrainOptions o = quick();
  o.num_iterations = 3;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const Model unwatched = train({.bins = bins, .labels = t.labels}, {}, o, serial).model;
  const ValidData valid{.features = held.view(), .labels = held.labels};
  o.num_iterations = 4;
  const TrainData more{.bins = bins, .labels = t.labels, .start = &unwatched, .features = t.view()};
  const Model got = train(more, std::span(&valid, 1), o, serial).model;
  REQUIRE(got.history.values.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) CHECK(is_missing(got.history.values[i][0]) == (i < 3));
  const Model cut = cut_at(got, 4);
  REQUIRE(cut.history.values.size() == 4);
  CHECK(cut.history.values[3][0] == got.history.values[3][0]);
  CHECK(static_cast<bool>(parse_model(model_text(got), "m")));
}

TEST_CASE("early stopping of a training that goes on counts from where it went on") {
  const SmallTable t = small_table(250, 6, 32), held = small_table(150, 6, 33);
  SerialExecutor serial;
  TrainOptions o = quick();
  o.learning_rate = 0.4;
  o.num_iterations = 4;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const ValidData valid{.features = held.view(), .labels = held.labels};
  const Model first = train({.bins = bins, .labels = t.labels}, std::span(&valid, 1), o, serial).model;
  REQUIRE(first.trees.size() == 4);
  o.num_iterations = 200;
  o.early_stopping_round = 3;
  const TrainData more{.bins = bins, .labels = t.labels, .start = &first, .features = t.view()};
  const TrainResult got = train(more, std::span(&valid, 1), o, serial);
  CHECK(got.stopped_early);
  const auto& values = got.model.history.values;
  REQUIRE(values.size() == static_cast<std::size_t>(got.best_iteration) + 3);
  CHECK(got.best_iteration > 4);
  // The best of the new rounds, even where an old one was better.
  for (std::size_t i = 4; i < values.size(); ++i)
    CHECK(values[static_cast<std::size_t>(got.best_iteration) - 1][0] <= values[i][0]);
  CHECK(got.model.trees.size() == static_cast<std::size_t>(got.best_iteration));
  CHECK(got.model.best_iteration == got.best_iteration);
  for (std::size_t i = 0; i < 4; ++i) CHECK(got.model.trees[i] == first.trees[i]);
}

TEST_CASE("a model that training goes on from has paid for the features that it asks") {
  const SmallTable t = small_table(400, 6, 34);
  SerialExecutor serial;
  TrainOptions o = quick();
  o.num_iterations = 6;
  o.cegb_penalty_feature_coupled = {2, 2, 2, 2, 2, 2};
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const Model whole = train({.bins = bins, .labels = t.labels}, {}, o, serial).model;
  const Model first = cut_at(whole, 2);
  o.num_iterations = 4;
  const TrainData more{.bins = bins, .labels = t.labels, .start = &first, .features = t.view()};
  CHECK(train(more, {}, o, serial).model == whole);
  o.cegb_penalty_feature_lazy = {1, 1, 1, 1, 1, 1};
  CHECK(refusal([&] { (void)train(more, {}, o, serial); }).find("cannot go on from it with this option") !=
        std::string::npos);
}

TEST_CASE("a model that does not fit is not gone on from, with what differs") {
  const SmallTable t = small_table(300, 4, 24);
  SerialExecutor serial;
  TrainOptions o = quick();
  o.num_iterations = 2;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const Model good = train({.bins = bins, .labels = t.labels}, {}, o, serial).model;
  const auto go_on = [&](const Model& from, MatrixView<double> rows, const TrainOptions& options) {
    return refusal([&] {
      (void)train({.bins = bins, .labels = t.labels, .start = &from, .features = rows}, {}, options, serial);
    });
  };
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  CHECK(go_on(good, t.view(), o) == "accepted");
  has(go_on(good, {}, o), "features to go on with");
  Model other = good;
  other.features[1].name = "else";
  has(go_on(other, t.view(), o), "\"else\" is \"f1\" in the table");
  other = good;
  other.objective.name = "regression";
  has(go_on(other, t.view(), o), "its objective is \"regression\"");
  other = good;
  other.leaf_grid = 0.0;
  has(go_on(other, t.view(), o), "lie on no grid");
  other.trees[1].linear.assign(other.trees[1].leaves.size(), {0.0, {0}, {1.0}});
  has(go_on(other, t.view(), o), "tree 1: its leaves are linear, and only constants can be replaced or added to");
  TrainOptions against = o;  // labels rise with f0: what was learned freely falls nowhere for long
  against.monotone_constraints = {-1, 0, 0, 0};
  has(go_on(good, t.view(), against), "breaks the monotone constraint of \"f0\" already");
}

TEST_CASE("cut_at keeps the first rounds and refuses rounds that are not there") {
  const SmallTable t = small_table(300, 4, 25);
  SerialExecutor serial;
  const Model whole = train(t.view(), t.features, t.labels, quick(), serial).model;
  const Model cut = cut_at(whole, 4);
  CHECK(cut.trees == std::vector<Tree>(whole.trees.begin(), whole.trees.begin() + 4));
  CHECK(cut.best_iteration == 4);
  CHECK(cut_at(whole, 12) == whole);
  CHECK(refusal([&] { (void)cut_at(whole, 0); }).find("accepted: 1 to 12") != std::string::npos);
  CHECK(refusal([&] { (void)cut_at(whole, 13); }).find("accepted: 1 to 12") != std::string::npos);
}

namespace {

/// Leaves refitted the slow way: sums in double, row after row.
std::vector<std::vector<double>> refit_slowly(const Model& model, const SmallTable& t,
                                              const std::vector<double>& weights, const TrainOptions& o, double decay) {
  std::vector<double> scores(t.rows, model.base_margin[0]);
  std::vector<std::vector<double>> out;
  for (const Tree& tree : model.trees) {
    std::vector<double> g(tree.leaves.size()), h(tree.leaves.size()), leaves = tree.leaves;
    for (std::size_t i = 0; i < t.rows; ++i) {
      const std::size_t k = leaf_of(tree, t.row(i));
      const double p = 1.0 / (1.0 + std::exp(-scores[i])), w = weights.empty() ? 1.0 : weights[i];
      g[k] += w * (p - t.labels[i]);
      h[k] += w * p * (1.0 - p);
    }
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const double rest = std::max(0.0, std::abs(g[k]) - o.lambda_l1);
      const double now = -std::copysign(rest, g[k]) / (h[k] + o.lambda_l2) * o.learning_rate;
      if (h[k] > 0.0) leaves[k] = decay * leaves[k] + (1.0 - decay) * now;
    }
    for (std::size_t i = 0; i < t.rows; ++i) scores[i] += leaves[leaf_of(tree, t.row(i))];
    out.push_back(leaves);
  }
  return out;
}

}  // namespace

TEST_CASE("refit gives the leaves of sums in double over the new rows, and their counts") {
  const SmallTable old_rows = small_table(600, 6, 26), new_rows = small_table(250, 6, 27);
  Pool pool(2);
  TrainOptions o = quick();
  o.lambda_l1 = 0.3;
  o.lambda_l2 = 0.7;
  const Model model = train(old_rows.view(), old_rows.features, old_rows.labels, o, pool).model;
  for (const std::vector<double>& weights : {std::vector<double>{}, new_rows.weights}) {
    for (const double decay : {0.0, 0.9, 1.0}) {
      CAPTURE(decay);
      const Model got = refit(model, new_rows.view(), new_rows.labels, weights, o, decay, pool);
      const auto want = refit_slowly(model, new_rows, weights, o, decay);
      for (std::size_t t = 0; t < want.size(); ++t) {
        double count = 0;
        for (std::size_t k = 0; k < want[t].size(); ++k) {
          CHECK(std::abs(got.trees[t].leaves[k] - want[t][k]) < 1e-9);
          if (decay == 1.0) CHECK(got.trees[t].leaves[k] == model.trees[t].leaves[k]);
          count += got.trees[t].leaf_counts[k];
        }
        CHECK(count == doctest::Approx(got.trees[t].nodes[0].count));
        if (weights.empty()) CHECK(count == 250);
      }
      CHECK(static_cast<bool>(parse_model(model_text(got), "m")));
    }
  }
}

TEST_CASE("refit weighs classes as training does") {
  const SmallTable old_rows = small_table(400, 5, 30), new_rows = small_table(200, 5, 31);
  SerialExecutor serial;
  TrainOptions o = quick();
  const Model model = train(old_rows.view(), old_rows.features, old_rows.labels, o, serial).model;
  std::vector<double> weights = new_rows.weights;
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= new_rows.labels[i] != 0 ? 4.0 : 1.0;
  const Model by_hand = refit(model, new_rows.view(), new_rows.labels, weights, o, 0.5, serial);
  o.scale_pos_weight = 4.0;
  const Model got = refit(model, new_rows.view(), new_rows.labels, new_rows.weights, o, 0.5, serial);
  CHECK(got.trees == by_hand.trees);
  CHECK(got.trees != model.trees);
  o.monotone_constraints = {1, 0};
  CHECK(refusal([&] {
          (void)refit(model, new_rows.view(), new_rows.labels, {}, o, 0.5, serial);
        }).find("2 numbers for 5 features") != std::string::npos);
}

TEST_CASE("refit of an L1 model gives medians of what is left; broken promises and bad rates are refused") {
  const SmallTable t = small_table(400, 6, 28, false), later = small_table(150, 6, 29, false);
  SerialExecutor serial;
  TrainOptions o = quick();
  o.objective = "regression_l1";
  o.num_iterations = 1;
  o.learning_rate = 1.0;
  const Model model = train(t.view(), t.features, t.labels, o, serial).model;
  const Model got = refit(model, later.view(), later.labels, {}, o, 0.0, serial);
  for (std::size_t k = 0; k < got.trees[0].leaves.size(); ++k) {
    double below = 0, rows = 0;
    for (std::size_t i = 0; i < later.rows; ++i) {
      if (leaf_of(got.trees[0], later.row(i)) != k) continue;
      ++rows;
      below += later.labels[i] - got.base_margin[0] < got.trees[0].leaves[k] ? 1 : 0;
    }
    CHECK(std::abs(below - rows / 2) <= 1);
  }
  CHECK(refusal([&] { (void)refit(model, later.view(), later.labels, {}, o, 1.5, serial); }).find("not in [0, 1]") !=
        std::string::npos);
  o.monotone_constraints = {-1, 0, 0, 0, 0, 0};
  CHECK(refusal([&] { (void)refit(model, later.view(), later.labels, {}, o, 0.0, serial); }).find("raise decay_rate") !=
        std::string::npos);
}

}  // namespace continue_test
