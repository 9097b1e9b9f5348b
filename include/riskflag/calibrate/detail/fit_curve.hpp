#pragma once

// Logistic regression of at most two features and an intercept, by Newton's method with step halving.

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <riskflag/calibrate/detail/calibration.hpp>
#include <riskflag/calibrate/detail/check_data.hpp>
#include <riskflag/calibrate/fit.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

using Triple = std::array<double, 3>;  ///< two slopes and the intercept

struct CurveRow {
  Triple features;  ///< the last one is 1
  double target, weight;
};

/// Which of the three parameters are free; the others stay 0.
using Free = std::array<bool, 3>;

[[nodiscard]] inline double dot(const Triple& x, const Triple& y) noexcept {
  return exact::add(exact::add(exact::mul(x[0], y[0]), exact::mul(x[1], y[1])), exact::mul(x[2], y[2]));
}

/// Sum of w (ln(1 + e^z) - t z): the cross entropy of targets t and sigmoid(z).
[[nodiscard]] inline double curve_loss(std::span<const CurveRow> rows, const Triple& theta) noexcept {
  double sum = 0;
  for (const CurveRow& row : rows) {
    const double z = dot(row.features, theta);
    const double softplus = exact::add(z > 0 ? z : 0.0, exact::log1p(exact::exp(z > 0 ? -z : z)));
    sum = exact::add(sum, exact::mul(row.weight, exact::sub(softplus, exact::mul(row.target, z))));
  }
  return sum;
}

struct CurveSlope {
  Triple gradient{};
  std::array<Triple, 3> hessian{};
};

[[nodiscard]] inline CurveSlope curve_slope(std::span<const CurveRow> rows, const Triple& theta) noexcept {
  CurveSlope out;
  for (const CurveRow& row : rows) {
    const double p = exact::sigmoid(dot(row.features, theta));
    const double g = exact::mul(row.weight, exact::sub(p, row.target));
    const double h = exact::mul(row.weight, exact::mul(p, exact::sub(1.0, p)));
    for (std::size_t i = 0; i < 3; ++i) {
      out.gradient[i] = exact::add(out.gradient[i], exact::mul(g, row.features[i]));
      const double hx = exact::mul(h, row.features[i]);
      for (std::size_t j = 0; j <= i; ++j)
        out.hessian[i][j] = exact::add(out.hessian[i][j], exact::mul(hx, row.features[j]));
    }
  }
  return out;
}

/// hessian^-1 gradient over the free parameters, by L D L'. A direction in which the rows do not vary moves nothing.
[[nodiscard]] inline Triple newton_step(const CurveSlope& slope, const Free& free) noexcept {
  std::array<Triple, 3> l{};
  Triple d{}, y{}, step{};
  for (std::size_t i = 0; i < 3; ++i) {
    if (!free[i]) continue;
    double pivot = slope.hessian[i][i], right = slope.gradient[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (!(d[j] > 0)) continue;
      double entry = slope.hessian[i][j];
      for (std::size_t k = 0; k < j; ++k) entry = exact::sub(entry, exact::mul(exact::mul(l[i][k], l[j][k]), d[k]));
      l[i][j] = exact::div(entry, d[j]);
      pivot = exact::sub(pivot, exact::mul(exact::mul(l[i][j], l[i][j]), d[j]));
      right = exact::sub(right, exact::mul(l[i][j], y[j]));
    }
    const bool varies = pivot > exact::mul(1e-12, slope.hessian[i][i]);
    d[i] = varies ? pivot : 0.0;
    y[i] = varies ? right : 0.0;
  }
  for (std::size_t i = 3; i-- > 0;) {
    if (!(d[i] > 0)) continue;
    step[i] = exact::div(y[i], d[i]);
    for (std::size_t k = i + 1; k < 3; ++k) step[i] = exact::sub(step[i], exact::mul(l[k][i], step[k]));
  }
  return step;
}

struct CurveFit {
  Triple theta{};
  double loss = 0;
};

