#pragma once

// What the report is told about a study.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/report/html.hpp>
#include <riskflag/study/study.hpp>

namespace program {

namespace detail {

inline std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", share * 100);
  return text;
}

inline std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", seconds);
  return text;
}

/// Smallest and greatest value, or the first levels.
inline std::string range_text(const riskflag::Column& column) {
  if (column.type == riskflag::ColumnType::category) {
    std::string text;
    for (std::size_t i = 0; i < column.levels.size() && i < 3; ++i)
      text += (i == 0 ? "" : ", ") + column.levels[i].substr(0, 40);
    return text + (column.levels.size() > 3 ? ", ..." : "");
  }
  if (column.type == riskflag::ColumnType::text) return "";
  std::optional<std::size_t> low, high;
  const auto less = [&](std::size_t a, std::size_t b) {
    return column.type == riskflag::ColumnType::number ? column.numbers[a] < column.numbers[b]
                                                       : column.days[a] < column.days[b];
  };
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (column.is_missing_at(i)) continue;
    if (!low || less(i, *low)) low = i;
    if (!high || less(*high, i)) high = i;
  }
  return low ? column.cell_text(*low) + " to " + column.cell_text(*high) : "";
}

}  // namespace detail

/// Owns what ReportData's spans point to; build() once, render at once.
class ReportBuilder {
 public:
  std::string render(const riskflag::study::StudyView& view) {
    const riskflag::study::StudyResult& result = view.result;
    const bool binary = result.kind == riskflag::bundle::Kind::binary;
    riskflag::report::ReportData data;
    using Kind = riskflag::report::ReportData::Kind;
    const bool multiclass = result.kind == riskflag::bundle::Kind::multiclass;
    data.kind = binary ? Kind::binary : multiclass ? Kind::multiclass : Kind::regression;
    if (multiclass) data.classes = view.target.levels;
    data.model_name = riskflag::file_name(riskflag::absolute_path(view.options.output));
    data.created = riskflag::rfc3339(riskflag::now_ms());
    data.target = view.options.columns.target;
    data.stop = view.stop;
    data.positive = view.target.positive;
    add_data(view, data);
    data.findings.assign(view.findings.begin(), view.findings.end());
    for (const auto& [name, value] : view.model.options) data.parameters.push_back({name, value});
    if (binary)
      data.parameters.push_back({"calibration", riskflag::calibration_sentence(result.calibration).substr(13)});
    add_parts(view, data);
    if (binary) {
      data.threshold = result.threshold;
      data.threshold_rule = view.options.threshold.text;
    }
    data.history = view.model.history;
    data.best_iteration = result.best_iteration;
    const auto importances = riskflag::importance(view.model);
    for (std::size_t f = 0; f < importances.size(); ++f) {
      data.importance.push_back({view.model.features[f].name, importances[f].gain,
                                 static_cast<double>(importances[f].splits),
                                 f < view.permutation.size() ? view.permutation[f] : std::nullopt});
    }
    add_explained(view, data);
    if (!multiclass) add_protected(view, data);
    data.command = view.options.command;
    for (const riskflag::study::DataFile& file : view.table.files)
      data.digests.push_back({file.context + " data", file.path, file.sha256});
    data.digests.push_back({"schema", "schema.json", view.model.schema_digest});
    const riskflag::study::Seconds& s = result.seconds;
    data.environment = {{"riskflag", std::string(riskflag::kVersion)},
                        {"read", detail::seconds_text(s.read)},
                        {"prepare", detail::seconds_text(s.prepare)},
                        {"bin", detail::seconds_text(s.bin)},
                        {"train", detail::seconds_text(s.train)},
                        {"evaluate", detail::seconds_text(s.evaluate)},
                        {"peak memory", std::to_string(result.peak_rss_bytes >> 20) + " MiB"}};
    if (!result.run_id.empty()) data.environment.push_back({"run", result.run_id});
    for (const riskflag::study::FoldMetric& metric : result.cv_metrics) {
      if (!metric.mean) continue;
      char text[64];
      std::snprintf(text, sizeof text, "%.4f +- %.4f", *metric.mean, metric.std.value_or(0));
      data.cross_validation.push_back({metric.name, text});
    }
    return riskflag::report::render(data);
  }

