#include <riskflag/metrics/classification.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/summary.hpp>

#include "random_scores.hpp"

using namespace riskflag;
using namespace riskflag::metrics;
using namespace riskflag_test;

namespace {

using Values = std::vector<double>;

/// The definition: pairs in the right order, ties half. O(n^2).
double auc_by_pairs(const Scores& s) {
  double right = 0, all = 0;
  for (std::size_t i = 0; i < s.p.size(); ++i) {
    for (std::size_t j = 0; j < s.p.size(); ++j) {
      if (s.y[i] != 1 || s.y[j] != 0) continue;
      all += s.w[i] * s.w[j];
      right += s.w[i] * s.w[j] * (s.p[i] > s.p[j] ? 1.0 : s.p[i] == s.p[j] ? 0.5 : 0.0);
    }
  }
  return right / all;
}

/// Precision weighted by the recall that each threshold adds, from the definition. O(n^2).
double average_precision_slowly(const Scores& s) {
  double area = 0, positives = 0;
  for (std::size_t i = 0; i < s.p.size(); ++i) positives += s.w[i] * s.y[i];
  for (std::size_t i = 0; i < s.p.size(); ++i) {
    if (s.y[i] != 1) continue;
    double tp = 0, all = 0;
    for (std::size_t j = 0; j < s.p.size(); ++j) {
      if (s.p[j] < s.p[i]) continue;
      all += s.w[j];
      tp += s.w[j] * s.y[j];
    }
    if (all > 0) area += s.w[i] / positives * (tp / all);
  }
  return area;
}

double ks_slowly(const Scores& s) {
  double widest = 0;
  for (const double at : s.p) {
    double below[2] = {0, 0}, all[2] = {0, 0};
    for (std::size_t j = 0; j < s.p.size(); ++j) {
      const int c = s.y[j] > 0 ? 1 : 0;
      all[c] += s.w[j];
      if (s.p[j] <= at) below[c] += s.w[j];
    }
    widest = std::max(widest, std::abs(below[1] / all[1] - below[0] / all[0]));
  }
  return widest;
}

}  // namespace

TEST_CASE("ROC-AUC by hand: three of four pairs in the right order") {
  CHECK(roc_auc(Values{0.1, 0.4, 0.35, 0.8}, Values{0, 0, 1, 1}).value == 0.75);
  CHECK(roc_auc(Values{0.1, 0.2}, Values{0, 1}).value == 1.0);
  CHECK(roc_auc(Values{0.2, 0.1}, Values{0, 1}).value == 0.0);
}

TEST_CASE("average precision by hand: 1/2 * 1 + 1/2 * 2/3") {
  CHECK(*pr_auc(Values{0.1, 0.4, 0.35, 0.8}, Values{0, 0, 1, 1}).value == doctest::Approx(5.0 / 6.0).epsilon(1e-15));
}

TEST_CASE("all ties give the value of guessing") {
  const Values p(6, 0.3), y = {0, 1, 0, 0, 1, 0};
  CHECK(roc_auc(p, y).value == 0.5);
  CHECK(gini(p, y).value == 0.0);
  CHECK(ks(p, y).value == 0.0);
  CHECK(*pr_auc(p, y).value == doctest::Approx(1.0 / 3.0).epsilon(1e-15));
}

TEST_CASE("zeros of either sign are one score, and infinite scores have their place") {
  CHECK(roc_auc(Values{0.0, -0.0}, Values{1, 0}).value == 0.5);
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(roc_auc(Values{-inf, 0.0, inf, 5.0}, Values{0, 0, 1, 1}).value == 1.0);
}

TEST_CASE("invariant: a metric without an answer says why, and is never NaN") {
  const Values none, p = {0.2, 0.7}, ones = {1, 1}, zeros = {0, 0};
  for (const auto metric : {&roc_auc, &pr_auc, &log_loss, &brier, &ks, &gini}) {
    CHECK(metric(none, none, {}).undefined_because == kNoRows);
    CHECK(metric(p, ones, zeros).undefined_because == kNoWeight);
  }
  for (const auto metric : {&roc_auc, &ks, &gini}) {
    CHECK(metric(p, ones, {}).undefined_because == kOneClass);
    CHECK(metric(p, zeros, {}).undefined_because == kOneClass);
  }
  CHECK(pr_auc(p, zeros).undefined_because == kNoPositives);
  CHECK(pr_auc(p, ones).value == 1.0);
  CHECK(log_loss(p, ones).value.has_value());
  CHECK(roc_curve(p, ones).empty());
  CHECK(pr_curve(p, zeros).empty());
  const auto summary = binary_metrics(none, none, {}, 0.5);
  CHECK_FALSE(summary.roc_auc.has_value());
  CHECK_FALSE(summary.accuracy.has_value());
}

