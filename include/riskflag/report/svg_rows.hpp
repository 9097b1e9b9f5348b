#pragma once

// Charts with one row for each name, as inline SVG; colours as in svg.hpp.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/missing.hpp>
#include <riskflag/report/svg.hpp>

namespace riskflag::inline v0_1::report {

/// One row of a bar chart.
struct Bar {
  std::string label;
  double value = 0;          ///< >= 0; sets the length
  std::string text;          ///< written behind the bar
  double low = 0, high = 0;  ///< an interval around the bar's end, drawn where low < high
};
/// Horizontal bars with their names at the left, in the order given.
[[nodiscard]] std::string bar_chart(std::string_view title, std::string_view description, std::span<const Bar> bars,
                                    double width = 800);

/// One row of a dot chart: a value with its interval.
struct Dot {
  std::string label;
  double value = 0, low = 0, high = 0;
};
/// A dot a row on one axis, names at the left, in the order given; what lies outside the axis is left out.
[[nodiscard]] std::string dot_chart(std::string_view title, std::string_view description, std::span<const Dot> dots,
                                    const Axis& axis, double width = 360);

// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

/// Room for the names, in pixels.
template <class Row>
[[nodiscard]] double name_room(std::span<const Row> rows, std::size_t most) {
  double room = 60;
  for (const Row& row : rows) room = std::max(room, 6.9 * static_cast<double>(std::min(row.label.size(), most)) + 14);
  return room;
}

[[nodiscard]] inline std::string row_name(double x, double y, std::string_view label, std::size_t most) {
  return "<text class=\"name\" text-anchor=\"end\" x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\">" +
         escaped(shortened(label, most)) + "</text>";
}

[[nodiscard]] inline std::string whisker(double low, double high, double y) {
  return "<path class=\"whisker\" d=\"M" + coordinate(low) + " " + coordinate(y) + "H" + coordinate(high) + "\"/>";
}

}  // namespace detail

inline std::string bar_chart(std::string_view title, std::string_view description, std::span<const Bar> bars,
                             double width) {
  constexpr double kRow = 24;
  constexpr std::size_t kName = 36;
  double texts = 30, longest = 0;
  for (const Bar& bar : bars) {
    texts = std::max(texts, 7.4 * static_cast<double>(bar.text.size()) + 12);
    longest = is_finite(bar.value) ? std::max(longest, bar.value) : longest;
    longest = is_finite(bar.high) ? std::max(longest, bar.high) : longest;
  }
  const double names = detail::name_room(bars, kName), room = width - names - texts;
  std::string out = detail::svg_open(title, description, width, kRow * static_cast<double>(bars.size()) + 6);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double y = kRow * static_cast<double>(i) + 4;
    const auto place = [&](double value) { return longest > 0 && value > 0 ? value / longest * room : 0; };
    double length = place(bar.value);
    out += detail::row_name(names - 8, y + 13, bar.label, kName) + "<rect class=\"solid\" x=\"" +
           detail::coordinate(names) + "\" y=\"" + detail::coordinate(y) + "\" width=\"" +
           detail::coordinate(std::max(length, 1.0)) + "\" height=\"17\" rx=\"2\"/>";
    if (bar.low < bar.high) {
      out += detail::whisker(names + place(bar.low), names + place(bar.high), y + 8.5);
      length = place(bar.high);
    }
    out += "<text class=\"tick\" x=\"" + detail::coordinate(names + length + 7) + "\" y=\"" +
           detail::coordinate(y + 13) + "\">" + detail::escaped(bar.text) + "</text>";
  }
  return out + "</svg>";
}

inline std::string dot_chart(std::string_view title, std::string_view description, std::span<const Dot> dots,
                             const Axis& axis, double width) {
  constexpr double kRow = 20;
  constexpr std::size_t kName = 20;
  const double names = detail::name_room(dots, kName), right = width - 14, top = 8;
  const double bottom = top + kRow * static_cast<double>(dots.size()) + 4;
  const auto place = [&](double x) { return names + (x - axis.low) / (axis.high - axis.low) * (right - names); };
  std::string out = detail::svg_open(title, description, width, bottom + 40);
  const std::vector<double> ticks = nice_ticks(axis.low, axis.high, 4);
  for (const double tick : ticks) {
    const std::string x = detail::coordinate(place(tick));
    out += "<path class=\"grid\" d=\"M" + x + " " + detail::coordinate(top) + "V" + detail::coordinate(bottom) +
           "\"/><text class=\"tick\" text-anchor=\"middle\" x=\"" + x + "\" y=\"" + detail::coordinate(bottom + 16) +
           "\">" + detail::tick_text(tick, ticks.size() > 1 ? ticks[1] - ticks[0] : 1.0, axis.style) + "</text>";
  }
  for (std::size_t i = 0; i < dots.size(); ++i) {
    const Dot& dot = dots[i];
    const double y = top + kRow * (static_cast<double>(i) + 0.5) + 2;
    out += detail::row_name(names - 8, y + 4, dot.label, kName);
    if (!(dot.value >= axis.low && dot.value <= axis.high)) continue;
    if (dot.low < dot.high)
      out += detail::whisker(place(std::max(dot.low, axis.low)), place(std::min(dot.high, axis.high)), y);
    out += "<circle class=\"dot\" style=\"fill:var(--series-1)\" cx=\"" + detail::coordinate(place(dot.value)) +
           "\" cy=\"" + detail::coordinate(y) + "\" r=\"4\"/>";
  }
  return out + "<text class=\"label\" text-anchor=\"middle\" x=\"" + detail::coordinate((names + right) / 2) +
         "\" y=\"" + detail::coordinate(bottom + 34) + "\">" + detail::escaped(axis.label) + "</text></svg>";
}

}  // namespace riskflag::inline v0_1::report
