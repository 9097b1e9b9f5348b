#include <riskflag/calibrate/fit.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/metrics/classification.hpp>

using namespace riskflag;

namespace {

struct Rows {
  std::vector<double> p, y, w;
  [[nodiscard]] CalibrationData data() const { return {p, y, w}; }
};

/// `n` rows whose true log-odds are `slope` times the model's, plus `shift`.
Rows random_rows(std::uint64_t seed, std::size_t n, double slope, double shift, bool weighted = false) {
  Rows rows;
  const Random random(seed, 9);
  for (std::size_t i = 0; i < n; ++i) {
    const double margin = 2 * random.normal(4 * i) - 1;
    rows.p.push_back(1 / (1 + std::exp(-margin)));
    rows.y.push_back(random.uniform(4 * i + 1) < 1 / (1 + std::exp(-(slope * margin + shift))) ? 1 : 0);
    if (weighted) rows.w.push_back(random.uniform(4 * i + 2) * 3);
  }
  return rows;
}

/// Ten rows at each probability, so many of them positive.
Rows tens(std::initializer_list<std::pair<double, int>> groups) {
  Rows rows;
  for (const auto& [p, positives] : groups) {
    for (int i = 0; i < 10; ++i) {
      rows.p.push_back(p);
      rows.y.push_back(i < positives ? 1 : 0);
    }
  }
  return rows;
}

/// Cross entropy against Platt's targets: what platt and beta minimise.
double smoothed_loss(const Calibration& c, const Rows& rows) {
  double positive = 0, negative = 0, loss = 0;
  const auto weight = [&](std::size_t i) { return rows.w.empty() ? 1.0 : rows.w[i]; };
  for (std::size_t i = 0; i < rows.y.size(); ++i) (rows.y[i] == 1 ? positive : negative) += weight(i);
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    const double target = rows.y[i] == 1 ? (positive + 1) / (positive + 2) : 1 / (negative + 2);
    const double p = c.apply(rows.p[i]);
    loss -= weight(i) * (target * std::log(p) + (1 - target) * std::log(1 - p));
  }
  return loss;
}

/// Isotonic regression by its definition: max over starts of the min over ends of the mean in between.
std::vector<double> slow_isotonic(const Rows& rows) {
  std::vector<std::size_t> order(rows.p.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return rows.p[i] < rows.p[j]; });
  std::vector<double> p, sum, weight;
  for (const std::size_t i : order) {
    if (p.empty() || p.back() != rows.p[i]) {
      p.push_back(rows.p[i]);
      sum.push_back(0);
      weight.push_back(0);
    }
    const double w = rows.w.empty() ? 1 : rows.w[i];
    sum.back() += w * rows.y[i];
    weight.back() += w;
  }
  std::vector<double> fitted(p.size(), 0);
  for (std::size_t i = 0; i < p.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double least = 2, s = 0, w = 0;
      for (std::size_t k = j; k < p.size(); ++k) {
        s += sum[k];
        w += weight[k];
        if (k >= i) least = std::min(least, s / w);
      }
      fitted[i] = std::max(fitted[i], least);
    }
  }
  std::vector<double> out(rows.p.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = fitted[static_cast<std::size_t>(std::lower_bound(p.begin(), p.end(), rows.p[i]) - p.begin())];
  return out;
}

double auc(const std::vector<double>& scores, const Rows& rows) {
  return metrics::roc_auc(scores, rows.y, rows.w).value.value();
}

std::vector<double> calibrated(const Calibration& c, std::vector<double> p) {
  apply_calibration(c, p);
  return p;
}

}  // namespace

