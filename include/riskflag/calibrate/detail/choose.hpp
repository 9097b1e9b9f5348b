#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <riskflag/calibrate/detail/check_data.hpp>
#include <riskflag/calibrate/fit.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/metrics/classification.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

/// The fold of each row; each class is shuffled and dealt in turn. Rows without weight go along.
[[nodiscard]] inline std::vector<std::size_t> calibration_folds(const CalibrationData& data, std::size_t folds,
                                                                std::uint64_t seed) {
  std::vector<std::size_t> fold(data.labels.size());
  for (const double label : {0.0, 1.0}) {
    std::vector<std::uint32_t> rows;
    for (std::size_t i = 0; i < fold.size(); ++i) {
      if (data.labels[i] == label) rows.push_back(static_cast<std::uint32_t>(i));
    }
    shuffle(rows, Random(seed, 0x63616c6962).split(label == 0 ? 0 : 1));
    for (std::size_t k = 0; k < rows.size(); ++k) fold[rows[k]] = k % folds;
  }
  return fold;
}

[[nodiscard]] inline Calibration fit_calibration(CalibrationMethod method, const CalibrationData& data,
                                                 double odds_factor) {
  switch (method) {
    case CalibrationMethod::identity: break;
    case CalibrationMethod::prior: return odds_correction(odds_factor);
    case CalibrationMethod::platt: return fit_platt(data);
    case CalibrationMethod::beta: return fit_beta(data);
    case CalibrationMethod::isotonic: return fit_isotonic(data);
  }
  return {};
}

}  // namespace detail

inline Calibration choose_calibration(const CalibrationData& data, const ChooseOptions& options) {
  if (options.folds < 2)
    fail(ErrorCode::invalid_option, "folds", std::to_string(options.folds) + "; 2 or more are accepted");
  (void)detail::check_calibration_data(data);
  // Rows without weight decide nothing.
  std::vector<double> probabilities, labels, weights;
  std::size_t count[2] = {0, 0};
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    if (!(detail::weight_at(data, i) > 0)) continue;
    probabilities.push_back(data.probabilities[i]);
    labels.push_back(data.labels[i]);
    weights.push_back(detail::weight_at(data, i));
    ++count[data.labels[i] == 1 ? 1 : 0];
  }
  const std::size_t folds = std::min({options.folds, count[0], count[1]});
  if (folds < 2) return {};
  const CalibrationData all{probabilities, labels, weights};
  const std::vector<std::size_t> fold = detail::calibration_folds(all, folds, options.seed);

  std::vector<CalibrationTrial> trials;
  for (const CalibrationMethod method : kCalibrationMethods) {
    if (method == CalibrationMethod::prior && options.odds_factor == 1) continue;
    std::vector<double> out_of_fold = probabilities;
    for (std::size_t f = 0; method != CalibrationMethod::identity && f < folds; ++f) {
      std::vector<double> p, y, w;
      for (std::size_t i = 0; i < fold.size(); ++i) {
        if (fold[i] == f) continue;
        p.push_back(probabilities[i]);
        y.push_back(labels[i]);
        w.push_back(weights[i]);
      }
      const Calibration fitted = detail::fit_calibration(method, {p, y, w}, options.odds_factor);
      for (std::size_t i = 0; i < fold.size(); ++i) {
        if (fold[i] == f) out_of_fold[i] = fitted.apply(probabilities[i]);
      }
    }
    trials.push_back({method, *metrics::log_loss(out_of_fold, labels, weights).value});
  }
  const auto best =
      std::min_element(trials.begin(), trials.end(),
                       [](const CalibrationTrial& x, const CalibrationTrial& y) { return x.log_loss < y.log_loss; });
  Calibration out = detail::fit_calibration(best->method, data, options.odds_factor);
  out.rows = data.labels.size();
  out.trials = std::move(trials);
  return out;
}

}  // namespace riskflag::inline v0_1
