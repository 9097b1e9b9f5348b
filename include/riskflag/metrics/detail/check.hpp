#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::metrics::detail {

inline void check_length(std::size_t found, std::size_t rows, const char* what) {
  if (found != rows) {
    fail(ErrorCode::invalid_data, "metrics",
         std::to_string(found) + " " + what + " for " + std::to_string(rows) + " scores; the two must be equally many");
  }
}

/// Labels 0 or 1, scores that are no NaN, weights >= 0 and finite (or none), all equally long.
inline void check_classes(std::span<const double> scores, std::span<const double> labels,
                          std::span<const double> weights) {
  check_length(labels.size(), scores.size(), "labels");
  if (!weights.empty()) check_length(weights.size(), scores.size(), "weights");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (is_missing(scores[i])) {
      fail(ErrorCode::invalid_data, "metrics", "score " + std::to_string(i) + " is NaN; every row needs a score");
    }
    if (!(labels[i] == 0.0 || labels[i] == 1.0)) {
      fail(ErrorCode::invalid_data, "metrics",
           "label " + std::to_string(i) + " is " + number_text(labels[i]) + "; labels are 0 or 1");
    }
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!is_finite(weights[i]) || weights[i] < 0) {
      fail(ErrorCode::invalid_data, "metrics",
           "weight " + std::to_string(i) + " is " + number_text(weights[i]) + "; weights are finite and >= 0");
    }
  }
}

/// As check_classes, and every score a probability in [0, 1].
inline void check_probabilities(std::span<const double> probabilities, std::span<const double> labels,
                                std::span<const double> weights) {
  check_classes(probabilities, labels, weights);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] < 0.0 || probabilities[i] > 1.0) {
      fail(ErrorCode::invalid_data, "metrics",
           "probability " + std::to_string(i) + " is " + number_text(probabilities[i]) + "; it must lie in [0, 1]");
    }
  }
}

/// Finite predictions and targets, weights >= 0 and finite (or none), all equally long.
inline void check_numbers(std::span<const double> predictions, std::span<const double> targets,
                          std::span<const double> weights) {
  check_length(targets.size(), predictions.size(), "targets");
  if (!weights.empty()) check_length(weights.size(), predictions.size(), "weights");
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    if (!is_finite(predictions[i]) || !is_finite(targets[i])) {
      fail(ErrorCode::invalid_data, "metrics",
           "row " + std::to_string(i) + " has prediction " + number_text(predictions[i]) + " and target " +
               number_text(targets[i]) + "; both must be finite");
    }
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!is_finite(weights[i]) || weights[i] < 0) {
      fail(ErrorCode::invalid_data, "metrics",
           "weight " + std::to_string(i) + " is " + number_text(weights[i]) + "; weights are finite and >= 0");
    }
  }
}

inline void check_level(double level) {
  if (!(level > 0.0 && level < 1.0)) {
    fail(ErrorCode::invalid_option, "level", number_text(level) + "; a confidence level lies between 0 and 1");
  }
}

/// 1 for every row when there are no weights.
[[nodiscard]] inline double weight_of(std::span<const double> weights, std::size_t row) noexcept {
  return weights.empty() ? 1.0 : weights[row];
}

}  // namespace riskflag::inline v0_1::metrics::detail
