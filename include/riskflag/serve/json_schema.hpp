#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/json_reader.hpp>
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
    json.key("not").begin_object().key("type").begin_array().value("array").value("object").end_array().end_object();
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

/// The rows of an input example ({"columns":[…],"data":[[…],…]}) as /v1/score takes them: an array of objects. Empty
/// for a text that is none; an opened bundle's is one.
[[nodiscard]] inline std::string example_objects(std::string_view split) {
  const auto root = read_json(split, "input_example.json");
  const Json* names = root.ok() ? root->find("columns") : nullptr;
  const Json* rows = root.ok() ? root->find("data") : nullptr;
  if (names == nullptr || names->array() == nullptr || rows == nullptr || rows->array() == nullptr) return {};
  JsonWriter json;
  json.begin_array();
  for (const Json& row : *rows->array()) {
    if (row.array() == nullptr || row.array()->size() != names->array()->size()) return {};
    json.begin_object();
    for (std::size_t i = 0; i < row.array()->size(); ++i) {
      json.key(value_or_throw(names->array()->at(i).string()));
      const Json& cell = row.array()->at(i);
      switch (cell.kind()) {
        case Json::Kind::number: json.value(value_or_throw(cell.number())); break;
        case Json::Kind::boolean: json.value(value_or_throw(cell.boolean())); break;
        case Json::Kind::string: json.value(value_or_throw(cell.string())); break;
        default: json.null();
      }
    }
    json.end_object();
  }
  return std::move(json.end_array()).text();
}

}  // namespace detail

/// The JSON Schema (2020-12) of one row as /v1/score takes it; `name` is the model's. A row that it accepts is scored.
/// `examples`, where not empty, is a JSON array of such rows.
[[nodiscard]] inline std::string json_schema_text(const Schema& schema, std::string_view name,
                                                  std::string_view examples = {}) {
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
  json.end_array().key("additionalProperties").value(false);
  if (!examples.empty()) json.key("examples").raw(examples);
  json.end_object();
  return std::move(json).text();
}

}  // namespace riskflag::inline v0_1::serve
