#pragma once

// Recipe to JSON, every option spelled out.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/prep/detail/recipe_names.hpp>
#include <riskflag/prep/recipe.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

inline void write_strings(JsonWriter& json, std::string_view key, const std::vector<std::string>& values) {
  json.key(key).begin_array();
  for (const std::string& value : values) json.value(std::string_view(value));
  json.end_array();
}

inline void write_columns(JsonWriter& json, const Columns& columns) {
  if (!columns.names.empty()) return write_strings(json, "columns", columns.names);
  json.key("columns").begin_object();
  if (columns.type) json.key("type").value(name_of(*columns.type));
  if (!columns.pattern.empty()) json.key("pattern").value(std::string_view(columns.pattern));
  if (!columns.except.empty()) write_strings(json, "except", columns.except);
  json.end_object();
}

inline void write_step(JsonWriter& json, const Impute& step) {
  json.key("strategy").value(kStrategies[static_cast<std::size_t>(step.strategy)]);
  if (step.strategy == ImputeStrategy::constant) {
    json.key("value").value(step.value);
    if (!step.level.empty()) json.key("level").value(std::string_view(step.level));
  }
  json.key("indicator").value(step.indicator);
}
inline void write_step(JsonWriter& json, const ClipQuantiles& step) {
  json.key("low").value(step.low).key("high").value(step.high);
}
inline void write_step(JsonWriter&, const Log1pOf&) {}
inline void write_step(JsonWriter& json, const Standardize& step) {
  json.key("center").value(step.center).key("scale").value(step.scale);
}
inline void write_step(JsonWriter& json, const OrdinalEncode& step) {
  if (!step.order.empty()) write_strings(json, "order", step.order);
  if (step.missing) json.key("missing").value(*step.missing);
  if (step.unseen) json.key("unseen").value(*step.unseen);
}
inline void write_step(JsonWriter& json, const OneHotEncode& step) {
  json.key("max_categories").value(step.max_categories).key("min_frequency").value(step.min_frequency);
}
inline void write_step(JsonWriter&, const FrequencyEncode&) {}
inline void write_step(JsonWriter& json, const TargetEncode& step) {
  json.key("smooth");
  if (step.smooth) {
    json.value(*step.smooth);
  } else {
    json.value("auto");
  }
  json.key("folds").value(step.folds).key("ordered").value(step.ordered);
}
inline void write_step(JsonWriter& json, const WoeEncode& step) {
  json.key("smoothing").value(step.smoothing).key("folds").value(step.folds);
}
inline void write_step(JsonWriter& json, const BinNumbers& step) {
  json.key("kind").value(kBinKinds[static_cast<std::size_t>(step.kind)]);
  json.key("max_bins").value(step.max_bins).key("min_share").value(step.min_share);
  json.key("output").value(kBinOutputs[static_cast<std::size_t>(step.output)]);
  json.key("smoothing").value(step.smoothing).key("folds").value(step.folds);
}
inline void write_step(JsonWriter& json, const Group& step) {
  json.key("ignore_case").value(step.text.ignore_case);
  json.key("collapse_blanks").value(step.text.collapse_blanks);
  json.key("underscores_as_blanks").value(step.text.underscores_as_blanks);
  json.key("map").begin_object();
  for (const auto& [level, group] : step.map) json.key(level).value(std::string_view(group));
  json.end_object();
  if (step.other) json.key("other").value(std::string_view(*step.other));
  json.key("min_frequency").value(step.min_frequency);
}
inline void write_step(JsonWriter& json, const Derive& step) {
  json.key("name").value(std::string_view(step.name)).key("expression").value(std::string_view(step.expression));
}
inline void write_step(JsonWriter&, const Select&) {}
inline void write_step(JsonWriter&, const Drop&) {}

inline void write_recipe(JsonWriter& json, const Recipe& recipe) {
  json.begin_object().key("format").value(1).key("steps").begin_array();
  for (const Step& step : recipe.steps) {
    json.begin_object().key("op").value(kOps[step.index()]);
    std::visit(
        [&](const auto& known) {
          if constexpr (requires { known.columns; }) write_columns(json, known.columns);
          write_step(json, known);
          if constexpr (requires { known.keep; }) json.key("keep").value(known.keep);
        },
        step);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace detail

inline std::string recipe_text(const Recipe& recipe) {
  JsonWriter json(JsonStyle::pretty);
  detail::write_recipe(json, recipe);
  return std::move(json).text() + "\n";
}

}  // namespace riskflag::inline v0_1::prep
