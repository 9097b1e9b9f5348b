#pragma once

// pipeline.json out.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/bundle/detail/pipeline_json_names.hpp>
#include <riskflag/bundle/pipeline_json.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/pipeline.hpp>
#include <riskflag/prep/recipe.hpp>

namespace riskflag::inline v0_1::bundle {

namespace pipeline_detail {

inline void write_slot(JsonWriter& json, std::string_view key, prep::Slot slot) {
  json.key(key).value(static_cast<std::uint64_t>(slot));
}
template <class T>
void write_numbers(JsonWriter& json, std::string_view key, const std::vector<T>& values) {
  json.key(key).begin_array();
  for (const T value : values) json.value(value);
  json.end_array();
}
inline void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& values) {
  json.key(key).begin_array();
  for (const std::string& value : values) json.value(std::string_view(value));
  json.end_array();
}

inline void write_operation(JsonWriter& json, const prep::Fill& op) { json.key("value").value(op.value); }
inline void write_operation(JsonWriter&, const prep::MissingFlag&) {}
inline void write_operation(JsonWriter& json, const prep::Clip& op) {
  json.key("low").value(op.low).key("high").value(op.high);
}
inline void write_operation(JsonWriter&, const prep::Log1p&) {}
inline void write_operation(JsonWriter& json, const prep::Scale& op) {
  json.key("mean").value(op.mean).key("scale").value(op.scale);
}
inline void write_operation(JsonWriter& json, const prep::Lookup& op) {
  json.key("missing").value(op.missing).key("unseen").value(op.unseen);
  write_numbers(json, "table", op.table);
}
inline void write_operation(JsonWriter& json, const prep::OneHot& op) {
  json.key("count").value(static_cast<std::uint64_t>(op.count));
  json.key("missing").value(static_cast<int>(op.missing)).key("unseen").value(static_cast<int>(op.unseen));
  write_numbers(json, "table", op.table);
}
inline void write_operation(JsonWriter& json, const prep::Bin& op) { write_numbers(json, "edges", op.edges); }
inline void write_operation(JsonWriter& json, const prep::DropSpecial& op) { write_numbers(json, "codes", op.codes); }
inline void write_operation(JsonWriter& json, const prep::SpecialLevel& op) { write_numbers(json, "codes", op.codes); }
inline void write_operation(JsonWriter&, const prep::KnownLevel&) {}
inline void write_operation(JsonWriter& json, const prep::Formula& op) {
  json.key("text").value(std::string_view(op.text)).key("program").begin_array();
  for (const prep::Token& token : op.program) {
    if (token.kind == prep::Token::Kind::constant) {
      json.value(token.constant);
    } else if (token.kind == prep::Token::Kind::slot) {
      json.begin_object();
      write_slot(json, "slot", token.slot);
      json.end_object();
    } else {
      json.value(kTokenNames[static_cast<std::size_t>(token.kind)]);
    }
  }
  json.end_array();
}

}  // namespace pipeline_detail

inline std::string pipeline_text(const prep::Pipeline& pipeline) {
  const prep::PipelineParts& parts = pipeline.parts();
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(pipeline_detail::kPipelineFormat);
  json.key("inputs").begin_array();
  for (std::size_t i = 0; i < parts.inputs.size(); ++i) {
    json.begin_object().key("name").value(std::string_view(parts.inputs[i]));
    json.key("levels").value(static_cast<std::uint64_t>(parts.input_levels[i])).end_object();
  }
  json.end_array().key("operations").begin_array();
  for (const prep::Operation& operation : parts.operations) {
    json.begin_object().key("op").value(pipeline_detail::kOperationNames[operation.index()]);
    std::visit(
        [&](const auto& op) {
          if constexpr (requires { op.in; }) pipeline_detail::write_slot(json, "in", op.in);
          pipeline_detail::write_slot(json, "out", op.out);
          pipeline_detail::write_operation(json, op);
        },
        operation);
    json.end_object();
  }
  json.end_array().key("features").begin_array();
  for (std::size_t j = 0; j < parts.features.size(); ++j) {
    const Feature& feature = parts.features[j];
    json.begin_object().key("name").value(std::string_view(feature.name)).key("type").value(name_of(feature.type));
    pipeline_detail::write_slot(json, "slot", parts.feature_slots[j]);
    pipeline_detail::write_texts(json, "levels", feature.levels);
    pipeline_detail::write_texts(json, "fields", feature.fields);
    json.end_object();
  }
  json.end_array().key("information_value").begin_object();
  for (const auto& [name, value] : parts.information_value) json.key(name).value(value);
  json.end_object().key("recipe");
  prep::detail::write_recipe(json, parts.recipe);
  json.end_object();
  return std::move(json).text() + "\n";
}

}  // namespace riskflag::inline v0_1::bundle
