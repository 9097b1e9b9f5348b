#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/json/schema_json.hpp>

namespace riskflag::inline v0_1 {
namespace json_detail {

inline constexpr std::int64_t kSchemaFormat = 1;

inline void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const auto& text : texts) json.value(std::string_view(text));
  json.end_array();
}

inline void write_field(JsonWriter& json, const Field& field) {
  json.begin_object();
  json.key("name").value(std::string_view(field.name));
  json.key("type").value(name_of(field.type));
  json.key("role").value(name_of(field.role));
  json.key("required").value(field.required);
  write_texts(json, "levels", field.levels);
  write_texts(json, "missing", field.missing);
  json.key("special").begin_array();
  for (const double code : field.special) json.value(code);
  json.end_array();
  json.key("date_format").value(std::string_view(field.date_format));
  json.key("unseen").value(name_of(field.unseen));
  json.key("text_rules").begin_object();
  json.key("ignore_case").value(field.text_rules.ignore_case);
  json.key("collapse_blanks").value(field.text_rules.collapse_blanks);
  json.key("underscores_as_blanks").value(field.text_rules.underscores_as_blanks);
  json.end_object();
  json.key("minimum");
  field.minimum ? json.value(*field.minimum) : json.null();
  json.key("maximum");
  field.maximum ? json.value(*field.maximum) : json.null();
  json.end_object();
}

inline Field read_field(const JsonFile& file, const Json& json) {
  Field field;
  field.name = file.text(json, "name");
  field.type = file.chosen(json, "type", find_column_type, "number, category, text, date");
  field.role =
      file.chosen(json, "role", find_role, "feature, target, id, protected, weight, offset, time, group, dropped");
  field.required = file.boolean(json, "required");
  field.levels = file.texts(json, "levels");
  if (std::adjacent_find(field.levels.begin(), field.levels.end(), std::greater_equal<>()) != field.levels.end()) {
    file.refuse(json, "field " + quoted(field.name) + ": the levels are not sorted by bytes, or repeat");
  }
  field.missing = file.texts(json, "missing");
  field.special = file.numbers(json, "special");
  field.date_format = file.text(json, "date_format");
  field.unseen = file.chosen(
      json, "unseen",
      [](std::string_view name) -> std::optional<UnseenPolicy> {
        if (name == "error") return UnseenPolicy::error;
        return name == "missing" ? std::optional(UnseenPolicy::missing) : std::nullopt;
      },
      "error, missing");
  const Json& rules = file.member(json, "text_rules");
  file.only(rules, {"ignore_case", "collapse_blanks", "underscores_as_blanks"});
  field.text_rules.ignore_case = file.boolean(rules, "ignore_case");
  field.text_rules.collapse_blanks = file.boolean(rules, "collapse_blanks");
  field.text_rules.underscores_as_blanks = file.boolean(rules, "underscores_as_blanks");
  if (!file.member(json, "minimum").is_null()) field.minimum = file.number(json, "minimum");
  if (!file.member(json, "maximum").is_null()) field.maximum = file.number(json, "maximum");
  return field;
}

}  // namespace json_detail

inline std::string schema_text(const Schema& schema) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object();
  json.key("format").value(json_detail::kSchemaFormat);
  json.key("positive").value(std::string_view(schema.positive));
  json_detail::write_texts(json, "target_levels", schema.target_levels);
  json_detail::write_texts(json, "missing", schema.missing);
  json.key("fields").begin_array();
  for (const Field& field : schema.fields) json_detail::write_field(json, field);
  json.end_array().end_object();
  return std::move(json).text() + "\n";
}

inline Schema parse_schema(std::string_view text, std::string_view where) {
  const JsonFile file(where);
  const Json root = file.open(text, json_detail::kSchemaFormat);
  file.only(root, {"format", "positive", "target_levels", "missing", "fields"});
  Schema schema;
  schema.positive = file.text(root, "positive");
  schema.target_levels = file.texts(root, "target_levels");
  schema.missing = file.texts(root, "missing");
  std::set<std::string> names;
  for (const Json& json : file.objects(root, "fields",
                                       {"name", "type", "role", "required", "levels", "missing", "special",
                                        "date_format", "unseen", "text_rules", "minimum", "maximum"})) {
    schema.fields.push_back(json_detail::read_field(file, json));
    if (!names.insert(schema.fields.back().name).second) {
      file.refuse(json, "there are two fields " + quoted(schema.fields.back().name) + "; names are unique");
    }
  }
  return schema;
}

inline std::string schema_digest(const Schema& schema) { return sha256_hex(schema_text(schema)); }

}  // namespace riskflag::inline v0_1
