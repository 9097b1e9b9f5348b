#include <riskflag/train/objectives/multiclass.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/sha256.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/train.hpp>
#include <riskflag/train/cut.hpp>
#include <riskflag/train/refit.hpp>

#include "../sanitized.hpp"
#include "small_table.hpp"

using namespace riskflag;

namespace multiclass_test {
namespace {

constexpr int kClasses = 4;

SmallTable classes_table(std::size_t rows, std::size_t cols, std::uint64_t seed, int classes = kClasses) {
  SmallTable t = small_table(rows, cols, seed, false);
  make_classes(t, classes);
  return t;
}

TrainOptions quick(int iterations = 4, int classes = kClasses) {
  TrainOptions o;
  o.objective = "multiclass";
  o.num_class = classes;
  o.num_iterations = iterations;
  o.num_leaves = 8;
  o.max_bin = 31;
  o.min_data_in_leaf = 5;
  return o;
}

TrainResult learn(const SmallTable& t, const TrainOptions& o, std::span<const double> weights = {},
                  std::span<const double> margins = {}) {
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  return train({.bins = bins, .labels = t.labels, .weights = weights, .init_margins = margins}, {}, o, serial);
}

std::string refusal(const SmallTable& t, const TrainOptions& o) {
  try {
    (void)learn(t, o);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::vector<CpuLevel> levels_here() {
  std::vector<CpuLevel> out;
  for (const CpuLevel level : {CpuLevel::scalar, CpuLevel::avx2, CpuLevel::avx512}) {
    if (level <= cpu_level() && (level == CpuLevel::scalar || cpu_level() != CpuLevel::neon)) out.push_back(level);
  }
  return out;
}

/// Probabilities of all rows by the slow scorer, rows x classes.
std::vector<double> probabilities(const Model& model, const SmallTable& t) {
  const auto width = static_cast<std::size_t>(model.num_outputs);
  std::vector<double> out(t.rows * width);
  for (std::size_t i = 0; i < t.rows; ++i) predict_row(model, t.row(i), std::span(out).subspan(i * width, width));
  return out;
}

double loss_of(const Model& model, const SmallTable& t) {
  const std::vector<double> p = probabilities(model, t);
  const auto width = static_cast<std::size_t>(model.num_outputs);
  double sum = 0;
  for (std::size_t i = 0; i < t.rows; ++i) sum -= std::log(p[i * width + static_cast<std::size_t>(t.labels[i])]);
  return sum / static_cast<double>(t.rows);
}

}  // namespace

TEST_CASE("softmax gradients are the loss's derivatives, hessians K / (K - 1) times its diagonal's") {
  const std::size_t k = 3, n = 2;
  const std::vector<double> scores{0.3, -1.0, 1.2, 0.4, -0.7, 2.0};  // two rows, class after class
  const std::vector<double> labels{2.0, 0.0}, weights{1.0, 2.5};
  const auto loss = [&](const std::vector<double>& s, std::size_t row) {  // log of the sum minus the class's own
    double sum = 0;
    for (std::size_t c = 0; c < k; ++c) sum += std::exp(s[c * n + row]);
    return weights[row] * (std::log(sum) - s[static_cast<std::size_t>(labels[row]) * n + row]);
  };
  const detail::SoftmaxObjective objective(3, CpuLevel::scalar);
  std::vector<double> tops(n), sums(n), g(n), h(n);
  objective.share_rows({scores.data(), n, k, tops.data(), sums.data(), n});
  CHECK(tops == std::vector<double>{1.2, 2.0});
  for (std::size_t c = 0; c < k; ++c) {
    objective.gradients(
        {scores.data() + c * n, labels.data(), weights.data(), g.data(), h.data(), n, c, tops.data(), sums.data()});
    for (std::size_t row = 0; row < n; ++row) {
      const double step = 1e-4;
      std::vector<double> up = scores, down = scores;
      up[c * n + row] += step;
      down[c * n + row] -= step;
      CHECK(g[row] == doctest::Approx((loss(up, row) - loss(down, row)) / (2 * step)).epsilon(1e-6));
      const double second = (loss(up, row) - 2 * loss(scores, row) + loss(down, row)) / (step * step);
      CHECK(h[row] == doctest::Approx(1.5 * second).epsilon(1e-5));
    }
  }
}

TEST_CASE("every kernel's softmax is the scalar one, to the bit, with and without weights, at any margin") {
  const Random random(3);
  for (const std::size_t outputs : {2U, 3U, 7U}) {
    for (const std::size_t n : {1U, 3U, 4U, 5U, 8U, 9U, 100U, 333U}) {
      std::vector<double> scores(outputs * n), labels, weights;
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = random.normal(i) * (i % 7 == 0 ? 400.0 : 2.0);
      if (n > 50) scores[20] = 1e300, scores[21] = -1e300, scores[22] = 0.0, scores[23] = -0.0;
      for (std::size_t i = 0; i < n; ++i) {
        labels.push_back(static_cast<double>(i % outputs));
        weights.push_back(random.uniform(i + 5000));
      }
      std::vector<double> top(n), sum(n), top2(n), sum2(n), g(n), h(n), g2(n), h2(n);
      kernels::softmax_sums_scalar({scores.data(), n, outputs, top.data(), sum.data(), n});
      const auto same = [&](const std::vector<double>& a, const std::vector<double>& b) {
        for (std::size_t i = 0; i < n; ++i)
          REQUIRE(std::bit_cast<std::uint64_t>(a[i]) == std::bit_cast<std::uint64_t>(b[i]));
      };
      for (const CpuLevel level : levels_here()) {
        CAPTURE(name_of(level));
        const kernels::TrainKernels those = kernels::train_kernels(level);
        those.softmax_sums({scores.data(), n, outputs, top2.data(), sum2.data(), n});
        same(top2, top);
        same(sum2, sum);
        for (const double* w : {static_cast<const double*>(nullptr), static_cast<const double*>(weights.data())}) {
          for (std::size_t k = 0; k < outputs; ++k) {
            const double* own = scores.data() + k * n;
            kernels::softmax_gradients_scalar({own, labels.data(), w, g.data(), h.data(), n, k, top.data(), sum.data()},
                                              1.25);
            those.softmax_gradients({own, labels.data(), w, g2.data(), h2.data(), n, k, top.data(), sum.data()}, 1.25);
            same(g2, g);
            same(h2, h);
          }
        }
      }
    }
  }
}

TEST_CASE("a multiclass model starts at the classes' shares and learns from there") {
  const SmallTable t = classes_table(900, 6, 5);
  const Model model = learn(t, quick(10)).model;
  REQUIRE(model.num_outputs == kClasses);
  REQUIRE(model.trees.size() == 10 * kClasses);
  CHECK(model.objective.name == "multiclass");
  double entropy = 0;
  for (int k = 0; k < kClasses; ++k) {
    const double share = static_cast<double>(std::count(t.labels.begin(), t.labels.end(), k)) / 900;
    CHECK(model.base_margin[static_cast<std::size_t>(k)] == doctest::Approx(std::log(share)).epsilon(1e-9));
    entropy -= share * std::log(share);
  }
  CHECK(loss_of(model, t) < 0.75 * entropy);
  TrainOptions zero = quick(1);
  zero.boost_from_average = false;
  CHECK(learn(t, zero).model.base_margin == std::vector<double>(kClasses, 0.0));
}

TEST_CASE("the first round's leaves are Newton steps of the classes, worked out again from the rows") {
  const SmallTable t = classes_table(700, 5, 6);
  TrainOptions o = quick(1);
  o.learning_rate = 1.0;
  o.lambda_l2 = 2.0;
  const Model model = learn(t, o, t.weights).model;
  std::vector<double> p;  // of all rows alike
  double sum = 0;
  for (const double m : model.base_margin) sum += std::exp(m);
  for (const double m : model.base_margin) p.push_back(std::exp(m) / sum);
  for (std::size_t k = 0; k < p.size(); ++k) {
    const Tree& tree = model.trees[k];
    std::vector<double> g(tree.leaves.size()), h(tree.leaves.size());
    for (std::size_t i = 0; i < t.rows; ++i) {
      const std::size_t leaf = leaf_of(tree, t.row(i));
      g[leaf] += t.weights[i] * (p[k] - (t.labels[i] == static_cast<double>(k) ? 1 : 0));
      h[leaf] += t.weights[i] * kClasses / (kClasses - 1.0) * p[k] * (1 - p[k]);
    }
    for (std::size_t leaf = 0; leaf < g.size(); ++leaf)
      CHECK(tree.leaves[leaf] == doctest::Approx(-g[leaf] / (h[leaf] + 2.0)).epsilon(1e-8));
  }
}

TEST_CASE("multiclassova is one binary model for each class") {
  SmallTable t = classes_table(800, 5, 7, 3);
  TrainOptions o = quick(5, 3);
  o.objective = "multiclassova";
  const Model all = learn(t, o).model;
  const std::vector<double> labels = t.labels;
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < t.rows; ++i) t.labels[i] = labels[i] == static_cast<double>(k) ? 1.0 : 0.0;
    TrainOptions binary = quick(5, 1);
    binary.objective = "binary";
    const Model one = learn(t, binary).model;
    CHECK(all.base_margin[k] == doctest::Approx(one.base_margin[0]).epsilon(1e-9));
    for (std::size_t i = 0; i < t.rows; ++i)  // gradients are rounded by other chances
      REQUIRE(margin(all, t.row(i), static_cast<int>(k)) == doctest::Approx(margin(one, t.row(i))).epsilon(1e-6));
  }
}

TEST_CASE("invariant: one multiclass model, byte for byte, for 1, 2, 3 and 7 threads and every kernel") {
  const SmallTable t = classes_table(70000, 8, 42);
  TrainOptions plain = quick(2), sampled = quick(3), ova = quick(2);
  plain.num_leaves = 31;
  sampled.bagging_fraction = 0.6;
  sampled.bagging_freq = 2;
  sampled.feature_fraction = 0.6;
  sampled.extra_trees = true;
  ova.objective = "multiclassova";
  std::string all;
  for (const TrainOptions& o : {plain, sampled, ova}) {
    if (riskflag_test::kSanitized && !o.extra_trees) continue;
    SerialExecutor serial;
    const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
    const TrainData data{.bins = bins, .labels = t.labels, .weights = t.weights};
    const std::string want = model_text(detail::Booster(data, {}, o, serial, CpuLevel::scalar).run({}).model);
    for (const unsigned threads : {1U, 2U, 3U, 7U}) {
      Pool pool(threads);
      CHECK(model_text(train(data, {}, o, pool).model) == want);
    }
    for (const CpuLevel level : levels_here())
      CHECK(model_text(detail::Booster(data, {}, o, serial, level).run({}).model) == want);
    all += want;
  }
  if (!riskflag_test::kSanitized)
    CHECK(sha256_hex(all) == "6fbdcb8982a093f17ccd26e6db10aef48d1085da02dec35cdf70cc6b98be108e");
}

TEST_CASE("invariant: several classes, too, go on from a cut model as if training had never stopped") {
  const SmallTable t = classes_table(600, 6, 21), held = classes_table(200, 6, 22);
  SerialExecutor serial;
  TrainOptions o = quick(6);
  o.bagging_fraction = 0.7;
  o.bagging_freq = 4;  // round 3 lies within a draw
  o.feature_fraction = 0.7;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const ValidData valid{.features = held.view(), .labels = held.labels};
  const TrainData data{.bins = bins, .labels = t.labels};
  const Model whole = train(data, std::span(&valid, 1), o, serial).model;
  REQUIRE(whole.trees.size() == 6 * kClasses);
  const Model first = cut_at(whole, 2);
  REQUIRE(first.trees.size() == 2 * kClasses);
  TrainOptions rest = o;
  rest.num_iterations = 4;
  TrainData more = data;
  more.start = &first;
  more.features = t.view();
  const TrainResult got = train(more, std::span(&valid, 1), rest, serial);
  CHECK(got.model == whole);
  CHECK(got.best_iteration == 6);

  // The margins of the cut model as offsets, a row's classes side by side, begin where it ended.
  std::vector<double> margins;
  for (std::size_t i = 0; i < t.rows; ++i) {
    for (int k = 0; k < kClasses; ++k) margins.push_back(margin(first, t.row(i), k));
  }
  const Model offset = learn(t, quick(1), {}, margins).model;
  CHECK(offset.base_margin == std::vector<double>(kClasses, 0.0));
  TrainOptions one = quick(1);
  const Model next =
      train({.bins = bins, .labels = t.labels, .start = &first, .features = t.view()}, {}, one, serial).model;
  for (std::size_t k = 0; k < kClasses; ++k) {
    const std::vector<double>&a = offset.trees[k].leaves, &b = next.trees[2 * kClasses + k].leaves;
    REQUIRE(a.size() == b.size());
    for (std::size_t leaf = 0; leaf < a.size(); ++leaf) CHECK(a[leaf] == doctest::Approx(b[leaf]).epsilon(1e-8));
  }
}

TEST_CASE("metrics of a validation set are those of the model's probabilities, and early stopping keeps whole rounds") {
  const SmallTable t = classes_table(400, 5, 31), held = classes_table(300, 5, 32);
  SerialExecutor serial;
  TrainOptions o = quick(60);
  o.learning_rate = 0.5;
  o.early_stopping_round = 3;
  o.metric = {"multi_logloss", "multi_error", "accuracy", "f1_macro", "f1_weighted", "roc_auc_ovr"};
  o.first_metric_only = true;
  TrainHooks hooks;
  hooks.metrics.push_back(
      {"first margin", true, [](std::span<const double> margins, const ValidData&) { return margins[1]; }});
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const ValidData valid{.features = held.view(), .labels = held.labels};
  const TrainResult got = train({.bins = bins, .labels = t.labels}, std::span(&valid, 1), o, serial, hooks);
  REQUIRE(got.stopped_early);
  const auto best = static_cast<std::size_t>(got.best_iteration);
  REQUIRE(got.model.trees.size() == best * kClasses);
  REQUIRE(got.model.history.values.size() == best + 3);
  const std::vector<double>& row = got.model.history.values[best - 1];
  const std::vector<double> p = probabilities(got.model, held);
  const auto view = MatrixView<double>::row_major(p.data(), held.rows, kClasses);
  const metrics::MulticlassMetrics want = metrics::multiclass_metrics(view, held.labels);
  CHECK(row[0] == *want.log_loss);
  CHECK(row[1] == 1 - *want.accuracy);
  CHECK(row[2] == *want.accuracy);
  CHECK(row[3] == *want.f1_macro);
  CHECK(row[4] == *want.f1_weighted);
  CHECK(row[5] == *want.roc_auc_ovr);
  CHECK(row[6] == margin(got.model, held.row(0), 1));
  for (const auto& other : got.model.history.values) CHECK(row[0] <= other[0]);
}

TEST_CASE("a class without rows gets next to no probability and trees that say nothing; K may exceed the rows") {
  SmallTable t = classes_table(12, 3, 8, 3);
  for (std::size_t i = 0; i < t.rows; ++i) t.labels[i] = i % 2 == 0 ? 1.0 : 17.0;
  TrainOptions o = quick(3, 20);
  o.min_data_in_leaf = 1;
  o.min_sum_hessian_in_leaf = 0;
  for (const bool average : {true, false}) {
    o.boost_from_average = average;
    const TrainResult got = learn(t, o);
    CHECK(got.warnings.size() == 18);
    CHECK(says(got.warnings[0], "no training row is of class 0"));
    REQUIRE(got.model.trees.size() == 60);
    for (std::size_t tree = 0; tree < 60; ++tree)
      CHECK((got.model.trees[tree].nodes.empty() || tree % 20 == 1 || tree % 20 == 17));
    const std::vector<double> p = probabilities(got.model, t);
    CHECK(p[0] < 1e-13);
    CHECK(p[1] > 0.5);
    CHECK(p[20 + 17] > 0.5);
  }
  // A class whose rows weigh nothing has none.
  std::vector<double> weights(t.rows, 1.0);
  SmallTable three = t;
  three.labels[0] = 5.0;
  weights[0] = 0.0;
  CHECK(learn(three, o, weights).warnings.size() == 18);
}

TEST_CASE("two classes by softmax order rows as the binary model does") {
  SmallTable t = small_table(900, 5, 9);
  const Model two = learn(t, quick(20, 2)).model;
  TrainOptions binary = quick(20, 1);
  binary.objective = "binary";
  const Model one = learn(t, binary).model;
  const std::vector<double> p = probabilities(two, t);
  std::vector<double> a, b;
  for (std::size_t i = 0; i < t.rows; ++i) {
    CHECK(p[2 * i] + p[2 * i + 1] == doctest::Approx(1.0).epsilon(1e-12));
    a.push_back(p[2 * i + 1]);
    b.push_back(margin(one, t.row(i)));
  }
  CHECK(std::abs(*metrics::roc_auc(a, t.labels).value - *metrics::roc_auc(b, t.labels).value) < 0.01);
}

TEST_CASE("refit learns the leaves of several classes anew") {
  const SmallTable t = classes_table(800, 5, 10), other = classes_table(800, 5, 11);
  SerialExecutor serial;
  const TrainOptions o = quick(5);
  const Model model = learn(t, o).model;
  const Model same = refit(model, t.view(), t.labels, {}, o, 0.0, serial);
  for (std::size_t k = 0; k < model.trees.size(); ++k) {
    for (std::size_t leaf = 0; leaf < model.trees[k].leaves.size(); ++leaf)
      CHECK(same.trees[k].leaves[leaf] == doctest::Approx(model.trees[k].leaves[leaf]).epsilon(1e-6));
  }
  CHECK(loss_of(refit(model, other.view(), other.labels, {}, o, 0.5, serial), other) < loss_of(model, other));
}

TEST_CASE("what cannot be a multiclass training is refused with a sentence") {
  const SmallTable t = classes_table(200, 3, 12);
  TrainOptions o = quick();
  const auto with = [&](auto change) {
    TrainOptions changed = o;
    change(changed);
    return refusal(t, changed);
  };
  CHECK(says(with([](TrainOptions& c) { c.num_class = 1; }),
             "num_class: 1 is not in 2 to 1000, the number of classes that objective multiclass needs"));
  CHECK(says(with([](TrainOptions& c) { c.num_class = 1001; }), "in 2 to 1000"));
  CHECK(says(with([](TrainOptions& c) { c.num_class = 3; }),
             "label 3 is not a whole number from 0 to 2 (num_class is 3)"));
  CHECK(says(with([](TrainOptions& c) { c.objective = "regression"; }),
             "num_class: 4 is not 1, as objective regression needs"));
  CHECK(says(with([](TrainOptions& c) { c.is_unbalance = true; }),
             "weigh the rows of several classes by weights of their own"));
  CHECK(says(with([](TrainOptions& c) { c.scale_pos_weight = 2; }),
             "weigh the rows of several classes by weights of their own"));
  CHECK(says(with([](TrainOptions& c) { c.pos_bagging_fraction = 0.5; }), "are for objective binary"));
  CHECK(says(with([](TrainOptions& c) { c.metric = {"auc"}; }), "\"multi_logloss\", \"multi_error\""));
  CHECK(says(refusal(classes_table(200, 3, 12, 1), o),
             "all rows are labelled 0; a multiclass model needs rows of two classes"));
  for (const double label : {-1.0, 0.5, std::nan("")}) {
    SmallTable bad = t;
    bad.labels[7] = label;
    CHECK(says(refusal(bad, o), "row 7: label"));
  }
  std::vector<double> margins(t.rows, 0.0);
  std::string found = "accepted";
  try {
    (void)learn(t, o, {}, margins);
  } catch (const Error& e) {
    found = e.what();
  }
  CHECK(says(found, "init margins: 200 values for 200 rows; 800 are accepted, 4 a row"));
  SerialExecutor serial;
  const Model four = learn(t, quick(1)).model;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  TrainOptions five = quick(1, 5);
  found = "accepted";
  try {
    (void)train({.bins = bins, .labels = t.labels, .start = &four, .features = t.view()}, {}, five, serial);
  } catch (const Error& e) {
    found = e.what();
  }
  CHECK(says(found, "it has 4 outputs; the options ask for 5"));
  TrainOptions named;
  for (const char* alias : {"softmax", "multiclass"}) {
    set_option(named, "objective", alias);
    CHECK(named.objective == "multiclass");
  }
  for (const char* alias : {"ova", "ovr", "multiclass_ova", "multiclassova"}) {
    set_option(named, "objective", alias);
    CHECK(named.objective == "multiclassova");
  }
  set_option(named, "metric", "softmax,multi_error");
  CHECK(named.metric == std::vector<std::string>{"multi_logloss", "multi_error"});
  set_option(named, "num_classes", "7");
  CHECK(named.num_class == 7);
}

}  // namespace multiclass_test
