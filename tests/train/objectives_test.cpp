#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>

#include "small_table.hpp"

using namespace riskflag;

namespace objectives_test {
namespace {

SmallTable positive_table(std::size_t rows, std::uint64_t seed) {
  SmallTable t = small_table(rows, 6, seed, false);
  for (double& y : t.labels) y = std::exp(0.4 * y);
  return t;
}

TrainOptions quick(const std::string& objective) {
  TrainOptions o;
  o.objective = objective;
  o.num_iterations = 8;
  o.num_leaves = 8;
  o.max_bin = 31;
  return o;
}

TrainResult learn(const SmallTable& t, const TrainOptions& o, const TrainHooks& hooks = {},
                  std::vector<double> weights = {}) {
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const ValidData valid{.name = "valid", .features = t.view(), .labels = t.labels, .weights = weights};
  return train({.bins = bins, .labels = t.labels, .weights = weights}, {&valid, 1}, o, serial, hooks);
}

std::string refusal(const SmallTable& t, const TrainOptions& o, const TrainHooks& hooks = {}) {
  try {
    (void)learn(t, o, hooks);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("gradients and hessians are the derivatives of the losses that the textbooks name") {
  struct Named {
    const char* name;
    std::function<double(double margin, double y)> loss;
    bool second;  ///< h is the second derivative (elsewhere it is 1, or LightGBM's bound)
  };
  const TrainOptions o;
  const double alpha = 0.9, power = 1.5;
  const std::vector<Named> losses{
      {"cross_entropy", [](double m, double y) { return std::log1p(std::exp(m)) - y * m; }, true},
      {"regression_l1", [](double m, double y) { return std::abs(m - y); }, false},
      {"huber",
       [&](double m, double y) {
         const double d = std::abs(m - y);
         return d <= alpha ? d * d / 2 : alpha * (d - alpha / 2);
       },
       false},
      {"quantile", [&](double m, double y) { return y > m ? alpha * (y - m) : (1 - alpha) * (m - y); }, false},
      {"poisson", [](double m, double y) { return std::exp(m) - y * m; }, false},
      {"gamma", [](double m, double y) { return m + y * std::exp(-m); }, true},
      {"tweedie",
       [&](double m, double y) {
         return -y * std::exp((1 - power) * m) / (1 - power) + std::exp((2 - power) * m) / (2 - power);
       },
       true}};
  for (const Named& named : losses) {
    CAPTURE(named.name);
    TrainOptions options = o;
    options.objective = named.name;
    const auto objective = detail::make_objective(options, CpuLevel::scalar);
    for (const double margin : {-1.3, 0.2, 2.1}) {
      for (const double label : {0.35, 0.8, 1.0}) {
        CAPTURE(margin);
        CAPTURE(label);
        const double step = 1e-4, weight = 2.0;
        double g = 0, h = 0;
        objective->gradients({&margin, &label, &weight, &g, &h, 1});
        const double up = named.loss(margin + step, label), down = named.loss(margin - step, label);
        CHECK(g == doctest::Approx(weight * (up - down) / (2 * step)).epsilon(1e-5));
        const double curvature = (up - 2 * named.loss(margin, label) + down) / (step * step);
        if (named.second) CHECK(h == doctest::Approx(weight * curvature).epsilon(1e-4));
        if (std::string(named.name) == "poisson")
          CHECK(h == doctest::Approx(weight * curvature * std::exp(0.7)).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("every objective lowers its own metric on the training rows, round by round, and beats the constant") {
  for (const char* name : {"cross_entropy", "regression_l1", "huber", "quantile", "poisson", "gamma", "tweedie"}) {
    CAPTURE(name);
    SmallTable t = positive_table(600, 4);
    if (std::string(name) == "cross_entropy") {
      for (double& y : t.labels) y = y / (1 + y);
    }
    const TrainOptions o = quick(name);
    const TrainResult got = learn(t, o);
    REQUIRE(got.model.history.values.size() == 8);
    for (std::size_t i = 1; i < 8; ++i) CHECK(got.model.history.values[i][0] < got.model.history.values[i - 1][0]);
    CHECK(got.model.objective.name == name);
    std::vector<double> p(1);
    double mean = 0, label = 0;
    for (std::size_t i = 0; i < t.rows; ++i) {
      predict_row(got.model, t.row(i), p);
      mean += p[0] / 600;
      label += t.labels[i] / 600;
    }
    if (std::string(name) != "quantile") CHECK(mean == doctest::Approx(label).epsilon(0.15));
  }
}

TEST_CASE("leaves of absolute error and quantiles are exact order statistics, by hand") {
  SmallTable t;
  t.rows = 8;
  t.cols = 1;
  t.features = {{"x"}};
  t.values = {0, 0, 0, 0, 1, 1, 1, 1};
  t.labels = {1, 2, 4, 100, 7, 8, 9, 10};
  TrainOptions o;
  o.num_iterations = 1;
  o.learning_rate = 1.0;
  o.num_leaves = 2;
  o.min_data_in_leaf = 1;
  o.min_sum_hessian_in_leaf = 0.0;
  SerialExecutor serial;
  const auto leaf_values = [&](std::vector<double> weights) {
    const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
    const Model m = train({.bins = bins, .labels = t.labels, .weights = weights}, {}, o, serial).model;
    const double zero = 0, one = 1;
    return std::vector<double>{margin(m, {&zero, 1}), margin(m, {&one, 1})};
  };
  o.objective = "regression_l1";
  CHECK(leaf_values({}) == std::vector<double>{4, 9});  // ranks from the top, as LightGBM counts them
  o.objective = "quantile";
  o.alpha = 0.25;
  CHECK(leaf_values({}) == std::vector<double>{2, 8});
  CHECK(leaf_values({5, 1, 1, 1, 1, 1, 1, 1}) == std::vector<double>{1, 8});
  o.alpha = 0.6;
  CHECK(leaf_values({})[1] == doctest::Approx(10 - 0.6).epsilon(1e-9));
}

TEST_CASE("invariant: the label of a row of weight 0 changes no bit of a model") {
  SmallTable t = positive_table(700, 5);
  std::vector<double> weights(t.rows, 1.0);
  for (std::size_t i = 0; i < t.rows; i += 9) weights[i] = 0.0;
  SerialExecutor serial;
  for (const char* objective :
       {"regression", "regression_l1", "huber", "quantile", "poisson", "gamma", "tweedie", "binary"}) {
    CAPTURE(objective);
    const TrainOptions o = quick(objective);
    const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
    std::string text[2];
    for (const std::size_t huge : {0U, 1U}) {
      std::vector<double> labels = t.labels;
      if (std::string(objective) == "binary") {
        for (std::size_t i = 0; i < t.rows; ++i) labels[i] = labels[i] > 1.5 ? 1.0 : 0.0;
      }
      for (std::size_t i = 0; huge == 1 && i < t.rows; i += 9)
        labels[i] = std::string(objective) == "binary" ? 1.0 - labels[i] : 1e9;
      text[huge] = model_text(train({.bins = bins, .labels = labels, .weights = weights}, {}, o, serial).model);
    }
    CHECK(text[0] == text[1]);
  }
}

TEST_CASE("labels outside an objective's range are refused with the row and the range") {
  SmallTable t = positive_table(50, 3);
  t.labels[7] = -1.0;
  CHECK(refusal(t, quick("poisson")) == "row 7: label -1 is not a finite number >= 0 (objective poisson)");
  CHECK(refusal(t, quick("tweedie")) == "row 7: label -1 is not a finite number >= 0 (objective tweedie)");
  CHECK(refusal(t, quick("cross_entropy")).find("is not from 0 to 1 (objective cross_entropy)") != std::string::npos);
  t.labels[7] = 0.0;
  CHECK(refusal(t, quick("gamma")) == "row 7: label 0 is not a finite number > 0 (objective gamma)");
  t.labels.assign(50, 0.0);
  CHECK(refusal(t, quick("poisson")) == "labels: all are 0; the logarithm of their mean does not exist");
  t.labels[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(refusal(t, quick("huber")) == "row 3: label nan is not a finite number (objective huber)");
  TrainOptions o = quick("quantile");
  o.alpha = 1.0;
  CHECK(refusal(t, o) == "alpha: 1 is not in (0, 1)");
  o = quick("tweedie");
  o.tweedie_variance_power = 2.0;
  CHECK(refusal(t, o) == "tweedie_variance_power: 2 is not in [1, 2)");
}

TEST_CASE("the caller's own loss gives the built-in one's trees when it is the same loss") {
  const SmallTable t = positive_table(500, 9);
  TrainOptions o = quick("regression");
  o.boost_from_average = false;
  const Model want = learn(t, o, {}, t.weights).model;
  TrainOptions own = quick("custom");
  TrainHooks hooks;
  hooks.gradients = [&](std::span<const double> margins, std::span<double> g, std::span<double> h) {
    for (std::size_t i = 0; i < margins.size(); ++i) {
      g[i] = margins[i] - t.labels[i];
      h[i] = 1.0;
    }
  };
  hooks.metrics.push_back({"own", false, [](std::span<const double> margins, const ValidData& set) {
                             double sum = 0, weight = 0;
                             for (std::size_t i = 0; i < margins.size(); ++i) {
                               sum += set.weights[i] * (margins[i] - set.labels[i]) * (margins[i] - set.labels[i]);
                               weight += set.weights[i];
                             }
                             return sum / weight;
                           }});
  const Model got = learn(t, own, hooks, t.weights).model;
  REQUIRE(got.trees.size() == want.trees.size());
  for (std::size_t i = 0; i < t.rows; ++i)
    CHECK(margin(got, t.row(i)) == doctest::Approx(margin(want, t.row(i))).epsilon(1e-6));
  REQUIRE(got.history.names == std::vector<std::string>{"valid.l2", "valid.own"});
  for (const auto& values : got.history.values) CHECK(values[0] == doctest::Approx(values[1]).epsilon(1e-12));
}

TEST_CASE("a loss of the caller's whose gradients are not finite ends the training with round and row") {
  const SmallTable t = positive_table(100, 9);
  TrainHooks hooks;
  int calls = 0;
  hooks.gradients = [&](std::span<const double> margins, std::span<double> g, std::span<double> h) {
    ++calls;
    for (std::size_t i = 0; i < margins.size(); ++i) {
      g[i] = margins[i] - t.labels[i];
      h[i] = 1.0;
    }
    if (calls == 3) g[41] = std::numeric_limits<double>::infinity();
  };
  CHECK(refusal(t, quick("custom"), hooks).starts_with("round 3, row 41: gradients sum to inf"));
  CHECK(refusal(t, quick("custom")).starts_with("objective: \"custom\" needs TrainHooks::gradients"));
  CHECK(refusal(t, quick("regression"), hooks).starts_with("objective: \"regression\" has gradients of its own"));
}

TEST_CASE("a schedule sets the rate of each round") {
  const SmallTable t = positive_table(300, 2);
  TrainOptions o = quick("regression");
  o.num_iterations = 1;
  o.learning_rate = 0.4;
  const Model fixed = learn(t, o).model;
  o.num_iterations = 2;
  TrainHooks hooks;
  hooks.learning_rate = [](int iteration) { return iteration == 1 ? 0.4 : 0.1; };
  const Model scheduled = learn(t, o, hooks).model;
  CHECK(scheduled.trees[0] == fixed.trees[0]);
  CHECK(scheduled.trees[1] != learn(t, o).model.trees[1]);
  hooks.learning_rate = [](int) { return 0.0; };
  CHECK(refusal(t, o, hooks) == "learning_rate of round 1: 0 is not in (0, 1]");
}

}  // namespace objectives_test
