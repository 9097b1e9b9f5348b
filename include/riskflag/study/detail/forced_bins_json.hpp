#pragma once

// LightGBM's file of forced bins.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bin/cuts.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::study::detail {

/// [{"feature": "age", "bin_upper_bound": [25, 65]}, ...]: LightGBM's form, where the feature has its name. A number is
/// refused: columns by number would be those of a table that the recipe has changed. Throws Error(parse) for another
/// form, naming `where`; whether the bounds rise and the feature exists, binning tells.
[[nodiscard]] inline std::vector<ForcedBins> parse_forced_bins(std::string_view text, std::string_view where) {
  const Json json = value_or_throw(read_json(text, where));
  if (json.array() == nullptr) {
    fail(ErrorCode::parse, std::string(where),
         "is " + json.description() + R"(; accepted: [{"feature": "NAME", "bin_upper_bound": [NUMBER, ...]}, ...])");
  }
  std::vector<ForcedBins> out;
  for (const Json& entry : *json.array()) {
    value_or_throw(entry.only({"feature", "bin_upper_bound"}));
    const Json& feature = *value_or_throw(entry.at("feature"));
    if (feature.kind() == Json::Kind::number)
      fail(ErrorCode::parse, feature.place(), R"(a feature by number is not accepted; "feature": "NAME" names it)");
    ForcedBins& forced = out.emplace_back(ForcedBins{value_or_throw(feature.string()), {}});
    const Json& bounds = *value_or_throw(entry.at("bin_upper_bound"));
    if (bounds.array() == nullptr)
      fail(ErrorCode::parse, bounds.place(), "is " + bounds.description() + "; accepted: an array of numbers");
    for (const Json& bound : *bounds.array()) forced.upper_bounds.push_back(value_or_throw(bound.number()));
  }
  return out;
}

}  // namespace riskflag::inline v0_1::study::detail
