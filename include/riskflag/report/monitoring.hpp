#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/monitor/verdict.hpp>
#include <riskflag/report/detail/page.hpp>
#include <riskflag/report/detail/text.hpp>

namespace riskflag::inline v0_1::report {
namespace detail {

[[nodiscard]] inline std::string metric_cell(const metrics::Metric& metric, int digits = 4) {
  return metric ? fixed(*metric.value, digits) : "<small>" + escaped(metric.undefined_because) + "</small>";
}

/// "4.2 % (1.0 %)": of the live rows, and in brackets of the training rows; nothing where it is neither's.
[[nodiscard]] inline std::string rate_cell(double live, double training) {
  return live == 0 && training == 0 ? "" : percent(live) + " <small>(" + percent(training) + ")</small>";
}

[[nodiscard]] inline std::string drift_table(const monitor::Evidence& evidence) {
  Table table;
  const std::array<Table::Head, 10> head{
      Table::Head{"Field", "name"},    Table::Head{"Rows", "n"},           Table::Head{"PSI", "n"},
      Table::Head{"Alarm above", "n"}, Table::Head{"Jensen-Shannon", "n"}, Table::Head{"KS", "n"},
      Table::Head{"Wasserstein", "n"}, Table::Head{"Missing", "n"},        Table::Head{"Unseen", "n"},
      Table::Head{"Verdict"}};
  table.head(head);
  for (const auto& each : evidence.drift) {
    const std::array<std::string, 10> cells{escaped(shortened(each.field, 80)),
                                            grouped(static_cast<double>(each.rows)),
                                            each.rows == 0 ? "" : fixed(each.psi, 4),
                                            each.rows == 0 ? "" : fixed(each.threshold, 4),
                                            each.rows == 0 ? "" : fixed(each.jensen_shannon, 4),
                                            each.ks ? fixed(*each.ks, 4) : "",
                                            each.wasserstein ? fixed(*each.wasserstein, 4) : "",
                                            each.rows == 0 ? "" : rate_cell(each.live.missing, each.training.missing),
                                            each.rows == 0 ? "" : rate_cell(each.live.unseen, each.training.unseen),
                                            each.rows == 0    ? "no rows"
                                            : each.alarm      ? "<b>drift</b>"
                                            : each.rows < 200 ? "too few rows"
                                                              : "as in training"};
    table.row(cells);
  }
  return table.html();
}

[[nodiscard]] inline std::string row_drift_text(const monitor::RowDrift& rows) {
  std::string most;
  for (std::size_t i = 0; i < std::min<std::size_t>(rows.fields.size(), 5); ++i) {
    const auto& [field, share] = rows.fields[i];
    most += (most.empty() ? "" : ", ") + escaped(shortened(field, 80)) + " " + percent(share);
  }
  return "<p>All fields together: a small model tells " + grouped(static_cast<double>(rows.rows)) + " live rows from " +
         grouped(static_cast<double>(rows.training_rows)) + " training rows with ROC-AUC " + fixed(rows.roc_auc, 4) +
         (rows.alarm ? ", <b>drift</b>: above " : "; an alarm begins above ") + fixed(rows.limit, 4) +
         (rows.alarm ? ". It looked at " + most : "") + ".</p>";
}

[[nodiscard]] inline std::string performance_table(std::span<const monitor::Performance> cohorts) {
  Table table;
  const std::array<Table::Head, 11> head{
      Table::Head{"Decisions of"}, Table::Head{"Made", "n"},     Table::Head{"High", "n"},
      Table::Head{"Known", "n"},   Table::Head{"Coverage", "n"}, Table::Head{"Said", "n"},
      Table::Head{"Came", "n"},    Table::Head{"ROC-AUC", "n"},  Table::Head{"95 % interval", "n"},
      Table::Head{"KS", "n"},      Table::Head{"Brier", "n"}};
  table.head(head);
  for (const auto& each : cohorts) {
    const double known = static_cast<double>(each.outcomes);
    const bool none = each.outcomes == 0;
    const std::array<std::string, 11> cells{
        each.cohort == "all" ? "all" : "week of " + escaped(each.cohort),
        grouped(static_cast<double>(each.decisions)),
        percent(static_cast<double>(each.high) / std::max(1.0, static_cast<double>(each.decisions))),
        grouped(known),
        percent(each.coverage()),
        none ? "" : percent(each.mean_probability),
        none ? "" : percent(static_cast<double>(each.positives) / known),
        none ? "" : metric_cell(each.roc_auc),
        each.roc_auc_interval ? fixed(each.roc_auc_interval.low, 3) + " to " + fixed(each.roc_auc_interval.high, 3)
                              : "",
        none ? "" : metric_cell(each.ks),
        none ? "" : metric_cell(each.brier)};
    table.row(cells);
  }
  return table.html();
}

[[nodiscard]] inline std::string bands_table(std::span<const monitor::CalibrationBand> bands) {
  Table table;
  const std::array<Table::Head, 5> head{Table::Head{"Probability"}, Table::Head{"Outcomes", "n"},
                                        Table::Head{"Positive", "n"}, Table::Head{"Said", "n"},
                                        Table::Head{"Came", "n"}};
  table.head(head);
  for (const auto& band : bands) {
    const bool none = band.outcomes == 0;
    const std::array<std::string, 5> cells{
        fixed(band.low, 4) + " to " + fixed(band.high, 4), grouped(static_cast<double>(band.outcomes)),
        grouped(static_cast<double>(band.positives)), none ? "" : percent(band.mean_probability),
        none ? "" : percent(static_cast<double>(band.positives) / static_cast<double>(band.outcomes))};
    table.row(cells);
  }
  return table.html();
}

}  // namespace detail

/// The monitoring pack of a model: one self-contained HTML page like render()'s.
[[nodiscard]] inline std::string render_monitoring(const monitor::Evidence& evidence) {
  using detail::escaped;
  const monitor::Verdict verdict = monitor::judge(evidence);
  const bool stable = verdict.state == monitor::Verdict::State::stable;
  const auto& all = evidence.performance;
  std::string body = "<header><p class=\"eyebrow\">Monitoring</p><h1>" + escaped(evidence.model_name) +
                     "</h1><p class=\"sub\">version " + escaped(evidence.model_version) + ", digest " +
                     detail::code(evidence.model_digest) + "; decisions from " + rfc3339(evidence.from_ms) + " to " +
                     rfc3339(evidence.until_ms) + "</p></header>";
  body += "<div class=\"" + std::string(stable ? "clean" : "finding") + "\"><b>" + escaped(name_of(verdict.state)) +
          "</b>: " + escaped(verdict.reason) + ".</div>";
  body +=
      "<div class=\"tiles\">" +
      detail::tile("Decisions", detail::grouped(static_cast<double>(evidence.decisions)), "of this model") +
      detail::tile("High",
                   detail::percent(static_cast<double>(all.high) / std::max(1.0, static_cast<double>(all.decisions))),
                   "at the threshold") +
      detail::tile("Outcomes", detail::grouped(static_cast<double>(all.outcomes)),
                   detail::percent(all.coverage()) + " of decisions") +
      detail::tile("ROC-AUC", all.roc_auc ? detail::fixed(*all.roc_auc.value, 4) : std::string("\xe2\x80\x93"),
                   evidence.expected_roc_auc ? "test set: " + detail::fixed(*evidence.expected_roc_auc, 4)
                                             : std::string("no test set")) +
      "</div>";
  body += detail::heading(
      "Drift",
      "Live rows beside the training rows, by the bins of the training profile. A field has an alarm "
      "when its PSI is above 0.10 and above what chance explains at this number of rows. Wasserstein "
      "is the share of training rows that live rows moved past, on average. Missing and unseen: share of the live "
      "rows without a value, and with a level that training did not know; in brackets, of training rows.");
  body += detail::drift_table(evidence);
  if (evidence.row_drift) body += detail::row_drift_text(*evidence.row_drift);
  body +=
      detail::heading("Performance",
                      "By the week in which the decision was made. Only decisions whose outcome is known are judged: "
                      "loans that were refused have none, so that these figures speak of approved applicants.");
  std::vector<monitor::Performance> cohorts{evidence.performance};
  cohorts.insert(cohorts.end(), evidence.weeks.begin(), evidence.weeks.end());
  body += detail::performance_table(cohorts);
  if (evidence.estimated.roc_auc) {
    body += "<p>Before outcomes: if the probabilities are calibrated, all decisions together have ROC-AUC " +
            detail::fixed(*evidence.estimated.roc_auc.value, 4) + ", Brier " +
            detail::fixed(*evidence.estimated.brier.value, 4) + " and accuracy " +
            detail::fixed(*evidence.estimated.accuracy.value, 4) +
            " (CBPE). It cannot see that the same applicants began to fail more often; outcomes can.</p>";
  }
  if (all.outcomes > 0 && !evidence.bands.empty()) {
    body += detail::heading("Calibration", "What was said and what came, by decile of the training's probabilities.");
    body += detail::bands_table(evidence.bands);
  }
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\"><title>Monitoring: " +
         escaped(evidence.model_name) + "</title><style>" + std::string(detail::kStyle) +
         "</style></head><body><main>" + body +
         "<footer>Made by riskflag. This page is complete in itself: no script, nothing is loaded from "
         "elsewhere.</footer></main></body></html>\n";
}

}  // namespace riskflag::inline v0_1::report
