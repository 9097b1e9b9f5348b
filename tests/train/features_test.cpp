#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/model/walk.hpp>

#include "small_table.hpp"

using namespace riskflag;

namespace {

TrainResult learn(const SmallTable& t, const TrainOptions& o, std::vector<double> weights = {}) {
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  return train({.bins = bins, .labels = t.labels, .weights = weights}, {}, o, serial);
}

std::string refusal(const SmallTable& t, const TrainOptions& o) {
  try {
    (void)learn(t, o);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::invalid_option);
    return e.what();
  }
  return "accepted";
}

TrainOptions quick() {
  TrainOptions o;
  o.num_iterations = 10;
  o.num_leaves = 16;
  o.max_bin = 63;
  o.min_data_in_leaf = 5;
  return o;
}

}  // namespace

TEST_CASE("is_unbalance is the weight that it stands for, and says what it does to probabilities") {
  const SmallTable t = small_table(500, 6, 3);
  double positives = 0;
  for (const double y : t.labels) positives += y;
  const double negatives = 500 - positives;
  REQUIRE(positives != negatives);
  std::vector<double> weights;
  for (const double y : t.labels)
    weights.push_back((y != 0) == (positives < negatives) ? std::max(negatives / positives, positives / negatives)
                                                          : 1.0);
  TrainOptions o = quick();
  const TrainResult by_hand = learn(t, o, weights);
  o.is_unbalance = true;
  const TrainResult got = learn(t, o);
  CHECK(got.model.trees == by_hand.model.trees);
  CHECK(got.model.base_margin == by_hand.model.base_margin);
  CHECK(std::abs(got.model.base_margin[0]) < 1e-9);  // both classes weigh the same
  REQUIRE(got.warnings.size() == 1);
  CHECK(got.warnings[0].starts_with("is_unbalance moves probabilities: the observed rate is 0."));
  CHECK(got.warnings[0].find("what is learned averages 0.5;") != std::string::npos);
  CHECK(by_hand.warnings.empty());
}

TEST_CASE("scale_pos_weight warns with both rates") {
  const SmallTable t = small_table(400, 4, 5);
  double positives = 0;
  for (const double y : t.labels) positives += y;
  TrainOptions o = quick();
  o.scale_pos_weight = 3.0;
  const TrainResult got = learn(t, o);
  REQUIRE(got.warnings.size() == 1);
  const auto rate = [](double x) { return number_text(std::floor(x * 1e4 + 0.5) / 1e4); };
  CHECK(got.warnings[0].find("observed rate is " + rate(positives / 400)) != std::string::npos);
  CHECK(got.warnings[0].find("averages " + rate(3 * positives / (400 + 2 * positives))) != std::string::npos);
}

TEST_CASE("fractions by class draw each class at its own rate") {
  const SmallTable t = small_table(4000, 3, 8);
  TrainOptions o;
  o.bagging_freq = 1;
  o.pos_bagging_fraction = 0.9;
  o.neg_bagging_fraction = 0.2;
  detail::Sampling sampling(o, t.labels, t.rows, t.cols);
  sampling.leave_out_zero_weights({});
  sampling.draw(1);
  double drawn[2] = {0, 0}, all[2] = {0, 0};
  for (const double y : t.labels) all[y != 0 ? 1 : 0] += 1;
  for (const std::uint32_t row : sampling.rows()) drawn[t.labels[row] != 0 ? 1 : 0] += 1;
  CHECK(std::abs(drawn[1] / all[1] - 0.9) < 4 * std::sqrt(0.09 / all[1]));
  CHECK(std::abs(drawn[0] / all[0] - 0.2) < 4 * std::sqrt(0.16 / all[0]));
}

TEST_CASE("zero_as_missing: zeros take the side of missing values, in training and in the slow scorer") {
  SmallTable t = small_table(600, 4, 9);
  TrainOptions o = quick();
  o.zero_as_missing = true;
  const Model model = learn(t, o).model;
  SmallTable as_missing = t;
  for (std::size_t i = 0; i < t.rows; ++i) {
    for (std::size_t j = 0; j < t.cols; ++j) {
      double& x = as_missing.values[i * t.cols + j];
      if (t.features[j].type == FeatureType::numeric && x == 0.0) x = kMissing;
    }
  }
  TrainOptions plain = o;
  plain.zero_as_missing = false;
  const Model want = learn(as_missing, plain).model;
  REQUIRE(model.trees.size() == want.trees.size());
  bool any = false;
  for (std::size_t i = 0; i < t.rows; ++i) {
    CHECK(margin(model, t.row(i)) == margin(want, as_missing.row(i)));
    CHECK(margin(model, as_missing.row(i)) == margin(model, t.row(i)));
    any = any || margin(want, t.row(i)) != margin(want, as_missing.row(i));
  }
  CHECK(any);  // the option matters on this table
}

