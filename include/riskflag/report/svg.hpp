#pragma once

// Small charts as inline SVG. Colours come from the page's custom properties (--series-1, ... --ink, --grid), so that
// one drawing serves light, dark and print; each chart has a <title> and a <desc> for those who do not see it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/missing.hpp>
#include <riskflag/report/detail/text.hpp>

namespace riskflag::inline v0_1::report {

struct Point {
  double x, y;
};

/// Round values for an axis: about `wanted` of them within [low, high], steps of 1, 2 or 5 times a power of ten.
/// Empty unless low < high and both are finite.
[[nodiscard]] std::vector<double> nice_ticks(double low, double high, int wanted = 5);

enum class TickStyle { number, percent };

struct Axis {
  std::string label;
  double low = 0, high = 1;  ///< low < high; else the axis is widened around its only value
  TickStyle style = TickStyle::number;
};

/// A chart with two numeric axes. Life: 1. constructed; 2. marks are added, later ones above earlier ones; 3. svg(),
/// any number of times. What lies outside the axes is cut off; points that are not finite are left out.
class Plot {
 public:
  Plot(std::string title, std::string description, Axis x, Axis y, double width = 520, double height = 330);

  /// A line through the points, in the colour of `series` (1 to 6; 0 = a quiet grey). With a label it is in the legend.
  Plot& line(std::span<const Point> points, int series, std::string_view label = {}, bool dashed = false);
  /// Dots at the points; radius in pixels.
  Plot& dots(std::span<const Point> points, int series, double radius = 3.5);
  /// One bar per value between edges[i] and edges[i + 1], from the x axis up.
  Plot& bars(std::span<const double> edges, std::span<const double> values, int series, std::string_view label = {});
  /// The area between two lines: low[i] and high[i] have the same x. In the colour of `series`, faint.
  Plot& band(std::span<const Point> low, std::span<const Point> high, int series);
  /// A ringed dot with a few words beside it, below (for a rising curve) or above (for a falling one).
  enum class Words { below, above };
  Plot& callout(Point at, std::string_view text, Words side = Words::below);
  /// A thin dashed line across the chart with a few words at its end.
  Plot& vertical(double x, std::string_view text);
  Plot& horizontal(double y, std::string_view text);
  /// A solid segment with words at its middle, for a distance that is read off.
  Plot& span_between(Point a, Point b, std::string_view text);

  [[nodiscard]] std::string svg() const;

 private:
  [[nodiscard]] double px(double x) const noexcept {
    return left_ + (x - x_.low) / (x_.high - x_.low) * (right_ - left_);
  }
  [[nodiscard]] double py(double y) const noexcept {
    return bottom_ - (y - y_.low) / (y_.high - y_.low) * (bottom_ - top_);
  }
  [[nodiscard]] bool inside(Point p) const noexcept {
    return p.x >= x_.low && p.x <= x_.high && p.y >= y_.low && p.y <= y_.high;
  }
  void words(double x, double y, std::string_view text, std::string_view anchor, std::string_view css = "note");

