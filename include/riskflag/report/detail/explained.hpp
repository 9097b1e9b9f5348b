#pragma once

// What the model does on the whole: the size of each feature's part, and how the margin moves along the first of them.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/report/detail/charts.hpp>
#include <riskflag/report/detail/page.hpp>
#include <riskflag/report/report_data.hpp>
#include <riskflag/report/svg_rows.hpp>

namespace riskflag::inline v0_1::report::detail {

/// Lowest and highest end of all intervals, with a little room; one range for all, so that sizes can be compared.
[[nodiscard]] inline std::pair<double, double> dependence_range(const ReportData& data) {
  double low = INFINITY, high = -INFINITY;
  for (const Dependence& each : data.dependence) {
    for (const DependencePoint& point : each.points) {
      low = std::min(low, point.margin.low);
      high = std::max(high, point.margin.high);
    }
  }
  const double room = (high - low) * 0.05;
  return {low - room, high + room};
}

/// A category's levels as rows, at most twelve, those first that the model puts highest.
[[nodiscard]] inline std::string level_figure(const Dependence& each, const Axis& axis) {
  constexpr std::size_t kMost = 12;
  std::vector<Dot> dots;
  for (const DependencePoint& point : each.points) {
    const double code = point.value;
    std::string name = is_missing(code) ? "missing"
                       : code >= 0 && code < static_cast<double>(each.levels.size())
                           ? each.levels[static_cast<std::size_t>(code)]
                           : readable(code);
    dots.push_back({std::move(name), point.margin.mean, point.margin.low, point.margin.high});
  }
  std::sort(dots.begin(), dots.end(),
            [](const Dot& a, const Dot& b) { return a.value != b.value ? a.value > b.value : a.label < b.label; });
  const std::size_t all = dots.size();
  if (all > kMost) dots.erase(dots.begin() + kMost / 2, dots.end() - kMost / 2);
  std::string out = dot_chart("Dependence on " + shortened(each.name, 80), "Mean margin for each level", dots, axis);
  if (all > kMost)
    out += "<p class=\"more\">" + escaped("the six highest and the six lowest of " + std::to_string(all) + " levels") +
           "</p>";
  return out;
}

[[nodiscard]] inline std::string number_figure(const Dependence& each, const Axis& axis) {
  std::vector<Point> means, lows, highs;
  const DependencePoint* missing = nullptr;
  for (const DependencePoint& point : each.points) {
    if (is_missing(point.value)) {
      missing = &point;
      continue;
    }
    means.push_back({point.value, point.margin.mean});
    lows.push_back({point.value, point.margin.low});
    highs.push_back({point.value, point.margin.high});
  }
  for (std::vector<Point>* points : {&means, &lows, &highs}) *points = thinned(*points);
  const std::size_t count = means.size();
  // The outermost values of a long range would leave the rest a hair's breadth.
  const std::size_t cut = count >= 15 ? 1 : 0;
  const auto inner = [&](std::vector<Point>& points) {
    return std::span<const Point>(points).subspan(cut, count - 2 * cut);
  };
  const double low = count > 0 ? means[cut].x : 0, high = count > 0 ? means[count - 1 - cut].x : 0;
  const double room = high > low ? (high - low) * 0.03 : 0.5;
  const double aside = high + (high > low ? (high - low) * 0.12 : 1);
  const std::string name = shortened(each.name, 80);
  Plot plot("Dependence on " + name, "Mean margin over values of " + name,
            {"", low - room, (missing != nullptr ? aside : high) + room}, axis, 360, 250);
  if (count > 0) {
    plot.band(inner(lows), inner(highs), 1).line(inner(means), 1);
    if (count <= 12) plot.dots(inner(means), 1);
  }
  if (missing != nullptr) {
    const Point at{aside, missing->margin.mean};
    plot.line(std::array{Point{aside, missing->margin.low}, Point{aside, missing->margin.high}}, 2);
    plot.dots(std::array{at}, 2, 4).callout(at, "missing", Plot::Words::above);
  }
  return plot.svg();
}

[[nodiscard]] inline std::string explained_section(const ReportData& data) {
  std::vector<Contribution> sorted = data.contributions;
  std::sort(sorted.begin(), sorted.end(), [](const Contribution& a, const Contribution& b) {
    return a.size.mean != b.size.mean ? a.size.mean > b.size.mean : a.name < b.name;
  });
  std::vector<Bar> bars;
  for (const Contribution& each : sorted) {
    if (bars.size() == 15 || !(each.size.mean > 0)) break;
    const std::string text = each.size.mean < 1000 ? fixed(each.size.mean, 3) : readable(each.size.mean);
    bars.push_back({each.name, each.size.mean, text, std::max(each.size.low, 0.0), each.size.high});
  }
  if (bars.empty()) return {};
  const std::string unit = data.kind == ReportData::Kind::binary ? "log-odds" : "units of the target's margin";
  std::string caption =
      "How far each feature moves a prediction from the average, up or down: the mean size of its "
      "exact Shapley value, in " +
      unit;
  caption += data.explained_rows > 0 ? ", on a sample of " + grouped(static_cast<double>(data.explained_rows)) +
                                           " rows with its 95 % interval."
                                     : ".";
  if (sorted.size() > bars.size())
    caption += " The " + std::to_string(bars.size()) + " largest of " + grouped(static_cast<double>(sorted.size())) +
               " features.";
  std::string out = heading("What moves a prediction", caption) + "<div class=\"bars keep\">" +
                    bar_chart("Contributions", "Mean size of contributions by feature, largest first", bars) + "</div>";
  if (data.dependence.empty()) return out;
  const auto [low, high] = dependence_range(data);
  if (!(low < high)) return out;
  const Axis axis{"mean margin", low, high};
  out += "<h3 class=\"lead\">Along the features that move it most</h3><p class=\"lead\">" +
         escaped(
             "The mean margin (" + unit +
             ") when every sampled row is given the same value and keeps all others; all charts share one scale. Bands "
             "and bars are 95 % intervals of the mean. Values that never occur together with the rest of a row are in "
             "it, too.") +
         "</p><div class=\"charts three\">";
  std::size_t shown = 0;
  for (; shown < data.dependence.size() && shown < 12; ++shown) {
    const Dependence& each = data.dependence[shown];
    out += "<figure><h3>" + escaped(shortened(each.name, 44)) + "</h3>" +
           (each.levels.empty() ? number_figure(each, axis) : level_figure(each, axis)) + "</figure>";
  }
  return out + "</div>" + and_more(data.dependence.size() - shown, "feature");
}

}  // namespace riskflag::inline v0_1::report::detail
