#pragma once

// Fitting a calibration on rows that the model was not fitted on: validation rows, or out-of-fold scores.

#include <cstddef>
#include <cstdint>
#include <span>

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/calibrate/calibration_data.hpp>

namespace riskflag::inline v0_1 {

/// Platt scaling: the maximum likelihood line in the log-odds of p, slope >= 0, against Platt's smoothed targets
/// (N+ + 1) / (N+ + 2) and 1 / (N- + 2), N the classes' weights; by Newton's method to the last digits.
///
/// Platt, "Probabilistic outputs for support vector machines", 1999; Lin, Lin and Weng, 2007. scikit-learn's sigmoid
/// has the same targets; fed with log-odds it has the same line to its optimiser's tolerance. A slope of 0 (scores that
/// rank no better than chance) makes every probability the base rate. O(rows) a step.
[[nodiscard]] Calibration fit_platt(const CalibrationData& data);

/// Beta calibration: the maximum likelihood curve a ln p - b ln(1 - p) + c with a, b >= 0.
///
/// Kull, Silva Filho and Flach, "Beta calibration", AISTATS 2017. Two differences: Platt's targets instead of 0 and 1,
/// so that classes which the scores separate still have a maximum; and the best of all curves that keep a, b >= 0,
/// where the paper drops whichever came out negative.
[[nodiscard]] Calibration fit_beta(const CalibrationData& data);

/// Isotonic regression: the non-decreasing function of least weighted squared error (pool adjacent violators; equal
/// probabilities are pooled first), linear between its knots and flat beyond them, as scikit-learn's with out_of_bounds
/// "clip". It ties what it pools and may answer exactly 0 or 1; a few hundred rows of the rarer class or more are due.
/// O(rows log rows).
[[nodiscard]] Calibration fit_isotonic(const CalibrationData& data);

/// For a model whose training rows had the odds of class 1 multiplied by `factor` (scale_pos_weight, dropped
/// negatives): divides the odds by it. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001, theorem 2.
/// Throws Error(invalid_option) unless factor is finite and > 0.
[[nodiscard]] Calibration odds_correction(double factor);

/// The same from the two rates of class 1: where the model learned, and where it is used (Saerens et al., 2002, eq. 4,
/// for known rates). Throws Error(invalid_option) unless both lie inside (0, 1).
[[nodiscard]] Calibration prior_correction(double trained_rate, double true_rate);

struct ChooseOptions {
  std::size_t folds = 5;    ///< >= 2; fewer where the rarer class has fewer rows
  std::uint64_t seed = 42;  ///< deals the rows to folds
  double odds_factor = 1;   ///< other than 1: prior is tried too, as odds_correction(odds_factor)
};

/// The method of least cross-validated log loss among identity, prior, platt, beta and isotonic, fitted on all rows;
/// of equal ones the simplest. `trials` says what each gave. Folds are stratified. With fewer than two rows of a class
/// the answer is the identity, without trials.
[[nodiscard]] Calibration choose_calibration(const CalibrationData& data, const ChooseOptions& options = {});

}  // namespace riskflag::inline v0_1

#include <riskflag/calibrate/detail/choose.hpp>
#include <riskflag/calibrate/detail/fit_curve.hpp>
#include <riskflag/calibrate/detail/fit_isotonic.hpp>
