#pragma once

// The body of a report on several classes.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <riskflag/core/matrix_view.hpp>
#include <riskflag/metrics/multiclass.hpp>
#include <riskflag/report/detail/page.hpp>
#include <riskflag/report/detail/sections.hpp>
#include <riskflag/report/report_data.hpp>

namespace riskflag::inline v0_1::report::detail {

[[nodiscard]] inline std::string class_name(const ReportData& data, std::size_t k, std::size_t most) {
  return escaped(shortened(k < data.classes.size() ? data.classes[k] : std::to_string(k), most));
}

[[nodiscard]] inline std::string class_metrics_table(const ReportData& data,
                                                     const std::vector<metrics::MulticlassMetrics>& all) {
  struct Line {
    const char* name;
    std::optional<double> metrics::MulticlassMetrics::* value;
    const char* meaning;
  };
  using M = metrics::MulticlassMetrics;
  constexpr std::array<Line, 5> kLines{{
      {"Log loss", &M::log_loss, "mean surprise per row, in nats; lower is better"},
      {"Accuracy", &M::accuracy, "share of rows whose most probable class is theirs"},
      {"F1, macro", &M::f1_macro, "mean of the classes' F1, each counting the same"},
      {"F1, weighted", &M::f1_weighted, "the same, classes counting by their rows"},
      {"ROC-AUC, one against all", &M::roc_auc_ovr, "mean over classes; needs rows of every class"},
  }};
  std::vector<Table::Head> heads{{"Metric"}};
  const std::vector<std::string> part_heads = part_names(data);
  for (const std::string& name : part_heads) heads.push_back({name, "n"});
  heads.push_back({"Meaning", "w"});
  Table table;
  table.head(heads);
  std::vector<std::string> rows{"Rows"};
  for (const Part& part : data.parts) rows.push_back(grouped(static_cast<double>(part.labels.size())));
  rows.emplace_back("");
  table.row(rows);
  for (const Line& line : kLines) {
    rows.assign(1, line.name);
    for (const auto& m : all) rows.push_back(m.*line.value ? fixed(*(m.*line.value), 4) : "\xe2\x80\x93");
    rows.emplace_back(line.meaning);
    table.row(rows);
  }
  return "<div class=\"keep\">" + table.html() + "</div>";
}

/// Rows, calls and scores of each class.
[[nodiscard]] inline std::string classes_table(const ReportData& data, const metrics::ClassConfusion& confusion) {
  constexpr std::size_t kMost = 60;
  const auto scores = metrics::class_scores(confusion);
  const auto number = [](const metrics::Metric& m) { return m ? fixed(*m.value, 3) : std::string("\xe2\x80\x93"); };
  Table table;
  table.head(std::array<Table::Head, 6>{
      {{"Class", "name"}, {"rows", "n"}, {"called", "n"}, {"precision", "n"}, {"recall", "n"}, {"F1", "n"}}});
  for (std::size_t k = 0; k < scores.size() && k < kMost; ++k) {
    double called = 0;
    for (std::size_t truth = 0; truth < confusion.classes; ++truth) called += confusion.at(truth, k);
    table.row(std::array{class_name(data, k, 60), grouped(scores[k].rows), grouped(called), number(scores[k].precision),
                         number(scores[k].recall), number(scores[k].f1)});
  }
  std::string out = "<div class=\"keep\">" + table.html() + "</div>";
  if (scores.size() > kMost)
    out += "<p class=\"lead\">" +
           escaped("and " + grouped(static_cast<double>(scores.size() - kMost)) + " more classes") + "</p>";
  return out;
}

[[nodiscard]] inline std::string confusion_table(const ReportData& data, const metrics::ClassConfusion& confusion) {
  constexpr std::size_t kMost = 12;  // columns that fit a page
  if (confusion.classes > kMost) return {};
  std::vector<Table::Head> heads{{"is, called", "name"}};
  std::vector<std::string> names;
  for (std::size_t k = 0; k < confusion.classes; ++k)
    names.push_back(shortened(k < data.classes.size() ? data.classes[k] : std::to_string(k), 16));
  for (const std::string& name : names) heads.push_back({name, "n"});
  Table table;
  table.head(heads);
  for (std::size_t truth = 0; truth < confusion.classes; ++truth) {
    std::vector<std::string> row{class_name(data, truth, 40)};
    double all = 0;
    for (std::size_t k = 0; k < confusion.classes; ++k) all += confusion.at(truth, k);
    for (std::size_t k = 0; k < confusion.classes; ++k) {
      const double n = confusion.at(truth, k);
      row.push_back(grouped(n) + (all > 0 ? " <small>" + percent(n / all) + "</small>" : ""));
    }
    table.row(row);
  }
  return heading("Which class is called for which",
                 "A line is the class that rows have, a column the one that is most probable to the model.") +
         "<div class=\"keep\">" + table.html() + "</div>";
}

[[nodiscard]] inline std::string multiclass_body(const ReportData& data, std::size_t judged) {
  std::vector<metrics::MulticlassMetrics> all;
  for (const Part& part : data.parts) {
    const auto view = MatrixView<double>::row_major(part.predictions.data(), part.labels.size(),
                                                    part.predictions.size() / part.labels.size());
    all.push_back(metrics::multiclass_metrics(view, part.labels, part.weights));
  }
  const Part& part = data.parts[judged];
  const metrics::MulticlassMetrics& m = all[judged];
  const auto number = [](const std::optional<double>& x) { return x ? fixed(*x, 3) : std::string("\xe2\x80\x93"); };
  double total = 0, commonest = 0, blind = 0;
  for (const auto& each : metrics::class_scores(m.confusion)) {
    total += each.rows;
    commonest = std::max(commonest, each.rows);
  }
  for (const auto& each : metrics::class_scores(m.confusion))
    blind -= each.rows > 0 ? each.rows / total * std::log(each.rows / total) : 0;
  std::string text = "On the " + plural(static_cast<double>(part.labels.size()), "row") + " of the " +
                     shortened(part.name, 40) + " part the most probable of " + std::to_string(m.confusion.classes) +
                     " classes is the right one";
  text += m.accuracy ? " for " + percent(*m.accuracy) + " of the rows; the commonest class alone would be for " +
                           percent(commonest / total) + "."
                     : std::string(" for none: no row counts.");
  std::string out = caution(data) + "<p class=\"verdict\">" + escaped(text) + "</p><div class=\"tiles\">" +
                    tile("Log loss", number(m.log_loss), "shares alone: " + fixed(blind, 3)) +
                    tile("Accuracy", number(m.accuracy), "1 is perfect") +
                    tile("F1, macro", number(m.f1_macro), "mean over classes") +
                    tile("ROC-AUC", number(m.roc_auc_ovr), "one against all, mean") + "</div>";
  out += findings_section(data) + heading("Metrics") + class_metrics_table(data, all);
  if (!data.cross_validation.empty())
    out += heading("Cross-validation", "Mean and standard deviation over the folds.") + facts(data.cross_validation);
  out += heading("By class", "On the " + shortened(part.name, 40) + " part.") + classes_table(data, m.confusion);
  return out + confusion_table(data, m.confusion) + importance_section(data);
}

}  // namespace riskflag::inline v0_1::report::detail
