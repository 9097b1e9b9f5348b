#pragma once

// The small files of a model directory, and whether its parts fit together.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/json/schema_json.hpp>

namespace riskflag::inline v0_1::bundle {
namespace detail {

inline constexpr std::int64_t kDirectoryFormat = 1;
inline constexpr std::size_t kMaxExampleRows = 100;

/// `approved`: reasons compare with the rows of approved.json.
[[nodiscard]] inline std::string decision_text(const Decision& decision, Kind kind, bool approved = false) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(kDirectoryFormat);
  // Written only then: a build that does not know the member must refuse the directory, not give other reasons.
  if (approved) json.key("reason_reference").value(std::string_view("approved"));
  json.key("threshold");
  kind == Kind::binary ? json.value(decision.threshold) : json.null();
  json.key("reasons").begin_array();
  for (const ReasonText& reason : decision.reasons) {
    json.begin_object();
    json.key("field").value(std::string_view(reason.field));
    json.key("code").value(std::string_view(reason.code));
    json.key("text").value(std::string_view(reason.text));
    json.end_object();
  }
  json.end_array().end_object();
  return std::move(json).text() + "\n";
}

[[nodiscard]] inline Decision parse_decision(std::string_view text, std::string_view where, Kind kind, bool& approved) {
  const JsonFile file(where);
  const Json root = file.open(text, kDirectoryFormat);
  file.only(root, {"format", "reason_reference", "threshold", "reasons"});
  Decision decision;
  approved = root.find("reason_reference") != nullptr;
  if (approved && file.text(root, "reason_reference") != "approved") {
    file.refuse(*root.find("reason_reference"), quoted(file.text(root, "reason_reference")) +
                                                    " is nothing that reasons compare with; accepted: approved");
  }
  // A binary model without one would decide by a number that nobody chose.
  if (kind == Kind::binary || !file.member(root, "threshold").is_null())
    decision.threshold = file.number(root, "threshold");
  for (const Json& json : file.array(root, "reasons")) {
    file.only(json, {"field", "code", "text"});
    decision.reasons.push_back({file.text(json, "field"), file.text(json, "code"), file.text(json, "text")});
  }
  return decision;
}

[[nodiscard]] inline std::string approved_text(const std::vector<Feature>& features, const ApprovedRows& approved) {
  JsonWriter json;
  json.begin_object().key("format").value(kDirectoryFormat).key("features").begin_array();
  for (const Feature& feature : features) json.value(std::string_view(feature.name));
  json.end_array().key("rows").begin_array();
  for (std::size_t row = 0; row < approved.rows(); ++row) {
    json.begin_array();
    for (std::size_t f = 0; f < approved.features; ++f) {
      const double value = approved.cells[row * approved.features + f];
      is_missing(value) ? json.null() : json.value(value);
    }
    json.end_array();
  }
  json.end_array().end_object();
  return std::move(json).text() + "\n";
}

[[nodiscard]] inline ApprovedRows parse_approved(std::string_view text, std::string_view where,
                                                 const std::vector<Feature>& features) {
  const JsonFile file(where);
  const Json root = file.open(text, kDirectoryFormat);
  file.only(root, {"format", "features", "rows"});
  std::vector<std::string> names;
  for (const Feature& feature : features) names.push_back(feature.name);
  if (file.texts(root, "features") != names) file.refuse(root, "its features are not those of pipeline.json");
  ApprovedRows approved{.features = features.size()};
  const JsonArray& rows = file.array(root, "rows");
  if (rows.empty() || rows.size() > kMostApproved || features.empty()) {
    file.refuse(root, std::to_string(rows.size()) + " rows; 1 to " + std::to_string(kMostApproved) + " are accepted");
  }
  for (const Json& row : rows) {
    if (row.array() == nullptr || row.array()->size() != features.size()) {
      file.refuse(row, "a row is no array of " + std::to_string(features.size()) + " numbers");
    }
    for (const Json& value : *row.array()) {
      approved.cells.push_back(value.is_null() ? kMissing : file.take(value.number()));
    }
  }
  return approved;
}

/// MLflow's "split" form of a few raw rows: {"columns": [...], "data": [[...], ...]}.
[[nodiscard]] inline std::string example_text(const Schema& schema, const Frame& rows) {
  std::vector<const Column*> columns;
  std::vector<std::string_view> formats;
  JsonWriter json;
  json.begin_object().key("columns").begin_array();
  for (const std::size_t i : schema.features()) {
    const Field& field = schema.fields[i];
    const Column* column = rows.find(field.name);
    if (column == nullptr) {
      if (!field.required) continue;
      fail(ErrorCode::schema_mismatch, "input example",
           "the rows have no column " + quoted(field.name) + ", which the schema requires");
    }
    columns.push_back(column);
    formats.push_back(field.date_format);
    json.value(std::string_view(field.name));
  }
  json.end_array().key("data").begin_array();
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    json.begin_array();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Column* column = columns[c];
      if (column->is_missing_at(row)) {
        json.null();
      } else if (column->type == ColumnType::number) {
        json.value(column->numbers[row]);
      } else if (column->type == ColumnType::date) {
        json.value(std::string_view(date_text(column->days[row], formats[c])));
      } else {
        json.value(std::string_view(column->cell_text(row)));
      }
    }
    json.end_array();
  }
  json.end_array().end_object();
  return std::move(json).text() + "\n";
}

