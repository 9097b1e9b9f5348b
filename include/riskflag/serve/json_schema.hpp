#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/data/schema.hpp>

namespace riskflag::inline v0_1::serve {
namespace detail {

/// {"type": ["number","null"], …}: what /v1/score accepts for one field. A category with text rules, or whose unseen
/// levels are accepted, is any string: its levels are examples then.
inline void write_property(JsonWriter& json, const Field& field) {
  json.begin_object();
  if (field.role == Role::id) {
    json.key("type").begin_array().value("string").value("number").value("boolean").value("null").end_array();
    json.key("description").value("echoed in the answer, not used");
  } else if (field.role != Role::feature) {
    json.key("description").value("accepted and not used (role " + std::string(name_of(field.role)) + ")");
  } else if (field.type == ColumnType::number) {
    json.key("type").begin_array().value("number").value("null").end_array();
    // Special codes and numeric missing tokens lie outside the limits on purpose.
    const bool strict = field.special.empty();
    if (field.minimum && strict) json.key("minimum").value(*field.minimum);
    if (field.maximum && strict) json.key("maximum").value(*field.maximum);
  } else if (field.type == ColumnType::date) {
    json.key("type").begin_array().value("string").value("null").end_array();
    if (field.date_format == "%Y-%m-%d") json.key("format").value("date");
    json.key("description").value("a date of the form " + field.date_format);
  } else if (field.unseen == UnseenPolicy::missing || field.text_rules.any()) {
    json.key("type").begin_array().value("string").value("null").end_array();
    json.key("examples").begin_array();
    for (const std::string& level : field.levels) json.value(std::string_view(level));
    json.end_array();
  } else {
    json.key("enum").begin_array();
    for (const std::string& level : field.levels) json.value(std::string_view(level));
    json.null().end_array();
  }
  json.end_object();
}

}  // namespace detail

/// The JSON Schema (2020-12) of one row as /v1/score takes it; `name` is the model's. A row that it accepts is scored.
[[nodiscard]] inline std::string json_schema_text(const Schema& schema, std::string_view name) {
  JsonWriter json;
  json.begin_object();
  json.key("$schema").value("https://json-schema.org/draft/2020-12/schema");
  json.key("title").value(name).key("type").value("object").key("properties").begin_object();
  for (const Field& field : schema.fields) {
    json.key(field.name);
    detail::write_property(json, field);
  }
  json.end_object().key("required").begin_array();
  for (const Field& field : schema.fields) {
    if (field.role == Role::feature && field.required) json.value(std::string_view(field.name));
  }
  json.end_array().key("additionalProperties").value(false).end_object();
  return std::move(json).text();
}

}  // namespace riskflag::inline v0_1::serve
