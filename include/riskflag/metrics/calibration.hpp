#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics {

/// One bin of a calibration table; weights stand for rows when they are given.
struct CalibrationBin {
  double low, high;  ///< the bin is [low, high), the last one closed
  double weight;     ///< 0: the bin is empty and the two means are 0
  double mean_probability;
  double positive_rate;
};

/// How probabilities compare with what came, in `bins` bins of equal width over [0, 1]. Throws Error(invalid_data) for
/// a probability outside [0, 1], Error(invalid_option) for bins == 0.
[[nodiscard]] std::vector<CalibrationBin> calibration_table(std::span<const double> probabilities,
                                                            std::span<const double> labels,
                                                            std::span<const double> weights = {},
                                                            std::size_t bins = 10);

/// Expected calibration error: weighted mean over the bins of |mean probability - positive rate|.
/// Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
[[nodiscard]] Metric ece(std::span<const double> probabilities, std::span<const double> labels,
                         std::span<const double> weights = {}, std::size_t bins = 10);

/// One slice of the rows ordered by falling score: the first row is the riskiest decile.
struct GainsRow {
  double share;      ///< of all weight, up to the end of this slice
  double weight;     ///< in this slice
  double positives;  ///< weight of positives in this slice
  double positive_rate;
  double lift;          ///< positive_rate / overall positive rate
  double captured;      ///< share of all positives, up to the end of this slice (the gains curve)
  double lowest_score;  ///< in this slice
};

/// Lift and gains by equal slices of weight (deciles by default). Rows with equal scores share their positives evenly,
/// so that the table does not depend on the order of rows. Empty without positives.
[[nodiscard]] std::vector<GainsRow> gains(std::span<const double> scores, std::span<const double> labels,
                                          std::span<const double> weights = {}, std::size_t slices = 10);

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/calibration.hpp>
