#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/study/detail/setting_value.hpp>
#include <riskflag/study/search.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// `x` with four digits.
[[nodiscard]] inline double four_digits(double x) noexcept {
  if (x == 0) return 0;
  double scale = 1;
  const double size = x < 0 ? -x : x;
  while (exact::mul(size, scale) < 1000) scale = exact::mul(scale, 10);
  while (exact::mul(size, scale) >= 10000) scale = exact::div(scale, 10);
  return exact::div(__builtin_floor(exact::add(exact::mul(x, scale), 0.5)), scale);
}

[[nodiscard]] inline bool is_whole(double x) noexcept { return __builtin_floor(x) == x; }

[[nodiscard]] inline std::string draw_value(const SearchParameter& parameter, const Random& random) {
  if (!parameter.choices.empty()) return parameter.choices[random.below(parameter.choices.size(), 0)];
  const double u = random.uniform(0);
  double low = parameter.low, high = parameter.high;
  if (parameter.whole) high = exact::add(high, 1);  // each whole number has the interval above it
  double x;
  if (parameter.log) {
    const double from = exact::log(low);
    x = exact::exp(exact::add(from, exact::mul(u, exact::sub(exact::log(high), from))));
  } else {
    x = exact::add(low, exact::mul(u, exact::sub(high, low)));
  }
  x = parameter.whole ? __builtin_floor(x) : four_digits(x);
  x = std::clamp(x, parameter.low, parameter.high);
  return parameter.whole ? std::to_string(static_cast<std::int64_t>(x)) : number_text(x);
}

[[nodiscard]] inline SearchParameter parse_parameter(std::string name, const Json& value, const std::string& at) {
  SearchParameter out;
  out.name = std::move(name);
  const auto refuse = [&](const std::string& why) {
    fail(ErrorCode::invalid_option, at, quoted(out.name) + " " + why);
  };
  if (const JsonArray* choices = value.array()) {
    for (const Json& each : *choices) out.choices.push_back(scalar_text(each, at));
    if (out.choices.empty()) refuse("has no value to choose from");
    return out;
  }
  if (value.object() == nullptr) {
    out.choices.push_back(scalar_text(value, at));
    return out;
  }
  const auto known = value.only({"low", "high", "log", "whole"});
  if (!known) refuse(known.failure().message);
  out.low = value_or_throw(value_or_throw(value.at("low"))->number());
  out.high = value_or_throw(value_or_throw(value.at("high"))->number());
  if (const Json* log = value.find("log")) out.log = value_or_throw(log->boolean());
  out.whole = is_whole(out.low) && is_whole(out.high);
  if (const Json* whole = value.find("whole")) out.whole = value_or_throw(whole->boolean());
  if (!is_finite(out.low) || !is_finite(out.high) || out.low > out.high) refuse("has a range that is none");
  if (out.log && !(out.low > 0)) refuse("begins at " + number_text(out.low) + "; a log range begins above 0");
  if (out.whole && (out.low < -1e15 || out.high > 1e15 || !is_whole(out.low) || !is_whole(out.high)))
    refuse("has ends that are not whole");
  return out;
}

}  // namespace detail

inline std::vector<SearchParameter> default_search_space() {
  return {{"learning_rate", {}, 0.02, 0.2, true, false},  {"num_leaves", {}, 7, 127, true, true},
          {"min_data_in_leaf", {}, 5, 200, true, true},   {"lambda_l2", {}, 0.001, 50, true, false},
          {"feature_fraction", {}, 0.4, 1, false, false}, {"bagging_fraction", {}, 0.5, 1, false, false},
          {"bagging_freq", {"1"}, 0, 0, false, false}};
}

inline std::vector<SearchParameter> parse_search_space(std::string_view text, std::string_view where) {
  const Json json = value_or_throw(read_json(text, where));
  if (json.object() == nullptr) {
    fail(ErrorCode::parse, std::string(where),
         "holds no JSON object; accepted: {\"num_leaves\": {\"low\": 7, \"high\": 127, \"log\": true}, ...}");
  }
  std::vector<SearchParameter> space;
  for (const auto& [name, value] : *json.object()) {
    const std::string at = std::string(where) + ":" + std::to_string(value.line());
    const auto* option = riskflag::detail::find_option(name);
    if (option == nullptr) {
      const std::vector<std::string_view> names = option_names();
      fail(ErrorCode::invalid_option, at, "there is no training option " + quoted(name) + did_you_mean(name, names));
    }
    SearchParameter parameter = detail::parse_parameter(std::string(option->name), value, at);
    for (const SearchParameter& other : space) {
      if (other.name == parameter.name) fail(ErrorCode::usage, at, quoted(parameter.name) + " is named twice");
    }
    space.push_back(std::move(parameter));
  }
  if (space.empty()) fail(ErrorCode::invalid_option, std::string(where), "names no option to search");
  return space;
}

inline TrialSettings draw_trial(const std::vector<SearchParameter>& space, std::uint64_t seed, std::size_t trial) {
  TrialSettings settings;
  if (trial == 0) return settings;
  const Random random = Random(seed, 0x736561726368).split(trial);
  for (std::size_t p = 0; p < space.size(); ++p)
    settings.emplace_back(space[p].name, detail::draw_value(space[p], random.split(p)));
  return settings;
}

}  // namespace riskflag::inline v0_1::study