TEST_CASE("platt goes through two points: smoothed rates 1/3 and 2/3 at log-odds -ln 4 and ln 4") {
  // N+ = N- = 10: targets 11/12 and 1/12; (3 * 11 + 7 * 1) / 120 = 1/3.
  const Calibration c = fit_platt(tens({{0.2, 3}, {0.8, 7}}).data());
  CHECK(c.a == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(c.b == c.a);
  CHECK(std::fabs(c.c) < 1e-12);
  CHECK(c.rows == 20);
}

TEST_CASE("beta goes through three points where its parameters stay above 0") {
  // N+ = 14, N- = 16: targets 15/16 and 1/18.
  const Calibration c = fit_beta(tens({{0.2, 2}, {0.5, 5}, {0.8, 7}}).data());
  for (const auto& [p, positives] : {std::pair(0.2, 2), std::pair(0.5, 5), std::pair(0.8, 7)})
    CHECK(c.apply(p) == doctest::Approx((positives * 15.0 / 16 + (10 - positives) / 18.0) / 10).epsilon(1e-11));
  CHECK(c.a > c.b);
}

TEST_CASE("platt and beta are minima: any step away raises the loss") {
  for (const bool weighted : {false, true}) {
    const Rows rows = random_rows(3, 700, 0.6, -0.4, weighted);
    for (Calibration c : {fit_platt(rows.data()), fit_beta(rows.data())}) {
      CAPTURE(name_of(c.method));
      const double least = smoothed_loss(c, rows);
      for (const double step : {-1e-3, 1e-3}) {
        Calibration moved = c;
        moved.c += step;
        CHECK(smoothed_loss(moved, rows) > least);
        moved = c;
        moved.a += step;
        if (c.method == CalibrationMethod::platt) moved.b += step;
        CHECK(smoothed_loss(moved, rows) > least);
        if (c.method == CalibrationMethod::platt) continue;
        moved = c;
        moved.b += step;
        CHECK(smoothed_loss(moved, rows) > least);
      }
    }
  }
}

TEST_CASE("beta with a parameter that wants to be negative is the best curve that rises") {
  const Rows rows = tens({{0.2, 2}, {0.5, 3}, {0.8, 7}});  // unconstrained: a < 0
  const Calibration c = fit_beta(rows.data());
  CHECK(c.a == 0.0);
  CHECK(c.b > 0.0);
  const double least = smoothed_loss(c, rows);
  for (const auto& [a, b, shift] :
       {std::array{1e-3, 0.0, 0.0}, std::array{1e-3, -1e-3, 0.0}, std::array{1e-3, -1e-3, 1e-3},
        std::array{0.0, 1e-3, 0.0}, std::array{0.0, -1e-3, 0.0}, std::array{0.0, 0.0, 1e-3},
        std::array{0.0, 0.0, -1e-3}}) {
    Calibration moved = c;
    moved.a += a;
    moved.b += b;
    moved.c += shift;
    CHECK(smoothed_loss(moved, rows) > least);
  }
}

TEST_CASE("scores that rank the wrong way get the base rate, not a falling curve") {
  const Rows rows = tens({{0.2, 8}, {0.5, 5}, {0.8, 2}});
  for (const Calibration& c : {fit_platt(rows.data()), fit_beta(rows.data())}) {
    CHECK(c.a == 0.0);
    CHECK(c.b == 0.0);
    CHECK(c.apply(0.9) == doctest::Approx(0.5).epsilon(1e-12));
  }
  const Calibration c = fit_isotonic(rows.data());
  CHECK(c.apply(0.1) == c.apply(0.9));
}

TEST_CASE("classes that the scores separate, and one score for all, still have a curve") {
  const Rows separated = tens({{0.1, 0}, {0.2, 0}, {0.7, 10}, {0.9, 10}}), flat = tens({{0.3, 4}, {0.3, 2}});
  for (const Calibration& c : {fit_platt(separated.data()), fit_beta(separated.data())}) {
    CHECK(c.apply(0.2) < 0.12);
    CHECK(c.apply(0.7) > 0.88);
    CHECK(parse_calibration(calibration_text(c), "calibration.json") == c);
  }
  for (const Calibration& c : {fit_platt(flat.data()), fit_beta(flat.data())})
    CHECK(c.apply(0.3) == doctest::Approx((6 * 7.0 / 8 + 14 / 16.0) / 20).epsilon(1e-9));
  CHECK(fit_isotonic(flat.data()).apply(0.3) == doctest::Approx(0.3).epsilon(1e-15));
}

TEST_CASE("isotonic by hand: violators and ties are pooled by weight") {
  const std::vector<double> p{0.3, 0.1, 0.2, 0.5, 0.4}, y{0, 0, 1, 1, 1};
  const Calibration c = fit_isotonic({p, y});
  CHECK(c.knots == std::vector<std::pair<double, double>>{{0.1, 0.0}, {0.2, 0.5}, {0.3, 0.5}, {0.4, 1.0}, {0.5, 1.0}});
  const std::vector<double> w{3, 1, 1, 0, 0};  // the last two weigh nothing: no knots
  CHECK(fit_isotonic({p, y, w}).knots == std::vector<std::pair<double, double>>{{0.1, 0.0}, {0.2, 0.25}, {0.3, 0.25}});
  const std::vector<double> tied{0.5, 0.5, 0.5, 0.5, 0.9};
  CHECK(fit_isotonic({tied, y}).knots == std::vector<std::pair<double, double>>{{0.5, 0.5}, {0.9, 1.0}});
}

TEST_CASE("isotonic equals its definition on random rows, with ties and weights") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rows rows = random_rows(seed, 60 + 7 * seed, 1, 0, seed % 2 == 0);
    if (seed % 3 == 0) {
      for (double& p : rows.p) p = std::round(p * 20) / 20;
    }
    const std::vector<double> want = slow_isotonic(rows);
    const Calibration c = fit_isotonic(rows.data());
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(c.apply(rows.p[i]) == doctest::Approx(want[i]).epsilon(1e-12));
  }
}

TEST_CASE("invariant: the order of rows changes no isotonic calibration, and equal data give equal bits") {
  const Rows rows = random_rows(8, 500, 0.5, 0.3);
  Rows turned = rows;
  std::reverse(turned.p.begin(), turned.p.end());
  std::reverse(turned.y.begin(), turned.y.end());
  CHECK(fit_isotonic(turned.data()) == fit_isotonic(rows.data()));
  CHECK(fit_platt(rows.data()) == fit_platt(rows.data()));
}