TEST_CASE("log loss by hand, and probabilities of 0 and 1 that are wrong cost 52 log 2") {
  CHECK(*log_loss(Values{0.5, 0.25}, Values{1, 0}).value ==
        doctest::Approx((0.69314718055994530942 + 0.28768207245178092744) / 2).epsilon(1e-15));  // log 2, log 4/3
  CHECK(*log_loss(Values{0.0}, Values{1}).value == doctest::Approx(52 * 0.69314718055994530942).epsilon(1e-15));
  CHECK(*log_loss(Values{1.0}, Values{0}).value == doctest::Approx(52 * 0.69314718055994530942).epsilon(1e-15));
  CHECK(*log_loss(Values{1.0, 0.0}, Values{1, 0}).value < 1e-15);
}

TEST_CASE("Brier score by hand, weighted") {
  CHECK(brier(Values{0.5, 1.0}, Values{1, 0}).value == 0.625);
  CHECK(brier(Values{0.5, 1.0}, Values{1, 0}, Values{3, 1}).value == 0.4375);
}

TEST_CASE("confusion counts a score equal to the threshold as positive, and the rates follow by hand") {
  const Confusion c = confusion(Values{0.1, 0.5, 0.5, 0.9, 0.4}, Values{0, 0, 1, 1, 1}, 0.5);
  CHECK(c.tp == 2);
  CHECK(c.fp == 1);
  CHECK(c.tn == 1);
  CHECK(c.fn == 1);
  CHECK(accuracy(c).value == 0.6);
  CHECK(*precision(c).value == doctest::Approx(2.0 / 3).epsilon(1e-16));
  CHECK(*recall(c).value == doctest::Approx(2.0 / 3).epsilon(1e-16));
  CHECK(*f1(c).value == doctest::Approx(2.0 / 3).epsilon(1e-16));
  CHECK(*mcc(c).value == doctest::Approx((2.0 * 1 - 1.0 * 1) / std::sqrt(3.0 * 3 * 2 * 2)).epsilon(1e-15));
}

TEST_CASE("rates without a denominator are undefined; Matthews' is 0 there") {
  const Confusion nobody = confusion(Values{0.1, 0.2}, Values{0, 0}, 0.5);
  CHECK_FALSE(precision(nobody));
  CHECK_FALSE(recall(nobody));
  CHECK_FALSE(f1(nobody));
  CHECK(mcc(nobody).value == 0.0);
  CHECK_FALSE(mcc(Confusion{}));
}

TEST_CASE("ranking metrics equal their definitions over all pairs, with ties and weights") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Scores s = random_scores(seed, 150 + 10 * seed, seed % 3 == 0 ? 7 : 0, seed % 2 == 0);
    CAPTURE(seed);
    CHECK(*roc_auc(s.p, s.y, s.w).value == doctest::Approx(auc_by_pairs(s)).epsilon(1e-13));
    CHECK(*pr_auc(s.p, s.y, s.w).value == doctest::Approx(average_precision_slowly(s)).epsilon(1e-13));
    CHECK(*ks(s.p, s.y, s.w).value == doctest::Approx(ks_slowly(s)).epsilon(1e-13));
    CHECK(*gini(s.p, s.y, s.w).value == doctest::Approx(2 * auc_by_pairs(s) - 1).epsilon(1e-12));
  }
}

TEST_CASE("the long path of the sort gives the same as the short one") {
  const Scores s = random_scores(77, 9000, 0, false);
  Scores doubled = s;  // weights of 1 given explicitly go through the other store
  CHECK(*roc_auc(s.p, s.y).value == *roc_auc(doubled.p, doubled.y, doubled.w).value);
  // A strictly rising transform keeps the order, negative scores included.
  Values moved;
  for (const double p : s.p) moved.push_back(1000.0 * p - 600.0);
  CHECK(*roc_auc(moved, s.y).value == *roc_auc(s.p, s.y).value);
  CHECK(*ks(moved, s.y).value == *ks(s.p, s.y).value);
  // The definition; one class at least has the 4096 rows that take the long path.
  CHECK(*roc_auc(s.p, s.y).value == doctest::Approx(auc_by_pairs(s)).epsilon(1e-14));
}

