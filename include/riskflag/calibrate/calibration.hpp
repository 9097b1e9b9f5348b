#pragma once

#include <string>
#include <string_view>

namespace riskflag::inline v0_1 {

/// The last step from the model's probability to the one that is answered. This build knows the identity alone.
struct Calibration {
  std::string method = "identity";

  /// The calibrated probability; in [0, 1] for p in [0, 1].
  [[nodiscard]] double apply(double probability) const noexcept { return probability; }

  friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// `calibration` as calibration.json holds it.
[[nodiscard]] std::string calibration_text(const Calibration& calibration);
/// Throws Error(parse | corrupt), and Error(unsupported) for a method that this build does not know, naming `where`.
[[nodiscard]] Calibration parse_calibration(std::string_view text, std::string_view where);

}  // namespace riskflag::inline v0_1

#include <riskflag/calibrate/detail/calibration.hpp>