TEST_CASE("invariant: platt, beta and prior leave ROC-AUC as it is, to the bit") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Rows rows = random_rows(seed, 20000, 0.5, -0.7, seed % 2 == 0);
    const double before = auc(rows.p, rows);
    for (const Calibration& c : {fit_platt(rows.data()), fit_beta(rows.data()), odds_correction(7)}) {
      CAPTURE(name_of(c.method));
      REQUIRE(c.a + c.b > 0);
      CHECK(auc(calibrated(c, rows.p), rows) == before);
    }
  }
}

TEST_CASE("prior correction by hand: odds 4 times too high, and rates 1/2 and 1/5") {
  for (const Calibration& c : {odds_correction(4), prior_correction(0.5, 0.2)}) {
    CHECK(c.apply(0.5) == doctest::Approx(0.2).epsilon(1e-12));
    CHECK(c.apply(0.8) == doctest::Approx(0.5).epsilon(1e-12));
  }
  CHECK(odds_correction(1).apply(0.3) == doctest::Approx(0.3).epsilon(1e-14));
}

TEST_CASE("auto takes the least cross-validated log loss and keeps what each method gave") {
  // Three times too sure of itself: a slope of 1/3 in the log-odds.
  const Rows rows = random_rows(11, 3000, 1.0 / 3, 0);
  const Calibration c = choose_calibration(rows.data());
  REQUIRE(c.trials.size() == 4);
  CHECK(c.trials[0].method == CalibrationMethod::identity);
  CHECK(c.trials[0].log_loss == doctest::Approx(metrics::log_loss(rows.p, rows.y).value.value()).epsilon(1e-12));
  for (const CalibrationTrial& trial : c.trials) {
    if (trial.method == c.method) {
      for (const CalibrationTrial& other : c.trials) CHECK(trial.log_loss <= other.log_loss);
    }
  }
  CHECK((c.method == CalibrationMethod::platt || c.method == CalibrationMethod::beta));
  CHECK(c.a == doctest::Approx(1.0 / 3).epsilon(0.2));
  CHECK(c == choose_calibration(rows.data()));
  Calibration whole = c.method == CalibrationMethod::platt ? fit_platt(rows.data()) : fit_beta(rows.data());
  whole.trials = c.trials;
  CHECK(c == whole);  // fitted on all rows in the end
}

TEST_CASE("auto with a known odds factor tries the prior correction, which needs no row") {
  const Rows rows = random_rows(13, 4000, 1, -std::log(6.0));
  const Calibration c = choose_calibration(rows.data(), {.odds_factor = 6});
  REQUIRE(c.trials.size() == 5);
  CHECK(c.trials[1].method == CalibrationMethod::prior);
  CHECK(c.trials[1].log_loss < c.trials[0].log_loss);
}

TEST_CASE("auto without two rows of a class is the identity") {
  const std::vector<double> p{0.1, 0.2, 0.3}, y{0, 0, 1};
  CHECK(choose_calibration({p, y}) == Calibration{});
  const std::vector<double> both{0, 1, 1}, w{1, 1, 0};
  CHECK(choose_calibration({p, both, w}) == Calibration{});
}

TEST_CASE("what cannot be calibrated on is refused, each with a sentence") {
  const std::vector<double> p{0.1, 0.2}, y{0, 1}, one{1, 1}, odd{0, 0.5}, outside{0.1, 1.5}, three{1, 1, 1},
      negative{1, -1}, zero{0, 0};
  for (const auto fit : {fit_platt, fit_beta, fit_isotonic}) {
    CHECK_NOTHROW(static_cast<void>(fit({p, y})));
    CHECK_THROWS_AS(static_cast<void>(fit({p, one})), Error);
    CHECK_THROWS_AS(static_cast<void>(fit({p, odd})), Error);
    CHECK_THROWS_AS(static_cast<void>(fit({outside, y})), Error);
    CHECK_THROWS_AS(static_cast<void>(fit({p, three})), Error);
    CHECK_THROWS_AS(static_cast<void>(fit({p, y, three})), Error);
    CHECK_THROWS_AS(static_cast<void>(fit({p, y, negative})), Error);
    CHECK_THROWS_AS(static_cast<void>(fit({p, y, zero})), Error);
    CHECK_THROWS_AS(static_cast<void>(fit({})), Error);
  }
  CHECK_THROWS_AS(static_cast<void>(odds_correction(0)), Error);
  CHECK_THROWS_AS(static_cast<void>(prior_correction(0, 0.5)), Error);
  CHECK_THROWS_AS(static_cast<void>(prior_correction(0.5, 1)), Error);
  CHECK_THROWS_AS(static_cast<void>(choose_calibration({p, y}, {.folds = 1})), Error);
}