/// The least loss over the free parameters. The loss is convex and Platt's targets keep its minimum finite.
[[nodiscard]] inline CurveFit fit_curve(std::span<const CurveRow> rows, Triple theta, const Free& free) noexcept {
  double loss = curve_loss(rows, theta);
  for (int iteration = 0; iteration < 100; ++iteration) {
    const CurveSlope slope = curve_slope(rows, theta);
    const Triple step = newton_step(slope, free);
    const double promise = dot(step, slope.gradient);  // twice the decrease that the quadratic model foresees
    if (!(promise > 0)) break;
    double share = 1, next_loss = loss;
    Triple next = theta;
    for (int halving = 0; halving < 50; ++halving, share = exact::mul(share, 0.5)) {
      for (std::size_t i = 0; i < 3; ++i) next[i] = exact::sub(theta[i], exact::mul(share, step[i]));
      next_loss = curve_loss(rows, next);
      if (next_loss <= exact::sub(loss, exact::mul(1e-4, exact::mul(share, promise)))) break;
      next_loss = loss;
    }
    // Near the minimum rounding hides what a step gains: Newton's last full steps are taken on trust.
    const bool last = promise <= exact::mul(1e-13, loss);
    if (!(next_loss < loss) && !last) break;
    for (std::size_t i = 0; last && i < 3; ++i) next[i] = exact::sub(theta[i], step[i]);
    theta = next;
    loss = last ? curve_loss(rows, theta) : next_loss;
    if (last) break;
  }
  return {theta, loss};
}

/// The rows as Platt's targets see them; `features` makes the two features of the two logarithms.
template <class Features>
[[nodiscard]] std::vector<CurveRow> curve_rows(const CalibrationData& data, Features features) {
  const ClassWeights sums = check_two_classes(data);
  const double high = exact::div(exact::add(sums.positive, 1.0), exact::add(sums.positive, 2.0));
  const double low = exact::div(1.0, exact::add(sums.negative, 2.0));
  std::vector<CurveRow> rows;
  rows.reserve(data.labels.size());
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    const double w = weight_at(data, i);
    if (w > 0) rows.push_back({features(log_pair(data.probabilities[i])), data.labels[i] == 1 ? high : low, w});
  }
  return rows;
}

}  // namespace detail

inline Calibration fit_platt(const CalibrationData& data) {
  const auto rows =
      detail::curve_rows(data, [](detail::LogPair logs) { return detail::Triple{exact::sub(logs.p, logs.q), 0, 1}; });
  detail::CurveFit fit = detail::fit_curve(rows, {1, 0, 0}, {true, false, true});
  if (!(fit.theta[0] >= 0)) fit = detail::fit_curve(rows, {}, {false, false, true});
  Calibration out;
  out.method = CalibrationMethod::platt;
  out.a = out.b = fit.theta[0];
  out.c = fit.theta[2];
  out.rows = data.labels.size();
  return out;
}

inline Calibration fit_beta(const CalibrationData& data) {
  const auto rows = detail::curve_rows(data, [](detail::LogPair logs) { return detail::Triple{logs.p, -logs.q, 1}; });
  detail::CurveFit best = detail::fit_curve(rows, {1, 1, 0}, {true, true, true});
  if (!(best.theta[0] >= 0) || !(best.theta[1] >= 0)) {
    // Convex, so the least loss lies on an edge: the better of the two, or the corner.
    best = detail::fit_curve(rows, {}, {false, false, true});
    for (const std::size_t kept : {std::size_t{0}, std::size_t{1}}) {
      detail::Triple start{};
      start[kept] = 1;
      const detail::CurveFit edge = detail::fit_curve(rows, start, {kept == 0, kept == 1, true});
      if (edge.theta[kept] >= 0 && edge.loss < best.loss) best = edge;
    }
  }
  Calibration out;
  out.method = CalibrationMethod::beta;
  out.a = best.theta[0];
  out.b = best.theta[1];
  out.c = best.theta[2];
  out.rows = data.labels.size();
  return out;
}

inline Calibration odds_correction(double factor) {
  if (!is_finite(factor) || !(factor > 0))
    fail(ErrorCode::invalid_option, "odds factor", number_text(factor) + "; accepted: finite and above 0");
  Calibration out;
  out.method = CalibrationMethod::prior;
  out.c = exact::sub(0.0, exact::log(factor));
  return out;
}

inline Calibration prior_correction(double trained_rate, double true_rate) {
  for (const double rate : {trained_rate, true_rate}) {
    if (!is_finite(rate) || !(rate > 0) || !(rate < 1))
      fail(ErrorCode::invalid_option, "rate of class 1", number_text(rate) + "; accepted: above 0 and below 1");
  }
  Calibration out;
  out.method = CalibrationMethod::prior;
  out.c = exact::sub(exact::logit(true_rate), exact::logit(trained_rate));
  return out;
}

}  // namespace riskflag::inline v0_1
