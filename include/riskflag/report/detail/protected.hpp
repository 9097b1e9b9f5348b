#pragma once

// Counts and rates by group of the columns that the model does not see.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <riskflag/report/detail/charts.hpp>
#include <riskflag/report/detail/page.hpp>
#include <riskflag/report/report_data.hpp>

namespace riskflag::inline v0_1::report::detail {

/// Rows of one group, weighted.
struct GroupCounts {
  double rows = 0, positives = 0, high = 0, tp = 0, fp = 0, predicted = 0, actual = 0;
  GroupCounts& operator+=(const GroupCounts& other) {
    rows += other.rows;
    positives += other.positives;
    high += other.high;
    tp += other.tp;
    fp += other.fp;
    predicted += other.predicted;
    actual += other.actual;
    return *this;
  }
  [[nodiscard]] double approved() const noexcept { return 1 - high / rows; }
};

/// Of each group; the last is of rows without one.
[[nodiscard]] inline std::vector<GroupCounts> count_groups(const ProtectedColumn& column, const Part& part,
                                                           const Judged* j) {
  const std::size_t groups = column.groups.size();
  std::vector<GroupCounts> counts(groups + 1);
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    const std::int32_t at = column.codes[i];
    GroupCounts& c = counts[at < 0 || static_cast<std::size_t>(at) >= groups ? groups : static_cast<std::size_t>(at)];
    const double w = part.weights.empty() ? 1 : part.weights[i];
    c.rows += w;
    c.predicted += w * part.predictions[i];
    c.actual += w * part.labels[i];
    if (j == nullptr) continue;
    const bool positive = part.labels[i] > 0.5, high = part.predictions[i] >= j->threshold;
    c.positives += positive ? w : 0;
    c.high += high ? w : 0;
    (positive ? c.tp : c.fp) += high ? w : 0;
  }
  return counts;
}

/// One column's table: its groups, or the `most` largest of them and the sum of the others.
[[nodiscard]] inline std::string protected_table(const ProtectedColumn& column, const Part& part, const Judged* j,
                                                 std::size_t most) {
  const std::vector<GroupCounts> counts = count_groups(column, part, j);
  std::vector<std::size_t> order;
  for (std::size_t g = 0; g < column.groups.size(); ++g) {
    if (counts[g].rows > 0) order.push_back(g);
  }
  const std::size_t groups = order.size();
  GroupCounts others, all;
  for (const GroupCounts& c : counts) all += c;
  if (groups > most) {
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return counts[a].rows > counts[b].rows || (counts[a].rows == counts[b].rows && a < b);
    });
    for (std::size_t k = most; k < groups; ++k) others += counts[order[k]];
    order.resize(most);
  }
  const GroupCounts& missing = counts.back();
  double best = missing.rows > 0 ? missing.approved() : 0;
  for (const std::size_t g : order) best = std::max(best, counts[g].approved());

  const std::string name = shortened(column.name, 80);
  Table table;
  if (j != nullptr) {
    table.head(std::array<Table::Head, 8>{{{name, "name"},
                                           {"rows", "n"},
                                           {"positive rate", "n"},
                                           {"mean probability", "n"},
                                           {"called High", "n"},
                                           {"positives caught", "n"},
                                           {"negatives called High", "n"},
                                           {"approval ratio", "n"}}});
  } else {
    table.head(
        std::array<Table::Head, 4>{{{name, "name"}, {"rows", "n"}, {"mean target", "n"}, {"mean prediction", "n"}}});
  }
  const auto rate = [](double hits, double of) { return of > 0 ? percent(hits / of) : std::string("\xe2\x80\x93"); };
  const auto line = [&](const std::string& group, const GroupCounts& c) {
    if (!(c.rows > 0)) return;
    const std::string rows = grouped(c.rows) + " <small>" + percent(c.rows / all.rows) + "</small>";
    if (j == nullptr) {
      table.row(std::array{group, rows, readable(c.actual / c.rows), readable(c.predicted / c.rows)});
      return;
    }
    std::string called = percent(c.high / c.rows);
    if (j->independent()) {
      if (const auto range = wilson(c.high, c.rows))
        called += "<br><small>" + percent(range->low) + "\xe2\x80\x93" + percent(range->high) + "</small>";
    }
    table.row(std::array{group, rows, rate(c.positives, c.rows), percent(c.predicted / c.rows), called,
                         rate(c.tp, c.positives), rate(c.fp, c.rows - c.positives),
                         best > 0 ? fixed(c.approved() / best, 2) : std::string("\xe2\x80\x93")});
  };
  for (const std::size_t g : order) line(escaped(shortened(column.groups[g], 60)), counts[g]);
  line("<small>" + plural(static_cast<double>(groups - order.size()), "smaller group") + "</small>", others);
  line("<small>missing</small>", missing);
  return "<div class=\"group\">" + table.html() + "</div>";
}

[[nodiscard]] inline std::string protected_section(const ReportData& data, const Part& part, const Judged* j) {
  if (data.protected_columns.empty() || part.labels.empty()) return {};
  constexpr std::size_t kRows = 450, kMost = 40, kLeast = 3, kBytes = 270'000;
  const std::size_t columns = data.protected_columns.size(), most = std::clamp(kRows / columns, kLeast, kMost);
  std::string out;
  std::size_t shown = 0;
  for (; shown < columns && out.size() < kBytes; ++shown) {
    out += protected_table(data.protected_columns[shown], part, j, most);
  }
  std::string lead = "The model does not see these columns. Counts and rates of its decisions by group on the " +
                     shortened(part.name, 40) + " part";
  if (j != nullptr && j->independent()) lead += "; small figures are 95 % intervals";
  lead +=
      ". The approval ratio is a group's share that is not called High, relative to the group where it is largest; "
      "below 0.80 many reviewers look closer.";
  return heading("By protected attribute", lead) + out + and_more(columns - shown, "protected column");
}

}  // namespace riskflag::inline v0_1::report::detail
