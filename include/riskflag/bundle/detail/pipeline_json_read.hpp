#pragma once

// pipeline.json in. Whatever is wrong with a file of our own is Error(corrupt), with the place in the file.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/bundle/detail/pipeline_json_names.hpp>
#include <riskflag/bundle/pipeline_json.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/pipeline.hpp>
#include <riskflag/prep/recipe.hpp>

namespace riskflag::inline v0_1::bundle {

namespace pipeline_detail {

/// The value, or its failure as corrupt.
template <class T>
[[nodiscard]] T sound(Result<T> result) {
  if (!result) fail(ErrorCode::corrupt, result.failure().where, result.failure().message);
  return std::move(result).value();
}
inline void sound(const Result<void>& result) {
  if (!result) fail(ErrorCode::corrupt, result.failure().where, result.failure().message);
}
[[noreturn]] inline void refuse_part(const Json& at, std::string_view accepted) {
  fail(ErrorCode::corrupt, at.place(), at.description() + "; accepted: " + std::string(accepted));
}

[[nodiscard]] inline const Json& part(const Json& json, std::string_view key) { return *sound(json.at(key)); }
/// A finite number, or null for missing.
[[nodiscard]] inline double number_or_missing(const Json& json) {
  return json.is_null() ? kMissing : sound(json.number());
}
[[nodiscard]] inline std::uint32_t slot_number(const Json& json) {
  const std::uint64_t value = sound(json.unsigned_integer());
  if (value > std::numeric_limits<std::uint32_t>::max() / 2) refuse_part(json, "a smaller number");
  return static_cast<std::uint32_t>(value);
}
[[nodiscard]] inline std::int32_t small_integer(const Json& json) {
  const std::int64_t value = sound(json.integer());
  if (value < -1 || value > std::numeric_limits<std::int32_t>::max()) refuse_part(json, "-1 or a column");
  return static_cast<std::int32_t>(value);
}
[[nodiscard]] inline const JsonArray& items(const Json& json) {
  if (json.array() == nullptr) refuse_part(json, "an array");
  return *json.array();
}
[[nodiscard]] inline std::vector<double> numbers(const Json& json) {
  std::vector<double> out;
  out.reserve(items(json).size());
  for (const Json& each : items(json)) out.push_back(number_or_missing(each));
  return out;
}
[[nodiscard]] inline std::vector<std::string> texts(const Json& json) {
  std::vector<std::string> out;
  out.reserve(items(json).size());
  for (const Json& each : items(json)) out.push_back(sound(each.string()));
  return out;
}
template <std::size_t N>
[[nodiscard]] std::size_t word_of(const Json& json, const std::array<std::string_view, N>& words) {
  const std::string word = sound(json.string());
  const auto it = std::find(words.begin(), words.end(), word);
  if (it == words.end())
    fail(ErrorCode::corrupt, json.place(), quoted(word) + " is not known here" + did_you_mean(word, words));
  return static_cast<std::size_t>(it - words.begin());
}

inline void read_operation(const Json& json, prep::Fill& op) {
  sound(json.only({"op", "in", "out", "value"}));
  op.value = number_or_missing(part(json, "value"));
}
inline void read_operation(const Json& json, prep::MissingFlag&) { sound(json.only({"op", "in", "out"})); }
inline void read_operation(const Json& json, prep::Clip& op) {
  sound(json.only({"op", "in", "out", "low", "high"}));
  op.low = sound(part(json, "low").number());
  op.high = sound(part(json, "high").number());
}
inline void read_operation(const Json& json, prep::Log1p&) { sound(json.only({"op", "in", "out"})); }
inline void read_operation(const Json& json, prep::Scale& op) {
  sound(json.only({"op", "in", "out", "mean", "scale"}));
  op.mean = sound(part(json, "mean").number());
  op.scale = sound(part(json, "scale").number());
}
inline void read_operation(const Json& json, prep::Lookup& op) {
  sound(json.only({"op", "in", "out", "missing", "unseen", "table"}));
  op.missing = number_or_missing(part(json, "missing"));
  op.unseen = number_or_missing(part(json, "unseen"));
  op.table = numbers(part(json, "table"));
}
inline void read_operation(const Json& json, prep::OneHot& op) {
  sound(json.only({"op", "in", "out", "count", "missing", "unseen", "table"}));
  op.count = slot_number(part(json, "count"));
  op.missing = small_integer(part(json, "missing"));
  op.unseen = small_integer(part(json, "unseen"));
  for (const Json& each : items(part(json, "table"))) op.table.push_back(small_integer(each));
  // Every column comes from a level or from missing: a count beyond that would only claim memory.
  if (op.count > op.table.size() + 1)
    refuse_part(part(json, "count"), "at most one column a level, and one for missing");
}
inline void read_operation(const Json& json, prep::Bin& op) {
  sound(json.only({"op", "in", "out", "edges"}));
  op.edges = numbers(part(json, "edges"));
}
inline void read_operation(const Json& json, prep::DropSpecial& op) {
  sound(json.only({"op", "in", "out", "codes"}));
  op.codes = numbers(part(json, "codes"));
}
inline void read_operation(const Json& json, prep::SpecialLevel& op) {
  sound(json.only({"op", "in", "out", "codes"}));
  op.codes = numbers(part(json, "codes"));
}
inline void read_operation(const Json& json, prep::KnownLevel&) { sound(json.only({"op", "in", "out"})); }
inline void read_operation(const Json& json, prep::Formula& op) {
  sound(json.only({"op", "out", "text", "program"}));
  op.text = sound(part(json, "text").string());
  for (const Json& each : items(part(json, "program"))) {
    prep::Token token;
    if (each.object() != nullptr) {
      sound(each.only({"slot"}));
      token.kind = prep::Token::Kind::slot;
      token.slot = slot_number(part(each, "slot"));
    } else if (each.kind() == Json::Kind::string) {
      token.kind = static_cast<prep::Token::Kind>(word_of(each, kTokenNames));
      if (token.kind == prep::Token::Kind::constant || token.kind == prep::Token::Kind::slot)
        refuse_part(each, "an operator");
    } else {
      token.constant = sound(each.number());
    }
    op.program.push_back(token);
  }
}

/// The operation that is the variant's alternative `index`.
template <std::size_t I = 0>
[[nodiscard]] prep::Operation operation_of(std::size_t index) {
  if constexpr (I + 1 < std::variant_size_v<prep::Operation>) {
    if (index != I) return operation_of<I + 1>(index);
  }
  return prep::Operation(std::in_place_index<I>);
}

[[nodiscard]] inline prep::PipelineParts read_parts(const Json& json) {
  if (json.object() == nullptr) refuse_part(json, "an object");
  const Json& format = part(json, "format");
  if (const std::int64_t version = sound(format.integer()); version != kPipelineFormat) {
    fail(ErrorCode::unsupported, format.place(),
         "pipeline format " + std::to_string(version) + "; this build reads " + std::to_string(kPipelineFormat));
  }
  sound(json.only({"format", "inputs", "operations", "features", "information_value", "recipe"}));
  prep::PipelineParts parts;
  for (const Json& each : items(part(json, "inputs"))) {
    sound(each.only({"name", "levels"}));
    parts.inputs.push_back(sound(part(each, "name").string()));
    parts.input_levels.push_back(slot_number(part(each, "levels")));
  }
  for (const Json& each : items(part(json, "operations"))) {
    prep::Operation operation = operation_of(word_of(part(each, "op"), kOperationNames));
    std::visit(
        [&](auto& op) {
          read_operation(each, op);
          if constexpr (requires { op.in; }) op.in = slot_number(part(each, "in"));
          op.out = slot_number(part(each, "out"));
        },
        operation);
    parts.operations.push_back(std::move(operation));
  }
  constexpr std::array<std::string_view, 2> kTypes = {name_of(FeatureType::numeric), name_of(FeatureType::categorical)};
  for (const Json& each : items(part(json, "features"))) {
    sound(each.only({"name", "type", "slot", "levels", "fields"}));
    Feature feature;
    feature.name = sound(part(each, "name").string());
    feature.type = static_cast<FeatureType>(word_of(part(each, "type"), kTypes));
    feature.levels = texts(part(each, "levels"));
    feature.fields = texts(part(each, "fields"));
    parts.features.push_back(std::move(feature));
    parts.feature_slots.push_back(slot_number(part(each, "slot")));
  }
  const Json& values = part(json, "information_value");
  if (values.object() == nullptr) refuse_part(values, "an object");
  for (const auto& [name, value] : *values.object()) parts.information_value[name] = sound(value.number());
  parts.recipe = prep::detail::read_recipe(part(json, "recipe"));
  return parts;
}

}  // namespace pipeline_detail

inline prep::Pipeline parse_pipeline(std::string_view text, std::string_view where) {
  const Json json = value_or_throw(read_json(text, where));
  try {
    return prep::Pipeline(pipeline_detail::read_parts(json));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_option && error.where() != "pipeline") throw;
    // The recipe within, and what Pipeline's constructor finds: they know no file.
    fail(ErrorCode::corrupt, std::string(where), error.what());
  }
}

}  // namespace riskflag::inline v0_1::bundle
