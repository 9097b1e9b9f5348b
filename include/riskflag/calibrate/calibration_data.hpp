#pragma once

#include <span>

namespace riskflag::inline v0_1 {

/// Probabilities of the model and what came. Every fit throws Error(invalid_data) for spans of different lengths,
/// a probability outside [0, 1], a label that is neither 0 nor 1, a weight that is negative or not finite, and (but for
/// choose_calibration) when rows of one class alone have weight.
struct CalibrationData {
  std::span<const double> probabilities;
  std::span<const double> labels;
  std::span<const double> weights = {};  ///< empty = all 1
};

}  // namespace riskflag::inline v0_1