TEST_CASE("invariant: an integer weight is that many copies of the row") {
  const Scores s = random_scores(9, 200, 20, false);
  Scores copies;
  Values weights;
  for (std::size_t i = 0; i < s.p.size(); ++i) {
    weights.push_back(static_cast<double>(i % 4));
    for (std::size_t k = 0; k < i % 4; ++k) {
      copies.p.push_back(s.p[i]);
      copies.y.push_back(s.y[i]);
    }
  }
  for (const auto metric : {&roc_auc, &pr_auc, &log_loss, &brier, &ks}) {
    CHECK(*metric(s.p, s.y, weights).value == doctest::Approx(*metric(copies.p, copies.y, {}).value).epsilon(1e-13));
  }
}

TEST_CASE("the ROC curve has the area that ROC-AUC says, thinned or not") {
  const Scores s = random_scores(4, 3000, 0, true);
  for (const std::size_t points : {100000u, 400u}) {
    const auto curve = roc_curve(s.p, s.y, s.w, points);
    CHECK(curve.size() <= points);
    CHECK(curve.front().false_positive_rate == 0.0);
    CHECK(curve.back().true_positive_rate == doctest::Approx(1.0).epsilon(1e-14));
    double area = 0;
    for (std::size_t i = 1; i < curve.size(); ++i) {
      area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
              (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
    }
    CHECK(area == doctest::Approx(*roc_auc(s.p, s.y, s.w).value).epsilon(points > 1000 ? 1e-12 : 1e-3));
  }
  CHECK(pr_curve(s.p, s.y, s.w, 300).size() <= 300);
  CHECK(ks_curve(s.p, s.y, s.w, 300).size() <= 300);
  double widest = 0;
  for (const auto& point : ks_curve(s.p, s.y, s.w, 100000)) {
    widest = std::max(widest, std::abs(point.positives_below - point.negatives_below));
  }
  CHECK(widest == doctest::Approx(*ks(s.p, s.y, s.w).value).epsilon(1e-12));
}

TEST_CASE("the summary says what the single functions say") {
  const Scores s = random_scores(6, 500, 0, true);
  const auto all = binary_metrics(s.p, s.y, s.w, 0.4);
  const Confusion c = confusion(s.p, s.y, 0.4, s.w);
  CHECK(all.roc_auc == roc_auc(s.p, s.y, s.w).value);
  CHECK(all.pr_auc == pr_auc(s.p, s.y, s.w).value);
  CHECK(all.log_loss == log_loss(s.p, s.y, s.w).value);
  CHECK(all.brier == brier(s.p, s.y, s.w).value);
  CHECK(all.ks == ks(s.p, s.y, s.w).value);
  CHECK(all.gini == gini(s.p, s.y, s.w).value);
  CHECK(all.f1 == f1(c).value);
  CHECK(all.mcc == mcc(c).value);
  CHECK(all.threshold == 0.4);
  CHECK(all.rows == doctest::Approx(c.total()).epsilon(1e-12));
}

TEST_CASE("input that is no input is refused with its row") {
  CHECK_THROWS_WITH_AS((void)roc_auc(Values{0.1}, Values{0, 1}), doctest::Contains("2 labels for 1 scores"), Error);
  CHECK_THROWS_WITH_AS((void)roc_auc(Values{0.1, kMissing}, Values{0, 1}), doctest::Contains("score 1 is NaN"), Error);
  CHECK_THROWS_WITH_AS((void)roc_auc(Values{0.1}, Values{2}), doctest::Contains("label 0 is 2"), Error);
  CHECK_THROWS_WITH_AS((void)roc_auc(Values{0.1}, Values{1}, Values{-1}), doctest::Contains("weight 0 is -1"), Error);
  CHECK_THROWS_WITH_AS((void)log_loss(Values{1.5}, Values{1}), doctest::Contains("[0, 1]"), Error);
}
