#pragma once

// What a run's record says of its study beside the training options.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/recipe.hpp>
#include <riskflag/study/options.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::study::detail {

[[nodiscard]] inline std::string_view split_name(SplitKind kind) noexcept {
  switch (kind) {
    case SplitKind::random: return "random";
    case SplitKind::stratified: return "stratified";
    case SplitKind::group: return "group";
    case SplitKind::time: return "time";
  }
  return "random";
}

[[nodiscard]] inline std::string param_text(const std::string& text) { return text; }
[[nodiscard]] inline std::string param_text(double number) { return number_text(number); }
template <class T>
[[nodiscard]] std::string param_text(const std::vector<T>& list) {
  std::string out;
  for (const T& item : list) out += (out.empty() ? "" : ",") + param_text(item);
  return out;
}
template <class T>
[[nodiscard]] std::string param_text(const std::map<std::string, T>& columns) {
  std::string out;
  for (const auto& [column, value] : columns) out += (out.empty() ? "" : ";") + column + "=" + param_text(value);
  return out;
}

/// All that decides over the model and its figures, under riskflag-train's names; what nobody named (a column of a
/// role, a recipe, a file) is left out. A recipe is told by its digest: its text may be longer than MLflow keeps, and
/// is in the model directory.
[[nodiscard]] inline std::vector<track::KeyValue> study_params(const StudyOptions& options) {
  std::vector<track::KeyValue> out;
  const auto always = [&](std::string name, std::string value) { out.push_back({std::move(name), std::move(value)}); };
  const auto flag = [&](std::string name, bool value) { always(std::move(name), value ? "true" : "false"); };
  const auto named = [&](std::string name, std::string value) {
    if (!value.empty()) always(std::move(name), std::move(value));
  };
  const ColumnOptions& columns = options.columns;
  always("target", columns.target);
  named("positive", columns.positive);
  named("id", param_text(columns.id));
  named("drop", param_text(columns.drop));
  named("protected", param_text(columns.protected_));
  named("categorical", param_text(columns.categorical));
  named("numeric", param_text(columns.numeric));
  named("weight", columns.weight);
  named("offset", columns.offset);
  const ReadingOptions& reading = options.reading;
  if (reading.missing) always("missing", param_text(*reading.missing));
  named("column_missing", param_text(reading.column_missing));
  named("special", param_text(reading.special));
  named("date_format", param_text(reading.date_formats));
  if (reading.delimiter != "auto") always("delimiter", reading.delimiter);
  if (!reading.header) flag("no_header", true);
  if (reading.skip_rows > 0) always("skip_rows", std::to_string(reading.skip_rows));
  if (reading.test_skip_rows) always("test_skip_rows", std::to_string(*reading.test_skip_rows));
  if (reading.valid_skip_rows) always("valid_skip_rows", std::to_string(*reading.valid_skip_rows));
  const PartOptions& parts = options.parts;
  named("test", parts.test_data);
  named("valid", parts.valid_data);
  always("test_fraction", number_text(parts.test_fraction));
  always("valid_fraction", number_text(parts.valid_fraction));
  always("split", std::string(split_name(parts.kind)));
  named("group_by", param_text(parts.group_by));
  named("time_by", parts.time_by);
  always("cv", std::to_string(parts.cv));
  if (!options.recipe.steps.empty()) always("recipe_digest", sha256_hex(prep::recipe_text(options.recipe)));
  for (const prep::FieldDirection& promise : options.monotone)
    always("monotone." + promise.field, promise.sign > 0 ? "+1" : "-1");
  always("threshold_rule", options.threshold.text);
  always("calibrate", options.calibrate);
  always("reason_reference", options.reason_reference);
  always("search", std::to_string(options.search));
  flag("table_defaults", options.table_defaults);
  flag("refit_with_valid", options.refit_with_valid);
  return out;
}

}  // namespace riskflag::inline v0_1::study::detail