TEST_CASE("max_bin_by_feature gives each feature its own number of bins") {
  const SmallTable t = small_table(500, 2, 4);
  SerialExecutor serial;
  TrainOptions o;
  o.max_bin_by_feature = {7, 2};
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  CHECK(bins.feature(0).value_bins == 7);
  CHECK(bins.feature(1).value_bins == 2);
  o.max_bin_by_feature = {7};
  CHECK(refusal(t, o) == "max_bin_by_feature: 1 numbers for 2 features");
}

TEST_CASE(
    "extra_trees, feature_fraction_bynode: other trees, a worse fit to the training rows, the same for any seed") {
  const SmallTable t = small_table(800, 6, 12);
  const auto loss = [&](const Model& model) {
    double sum = 0;
    for (std::size_t i = 0; i < t.rows; ++i)
      sum += std::log1p(std::exp((t.labels[i] != 0 ? -1 : 1) * margin(model, t.row(i))));
    return sum;
  };
  const TrainOptions o = quick();
  TrainOptions random_cuts = o, by_node = o;
  random_cuts.extra_trees = true;
  by_node.feature_fraction_bynode = 0.34;
  const double best = loss(learn(t, o).model);
  CHECK(loss(learn(t, random_cuts).model) > best);
  CHECK(loss(learn(t, by_node).model) > best);
  TrainOptions other = random_cuts;
  other.seed = 1;
  CHECK(learn(t, other).model.trees != learn(t, random_cuts).model.trees);
}

TEST_CASE("feature_contri and cegb_penalty_split make features and splits dearer") {
  const SmallTable t = small_table(500, 6, 12);
  TrainOptions o = quick();
  const Model free = learn(t, o).model;
  o.feature_contri = {1, 1, 1, 1, 1, 1};
  CHECK(learn(t, o).model.trees == free.trees);
  o.feature_contri = {0, 1, 1, 1, 1, 1};  // f0 decides most of the labels
  for (const Tree& tree : learn(t, o).model.trees) {
    for (const Node& node : tree.nodes) CHECK(node.feature != 0);
  }
  o.feature_contri = {};
  o.cegb_penalty_split = 0.06;
  o.cegb_tradeoff = 0.5;
  const Model dear = learn(t, o).model;
  std::size_t splits[2] = {0, 0};
  for (const Tree& tree : free.trees) splits[0] += tree.nodes.size();
  for (const Tree& tree : dear.trees) {
    splits[1] += tree.nodes.size();
    for (const Node& node : tree.nodes) CHECK(node.gain > 0.0);
  }
  CHECK(splits[1] > 0);
  CHECK(splits[1] < splits[0]);
  // The root of the first tree is the same question, and its gain is less by 0.03 for each of its 500 rows.
  CHECK(dear.trees[0].nodes[0].threshold == free.trees[0].nodes[0].threshold);
  CHECK(dear.trees[0].nodes[0].gain == doctest::Approx(free.trees[0].nodes[0].gain - 15.0).epsilon(1e-9));
  o.feature_contri = {1, 1};
  CHECK(refusal(t, o).find("2 numbers for 6 features") != std::string::npos);
}

TEST_CASE("intermediate keeps monotone constraints over all pairs of leaves, and fits closer than basic") {
  double loss[2] = {0.0, 0.0};
  for (const std::uint64_t seed : {21U, 22U, 23U}) {
    const SmallTable t = small_table(1500, 8, seed);
    TrainOptions o = quick();
    o.num_iterations = 20;
    o.num_leaves = 31;
    o.monotone_constraints = {1, 1, 0, -1, 0, 1, 1, -1};
    std::vector<Tree> basic;
    for (const bool intermediate : {false, true}) {
      o.monotone_constraints_method = intermediate ? "intermediate" : "basic";
      const Model model = learn(t, o).model;
      for (std::size_t f = 0; f < t.cols; ++f)
        CHECK_FALSE(find_monotone_violation(model, static_cast<std::int32_t>(f), o.monotone_constraints[f]));
      for (std::size_t i = 0; i < t.rows; ++i)
        loss[intermediate ? 1 : 0] += std::log1p(std::exp((t.labels[i] != 0 ? -1 : 1) * margin(model, t.row(i))));
      if (!intermediate) basic = model.trees;
      if (intermediate) CHECK(model.trees != basic);
    }
  }
  CHECK(loss[1] < loss[0]);
}