  std::string title_, description_;
  Axis x_, y_;
  double width_, height_, left_ = 52, right_, top_ = 28, bottom_;
  std::string marks_, legend_;
  double legend_x_;
};

namespace detail {

[[nodiscard]] inline std::string coordinate(double x) {
  std::string text = fixed(std::clamp(x, -1e5, 1e5), 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

/// Short enough for the room beside an axis: "1.2M" of 1,200,000, "2.0e-05" of 0.00002.
[[nodiscard]] inline std::string tick_text(double value, double step, TickStyle style) {
  const double shown = style == TickStyle::percent ? 100 * value : value;
  double shown_step = style == TickStyle::percent ? 100 * step : step, unit = 1;
  std::string letters;
  if (style != TickStyle::percent) {
    const double size = std::abs(shown);
    if (size >= 1e15 || shown_step < 1e-4) return std::abs(shown) < shown_step / 2 ? "0" : readable(shown);
    if (size >= 10000) {
      for (const auto& [from, name] : {std::pair(1e12, "T"), {1e9, "bn"}, {1e6, "M"}, {1e3, "k"}}) {
        if (size < from) continue;
        unit = from;
        letters = name;
        break;
      }
    }
    shown_step /= unit;
  }
  const int digits = shown_step >= 1 ? 0 : std::min(6, static_cast<int>(std::ceil(-std::log10(shown_step) - 1e-9)));
  return fixed(shown / unit, digits) + (style == TickStyle::percent ? "\xe2\x80\xaf%" : letters);
}

[[nodiscard]] inline std::string svg_open(std::string_view title, std::string_view description, double width,
                                          double height) {
  return "<svg viewBox=\"0 0 " + coordinate(width) + " " + coordinate(height) + "\" role=\"img\"><title>" +
         escaped(title) + "</title><desc>" + escaped(description) + "</desc>";
}

}  // namespace detail

inline std::vector<double> nice_ticks(double low, double high, int wanted) {
  std::vector<double> ticks;
  if (!(low < high) || !is_finite(low) || !is_finite(high) || !is_finite(high - low) || wanted < 1) return ticks;
  const double raw = (high - low) / wanted, power = std::pow(10.0, std::floor(std::log10(raw)));
  if (!(power > 0)) return ticks;
  const double mantissa = raw / power;
  const double step = (mantissa < 1.41 ? 1 : mantissa < 3.16 ? 2 : mantissa < 7.07 ? 5 : 10) * power;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && ticks.size() < 50; ++k)
    ticks.push_back(k * step);
  return ticks;
}

inline Plot::Plot(std::string title, std::string description, Axis x, Axis y, double width, double height)
    : title_(std::move(title)),
      description_(std::move(description)),
      x_(std::move(x)),
      y_(std::move(y)),
      width_(width),
      height_(height),
      right_(width - 14),
      bottom_(height - 44),
      legend_x_(left_) {
  for (Axis* axis : {&x_, &y_}) {
    if (!is_finite(axis->low) || !is_finite(axis->high) || !(axis->low < axis->high)) {
      const double middle = is_finite(axis->low) ? axis->low : 0, reach = std::max(std::abs(middle) * 0.1, 0.5);
      axis->low = middle - reach;
      axis->high = middle + reach;
    }
  }
}

inline Plot& Plot::line(std::span<const Point> points, int series, std::string_view label, bool dashed) {
  const std::string color = series == 0 ? "var(--quiet)" : "var(--series-" + std::to_string(series) + ")";
  const std::string style = "\" style=\"stroke:" + color + (dashed ? ";stroke-dasharray:5 4" : "") + "\"";
  std::string path;
  for (const Point& p : points) {
    if (!is_finite(p.x) || !is_finite(p.y)) continue;
    path += (path.empty() ? "M" : "L") + detail::coordinate(px(p.x)) + " " + detail::coordinate(py(p.y));
  }
  if (!path.empty())
    marks_ += "<path class=\"line" + std::string(series == 0 ? " thin" : "") + style + " d=\"" + path + "\"/>";
  if (!label.empty()) {
    const std::string text = detail::shortened(label, 40);
    legend_ += "<path class=\"line" + style + " d=\"M" + detail::coordinate(legend_x_) +
               " 12h16\"/><text class=\"key\" x=\"" + detail::coordinate(legend_x_ + 21) + "\" y=\"16\">" +
               detail::escaped(text) + "</text>";
    legend_x_ += 40 + 6.4 * static_cast<double>(text.size());
  }
  return *this;
}

inline Plot& Plot::dots(std::span<const Point> points, int series, double radius) {
  for (const Point& p : points) {
    if (!is_finite(p.x) || !is_finite(p.y) || !inside(p)) continue;
    marks_ += "<circle class=\"dot\" style=\"fill:var(--series-" + std::to_string(series) + ")\" cx=\"" +
              detail::coordinate(px(p.x)) + "\" cy=\"" + detail::coordinate(py(p.y)) + "\" r=\"" +
              detail::coordinate(radius) + "\"/>";
  }
  return *this;
}

inline Plot& Plot::bars(std::span<const double> edges, std::span<const double> values, int series,
                        std::string_view label) {
  const std::string color = "var(--series-" + std::to_string(series) + ")";
  for (std::size_t i = 0; i < values.size() && i + 1 < edges.size(); ++i) {
    if (!(values[i] > 0)) continue;
    const double x = px(edges[i]), y = py(std::min(values[i], y_.high));
    marks_ += "<rect class=\"bar\" style=\"fill:" + color + "\" x=\"" + detail::coordinate(x + 0.5) + "\" y=\"" +
              detail::coordinate(y) + "\" width=\"" + detail::coordinate(std::max(px(edges[i + 1]) - x - 1, 0.5)) +
              "\" height=\"" + detail::coordinate(bottom_ - y) + "\"/>";
  }
  if (!label.empty()) {
    legend_ += "<rect class=\"bar\" style=\"fill:" + color + "\" x=\"" + detail::coordinate(legend_x_) +
               "\" y=\"7\" width=\"11\" height=\"11\"/><text class=\"key\" x=\"" + detail::coordinate(legend_x_ + 16) +
               "\" y=\"16\">" + detail::escaped(label) + "</text>";
    legend_x_ += 35 + 6.4 * static_cast<double>(label.size());
  }
  return *this;
}

inline Plot& Plot::band(std::span<const Point> low, std::span<const Point> high, int series) {
  std::string path;
  const auto add = [&](Point p) {
    if (!is_finite(p.x) || !is_finite(p.y)) return;
    path += (path.empty() ? "M" : "L") + detail::coordinate(px(p.x)) + " " + detail::coordinate(py(p.y));
  };
  for (const Point& p : low) add(p);
  for (std::size_t i = high.size(); i-- > 0;) add(high[i]);
  if (!path.empty())
    marks_ += "<path class=\"band\" style=\"fill:var(--series-" + std::to_string(series) + ")\" d=\"" + path + "Z\"/>";
  return *this;
}

inline void Plot::words(double x, double y, std::string_view text, std::string_view anchor, std::string_view css) {
  marks_ += "<text class=\"" + std::string(css) + "\" text-anchor=\"" + std::string(anchor) + "\" x=\"" +
            detail::coordinate(x) + "\" y=\"" + detail::coordinate(y) + "\">" + detail::escaped(text) + "</text>";
}

inline Plot& Plot::callout(Point at, std::string_view text, Words side) {
  if (!is_finite(at.x) || !is_finite(at.y) || !inside(at)) return *this;
  const double x = px(at.x), y = py(at.y);
  marks_ +=
      "<circle class=\"ring\" cx=\"" + detail::coordinate(x) + "\" cy=\"" + detail::coordinate(y) + "\" r=\"5\"/>";
  const bool to_left = x + 14 + 6.2 * static_cast<double>(text.size()) > right_;
  const bool above = side == Words::above && !to_left && y > top_ + 24;
  words(to_left ? x - 11 : x + 11, above ? y - 8 : y + 16, text, to_left ? "end" : "start");
  return *this;
}

inline Plot& Plot::vertical(double x, std::string_view text) {
  if (!is_finite(x) || x < x_.low || x > x_.high) return *this;
  const double at = px(x);
  marks_ += "<path class=\"rule\" d=\"M" + detail::coordinate(at) + " " + detail::coordinate(bottom_) + "V" +
            detail::coordinate(top_) + "\"/>";
  const bool to_left = at + 8 + 6.2 * static_cast<double>(text.size()) > right_;
  words(to_left ? at - 6 : at + 6, top_ + 11, text, to_left ? "end" : "start");
  return *this;
}

inline Plot& Plot::horizontal(double y, std::string_view text) {
  if (!is_finite(y) || y < y_.low || y > y_.high) return *this;
  const double at = py(y);
  marks_ += "<path class=\"rule\" d=\"M" + detail::coordinate(left_) + " " + detail::coordinate(at) + "H" +
            detail::coordinate(right_) + "\"/>";
  words(right_ - 4, at < bottom_ - 22 ? at + 15 : at - 6, text, "end");
  return *this;
}

inline Plot& Plot::span_between(Point a, Point b, std::string_view text) {
  if (!inside(a) || !inside(b)) return *this;
  const double x = (px(a.x) + px(b.x)) / 2, y = (py(a.y) + py(b.y)) / 2;
  marks_ += "<path class=\"gap\" d=\"M" + detail::coordinate(px(a.x)) + " " + detail::coordinate(py(a.y)) + "L" +
            detail::coordinate(px(b.x)) + " " + detail::coordinate(py(b.y)) + "\"/>";
  const bool to_left = x + 12 + 6.6 * static_cast<double>(text.size()) > right_;
  words(to_left ? x - 8 : x + 8, y + 4, text, to_left ? "end" : "start");
  return *this;
}

inline std::string Plot::svg() const {
  std::string out = detail::svg_open(title_, description_, width_, height_);
  const std::vector<double> x_ticks = nice_ticks(x_.low, x_.high, 5), y_ticks = nice_ticks(y_.low, y_.high, 5);
  const auto step = [](const std::vector<double>& ticks) { return ticks.size() > 1 ? ticks[1] - ticks[0] : 1.0; };
  for (const double tick : y_ticks) {
    const std::string y = detail::coordinate(py(tick));
    out += "<path class=\"grid\" d=\"M" + detail::coordinate(left_) + " " + y + "H" + detail::coordinate(right_) +
           "\"/><text class=\"tick\" text-anchor=\"end\" x=\"" + detail::coordinate(left_ - 7) + "\" y=\"" +
           detail::coordinate(py(tick) + 4) + "\">" + detail::tick_text(tick, step(y_ticks), y_.style) + "</text>";
  }
  for (const double tick : x_ticks) {
    out += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + detail::coordinate(px(tick)) + "\" y=\"" +
           detail::coordinate(bottom_ + 17) + "\">" + detail::tick_text(tick, step(x_ticks), x_.style) + "</text>";
  }
  out += "<path class=\"axis\" d=\"M" + detail::coordinate(left_) + " " + detail::coordinate(bottom_) + "H" +
         detail::coordinate(right_) + "\"/>";
  // An inner <svg> cuts what leaves the axes, without an id that a second chart would share.
  out += "<svg x=\"0\" y=\"" + detail::coordinate(top_ - 6) + "\" width=\"" + detail::coordinate(width_) +
         "\" height=\"" + detail::coordinate(bottom_ - top_ + 7) + "\" viewBox=\"0 " + detail::coordinate(top_ - 6) +
         " " + detail::coordinate(width_) + " " + detail::coordinate(bottom_ - top_ + 7) + "\">" + marks_ + "</svg>";
  out += legend_;
  out += "<text class=\"label\" text-anchor=\"middle\" x=\"" + detail::coordinate((left_ + right_) / 2) + "\" y=\"" +
         detail::coordinate(height_ - 8) + "\">" + detail::escaped(x_.label) + "</text>";
  out += "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(12 " +
         detail::coordinate((top_ + bottom_) / 2) + ") rotate(-90)\">" + detail::escaped(y_.label) + "</text></svg>";
  return out;
}

}  // namespace riskflag::inline v0_1::report
