#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/metrics/summary.hpp>
#include <riskflag/report/detail/charts.hpp>
#include <riskflag/report/detail/classes.hpp>
#include <riskflag/report/detail/explained.hpp>
#include <riskflag/report/detail/group_intervals.hpp>
#include <riskflag/report/detail/page.hpp>
#include <riskflag/report/detail/protected.hpp>
#include <riskflag/report/detail/sections.hpp>
#include <riskflag/report/html.hpp>

namespace riskflag::inline v0_1::report {

namespace detail {

/// Index of the part that the curves are about; parts.size() when there is none.
[[nodiscard]] inline std::size_t judged_part(const ReportData& data) {
  const std::size_t width = data.kind == ReportData::Kind::multiclass ? data.classes.size() : 1;
  for (const Part& part : data.parts) {
    if (part.labels.size() * width != part.predictions.size() ||
        (!part.weights.empty() && part.weights.size() != part.labels.size()) ||
        (!part.groups.empty() && part.groups.size() != part.labels.size())) {
      fail(ErrorCode::invalid_data, "report",
           "part " + quoted(part.name) + " has " + std::to_string(part.labels.size()) + " labels, " +
               std::to_string(part.predictions.size()) + " predictions, " + std::to_string(part.weights.size()) +
               " weights and " + std::to_string(part.groups.size()) +
               " groups; they must be equally many (or no weights, no groups; predictions for each class of "
               "multiclass)");
    }
  }
  constexpr std::size_t kMostParts = 20;  // as columns of a table
  if (data.parts.size() > kMostParts) {
    fail(ErrorCode::invalid_data, "report",
         std::to_string(data.parts.size()) + " parts; at most " + std::to_string(kMostParts) + " stand side by side");
  }
  std::size_t judged = data.parts.empty() ? 0 : data.parts.size() - 1;
  if (!data.judged.empty()) {
    judged = 0;
    while (judged < data.parts.size() && data.parts[judged].name != data.judged) ++judged;
    if (judged == data.parts.size())
      fail(ErrorCode::invalid_data, "report", "there is no part " + quoted(data.judged) + " to judge");
  }
  const std::size_t rows = judged < data.parts.size() ? data.parts[judged].labels.size() : 0;
  for (const ProtectedColumn& column : data.protected_columns) {
    if (column.codes.size() != rows) {
      fail(ErrorCode::invalid_data, "report",
           "protected column " + quoted(column.name) + " has " + std::to_string(column.codes.size()) +
               " codes for the judged part's " + std::to_string(rows) + " rows");
    }
  }
  return rows == 0 ? data.parts.size() : judged;
}

inline void look_at_stop(const ReportData& data) {
  if (data.stop.stop_requested()) fail(ErrorCode::cancelled, "", "stopped in phase report; nothing was written");
}

/// What the small figures beside the metrics are, or why there are none.
[[nodiscard]] inline std::string interval_words(const ReportData& data, const Part& part, const GroupNumbers& groups) {
  if (!part.weights.empty()) return "95 % intervals, left out because the rows are weighted.";
  if (part.groups.empty()) return "95 % intervals.";
  const std::string of = data.grouped_by.empty() ? "" : " of equal " + shortened(data.grouped_by, 80);
  const std::string count = plural(static_cast<double>(groups.groups), "group") + of;
  if (groups.groups < kFewestGroups) return "95 % intervals, left out because " + count + " say too little.";
  return "95 % intervals over the " + count + ": rows of a group are not independent, so whole groups are drawn.";
}

[[nodiscard]] inline std::string binary_body(const ReportData& data, std::size_t judged) {
  std::vector<metrics::BinaryMetrics> all;
  for (const Part& part : data.parts) {
    look_at_stop(data);
    all.push_back(metrics::binary_metrics(part.predictions, part.labels, part.weights, data.threshold));
  }
  const Part& part = data.parts[judged];
  Judged j{part.predictions, part.labels, part.weights, all[judged], data.threshold, 0, !part.groups.empty()};
  for (const double score : part.predictions) j.highest = std::max(j.highest, score);
  if (!(j.highest > 0)) j.highest = 1;
  look_at_stop(data);
  const GroupNumbers groups = number_groups(part.groups);
  const BinaryRanges ranges =
      !part.groups.empty() && part.weights.empty()
          ? group_ranges(part.predictions, part.labels, groups, data.threshold, all[judged])
          : binary_ranges(part.predictions, part.labels, part.weights, data.threshold, all[judged]);
  std::string out = verdict_section(data, shortened(part.name, 40), j, ranges);
  out += findings_section(data);
  out += heading("Metrics", "The curves and the headline are about the " + shortened(part.name, 40) +
                                " part, which neither training nor the choice of the threshold has seen" +
                                std::string(part.name == "test" ? "" : " unless said otherwise") +
                                ". Small figures are " + interval_words(data, part, groups));
  out += metrics_table(data, judged, all, ranges);
  if (!data.cross_validation.empty())
    out += heading("Cross-validation", "Mean and standard deviation over the folds.") + facts(data.cross_validation);
  out += heading("Curves", "All on the " + shortened(part.name, 40) + " part.");
  out += "<div class=\"charts\">";
  for (const auto figure : {roc_figure, pr_figure, ks_figure, calibration_figure, gains_figure, scores_figure}) {
    look_at_stop(data);
    out += figure(j);
  }
  out += "</div>";
  out += decision_section(j);
  out += explained_section(data);
  out += importance_section(data);
  out += protected_section(data, part, &j);
  return out;
}

[[nodiscard]] inline std::string regression_body(const ReportData& data, std::size_t judged) {
  const Part& part = data.parts[judged];
  std::vector<metrics::RegressionMetrics> all;
  for (const Part& each : data.parts)
    all.push_back(metrics::regression_metrics(each.predictions, each.labels, each.weights));
  const auto number = [](const std::optional<double>& x) { return x ? readable(*x) : std::string("\xe2\x80\x93"); };
  const metrics::RegressionMetrics& m = all[judged];
  std::string out =
      caution(data) + "<p class=\"verdict\">" +
      escaped("On the " + plural(static_cast<double>(part.labels.size()), "row") + " of the " +
              shortened(part.name, 40) + " part the prediction is off by " + number(m.mae) + " on average" +
              (m.r2 ? ", and explains " + percent(*m.r2) + " of the target's variance." : ".")) +
      "</p><div class=\"tiles\">" + tile("RMSE", number(m.rmse), "root mean squared error") +
      tile("MAE", number(m.mae), "mean absolute error") + tile("R\xc2\xb2", number(m.r2), "1 is perfect, 0 the mean") +
      "</div>";
  out += findings_section(data) + heading("Metrics");
  std::vector<Table::Head> heads{{"Metric"}};
  const std::vector<std::string> names = part_names(data);
  for (const std::string& name : names) heads.push_back({name, "n"});
  Table table;
  table.head(heads);
  std::vector<std::string> rows{"Rows"}, rmse{"RMSE"}, mae{"MAE"}, r2{"R\xc2\xb2"};
  for (std::size_t p = 0; p < all.size(); ++p) {
    rows.push_back(grouped(static_cast<double>(data.parts[p].labels.size())));
    rmse.push_back(number(all[p].rmse));
    mae.push_back(number(all[p].mae));
    r2.push_back(number(all[p].r2));
  }
  out += table.row(rows).row(rmse).row(mae).row(r2).html();
  if (!data.cross_validation.empty())
    out += heading("Cross-validation", "Mean and standard deviation over the folds.") + facts(data.cross_validation);
  out += heading("Curves", "On the " + shortened(part.name, 40) + " part.") + "<div class=\"charts\">" +
         predicted_figure(part.predictions, part.labels, part.weights) +
         residual_figure(part.predictions, part.labels, part.weights) + "</div>";
  return out + explained_section(data) + importance_section(data) + protected_section(data, part, nullptr);
}

}  // namespace detail

inline std::string render(const ReportData& data) {
  const std::size_t judged = detail::judged_part(data);
  std::string body = detail::header_section(data);
  if (judged == data.parts.size()) {
    body += detail::findings_section(data) + detail::explained_section(data) + detail::importance_section(data);
  } else {
    body += data.kind == ReportData::Kind::binary       ? detail::binary_body(data, judged)
            : data.kind == ReportData::Kind::multiclass ? detail::multiclass_body(data, judged)
                                                        : detail::regression_body(data, judged);
  }
  if (!data.history.values.empty()) {
    body += detail::heading("Training", "How the metrics moved while trees were added.");
    body += "<div class=\"charts\">" + detail::history_figures(data.history, data.best_iteration) + "</div>";
  }
  if (!data.data.empty() || !data.columns.empty()) body += detail::data_section(data);
  if (!data.parameters.empty()) {
    body += detail::heading(
                "Parameters",
                "Options of the training, as they were resolved; those that are not listed have their default.") +
            detail::facts(data.parameters, 60'000);
  }
  body += detail::reproduce_section(data);
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\"><title>" +
         detail::escaped(data.title.empty() ? "Model report" : detail::shortened(data.title, 200)) + "</title><style>" +
         std::string(detail::kStyle) + "</style></head><body><main>" + body +
         "<footer>Made by riskflag. This page is complete in itself: no script, nothing is loaded from "
         "elsewhere.</footer></main></body></html>\n";
}

}  // namespace riskflag::inline v0_1::report
