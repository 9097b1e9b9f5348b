#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

struct LogPair {
  double p, q;  ///< ln p and ln(1 - p)
};

/// Both logarithms of a probability, rising and falling without exception over all doubles.
///
/// exact::log is within 1 ulp, not monotone by proof. Cutting the last 7 bits of the smaller of p and 1 - p (which is
/// exact from one half on) makes neighbouring arguments differ by 2^-46 of their size, which moves either logarithm by
/// at least 2 of its ulps: the clamp keeps |ln| below 64, and log1p keeps the argument's own precision.
[[nodiscard]] inline LogPair log_pair(double probability) noexcept {
  constexpr double kLeast = 0x1p-90;
  const bool lower = probability < 0.5;
  const double smaller = lower ? probability : exact::sub(1.0, probability);
  const double held = smaller < kLeast ? kLeast : smaller;
  const double x = std::bit_cast<double>(std::bit_cast<std::uint64_t>(held) & ~std::uint64_t{0x7F});
  const double near = exact::log(x), far = exact::log1p(-x);
  return lower ? LogPair{near, far} : LogPair{far, near};
}

/// 1 / (1 + e^-z), never falling: z is cut to multiples of 2^-50, between which e^z moves by at least 4 of its ulps;
/// the sum and the quotient are single roundings of a monotone function.
[[nodiscard]] inline double monotone_sigmoid(double z) noexcept {
  if (z > -4.0 && z < 4.0) {
    z = static_cast<double>(static_cast<std::int64_t>(exact::mul(z, 0x1p50))) * 0x1p-50;
  }
  z = z < -700.0 ? -700.0 : z > 700.0 ? 700.0 : z;  // infinities would be at the mercy of -ffast-math
  return exact::div(1.0, exact::add(1.0, exact::exp(-z)));
}

[[nodiscard]] inline double interpolate_knots(std::span<const std::pair<double, double>> knots,
                                              double probability) noexcept {
  const double x = probability < 0x1p-90 ? 0.0 : probability;  // no denormal, which some programs flush to 0
  const auto above =
      std::upper_bound(knots.begin(), knots.end(), x,
                       [](double value, const std::pair<double, double>& knot) { return value < knot.first; });
  if (above == knots.begin()) return knots.front().second;
  if (above == knots.end()) return knots.back().second;
  const auto [x0, y0] = *(above - 1);
  const auto [x1, y1] = *above;
  const double share = exact::div(exact::sub(x, x0), exact::sub(x1, x0));
  const double y = exact::add(y0, exact::mul(share, exact::sub(y1, y0)));
  return y > y1 ? y1 : y;  // the sum may round past the end
}

}  // namespace detail

inline std::string_view name_of(CalibrationMethod method) noexcept {
  switch (method) {
    case CalibrationMethod::identity: return "identity";
    case CalibrationMethod::prior: return "prior";
    case CalibrationMethod::platt: return "platt";
    case CalibrationMethod::beta: return "beta";
    case CalibrationMethod::isotonic: break;
  }
  return "isotonic";
}

inline std::optional<CalibrationMethod> find_calibration_method(std::string_view name) noexcept {
  for (const CalibrationMethod method : kCalibrationMethods) {
    if (name == name_of(method)) return method;
  }
  return std::nullopt;
}

inline double Calibration::apply(double probability) const noexcept {
  if (method == CalibrationMethod::identity || is_missing(probability)) return probability;
  if (method == CalibrationMethod::isotonic)
    return knots.empty() ? probability : detail::interpolate_knots(knots, probability);
  const detail::LogPair logs = detail::log_pair(probability);
  return detail::monotone_sigmoid(exact::add(exact::sub(exact::mul(a, logs.p), exact::mul(b, logs.q)), c));
}

inline void apply_calibration(const Calibration& calibration, std::span<double> probabilities) noexcept {
  if (calibration.method == CalibrationMethod::identity) return;
  for (double& p : probabilities) p = calibration.apply(p);
}

}  // namespace riskflag::inline v0_1
