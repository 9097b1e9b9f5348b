#pragma once

// Runs as a table for people or JSON for scripts.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/track/run_filter.hpp>

#include "../program.hpp"
#include "../tracking/tracking.hpp"

namespace program {

/// Columns as wide as their widest cell, two blanks between them.
inline std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(i + 1 < row.size() ? widths[i] - row[i].size() + 2 : 0, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

struct RunsQuestion {
  TrackingPlace place;
  std::string experiment, sort, filter;
  std::uint64_t limit = 50;
  bool json = false;
};

/// The finished run whose metric is best; throws Error(not_found) without one. "roc_auc", where no run has it, is
/// test.roc_auc: of the part that no run has learned from.
inline riskflag::track::RunRecord best_run(const TrackingPlace& place, const std::string& experiment,
                                           const std::string& metric) {
  const auto by = [&](const std::string& name, std::size_t limit) {
    return find_runs(place, experiment, "attributes.status = 'FINISHED'", name, limit,
                     [](const std::string&) {});  // `runs` tells of lines that are left out
  };
  const auto best = [&](std::size_t limit) { return by(metric, limit); };
  const std::vector<riskflag::track::RunRecord> runs = best(1);
  if (runs.empty()) {
    riskflag::fail(
        riskflag::ErrorCode::not_found, "--best",
        "there is no finished run" + (experiment.empty() ? "" : " of experiment " + riskflag::quoted(experiment)));
  }
  if (riskflag::is_missing(runs.front().last_metric(metric))) {
    std::vector<riskflag::track::RunRecord> of_test = by("test." + metric, 1);
    if (!of_test.empty() && !riskflag::is_missing(of_test.front().last_metric("test." + metric)))
      return std::move(of_test.front());
    riskflag::track::require_metric(best(1000), metric, "--best");
  }
  return runs.front();
}

inline std::string metric_cell(const riskflag::track::RunRecord& run, const std::string& name) {
  const double value = run.last_metric(name);
  return riskflag::is_missing(value) ? std::string("-") : riskflag::number_text(value).substr(0, 8);
}

inline int print_runs(const RunsQuestion& asked) {
  const std::vector<riskflag::track::RunRecord> runs =
      find_runs(asked.place, asked.experiment, asked.filter, asked.sort, static_cast<std::size_t>(asked.limit),
                [](const std::string& message) { std::fprintf(stderr, "note: %s\n", message.c_str()); });
  if (!asked.sort.empty() && !runs.empty()) riskflag::track::require_metric(runs, asked.sort, "--sort");
  if (asked.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("runs").begin_array();
    for (const auto& run : runs) {
      json.begin_object().key("run_id").value(std::string_view(run.run_id));
      json.key("name").value(std::string_view(run.info.name));
      json.key("experiment").value(std::string_view(run.info.experiment));
      json.key("status").value(riskflag::track::name_of(run.status));
      json.key("start").value(std::string_view(riskflag::rfc3339(run.info.start_ms)));
      json.key("metrics").begin_object();
      std::vector<std::string> names;
      for (const auto& point : run.metrics) names.push_back(point.key);
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
      for (const std::string& name : names) json.key(name).value(run.last_metric(name));
      json.end_object().key("params").begin_object();
      for (const auto& param : run.params) json.key(param.key).value(std::string_view(param.value));
      json.end_object().key("tags").begin_object();
      for (const auto& tag : run.tags) json.key(tag.key).value(std::string_view(tag.value));
      json.end_object().end_object();
    }
    json.end_array().end_object();
    return print(json.text() + "\n") ? kDone : kFailed;
  }
  std::vector<std::string> metrics{"test.roc_auc", "test.log_loss", "valid.roc_auc"};
  if (!asked.sort.empty()) {
    std::erase(metrics, asked.sort);
    metrics.insert(metrics.begin(), asked.sort);
  }
  std::vector<std::vector<std::string>> rows{{"RUN", "NAME", "EXPERIMENT", "STATUS", "STARTED"}};
  for (const std::string& name : metrics) rows[0].push_back(name);
  for (const auto& run : runs) {
    rows.push_back({run.run_id.substr(0, 12), run.info.name, run.info.experiment,
                    std::string(riskflag::track::name_of(run.status)),
                    riskflag::rfc3339(run.info.start_ms).substr(0, 16)});
    for (const std::string& name : metrics) rows.back().push_back(metric_cell(run, name));
  }
  return print(table_text(rows)) ? kDone : kFailed;
}

}  // namespace program
