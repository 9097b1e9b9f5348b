#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace riskflag::inline v0_1 {

enum class CalibrationMethod {
  identity,  ///< the model's own probability
  prior,     ///< the odds times a factor that was known beforehand: prior_correction(), odds_correction()
  platt,     ///< a line in the log-odds: fit_platt()
  beta,      ///< Kull's three-parameter curve: fit_beta()
  isotonic,  ///< a rising line through knots: fit_isotonic()
};
/// All of them, the ones with fewer parameters first.
inline constexpr std::array kCalibrationMethods{CalibrationMethod::identity, CalibrationMethod::prior,
                                                CalibrationMethod::platt, CalibrationMethod::beta,
                                                CalibrationMethod::isotonic};
[[nodiscard]] std::string_view name_of(CalibrationMethod method) noexcept;
[[nodiscard]] std::optional<CalibrationMethod> find_calibration_method(std::string_view name) noexcept;

/// What one method gave in the cross-validation of choose_calibration().
struct CalibrationTrial {
  CalibrationMethod method = CalibrationMethod::identity;
  double log_loss = 0;  ///< mean over the rows, each scored by a curve that was fitted without it
  friend bool operator==(const CalibrationTrial&, const CalibrationTrial&) = default;
};

/// The last step from the model's probability to the one that is answered.
///
/// Prior, platt and beta are one curve, 1 / (1 + exp(-(a ln p - b ln(1 - p) + c))): platt has a = b, prior a = b = 1.
/// Isotonic is the line through `knots`, flat beyond its ends. Every one is fixed step by step through exact.hpp and
/// never falls as p rises.
struct Calibration {
  CalibrationMethod method = CalibrationMethod::identity;
  double a = 1, b = 1, c = 0;                      ///< of the curve; a, b >= 0
  std::vector<std::pair<double, double>> knots{};  ///< isotonic: (probability, calibrated), both rising
  std::uint64_t rows = 0;                          ///< that it was fitted on; 0: none
  std::vector<CalibrationTrial> trials{};          ///< why this method: choose_calibration() alone fills it

  /// The calibrated probability of p in [0, 1]; in [0, 1]. NaN stays NaN. Never falls as p rises, over all doubles.
  /// Curves read the smaller of p and 1 - p, held to 2^-90 and above, in steps of 2^-46 of its size, so that the
  /// rounding of logarithms cannot turn an order around: probabilities that lie closer come out equal.
  [[nodiscard]] double apply(double probability) const noexcept;

  friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// apply() on each of `probabilities`, in place.
void apply_calibration(const Calibration& calibration, std::span<double> probabilities) noexcept;

/// One sentence for logs and reports: the method, and how it compared with the others when it was chosen.
[[nodiscard]] std::string calibration_sentence(const Calibration& calibration);

/// `calibration` as calibration.json holds it.
[[nodiscard]] std::string calibration_text(const Calibration& calibration);
/// Throws Error(parse | corrupt), and Error(unsupported) for a method that this build does not know, naming `where`.
[[nodiscard]] Calibration parse_calibration(std::string_view text, std::string_view where);

}  // namespace riskflag::inline v0_1

#include <riskflag/calibrate/detail/calibration.hpp>
#include <riskflag/calibrate/detail/calibration_json.hpp>
