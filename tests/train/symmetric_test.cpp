#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <riskflag/model/file.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/model/walk.hpp>

#include "small_table.hpp"

using namespace riskflag;

namespace symmetric_test {
namespace {

TrainOptions symmetric() {
  TrainOptions o;
  o.num_iterations = 6;
  o.grow_policy = "symmetric";
  o.num_leaves = 16;
  o.max_bin = 15;
  o.min_data_in_leaf = 12;
  return o;
}

Model learn(const SmallTable& t, const TrainOptions& o, const std::vector<double>& weights = {}, unsigned threads = 1) {
  Pool pool(threads);
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), pool);
  return train({.bins = bins, .labels = t.labels, .weights = weights}, {}, o, pool).model;
}

std::size_t depth_of(const Tree& tree) {
  std::size_t depth = 0;
  while ((std::size_t{1} << depth) < tree.leaves.size()) ++depth;
  return depth;
}

/// A set of rows with one value, grown the slow way: gradients in double, from raw rows.
struct Group {
  std::vector<std::size_t> rows;
  double g = 0, h = 0;
};
struct Slow {
  const SmallTable& t;
  const TrainOptions& o;
  std::vector<double> g, h;
  std::vector<Group> groups{};

  [[nodiscard]] Group sums(std::vector<std::size_t> rows) const {
    Group out;
    for (const std::size_t i : rows) {
      out.g += g[i];
      out.h += h[i];
    }
    out.rows = std::move(rows);
    return out;
  }
  /// The sides of a group under a question; both empty where it stays whole.
  template <class GoesLeft>
  [[nodiscard]] std::pair<Group, Group> sides(const Group& group, GoesLeft goes_left) const {
    std::vector<std::size_t> left, right;
    for (const std::size_t i : group.rows) (goes_left(i) ? left : right).push_back(i);
    const auto least = static_cast<std::size_t>(std::max(1, o.min_data_in_leaf));
    if (left.size() < least || right.size() < least) return {};
    std::pair<Group, Group> out{sums(std::move(left)), sums(std::move(right))};
    if (out.first.h < o.min_sum_hessian_in_leaf || out.second.h < o.min_sum_hessian_in_leaf) return {};
    if (score(out.first) + score(out.second) <= score(group)) return {};
    return out;
  }
  [[nodiscard]] double score(const Group& group) const { return group.g * group.g / (group.h + o.lambda_l2); }
  template <class GoesLeft>
  [[nodiscard]] double gain(GoesLeft goes_left) const {
    double sum = 0;
    for (const Group& group : groups) {
      const auto [left, right] = sides(group, goes_left);
      if (!left.rows.empty()) sum += score(left) + score(right) - score(group);
    }
    return sum;
  }
};

/// The bins on the left of each question about levels: they are ordered by g / h over all rows, and taken from either
/// end.
std::vector<std::vector<bool>> level_sets(const Binned& bins, std::size_t f, const Slow& slow) {
  std::vector<std::pair<double, unsigned>> order;
  for (unsigned b = 0; b <= bins.feature(f).missing_bin(); ++b) {
    double g = 0, h = 0;
    for (std::size_t i = 0; i < bins.rows(); ++i) {
      if (bins.column(f)[i] != b) continue;
      g += slow.g[i];
      h += slow.h[i];
    }
    if (h > 0) order.emplace_back(g / h, b);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::vector<bool>> out;
  for (const bool from_end : {false, true}) {
    std::vector<bool> left(256);
    for (std::size_t k = 0; k < order.size(); ++k) {
      left[order[from_end ? order.size() - 1 - k : k].second] = true;
      out.push_back(left);
    }
  }
  return out;
}

}  // namespace

TEST_CASE(
    "invariant: all nodes of a level of a symmetric tree ask the same question, and leaves double with each level") {
  const SmallTable t = small_table(900, 6, 41);
  for (const bool extra : {false, true}) {
    TrainOptions o = symmetric();
    o.extra_trees = extra;
    o.feature_fraction_bynode = extra ? 0.5 : 1.0;
    o.bagging_freq = 2;
    o.bagging_fraction = 0.8;
    const Model model = learn(t, o, t.weights);
    REQUIRE(model.trees.size() == 6);
    bool categorical = false;
    for (const Tree& tree : model.trees) {
      const std::size_t depth = depth_of(tree);
      REQUIRE(tree.leaves.size() == std::size_t{1} << depth);
      CHECK(depth >= 2);
      CHECK(depth <= 4);
      for (std::size_t l = 0, first = 0; l < depth; first += std::size_t{1} << l, ++l) {
        const Node& wanted = tree.nodes[first];
        categorical = categorical || wanted.categorical;
        for (std::size_t k = first; k < first + (std::size_t{1} << l); ++k) {
          CHECK(tree.nodes[k].feature == wanted.feature);
          CHECK(tree.nodes[k].default_left == wanted.default_left);
          CHECK(tree.nodes[k].threshold == wanted.threshold);
          if (wanted.categorical)
            CHECK(tree.category_sets[tree.nodes[k].category_set] == tree.category_sets[wanted.category_set]);
        }
      }
    }
    CHECK((categorical || extra));
    CHECK(static_cast<bool>(parse_model(model_text(model), "m")));
  }
}

