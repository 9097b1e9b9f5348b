#pragma once

// Recipe from JSON.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/detail/recipe_names.hpp>
#include <riskflag/prep/expression.hpp>
#include <riskflag/prep/recipe.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

/// The value, or its failure as invalid_option: well-formed JSON that says something no recipe says.
template <class T>
[[nodiscard]] T option(Result<T> result) {
  if (!result) fail(ErrorCode::invalid_option, result.failure().where, result.failure().message);
  return std::move(result).value();
}
inline void option(const Result<void>& result) {
  if (!result) fail(ErrorCode::invalid_option, result.failure().where, result.failure().message);
}
[[noreturn]] inline void refuse_option(const Json& at, const std::string& message) {
  fail(ErrorCode::invalid_option, at.place(), message);
}

[[nodiscard]] inline std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}
/// The place of a string among `words`.
[[nodiscard]] inline std::size_t one_of(const Json& json, std::span<const std::string_view> words) {
  const std::string word = option(json.string());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return i;
  }
  refuse_option(json, quoted(word) + "; accepted: " + listed(words) + did_you_mean(word, words));
}
[[nodiscard]] inline std::vector<std::string> strings(const Json& json) {
  const JsonArray* array = json.array();
  if (array == nullptr) refuse_option(json, json.description() + "; accepted: an array of strings");
  std::vector<std::string> out;
  for (const Json& each : *array) out.push_back(option(each.string()));
  return out;
}

// Each leaves `out` as it is when the step has no such member.
inline void read(const Json& step, std::string_view key, bool& out) {
  if (const Json* json = step.find(key)) out = option(json->boolean());
}
inline void read(const Json& step, std::string_view key, double& out) {
  if (const Json* json = step.find(key)) out = option(json->number());
}
inline void read(const Json& step, std::string_view key, int& out) {
  const Json* json = step.find(key);
  if (json == nullptr) return;
  const std::int64_t value = option(json->integer());
  if (value < 0 || value > std::numeric_limits<int>::max())
    refuse_option(*json, json->description() + "; accepted: 0 or more");
  out = static_cast<int>(value);
}
inline void read(const Json& step, std::string_view key, std::string& out) {
  if (const Json* json = step.find(key)) out = option(json->string());
}
inline void read(const Json& step, std::string_view key, std::optional<std::string>& out) {
  const Json* json = step.find(key);
  if (json != nullptr && !json->is_null()) out = option(json->string());
}
inline void read(const Json& step, std::string_view key, std::optional<double>& out) {
  const Json* json = step.find(key);
  if (json != nullptr && !json->is_null()) out = option(json->number());
}

[[nodiscard]] inline Columns read_columns(const Json& step) {
  const Json* json = option(step.at("columns"));
  Columns out;
  if (json->array() != nullptr) {
    out.names = strings(*json);
    if (out.names.empty()) refuse_option(*json, "no columns; accepted: at least one name");
    return out;
  }
  if (json->object() == nullptr) {
    refuse_option(*json, json->description() + "; accepted: [\"NAME\", ...], {\"type\": ...} or {\"pattern\": ...}");
  }
  option(json->only({"type", "pattern", "except"}));
  constexpr std::array<std::string_view, 3> kTypes = {"number", "category", "date"};
  if (const Json* type = json->find("type")) out.type = find_column_type(kTypes[one_of(*type, kTypes)]);
  read(*json, "pattern", out.pattern);
  if (const Json* except = json->find("except")) out.except = strings(*except);
  if (!out.type && out.pattern.empty())
    refuse_option(*json, "neither type nor pattern; accepted: at least one of them");
  return out;
}