 private:
  static void add_data(const riskflag::study::StudyView& view, riskflag::report::ReportData& data) {
    for (const riskflag::study::DataFile& file : view.table.files) {
      data.data.push_back({file.context + " file", file.path + ", " + std::to_string(file.rows) + " rows"});
    }
    data.data.push_back({"rows trained on, validated, tested", std::to_string(view.result.train_rows) + ", " +
                                                                   std::to_string(view.result.valid_rows) + ", " +
                                                                   std::to_string(view.result.test_rows)});
    data.data.push_back({"seed", std::to_string(view.options.seed)});
    constexpr std::size_t kMostColumns = 400;  // the page shows fewer, and counts the others
    for (std::size_t c = 0; c < view.table.frame.cols(); ++c) {
      const riskflag::Column& column = view.table.frame.column(c);
      if (c >= kMostColumns) {
        data.columns.push_back({column.name, "", ""});
        continue;
      }
      std::size_t missing = 0;
      for (std::size_t i = 0; i < column.size(); ++i) missing += column.is_missing_at(i) ? 1 : 0;
      data.columns.push_back(
          {column.name, std::string(riskflag::name_of(column.type)),
           std::string(riskflag::name_of(view.schema.fields[c].role)),
           static_cast<double>(missing) / static_cast<double>(std::max<std::size_t>(1, column.size())),
           column.levels.size(), detail::range_text(column)});
    }
  }

  static void add_explained(const riskflag::study::StudyView& view, riskflag::report::ReportData& data) {
    const auto& features = view.model.features;
    for (std::size_t f = 0; f < view.global.contributions.size(); ++f)
      data.contributions.push_back({features[f].name, view.global.contributions[f]});
    for (const auto& each : view.global.dependence)
      data.dependence.push_back({features[each.feature].name, features[each.feature].levels, each.points});
    data.explained_rows = view.global.rows;
  }

  std::span<const std::uint64_t> keep_groups(std::span<const std::uint64_t> all, std::span<const std::uint32_t> rows) {
    if (all.empty()) return {};
    kept_groups_.emplace_back();
    for (const std::uint32_t row : rows) kept_groups_.back().push_back(all[row]);
    return kept_groups_.back();
  }

  std::span<const double> keep(std::span<const double> all, std::span<const std::uint32_t> rows) {
    if (all.empty()) return {};
    kept_.emplace_back();
    for (const std::uint32_t row : rows) kept_.back().push_back(all[row]);
    return kept_.back();
  }

  void add_parts(const riskflag::study::StudyView& view, riskflag::report::ReportData& data) {
    kept_.reserve(10);  // spans point into these vectors
    kept_groups_.reserve(5);
    data.grouped_by = view.grouped_by;
    const auto add = [&](const std::string& name, std::span<const double> scores, std::span<const std::uint32_t> rows) {
      if (rows.empty()) return;
      data.parts.push_back(
          {name, keep(view.target.labels, rows), scores, keep(view.weights, rows), keep_groups(view.groups, rows)});
      judged_rows_ = rows;
    };
    add("train", view.train_scores, view.split.train);
    add("valid", view.valid_scores, view.split.valid);
    if (view.cross_validation != nullptr)
      add("out of fold", view.cross_validation->scores, view.cross_validation->rows);
    add("test", view.test_scores, view.split.test);
  }

  void add_protected(const riskflag::study::StudyView& view, riskflag::report::ReportData& data) const {
    for (std::size_t c = 0; c < view.table.frame.cols(); ++c) {
      if (view.schema.fields[c].role != riskflag::Role::protected_) continue;
      const riskflag::Column& column = view.table.frame.column(c);
      riskflag::report::ProtectedColumn groups{column.name, {}, {}};
      if (column.type == riskflag::ColumnType::category) {
        groups.groups = column.levels;
        for (const std::uint32_t row : judged_rows_) groups.codes.push_back(column.codes[row]);
      } else {
        // A number or date: its distinct values when they are few, else four equal shares.
        std::vector<double> sorted;
        const auto value = [&](std::uint32_t row) {
          return column.type == riskflag::ColumnType::number ? column.numbers[row]
                                                             : static_cast<double>(column.days[row]);
        };
        for (const std::uint32_t row : judged_rows_) {
          if (!column.is_missing_at(row)) sorted.push_back(value(row));
        }
        if (sorted.empty()) continue;
        std::sort(sorted.begin(), sorted.end());
        std::set<double> tops;
        for (const std::size_t quarter : {1U, 2U, 3U, 4U}) tops.insert(sorted[(sorted.size() * quarter + 3) / 4 - 1]);
        const std::vector<double> edges(tops.begin(), tops.end());
        const auto text = [&](double x) {
          return column.type == riskflag::ColumnType::number ? riskflag::number_text(x)
                                                             : riskflag::date_text(static_cast<std::int32_t>(x));
        };
        for (const double edge : edges) groups.groups.push_back("up to " + text(edge));
        for (const std::uint32_t row : judged_rows_) {
          const bool missing = column.is_missing_at(row);
          groups.codes.push_back(missing
                                     ? -1
                                     : static_cast<std::int32_t>(
                                           std::lower_bound(edges.begin(), edges.end(), value(row)) - edges.begin()));
        }
      }
      data.protected_columns.push_back(std::move(groups));
    }
  }

  std::vector<std::vector<double>> kept_;
  std::vector<std::vector<std::uint64_t>> kept_groups_;
  std::span<const std::uint32_t> judged_rows_;
};

}  // namespace program
