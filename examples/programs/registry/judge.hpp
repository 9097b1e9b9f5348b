#pragma once

// Two models and one file of labelled rows that neither has learned from: what the gate (study/gate.hpp) says.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/audit/leak.hpp>
#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/split.hpp>
#include <riskflag/gzip/gzip.hpp>
#include <riskflag/study/dependent_rows.hpp>
#include <riskflag/study/gate.hpp>
#include <riskflag/study/target.hpp>

#include "run_table.hpp"

namespace program {

/// What compare and promote ask.
struct GateQuestion {
  std::string data, target, weight, group_by;
  std::vector<std::string> metrics;
  double margin = 0;
};

struct GateAnswer {
  riskflag::bundle::Bundle challenger, champion;
  std::string data_digest;
  std::size_t rows = 0, groups = 0;  ///< groups: 0 when every row is its own
  std::vector<riskflag::study::GateMetric> metrics;
};

/// One model's scores of the file.
struct ScoredFile {
  riskflag::Frame frame;
  std::string sha256;
  std::vector<double> scores;
};

inline ScoredFile score_file(const riskflag::bundle::Bundle& model, const GateQuestion& asked,
                             riskflag::Executor& executor) {
  using riskflag::Role;
  riskflag::CsvOptions csv;
  csv.missing = model.schema.missing;
  csv.allow_absent = true;
  csv.max_levels = 1'000'000;
  for (const riskflag::Field& field : model.schema.fields) {
    if (field.role == Role::id) csv.keep_text.push_back(field.name);
    if (field.role != Role::feature) continue;
    csv.types[field.name] = field.type;
    if (!field.missing.empty()) csv.column_missing[field.name] = field.missing;
    if (field.type == riskflag::ColumnType::date) csv.date_formats[field.name] = field.date_format;
  }
  if (!asked.weight.empty()) csv.types[asked.weight] = riskflag::ColumnType::number;
  const auto source = riskflag::open_source(asked.data);
  riskflag::CsvResult read = riskflag::read_csv(*source, csv, executor);
  const auto features = [&] {
    try {
      return model.pipeline.transform(read.frame, model.schema, executor);
    } catch (const riskflag::Error& error) {
      if (!error.where().empty()) throw;
      riskflag::fail(error.code(), asked.data, error.message() + ", for the model " + model.path);
    }
  }();
  ScoredFile out{std::move(read.frame), std::move(read.sha256), {}};
  out.scores.resize(features.rows);
  if (!model.predictor.probabilities(features.view(), out.scores)) {
    riskflag::fail(riskflag::ErrorCode::internal, asked.data, "the prepared rows do not fit " + model.name);
  }
  if (model.kind() == riskflag::bundle::Kind::binary) riskflag::apply_calibration(model.calibration, out.scores);
  return out;
}

/// A column of the labelled rows that `what` (a flag, or the model's target) names.
inline const riskflag::Column& column_of(const riskflag::Frame& frame, const std::string& name, const std::string& path,
                                         const std::string& what) {
  if (const riskflag::Column* found = frame.find(name)) return *found;
  std::vector<std::string> names;
  for (const riskflag::Column& column : frame.columns()) names.push_back(column.name);
  riskflag::fail(riskflag::ErrorCode::not_found, path,
                 "there is no column " + riskflag::quoted(name) + ", " + what + riskflag::what_there_is(name, names));
}

/// The columns of --group-by, or the ids that the champion knows and the file has.
inline std::vector<std::string> group_columns(const GateQuestion& asked, const riskflag::Schema& schema,
                                              const riskflag::Frame& frame) {
  if (!asked.group_by.empty()) {
    std::vector<std::string> names;
    for (const std::string_view name : riskflag::split_text(asked.group_by, ',')) names.emplace_back(name);
    return names;
  }
  std::vector<std::string> ids;
  for (const std::size_t i : schema.with_role(riskflag::Role::id)) {
    if (frame.find(schema.fields[i].name) != nullptr) ids.push_back(schema.fields[i].name);
  }
  return ids;
}

/// The groups of rows with equal features of that model, where the leak guard finds that rows repeat; else empty.
inline std::vector<std::uint64_t> repeated_rows(const riskflag::Schema& schema, const riskflag::Frame& frame,
                                                const std::vector<double>& labels, riskflag::Executor& executor) {
  riskflag::Schema here = schema;  // a feature that may be missing needs no column
  std::erase_if(here.fields, [&](const riskflag::Field& field) { return frame.find(field.name) == nullptr; });
  riskflag::Split all;
  for (std::size_t i = 0; i < labels.size(); ++i) all.train.push_back(static_cast<std::uint32_t>(i));
  return riskflag::study::repeated_row_groups(frame, here,
                                              riskflag::audit::find_leaks(frame, here, labels, all, executor));
}

/// Which rows belong together: by the columns of --group-by or the ids; else, where rows repeat, those with equal
/// features, of the one model and of the other: few features of one have equal values in rows that do not repeat.
/// Empty when every row is its own.
inline std::vector<std::uint64_t> groups_of(const GateQuestion& asked, const GateAnswer& models,
                                            const riskflag::Frame& theirs, const riskflag::Frame& ours,
                                            const std::vector<double>& labels, riskflag::Executor& executor) {
  const std::vector<std::string> columns = group_columns(asked, models.champion.schema, theirs);
  for (const std::string& name : columns) static_cast<void>(column_of(theirs, name, asked.data, "of --group-by"));
  if (!columns.empty()) {
    std::vector<std::uint64_t> groups = riskflag::group_ids(theirs, columns);
    if (*std::max_element(groups.begin(), groups.end()) + 1 < groups.size()) return groups;
  }
  if (!asked.group_by.empty()) return {};
  const std::vector<std::uint64_t> one = repeated_rows(models.champion.schema, theirs, labels, executor);
  if (one.empty()) return {};
  const std::vector<std::uint64_t> other = repeated_rows(models.challenger.schema, ours, labels, executor);
  if (other.empty()) return {};
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> number;
  std::vector<std::uint64_t> groups;
  for (std::size_t i = 0; i < one.size(); ++i) {
    groups.push_back(number.try_emplace({one[i], other[i]}, number.size()).first->second);
  }
  return number.size() < groups.size() ? groups : std::vector<std::uint64_t>();
}

inline GateAnswer judge(riskflag::bundle::Bundle challenger, riskflag::bundle::Bundle champion,
                        const GateQuestion& asked) {
  using riskflag::ErrorCode;
  using riskflag::fail;
  GateAnswer out{std::move(challenger), std::move(champion), {}, 0, 0, {}};
  const riskflag::bundle::Kind kind = out.champion.kind();
  if (out.challenger.kind() != kind) {
    fail(ErrorCode::invalid_data, out.challenger.name,
         "is a " + std::string(riskflag::bundle::name_of(out.challenger.kind())) + " model, " + out.champion.name +
             " a " + std::string(riskflag::bundle::name_of(kind)) + " one; they answer different questions");
  }
  if (kind == riskflag::bundle::Kind::multiclass) {
    fail(ErrorCode::unsupported, out.champion.name, "models of several classes cannot be compared yet");
  }
  std::string target = asked.target;
  for (const std::size_t i : out.champion.schema.with_role(riskflag::Role::target)) {
    if (target.empty()) target = out.champion.schema.fields[i].name;
  }
  if (target.empty()) fail(ErrorCode::usage, "--target", "is needed: the champion was imported without one");

  riskflag::Pool pool(0);
  const ScoredFile theirs = score_file(out.champion, asked, pool);
  const ScoredFile ours = score_file(out.challenger, asked, pool);
  for (const auto* model : {&out.challenger, &out.champion}) {
    if (model->model.data_digest == theirs.sha256) {
      fail(ErrorCode::usage, "--data",
           asked.data + " is the file that " + model->name + " version " + model->version +
               " was trained on; rows that neither model has learned from are needed");
    }
  }
  if (ours.sha256 != theirs.sha256) fail(ErrorCode::invalid_data, asked.data, "changed while it was read");
  const riskflag::study::Target outcomes = riskflag::study::read_target(
      column_of(theirs.frame, target, asked.data, asked.target.empty() ? "the champion's target" : "of --target"), kind,
      out.champion.schema.positive, asked.data);
  std::vector<double> weights;
  if (!asked.weight.empty()) weights = column_of(theirs.frame, asked.weight, asked.data, "of --weight").numbers;
  const std::vector<std::uint64_t> groups = groups_of(asked, out, theirs.frame, ours.frame, outcomes.labels, pool);
  for (const std::uint64_t group : groups) out.groups = std::max<std::size_t>(out.groups, group + 1);

  riskflag::study::GateOptions options;
  if (!asked.metrics.empty())
    options.metrics = asked.metrics;
  else if (kind == riskflag::bundle::Kind::regression)
    options.metrics = {"rmse"};
  options.margin = asked.margin;
  out.data_digest = theirs.sha256;
  out.rows = outcomes.labels.size();
  out.metrics =
      riskflag::study::compare_models({kind, ours.scores, theirs.scores, outcomes.labels, weights, groups}, options);
  return out;
}

/// {"data","rows","groups","margin","metrics":[...],"passed"}
inline std::string answer_json(const GateAnswer& answer, double margin) {
  riskflag::JsonWriter json;
  json.begin_object().key("data").value(std::string_view(answer.data_digest));
  json.key("rows").value(std::uint64_t{answer.rows}).key("groups");
  if (answer.groups == 0)
    json.null();
  else
    json.value(std::uint64_t{answer.groups});
  json.key("margin").value(margin).key("metrics").begin_array();
  for (const auto& metric : answer.metrics) {
    json.begin_object().key("name").value(std::string_view(metric.name)).key("challenger").value(metric.challenger);
    json.key("champion").value(metric.champion).key("lower_bound").value(metric.lower_bound);
    json.key("method").value(metric.method).key("passed").value(metric.passed).end_object();
  }
  json.end_array().key("passed").value(riskflag::study::all_passed(answer.metrics)).end_object();
  return std::move(json).text();
}

/// Five decimals; more for what would look like nothing, and no -0.
[[nodiscard]] inline std::string fixed(double x) {
  char text[48];
  std::snprintf(text, sizeof text, "%.5f", x);
  const std::string digits = text;
  if (digits.find_first_of("123456789") != std::string::npos) return digits;
  if (x == 0) return "0.00000";
  std::snprintf(text, sizeof text, "%.1e", x);
  return text;
}

inline std::string answer_table(const GateAnswer& answer) {
  std::vector<std::vector<std::string>> rows{{"METRIC", "CHALLENGER", "CHAMPION", "LOWER BOUND", "BY", "PASSED"}};
  for (const auto& metric : answer.metrics) {
    rows.push_back({metric.name, fixed(metric.challenger), fixed(metric.champion), fixed(metric.lower_bound),
                    std::string(metric.method), metric.passed ? "yes" : "no"});
  }
  return table_text(rows) + std::to_string(answer.rows) + " rows" +
         (answer.groups == 0 ? std::string() : " in " + std::to_string(answer.groups) + " groups") +
         "; the bound of challenger's advantage, one-sided at 95 %, must exceed minus the margin\n";
}

}  // namespace program
