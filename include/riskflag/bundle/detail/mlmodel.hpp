#pragma once

// MLmodel: the YAML that MLflow reads. Written here, never parsed by us.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/version.hpp>

namespace riskflag::inline v0_1::bundle::detail {

/// A YAML single-quoted scalar; the text has no line breaks (JSON escapes them).
[[nodiscard]] inline std::string yaml_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

[[nodiscard]] inline std::string signature_inputs(const Schema& schema) {
  JsonWriter json;
  json.begin_array();
  for (const std::size_t i : schema.features()) {
    const Field& field = schema.fields[i];
    json.begin_object();
    json.key("type").value(field.type == ColumnType::number ? "double" : "string");
    json.key("name").value(std::string_view(field.name));
    json.key("required").value(field.required);
    json.end_object();
  }
  json.end_array();
  return std::move(json).text();
}

[[nodiscard]] inline std::string signature_outputs(const Schema& schema, Kind kind) {
  JsonWriter json;
  json.begin_array();
  auto number = [&json](std::string_view name) {
    json.begin_object().key("type").value("double").key("name").value(name).key("required").value(true).end_object();
  };
  if (kind == Kind::binary) number("probability");
  if (kind == Kind::regression) number("prediction");
  if (kind == Kind::multiclass) {
    for (const auto& level : schema.target_levels) number("p_" + level);
  }
  json.end_array();
  return std::move(json).text();
}

/// `now_ms` is UTC: the one thing in the directory that depends on the clock, and so outside the manifest.
[[nodiscard]] inline std::string mlmodel_text(const Schema& schema, Kind kind, std::string_view digest,
                                              std::string_view run_id, std::int64_t now_ms) {
  std::string created = rfc3339(now_ms);  // 2026-11-22T10:00:00.123Z -> 2026-11-22 10:00:00.123000
  created[10] = ' ';
  created.back() = '0';
  created += "00";
  std::string out =
      "artifact_path: model\nflavors:\n  python_function:\n    code: code\n    env:\n      conda: conda.yaml\n"
      "      virtualenv: python_env.yaml\n    loader_module: riskflag_pyfunc\n  riskflag:\n    data: .\n"
      "    format_version: 1\n    library_version: ";
  out += yaml_quoted(kVersion);
  out += "\n    model_sha256: " + yaml_quoted(digest) + "\n";
  out += "model_uuid: " + yaml_quoted(digest.substr(0, 32)) + "\n";
  if (!run_id.empty()) out += "run_id: " + yaml_quoted(run_id) + "\n";
  out += "saved_input_example_info:\n  artifact_path: input_example.json\n  pandas_orient: split\n  type: dataframe\n";
  out += "signature:\n  inputs: " + yaml_quoted(signature_inputs(schema)) +
         "\n  outputs: " + yaml_quoted(signature_outputs(schema, kind)) + "\n  params: null\n";
  out += "utc_time_created: " + yaml_quoted(created) + "\n";
  return out;
}

}  // namespace riskflag::inline v0_1::bundle::detail
