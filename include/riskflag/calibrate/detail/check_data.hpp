#pragma once

#include <cstddef>
#include <string>

#include <riskflag/calibrate/calibration_data.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::detail {

[[nodiscard]] inline double weight_at(const CalibrationData& data, std::size_t i) noexcept {
  return data.weights.empty() ? 1.0 : data.weights[i];
}

struct ClassWeights {
  double positive = 0, negative = 0;
};

/// The weight of each class, after every row was checked.
[[nodiscard]] inline ClassWeights check_calibration_data(const CalibrationData& data) {
  const std::size_t n = data.probabilities.size();
  if (data.labels.size() != n || (!data.weights.empty() && data.weights.size() != n)) {
    fail(ErrorCode::invalid_data, "calibration",
         std::to_string(n) + " probabilities, " + std::to_string(data.labels.size()) + " labels and " +
             std::to_string(data.weights.size()) + " weights; one a row is accepted (weights: or none)");
  }
  ClassWeights sums;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = data.probabilities[i], y = data.labels[i], w = weight_at(data, i);
    const auto refuse = [&](const std::string& what) {
      fail(ErrorCode::invalid_data, "calibration", "row " + std::to_string(i + 1) + ": " + what);
    };
    if (!is_finite(p) || p < 0 || p > 1) refuse(number_text(p) + " is no probability; accepted: 0 to 1");
    if (!is_finite(y) || (y != 0 && y != 1)) refuse("label " + number_text(y) + "; accepted: 0 and 1");
    if (!is_finite(w) || w < 0) refuse("weight " + number_text(w) + "; accepted: 0 and above");
    double& sum = y == 1 ? sums.positive : sums.negative;
    sum = exact::add(sum, w);
  }
  return sums;
}

inline ClassWeights check_two_classes(const CalibrationData& data) {
  const ClassWeights sums = check_calibration_data(data);
  if (!(sums.positive > 0) || !(sums.negative > 0)) {
    fail(ErrorCode::invalid_data, "calibration",
         std::string("all of the ") + std::to_string(data.labels.size()) + " rows that have weight are of one class; " +
             "both are needed to fit a calibration");
  }
  return sums;
}

}  // namespace riskflag::inline v0_1::detail