inline void read_step(const Json& json, Impute& step) {
  option(json.only({"op", "columns", "strategy", "value", "level", "indicator", "keep"}));
  if (const Json* word = json.find("strategy")) step.strategy = static_cast<ImputeStrategy>(one_of(*word, kStrategies));
  read(json, "value", step.value);
  read(json, "level", step.level);
  read(json, "indicator", step.indicator);
}
inline void read_step(const Json& json, ClipQuantiles& step) {
  option(json.only({"op", "columns", "low", "high", "keep"}));
  read(json, "low", step.low);
  read(json, "high", step.high);
}
inline void read_step(const Json& json, Log1pOf&) { option(json.only({"op", "columns", "keep"})); }
inline void read_step(const Json& json, Standardize& step) {
  option(json.only({"op", "columns", "center", "scale", "keep"}));
  read(json, "center", step.center);
  read(json, "scale", step.scale);
}
inline void read_step(const Json& json, OrdinalEncode& step) {
  option(json.only({"op", "columns", "order", "missing", "unseen", "keep"}));
  if (const Json* order = json.find("order")) step.order = strings(*order);
  read(json, "missing", step.missing);
  read(json, "unseen", step.unseen);
}
inline void read_step(const Json& json, OneHotEncode& step) {
  option(json.only({"op", "columns", "max_categories", "min_frequency", "keep"}));
  read(json, "max_categories", step.max_categories);
  read(json, "min_frequency", step.min_frequency);
}
inline void read_step(const Json& json, FrequencyEncode&) { option(json.only({"op", "columns", "keep"})); }
inline void read_step(const Json& json, TargetEncode& step) {
  option(json.only({"op", "columns", "smooth", "folds", "ordered", "keep"}));
  const Json* smooth = json.find("smooth");
  if (smooth != nullptr && smooth->kind() == Json::Kind::string) {
    constexpr std::array<std::string_view, 1> kWords = {"auto"};
    (void)one_of(*smooth, kWords);
  } else {
    read(json, "smooth", step.smooth);
  }
  read(json, "folds", step.folds);
  read(json, "ordered", step.ordered);
}
inline void read_step(const Json& json, WoeEncode& step) {
  option(json.only({"op", "columns", "smoothing", "folds", "keep"}));
  read(json, "smoothing", step.smoothing);
  read(json, "folds", step.folds);
}
inline void read_step(const Json& json, BinNumbers& step) {
  option(json.only({"op", "columns", "kind", "max_bins", "min_share", "output", "smoothing", "folds", "keep"}));
  if (const Json* word = json.find("kind")) step.kind = static_cast<BinKind>(one_of(*word, kBinKinds));
  if (const Json* word = json.find("output")) step.output = static_cast<BinOutput>(one_of(*word, kBinOutputs));
  read(json, "max_bins", step.max_bins);
  read(json, "min_share", step.min_share);
  read(json, "smoothing", step.smoothing);
  read(json, "folds", step.folds);
}
inline void read_step(const Json& json, Group& step) {
  option(json.only({"op", "columns", "ignore_case", "collapse_blanks", "underscores_as_blanks", "map", "other",
                    "min_frequency", "keep"}));
  read(json, "ignore_case", step.text.ignore_case);
  read(json, "collapse_blanks", step.text.collapse_blanks);
  read(json, "underscores_as_blanks", step.text.underscores_as_blanks);
  if (const Json* map = json.find("map")) {
    if (map->object() == nullptr) refuse_option(*map, map->description() + "; accepted: {\"LEVEL\": \"GROUP\", ...}");
    for (const auto& [level, group] : *map->object()) step.map.emplace(level, option(group.string()));
  }
  read(json, "other", step.other);
  read(json, "min_frequency", step.min_frequency);
}
inline void read_step(const Json& json, Derive& step) {
  option(json.only({"op", "name", "expression"}));
  step.name = option(option(json.at("name"))->string());
  step.expression = option(option(json.at("expression"))->string());
  (void)parse_expression(step.expression, json.place());
}
inline void read_step(const Json& json, Select&) { option(json.only({"op", "columns"})); }
inline void read_step(const Json& json, Drop&) { option(json.only({"op", "columns"})); }

/// The step that is the variant's alternative `index`, with its defaults.
template <std::size_t I = 0>
[[nodiscard]] Step step_of(std::size_t index) {
  if constexpr (I + 1 < std::variant_size_v<Step>) {
    if (index != I) return step_of<I + 1>(index);
  }
  return Step(std::in_place_index<I>);
}

[[nodiscard]] inline Recipe read_recipe(const Json& json) {
  if (json.object() == nullptr)
    refuse_option(json, json.description() + "; accepted: {\"format\": 1, \"steps\": [...]}");
  option(json.only({"format", "steps"}));
  const Json* format = option(json.at("format"));
  if (option(format->integer()) != 1) {
    fail(ErrorCode::unsupported, format->place(), "recipe format " + format->description() + "; this build reads 1");
  }
  const Json* steps = option(json.at("steps"));
  if (steps->array() == nullptr) refuse_option(*steps, steps->description() + "; accepted: an array of steps");
  Recipe recipe;
  for (const Json& each : *steps->array()) {
    if (each.object() == nullptr) refuse_option(each, each.description() + "; accepted: a step, {\"op\": ...}");
    Step step = step_of(one_of(*option(each.at("op")), kOps));
    std::visit(
        [&](auto& known) {
          read_step(each, known);
          if constexpr (requires { known.columns; }) known.columns = read_columns(each);
          if constexpr (requires { known.keep; }) read(each, "keep", known.keep);
          try {
            check_step(known);
          } catch (const Error& error) {
            refuse_option(each, error.what());
          }
        },
        step);
    recipe.steps.push_back(std::move(step));
  }
  return recipe;
}

}  // namespace detail

inline Recipe default_recipe() { return {}; }

inline Recipe parse_recipe(std::string_view text, std::string_view where) {
  return detail::read_recipe(value_or_throw(read_json(text, where)));
}

}  // namespace riskflag::inline v0_1::prep