TEST_CASE(
    "by hand: basic keeps a leaf at the middle of an earlier split, intermediate lets it come near its neighbour") {
  // Rows of x = 0 say 0; those of x = 1 say 1 where z = 0 and 7 where z = 1. The first split is by x: 0 and 4,
  // middle 2.
  SmallTable t;
  t.cols = 2;
  t.features = {{"x"}, {"z"}};
  const double labels[2][2] = {{0.0, 0.0}, {1.0, 7.0}};
  for (int x = 0; x < 2; ++x) {
    for (int z = 0; z < 2; ++z) {
      for (int i = 0; i < 10; ++i) {
        t.values.insert(t.values.end(), {static_cast<double>(x), static_cast<double>(z)});
        t.labels.push_back(labels[x][z]);
      }
    }
  }
  t.rows = t.labels.size();
  TrainOptions o = quick();
  o.objective = "regression";
  o.num_iterations = 1;
  o.learning_rate = 1.0;
  o.monotone_constraints = {1, 0};
  for (const bool intermediate : {false, true}) {
    o.monotone_constraints_method = intermediate ? "intermediate" : "basic";
    const Model model = learn(t, o).model;
    const auto says = [&](double x, double z) {
      const double row[2] = {x, z};
      return margin(model, row);
    };
    CHECK(says(0, 0) == doctest::Approx(0.0).epsilon(1e-6));
    CHECK(says(0, 1) == doctest::Approx(0.0).epsilon(1e-6));
    CHECK(says(1, 0) == doctest::Approx(intermediate ? 1.0 : 2.0).epsilon(1e-6));
    CHECK(says(1, 1) == doctest::Approx(7.0).epsilon(1e-6));
  }
}

TEST_CASE("cegb_penalty_feature_coupled is paid once, _lazy once a row, by hand on the first trees") {
  const SmallTable t = small_table(500, 6, 12);
  TrainOptions o = quick();
  o.num_iterations = 3;
  const Model free = learn(t, o).model;
  const Node& first = free.trees[0].nodes[0];
  TrainOptions coupled = o;
  coupled.cegb_penalty_feature_coupled.assign(6, 4.0);
  coupled.cegb_tradeoff = 0.5;
  const Model paid = learn(t, coupled).model;
  // The root's question costs 2 where nobody asked it before; a second tree asks it for nothing.
  CHECK(paid.trees[0].nodes[0].feature == first.feature);
  CHECK(paid.trees[0].nodes[0].gain == doctest::Approx(first.gain - 2.0).epsilon(1e-9));
  TrainOptions one = coupled;
  one.num_leaves = 2;
  one.num_iterations = 2;
  TrainOptions one_free = one;
  one_free.cegb_penalty_feature_coupled = {};
  const Model twice = learn(t, one).model, twice_free = learn(t, one_free).model;
  REQUIRE(twice.trees[1].nodes[0].feature == twice.trees[0].nodes[0].feature);
  CHECK(twice.trees[1].nodes[0].gain == twice_free.trees[1].nodes[0].gain);
  // Dear features are left to those that are paid for.
  coupled.cegb_penalty_feature_coupled = {0, 1e6, 1e6, 1e6, 1e6, 1e6};
  for (const Tree& tree : learn(t, coupled).model.trees) {
    for (const Node& node : tree.nodes) CHECK(node.feature == 0);
  }
  TrainOptions lazy = one_free;
  lazy.cegb_penalty_feature_lazy.assign(6, 0.02);
  const Model by_row = learn(t, lazy).model;
  REQUIRE(by_row.trees[0].nodes[0].feature == twice_free.trees[0].nodes[0].feature);
  CHECK(by_row.trees[0].nodes[0].gain ==
        doctest::Approx(twice_free.trees[0].nodes[0].gain - 0.5 * 0.02 * 500).epsilon(1e-9));
  REQUIRE(by_row.trees[1].nodes[0].feature == by_row.trees[0].nodes[0].feature);
  CHECK(by_row.trees[1].nodes[0].gain == twice_free.trees[1].nodes[0].gain);
}

TEST_CASE("symmetric trees pay once a level for a feature that is new to the forest") {
  const SmallTable t = small_table(600, 6, 12);
  TrainOptions o = quick();
  o.grow_policy = "symmetric";
  o.num_iterations = 2;
  o.num_leaves = 2;
  const Model free = learn(t, o).model;
  o.cegb_penalty_feature_coupled = {0, 1e6, 1e6, 1e6, 1e6, 1e6};
  const Model paid = learn(t, o).model;
  for (const Tree& tree : paid.trees) {
    for (const Node& node : tree.nodes) CHECK(node.feature == 0);
  }
  CHECK(paid.trees[0].nodes[0].feature == free.trees[0].nodes[0].feature);
}