/// One row's cells as a RowProgram takes them; the texts of numbers live here.
struct ExampleRows {
  std::vector<std::string> columns;
  std::vector<std::vector<RawCell>> rows;
  std::vector<std::unique_ptr<std::string>> texts;
};

[[nodiscard]] inline ExampleRows parse_example(std::string_view bytes, std::string_view where) {
  const JsonFile file(where);
  const Json root = value_or_throw(read_json(bytes, where));
  if (root.object() == nullptr) file.refuse(root, "the file holds no JSON object");
  file.only(root, {"columns", "data", "index"});
  ExampleRows out;
  out.columns = file.texts(root, "columns");
  for (const Json& row : file.array(root, "data")) {
    if (row.array() == nullptr || row.array()->size() != out.columns.size()) {
      file.refuse(row, "a row is no array of " + std::to_string(out.columns.size()) + " cells");
    }
    auto& cells = out.rows.emplace_back();
    for (const Json& value : *row.array()) {
      RawCell cell;
      if (value.is_null()) {
        cell.kind = RawCell::Kind::null;
      } else if (value.kind() == Json::Kind::number) {
        cell.kind = RawCell::Kind::number;
        out.texts.push_back(std::make_unique<std::string>(number_text(file.take(value.number()))));
        cell.text = *out.texts.back();
      } else if (value.kind() == Json::Kind::boolean) {
        cell.kind = RawCell::Kind::boolean;
        cell.text = file.take(value.boolean()) ? "true" : "false";
      } else {
        cell.kind = RawCell::Kind::text;
        out.texts.push_back(std::make_unique<std::string>(file.take(value.string())));
        cell.text = *out.texts.back();
      }
      cells.push_back(cell);
    }
  }
  if (out.rows.empty() || out.rows.size() > kMaxExampleRows) {
    file.refuse(root,
                std::to_string(out.rows.size()) + " rows; 1 to " + std::to_string(kMaxExampleRows) + " are accepted");
  }
  return out;
}

/// Every output of every example row, row after row. Throws Error(schema_mismatch) for a row that the program refuses.
[[nodiscard]] inline std::vector<double> score_example(const RowProgram& program, const ExampleRows& example) {
  std::vector<std::size_t> places;
  for (const std::string& column : example.columns) places.push_back(program.find_input(column));
  std::vector<double> out;
  std::vector<RawCell> cells(program.inputs().size());
  std::vector<double> features(program.features()), scores(program.outputs());
  RowProgram::Scratch scratch;
  std::vector<FieldIssue> issues;
  for (std::size_t row = 0; row < example.rows.size(); ++row) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i] < cells.size()) cells[places[i]] = example.rows[row][i];
    }
    if (!program.prepare(cells, features, scratch, issues)) {
      fail(ErrorCode::schema_mismatch, "input example",
           "row " + std::to_string(row + 1) + ": " + issues.front().sentence());
    }
    program.scores(features, scores);
    out.insert(out.end(), scores.begin(), scores.end());
  }
  return out;
}

