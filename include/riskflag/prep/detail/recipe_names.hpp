#pragma once

// The words of a recipe's JSON, in one place for its reader, its writer and messages; and the ranges of its options.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// The op of each alternative of Step, in its order.
inline constexpr std::array<std::string_view, 14> kOps = {
    "impute",        "clip",       "log1p", "scale", "ordinal_encode", "one_hot", "frequency_encode",
    "target_encode", "woe_encode", "bin",   "group", "derive",         "select",  "drop"};
static_assert(kOps.size() == std::variant_size_v<Step>);

inline constexpr std::array<std::string_view, 4> kStrategies = {"mean", "median", "most_frequent", "constant"};
inline constexpr std::array<std::string_view, 3> kBinKinds = {"quantile", "supervised", "monotone"};
inline constexpr std::array<std::string_view, 3> kBinOutputs = {"index", "category", "woe"};

inline void require_option(bool holds, std::string_view op, const char* message) {
  if (!holds) fail(ErrorCode::invalid_option, std::string(op), message);
}
inline void check_folds(int folds, std::string_view op) {
  require_option(folds == 0 || (folds >= 2 && folds <= 1000), op,
                 "folds outside its range; accepted: 0 (not cross-fitted) or 2 to 1000");
}
inline void check_smoothing(double smoothing, std::string_view op) {
  require_option(is_finite(smoothing) && smoothing >= 0, op, "smoothing outside its range; accepted: numbers >= 0");
}
inline void check_min_frequency(double least, std::string_view op) {
  require_option(is_finite(least) && least >= 0, op,
                 "min_frequency outside its range; accepted: rows when >= 1, a share when below 1");
}

template <class AnyStep>
void check_step(const AnyStep&) {}
inline void check_step(const Impute& step) {
  require_option(is_finite(step.value), "impute", "value is not finite; accepted: a number");
}
inline void check_step(const ClipQuantiles& step) {
  require_option(step.low >= 0 && step.low < step.high && step.high <= 1, "clip", "accepted: 0 <= low < high <= 1");
}
inline void check_step(const OneHotEncode& step) {
  require_option(step.max_categories >= 0, "one_hot",
                 "max_categories is negative; accepted: 1 or more, or 0 for no limit");
  check_min_frequency(step.min_frequency, "one_hot");
}
inline void check_step(const TargetEncode& step) {
  require_option(!step.smooth || (is_finite(*step.smooth) && *step.smooth >= 0), "target_encode",
                 "smooth outside its range; accepted: \"auto\" or a number >= 0");
  require_option(step.folds >= 2 && step.folds <= 1000, "target_encode",
                 "folds outside its range; accepted: 2 to 1000");
  require_option(!step.ordered || step.smooth, "target_encode",
                 "ordered needs smooth, a number of pseudo-rows; \"auto\" knows all rows");
}
inline void check_step(const WoeEncode& step) {
  check_smoothing(step.smoothing, "woe_encode");
  check_folds(step.folds, "woe_encode");
}
inline void check_step(const BinNumbers& step) {
  require_option(step.max_bins >= 2 && step.max_bins <= 1000, "bin", "max_bins outside its range; accepted: 2 to 1000");
  require_option(step.min_share >= 0 && step.min_share <= 0.5, "bin",
                 "min_share outside its range; accepted: 0 to 0.5");
  check_smoothing(step.smoothing, "bin");
  check_folds(step.folds, "bin");
}
inline void check_step(const Group& step) {
  check_min_frequency(step.min_frequency, "group");
  require_option(!(step.min_frequency > 0) || step.other.has_value(), "group",
                 "min_frequency without \"other\"; accepted: both, or neither");
}
inline void check_step(const Derive& step) {
  require_option(!step.name.empty(), "derive", "an empty name; accepted: the new column's name");
}

/// Throws invalid_option for an option outside its range.
inline void check_recipe(const Recipe& recipe) {
  for (const Step& step : recipe.steps) std::visit([](const auto& each) { check_step(each); }, step);
}

}  // namespace riskflag::inline v0_1::prep::detail