TEST_CASE("bagging_by_query draws whole groups of rows") {
  SmallTable once = small_table(150, 4, 13), t = once;
  t.rows = 450;  // every row three times: its three copies are a group
  std::vector<std::uint64_t> groups;
  t.values.clear();
  t.labels.clear();
  for (std::size_t i = 0; i < t.rows; ++i) {
    const std::size_t from = i % 150;
    t.values.insert(t.values.end(), once.row(from).begin(), once.row(from).end());
    t.labels.push_back(once.labels[from]);
    groups.push_back(1000 + from);
  }
  TrainOptions o = quick();
  o.bagging_freq = 1;
  o.bagging_fraction = 0.5;
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const auto odd_counts = [&](bool by_query) {
    o.bagging_by_query = by_query;
    std::size_t odd = 0;
    const TrainResult got = train({.bins = bins, .labels = t.labels, .groups = groups}, {}, o, serial);
    for (const Tree& tree : got.model.trees) {
      CHECK(tree.nodes[0].count > 150);
      CHECK(tree.nodes[0].count < 300);
      for (const double count : tree.leaf_counts) odd += std::fmod(count, 3.0) != 0.0 ? 1 : 0;
    }
    return odd;
  };
  CHECK(odd_counts(true) == 0);
  CHECK(odd_counts(false) > 0);
  CHECK(refusal(t, o) == "accepted");
  o.bagging_by_query = true;
  CHECK(refusal(t, o).find("there are no groups to draw") != std::string::npos);
}

TEST_CASE("limits that fit neither the table nor each other are refused") {
  const SmallTable t = small_table(100, 3, 2);
  TrainOptions o = quick();
  o.monotone_constraints = {1};
  CHECK(refusal(t, o) == "monotone_constraints: 1 numbers for 3 features");
  o.monotone_constraints = {0, 0, 1};
  CHECK(refusal(t, o).find("feature \"f2\" is categorical") != std::string::npos);
  o.monotone_constraints = {0, 2, 0};
  CHECK(refusal(t, o) == "monotone_constraints: 2 is not -1, 0 or 1");
  o = quick();
  o.interaction_constraints = {{"f0", "f11"}};
  CHECK(refusal(t, o) == "interaction_constraints: no feature is called \"f11\" (did you mean \"f1\"?)");
  o = quick();
  o.is_unbalance = true;
  o.scale_pos_weight = 2.0;
  CHECK(refusal(t, o) == "is_unbalance: and scale_pos_weight 2 both weigh classes; set one of them");
  o = quick();
  o.objective = "regression";
  o.pos_bagging_fraction = 0.5;
  CHECK(refusal(t, o).find("are for objective binary") != std::string::npos);
  o = quick();
  o.monotone_constraints_method = "advanced";
  CHECK(refusal(t, o).find("\"advanced\" is not built; \"basic\" and \"intermediate\" are") != std::string::npos);
  o.monotone_constraints_method = "intermediate";
  o.grow_policy = "symmetric";
  CHECK(refusal(t, o).find("use \"basic\" with it") != std::string::npos);
  o = quick();
  o.cegb_penalty_feature_lazy = {0.1, 0.1, 0.1};
  o.grow_policy = "symmetric";
  CHECK(refusal(t, o).find("is not built for grow_policy symmetric") != std::string::npos);
  o = quick();
  o.cegb_penalty_feature_coupled = {1.0, 2.0};
  CHECK(refusal(t, o) == "cegb_penalty_feature_coupled: 2 numbers for 3 features");
  o = quick();
  o.grow_policy = "lossguide";
  CHECK(refusal(t, o) == "grow_policy: \"lossguide\" is not \"leafwise\", \"depthwise\" or \"symmetric\"");
}

TEST_CASE("lists are read in LightGBM's form and written back") {
  TrainOptions o;
  set_option(o, "monotone_constraints", "(1, 0,-1)");
  CHECK(o.monotone_constraints == std::vector<int>{1, 0, -1});
  set_option(o, "interaction_constraints", "[a, b],[c]");
  CHECK(o.interaction_constraints == std::vector<std::vector<std::string>>{{"a", "b"}, {"c"}});
  TrainOptions back;
  for (const auto& [name, value] : recorded_options(o)) set_option(back, name, value);
  CHECK(options_list(back) == options_list(o));
  CHECK(recorded_options(o).size() == recorded_options({}).size() + 2);
  CHECK_THROWS_WITH(set_option(o, "interaction_constraints", "a,b"),
                    "interaction_constraints: \"a,b\" is not groups of features, such as [a,b],[c]");
  CHECK_THROWS_WITH(set_option(o, "monotone_constraints", "1,x"),
                    "monotone_constraints: \"1,x\" is not a list of integers, such as 1,0,-1");
}
