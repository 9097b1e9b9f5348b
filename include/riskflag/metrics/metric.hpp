#pragma once

#include <optional>
#include <string_view>

namespace riskflag::inline v0_1::metrics {

/// A number, or the reason why there is none: never NaN.
struct Metric {
  std::optional<double> value{};
  std::string_view undefined_because{};  ///< "labels are all one class"; empty when there is a value

  [[nodiscard]] static constexpr Metric of(double x) noexcept { return {x, {}}; }
  [[nodiscard]] static constexpr Metric undefined(std::string_view reason) noexcept { return {std::nullopt, reason}; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return value.has_value(); }
};

inline constexpr std::string_view kNoRows = "there are no rows";
inline constexpr std::string_view kNoWeight = "there are no rows of positive weight";
inline constexpr std::string_view kOneClass = "labels are all one class";
inline constexpr std::string_view kNoPositives = "there are no positives";

}  // namespace riskflag::inline v0_1::metrics
