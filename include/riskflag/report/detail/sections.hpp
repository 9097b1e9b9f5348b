#pragma once

// The report's sections as HTML, from top to bottom.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/metrics/summary.hpp>
#include <riskflag/report/detail/charts.hpp>
#include <riskflag/report/detail/page.hpp>
#include <riskflag/report/report_data.hpp>
#include <riskflag/report/svg_rows.hpp>

namespace riskflag::inline v0_1::report::detail {

/// "Risk_Flag = 1", or the words that name the positive class otherwise.
[[nodiscard]] inline std::string positive_words(const ReportData& data) {
  if (data.target.empty()) return data.positive.empty() ? "label 1" : data.positive;
  return data.target + " = " + (data.positive.empty() ? "1" : data.positive);
}

[[nodiscard]] inline std::string range_text(const MaybeRange& range, int digits = 3) {
  return range ? "95\xe2\x80\xaf%: " + fixed(range->low, digits) + "\xe2\x80\x93" + fixed(range->high, digits)
               : std::string();
}

[[nodiscard]] inline std::string header_section(const ReportData& data) {
  std::string out = "<header><p class=\"eyebrow\">Model report</p><h1>" +
                    escaped(data.title.empty() ? "Model report" : shortened(data.title, 200)) + "</h1>";
  std::string sub;
  const auto add = [&](const std::string& text) {
    if (!text.empty()) sub += (sub.empty() ? "" : " \xc2\xb7 ") + shortened(text, 200);
  };
  add(data.model_name.empty()
          ? ""
          : data.model_name + (data.model_version.empty() ? "" : ", version " + data.model_version));
  add(data.target.empty() ? ""
                          : "target " + (data.kind == ReportData::Kind::binary ? positive_words(data) : data.target));
  add(data.created);
  return out + (sub.empty() ? "" : "<p class=\"sub\">" + escaped(sub) + "</p>") + "</header>";
}

/// What the guard found that puts the scores themselves in doubt.
[[nodiscard]] inline std::string caution(const ReportData& data) {
  std::string found;
  constexpr std::size_t kMost = 8;
  std::size_t count = 0;
  for (const audit::Finding& f : data.findings) {
    if (f.code != "split_leak" && f.code != "target_copy" && f.code != "target_leak") continue;
    const std::string words = f.code + (f.column.empty() ? "" : " (" + shortened(f.column, 40) + ")");
    if (found == words || found.ends_with(", " + words)) continue;  // of the test and of the validation rows
    if (++count <= kMost) found += (found.empty() ? "" : ", ") + words;
  }
  if (found.empty()) return {};
  if (count > kMost) found += " and " + std::to_string(count - kMost) + " more";
  return "<div class=\"finding\"><code class=\"c\">read with care</code><p>" +
         escaped("The leak guard found " + found +
                 ": the figures below are likely better than what new applicants will show. See \xe2\x80\x9cWhat the "
                 "leak guard found\xe2\x80\x9d.") +
         "</p></div>";
}

[[nodiscard]] inline std::string verdict_section(const ReportData& data, const std::string& part, const Judged& j,
                                                 const BinaryRanges& ranges) {
  const metrics::BinaryMetrics& m = j.metrics;
  const metrics::Confusion& c = m.confusion;
  const double flagged = m.rows > 0 ? (c.tp + c.fp) / m.rows : 0;
  std::string text = "On the " + plural(m.rows, "row") + " of the " + part + " part, " + percent(j.base_rate()) +
                     " of them positive (" + shortened(positive_words(data), 60) + "), ";
  text += m.roc_auc
              ? "the model puts a random positive above a random negative " + percent(*m.roc_auc) + " of the time. "
              : "there is only one class, so that no ranking can be judged. ";
  text += "Calling every row from a probability of " + readable(j.threshold) + " on High marks " + percent(flagged) +
          " of the rows";
  if (c.tp + c.fn > 0) text += ", catches " + percent(c.tp / (c.tp + c.fn)) + " of the positives";
  if (c.tp + c.fp > 0) text += ", and is right about " + percent(c.tp / (c.tp + c.fp)) + " of those it marks";
  std::string out = caution(data) + "<p class=\"verdict\">" + escaped(text) + ".</p><div class=\"tiles\">";
  const auto number = [](const std::optional<double>& x) { return x ? fixed(*x, 3) : std::string("\xe2\x80\x93"); };
  out += tile("ROC-AUC", number(m.roc_auc), ranges.roc_auc ? range_text(ranges.roc_auc) : "0.5 is chance, 1 perfect");
  out += tile("KS", number(m.ks), ranges.ks ? range_text(ranges.ks) : "distance of the classes");
  out += tile("Gini", number(m.gini), ranges.gini ? range_text(ranges.gini) : "2 \xc3\x97 ROC-AUC \xe2\x88\x92 1");
  out += tile("PR-AUC", number(m.pr_auc), "all rows: " + fixed(j.base_rate(), 3));
  out += tile("Calibration error", number(m.ece), "ECE, 0 is perfect");
  out += tile("Called High", percent(flagged),
              "from " + readable(j.threshold) +
                  (data.threshold_rule.empty() ? "" : " (" + shortened(data.threshold_rule, 16) + ")"));
  return out + "</div>";
}

[[nodiscard]] inline std::string data_section(const ReportData& data) {
  std::string out = heading("Data", "What the model was built from and judged on.") + facts(data.data);
  if (data.columns.empty()) return out;
  constexpr std::size_t kMost = 200, kBytes = 100'000;
  Table table;
  table.head(std::array<Table::Head, 6>{
      {{"Column", "name"}, {"Type"}, {"Role"}, {"Missing", "n"}, {"Levels", "n"}, {"Values", "w"}}});
  std::size_t i = 0;
  for (; i < data.columns.size() && i < kMost && table.bytes() < kBytes; ++i) {
    const ColumnFact& c = data.columns[i];
    table.row(std::array{escaped(shortened(c.name, 80)), escaped(shortened(c.type, 20)), escaped(shortened(c.role, 20)),
                         c.missing > 0 ? percent(c.missing) : std::string("\xe2\x80\x93"),
                         c.levels > 0 ? grouped(static_cast<double>(c.levels)) : std::string("\xe2\x80\x93"),
                         escaped(shortened(c.range, 90))});
  }
  out += "<div style=\"margin-top:18px\">" + table.html() + "</div>";
  return out + and_more(data.columns.size() - i, "column");
}

[[nodiscard]] inline std::string findings_section(const ReportData& data) {
  if (!data.audited && data.findings.empty()) return {};
  std::string out = heading("What the leak guard found",
                            "Before training, the table is searched for what makes a score look better than it is: "
                            "equal applicants on both sides of the "
                            "split, columns that give the target away, keys, repetition.");
  if (data.findings.empty()) return out + "<div class=\"clean\">Nothing: no check raised a warning.</div>";
  constexpr std::size_t kMost = 60, kBytes = 70'000;
  std::size_t i = 0;
  for (; i < data.findings.size() && i < kMost && out.size() < kBytes; ++i) {
    const audit::Finding& f = data.findings[i];
    out += "<div class=\"finding\"><code class=\"c\">" + escaped(shortened(f.code, 40)) + "</code><p>" +
           escaped(shortened(f.message, 600)) + "</p>";
    if (!f.remedy.empty()) out += "<p><small>Remedy: " + code(shortened(f.remedy, 300)) + "</small></p>";
    out += "</div>";
  }
  return out + and_more(data.findings.size() - i, "finding");
}

/// The parts' names as column heads.
[[nodiscard]] inline std::vector<std::string> part_names(const ReportData& data) {
  std::vector<std::string> names;
  for (const Part& part : data.parts) names.push_back(shortened(part.name, 40));
  return names;
}

/// A metric's line: how it is called, where it stands in BinaryMetrics, what it means.
struct MetricLine {
  std::string_view name;
  std::optional<double> metrics::BinaryMetrics::* value;
  MaybeRange BinaryRanges::* range;
  std::string_view meaning;
};

[[nodiscard]] inline std::string metrics_table(const ReportData& data, std::size_t judged,
                                               const std::vector<metrics::BinaryMetrics>& all,
                                               const BinaryRanges& ranges) {
  using M = metrics::BinaryMetrics;
  using R = BinaryRanges;
  static constexpr std::array<MetricLine, 12> kLines{{
      {"ROC-AUC", &M::roc_auc, &R::roc_auc, "share of positive\xe2\x80\x93negative pairs in the right order"},
      {"Gini", &M::gini, &R::gini, "2 \xc3\x97 ROC-AUC \xe2\x88\x92 1"},
      {"KS", &M::ks, &R::ks, "greatest distance of the two score distributions"},
      {"PR-AUC", &M::pr_auc, &R::pr_auc, "average precision over all thresholds"},
      {"Log loss", &M::log_loss, &R::log_loss, "mean surprise per row, in nats; lower is better"},
      {"Brier score", &M::brier, &R::brier, "mean squared error of the probability; lower is better"},
      {"Calibration error (ECE)", &M::ece, nullptr, "mean distance of probability and outcome in ten bins"},
      {"Accuracy", &M::accuracy, &R::accuracy, "share of rows called rightly, at the threshold"},
      {"Precision", &M::precision, &R::precision, "positives among those called High"},
      {"Recall", &M::recall, &R::recall, "positives that are called High"},
      {"F1", &M::f1, &R::f1, "harmonic mean of precision and recall"},
      {"Threshold", &M::threshold, nullptr, "High exactly when the probability is at least this"},
  }};
  std::vector<Table::Head> heads{{"Metric"}};
  const std::vector<std::string> names = part_names(data);
  for (const std::string& name : names) heads.push_back({name, "n"});
  heads.push_back({"Meaning", "w"});
  Table table;
  table.head(heads);
  std::vector<std::string> rows{"Rows"};
  for (const auto& m : all) rows.push_back(grouped(m.rows));
  rows.emplace_back("weight of the rows where weights are used");
  table.row(rows);
  rows.assign(1, "Positive rate");
  for (const auto& m : all) rows.push_back(m.rows > 0 ? percent(m.positives / m.rows, 2) : "\xe2\x80\x93");
  rows.push_back(escaped(shortened(positive_words(data), 80)));
  table.row(rows);
  for (const MetricLine& line : kLines) {
    rows.assign(1, std::string(line.name));
    for (std::size_t p = 0; p < all.size(); ++p) {
      const std::optional<double>& value = all[p].*line.value;
      std::string cell = value ? fixed(*value, 4) : "\xe2\x80\x93";
      if (p == judged && line.range != nullptr && ranges.*line.range) {
        cell += "<br><small>" + fixed((ranges.*line.range)->low, 4) + "\xe2\x80\x93" +
                fixed((ranges.*line.range)->high, 4) + "</small>";
      }
      rows.push_back(cell);
    }
    rows.emplace_back(line.meaning);
    table.row(rows);
  }
  return "<div class=\"keep\">" + table.html() + "</div>";
}

[[nodiscard]] inline std::string decision_section(const Judged& j) {
  const metrics::Confusion& c = j.metrics.confusion;
  const auto cell = [&](double n) {
    return grouped(n) + " <small>" + percent(c.total() > 0 ? n / c.total() : 0) + "</small>";
  };
  Table decision;
  decision.head(std::array<Table::Head, 4>{{{""}, {"called High", "n"}, {"called Low", "n"}, {"all", "n"}}});
  decision.row(std::array{std::string("positive"), cell(c.tp), cell(c.fn), grouped(c.tp + c.fn)});
  decision.row(std::array{std::string("negative"), cell(c.fp), cell(c.tn), grouped(c.fp + c.tn)});
  Table deciles;
  deciles.head(std::array<Table::Head, 7>{{{"Decile, riskiest first"},
                                           {"rows", "n"},
                                           {"positives", "n"},
                                           {"rate", "n"},
                                           {"lift", "n"},
                                           {"found so far", "n"},
                                           {"lowest probability", "n"}}});
  std::size_t number = 0;
  for (const auto& row : metrics::gains(j.scores, j.labels, j.weights, 10)) {
    deciles.row(std::array{std::to_string(++number), grouped(row.weight), grouped(row.positives),
                           percent(row.positive_rate, 2), fixed(row.lift, 2) + "\xc3\x97", percent(row.captured),
                           fixed(row.lowest_score, 4)});
  }
  return heading("Decision at the threshold",
                 "What the stored threshold of " + readable(j.threshold) + " does to the rows of this part.") +
         "<div class=\"keep\">" + decision.html() + "</div>" +
         heading("Gains and lift by decile",
                 "Rows ordered by probability in ten slices of equal size. Lift is the slice's rate of positives over "
                 "that of all rows.") +
         "<div class=\"keep\">" + deciles.html() + "</div>";
}

[[nodiscard]] inline std::string importance_section(const ReportData& data) {
  std::vector<FeatureImportance> sorted = data.importance;
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.gain > b.gain || (a.gain == b.gain && a.name < b.name); });
  double total = 0;
  for (const FeatureImportance& f : sorted) total += f.gain;
  const bool permuted =
      std::any_of(sorted.begin(), sorted.end(), [](const auto& f) { return f.permutation.has_value(); });
  std::vector<Bar> bars;
  for (const FeatureImportance& f : sorted) {
    if (bars.size() == 25 || f.gain <= 0) break;
    std::string text = percent(total > 0 ? f.gain / total : 0) + ", " + plural(f.splits, "split");
    if (permuted && f.permutation) text += ", " + readable(*f.permutation);
    bars.push_back({f.name, f.gain, text});
  }
  if (bars.empty()) return {};
  std::string caption =
      "Share of the total loss reduction that splits on each feature brought in training, and how often it is used.";
  if (permuted) caption += " The last number is the metric lost when the column is shuffled.";
  if (sorted.size() > bars.size())
    caption += " The " + std::to_string(bars.size()) + " largest of " + grouped(static_cast<double>(sorted.size())) +
               " features.";
  return heading("What the model looks at", caption) + "<div class=\"bars\">" +
         bar_chart("Feature importance", "Gain by feature, largest first", bars) + "</div>";
}

[[nodiscard]] inline std::string reproduce_section(const ReportData& data) {
  if (data.command.empty() && data.digests.empty() && data.environment.empty()) return {};
  std::string out = heading(
      "How to reproduce it",
      "The same data and options give the same model file, byte for byte, on any machine and number of threads.");
  if (!data.command.empty()) out += "<pre>" + escaped(shortened(data.command, 4000)) + "</pre>";
  if (!data.digests.empty()) {
    Table table;
    table.head(std::array<Table::Head, 3>{{{"What"}, {"Where", "name"}, {"SHA-256"}}});
    constexpr std::size_t kMost = 100, kBytes = 30'000;
    std::size_t i = 0;
    for (; i < data.digests.size() && i < kMost && table.bytes() < kBytes; ++i) {
      const Digest& d = data.digests[i];
      table.row(
          std::array{escaped(shortened(d.name, 80)), escaped(shortened(d.source, 200)), code(shortened(d.sha256, 80))});
    }
    out += table.html() + and_more(data.digests.size() - i, "file");
  }
  return out + facts(data.environment);
}

}  // namespace riskflag::inline v0_1::report::detail