TEST_CASE("a level's question has the largest sum of gains of all cuts and levels, by sums in double over raw rows") {
  int asked_levels = 0;
  for (const std::uint64_t seed : {42U, 43U, 44U, 45U}) {
    SmallTable t = small_table(500, 6, seed);
    TrainOptions o = symmetric();
    o.lambda_l2 = 0.5;
    o.max_cat_to_onehot = 30;  // all prefixes of the levels' order are asked
    o.cat_smooth = 0.0;
    if (seed == 42) {  // cuts alone
      for (const std::size_t f : {2U, 4U}) {
        t.features[f].type = FeatureType::numeric;
        t.features[f].levels.clear();
      }
    }
    SerialExecutor serial;
    const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
    const Model model = train({.bins = bins, .labels = t.labels}, {}, o, serial).model;
    std::vector<double> scores(t.rows, model.base_margin[0]);
    for (const Tree& tree : model.trees) {
      Slow slow{t, o, {}, {}};
      for (std::size_t i = 0; i < t.rows; ++i) {
        const double p = 1.0 / (1.0 + std::exp(-scores[i]));
        slow.g.push_back(p - t.labels[i]);
        slow.h.push_back(p * (1.0 - p));
      }
      std::vector<std::size_t> all(t.rows);
      for (std::size_t i = 0; i < t.rows; ++i) all[i] = i;
      slow.groups = {slow.sums(all)};
      for (std::size_t l = 0, node = 0; l < depth_of(tree); node += std::size_t{1} << l, ++l) {
        double best = 0;
        for (std::size_t f = 0; f < t.cols; ++f) {
          if (t.features[f].type == FeatureType::categorical) {
            for (const auto& left : level_sets(bins, f, slow))
              best = std::max(best, slow.gain([&](std::size_t i) { return left[bins.column(f)[i]]; }));
            continue;
          }
          for (unsigned b = 0; b < bins.feature(f).value_bins; ++b) {
            for (const bool missing_left : {false, true}) {
              best = std::max(best, slow.gain([&](std::size_t i) {
                const std::uint8_t bin = bins.column(f)[i];
                return bin == bins.feature(f).missing_bin() ? missing_left : bin <= b;
              }));
            }
          }
        }
        const Node& asked = tree.nodes[node];
        asked_levels += asked.categorical ? 1 : 0;
        const auto goes = [&](std::size_t i) {
          return goes_left(tree, asked, t.row(i)[static_cast<std::size_t>(asked.feature)]);
        };
        CHECK(slow.gain(goes) > best * (1 - 1e-4));
        double gains = 0;
        for (std::size_t k = node; k < node + (std::size_t{1} << l); ++k) gains += tree.nodes[k].gain;
        CHECK(gains == doctest::Approx(slow.gain(goes)).epsilon(1e-3));
        std::vector<Group> next;
        for (const Group& group : slow.groups) {
          auto [left, right] = slow.sides(group, goes);
          if (left.rows.empty()) {
            next.push_back(group);
          } else {
            next.push_back(std::move(left));
            next.push_back(std::move(right));
          }
        }
        slow.groups = std::move(next);
      }
      // Rows of a group have one value, which comes from all of them.
      std::size_t rows = 0;
      for (const Group& group : slow.groups) {
        rows += group.rows.size();
        const double want = -group.g / (group.h + o.lambda_l2) * o.learning_rate;
        for (const std::size_t i : group.rows) CHECK(std::abs(tree.leaves[leaf_of(tree, t.row(i))] - want) < 1e-8);
      }
      CHECK(rows == t.rows);
      for (std::size_t i = 0; i < t.rows; ++i) scores[i] += tree.leaves[leaf_of(tree, t.row(i))];
    }
  }
  CHECK(asked_levels > 3);
}

TEST_CASE(
    "invariant: a symmetric tree is the same for any number of threads, and its counts are rows that walk there") {
  const SmallTable t = small_table(1500, 8, 45);
  TrainOptions o = symmetric();
  o.num_leaves = 64;
  o.min_data_in_leaf = 30;
  const Model one = learn(t, o, {}, 1), three = learn(t, o, {}, 3);
  CHECK(model_text(one) == model_text(three));
  for (const Tree& tree : one.trees) {
    std::vector<double> counts(tree.leaves.size());
    std::map<double, double> by_value;
    for (std::size_t i = 0; i < t.rows; ++i) {
      ++counts[leaf_of(tree, t.row(i))];
      ++by_value[tree.leaves[leaf_of(tree, t.row(i))]];
    }
    CHECK(counts == tree.leaf_counts);
    for (const auto& [value, rows] : by_value) CHECK(rows >= 30);
  }
}

TEST_CASE("symmetric trees keep monotone constraints, renewed leaves, and the bounds of max_delta_step") {
  const SmallTable t = small_table(800, 6, 46);
  TrainOptions o = symmetric();
  o.num_iterations = 20;
  o.monotone_constraints = {1, -1, 0, 1, 0, -1};
  o.max_delta_step = 0.4;
  const Model model = learn(t, o);
  for (std::size_t f = 0; f < 6; ++f)
    CHECK_FALSE(find_monotone_violation(model, static_cast<std::int32_t>(f), o.monotone_constraints[f]));
  for (const Tree& tree : model.trees) {
    for (const double leaf : tree.leaves) CHECK(std::abs(leaf) <= 0.4 * 0.1 + 1e-9);
  }
  const SmallTable numbers = small_table(800, 6, 47, false);
  TrainOptions absolute = symmetric();
  absolute.objective = "regression_l1";
  const Model medians = learn(numbers, absolute);
  double before = 0, after = 0;
  for (std::size_t i = 0; i < numbers.rows; ++i) {
    before += std::abs(numbers.labels[i] - medians.base_margin[0]);
    after += std::abs(numbers.labels[i] - margin(medians, numbers.row(i)));
  }
  CHECK(after < 0.9 * before);
  TrainOptions wrong = symmetric();
  wrong.num_leaves = 2048;
  CHECK_THROWS_WITH(validate(wrong), doctest::Contains("as grow_policy symmetric needs"));
}

}  // namespace symmetric_test