[[nodiscard]] inline std::string expected_text(Kind kind, std::size_t outputs, const std::vector<double>& scores) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(kDirectoryFormat).key("kind").value(name_of(kind));
  json.key("outputs").value(static_cast<std::uint64_t>(outputs)).key("scores").begin_array();
  for (const double score : scores) json.value(score);
  json.end_array().end_object();
  return std::move(json).text() + "\n";
}

[[nodiscard]] inline std::vector<double> parse_expected(std::string_view bytes, std::string_view where,
                                                        std::size_t outputs) {
  const JsonFile file(where);
  const Json root = file.open(bytes, kDirectoryFormat);
  file.only(root, {"format", "kind", "outputs", "scores"});
  if (file.count(root, "outputs") != outputs) {
    file.refuse(root,
                std::to_string(file.count(root, "outputs")) + " outputs, the model has " + std::to_string(outputs));
  }
  return file.numbers(root, "scores");
}

/// Throws Error(schema_mismatch) with what differs when the three were not made for one another.
inline void check_fit(const Schema& schema, const prep::Pipeline& pipeline, const Model& model,
                      const monitor::Reference& reference, const std::string& where) {
  auto refuse = [&](const std::string& what) { fail(ErrorCode::schema_mismatch, where, what); };
  const auto features = schema.features();
  const auto& inputs = pipeline.inputs();
  if (kind_of(model.objective) == Kind::multiclass &&
      schema.target_levels.size() != static_cast<std::size_t>(model.num_outputs)) {
    refuse("schema.json has " + std::to_string(schema.target_levels.size()) + " levels of the target, model.json " +
           std::to_string(model.num_outputs) + " classes");
  }
  if (features.size() != inputs.size()) {
    refuse("pipeline.json takes " + std::to_string(inputs.size()) + " fields, schema.json has " +
           std::to_string(features.size()) + " with role feature");
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Field& field = schema.fields[features[i]];
    if (field.name != inputs[i]) {
      refuse("field " + std::to_string(i + 1) + " of pipeline.json is " + quoted(inputs[i]) + ", of schema.json " +
             quoted(field.name));
    }
    const std::size_t levels = field.type == ColumnType::category ? field.levels.size() : 0;
    const auto& known = pipeline.parts().input_levels;
    if (i < known.size() && known[i] != levels) {
      refuse("field " + quoted(field.name) + " has " + std::to_string(levels) + " levels in schema.json, " +
             std::to_string(known[i]) + " in pipeline.json");
    }
  }
  const auto& made = pipeline.features();
  if (made.size() != model.features.size()) {
    refuse("pipeline.json makes " + std::to_string(made.size()) + " features, model.json takes " +
           std::to_string(model.features.size()));
  }
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i].name != model.features[i].name || made[i].type != model.features[i].type ||
        made[i].levels != model.features[i].levels) {
      refuse("feature " + std::to_string(i + 1) + " is " + quoted(made[i].name) + " in pipeline.json and " +
             quoted(model.features[i].name) + " in model.json, or differs in type or levels");
    }
  }
  if (!model.schema_digest.empty() && model.schema_digest != schema_digest(schema)) {
    refuse("model.json was trained with the schema " + model.schema_digest + ", schema.json is " +
           schema_digest(schema));
  }
  if (!reference.fields.empty() && reference.fields.size() != features.size()) {
    refuse("reference.json profiles " + std::to_string(reference.fields.size()) + " fields, schema.json has " +
           std::to_string(features.size()) + " with role feature");
  }
  for (std::size_t i = 0; i < reference.fields.size(); ++i) {
    if (reference.fields[i].name != inputs[i]) {
      refuse("field " + std::to_string(i + 1) + " of reference.json is " + quoted(reference.fields[i].name) +
             ", of schema.json " + quoted(inputs[i]));
    }
  }
}

}  // namespace detail

}  // namespace riskflag::inline v0_1::bundle
