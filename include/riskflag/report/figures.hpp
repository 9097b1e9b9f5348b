#pragma once

// The charts of a page, each as a file of its own: for a run's artifacts, a slide, a mail.

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/report/detail/page.hpp>

namespace riskflag::inline v0_1::report {

struct Figure {
  std::string name;  ///< of a file, from the chart's title: "roc-curve.svg"; no two of a page have the same
  std::string svg;   ///< a whole SVG document, in the page's light colours on white
};

/// Every chart of a page that render() made, in the page's order.
[[nodiscard]] std::vector<Figure> figures(std::string_view page);

namespace detail {

/// Of the page's styles those that a chart needs, in its light colours: a viewer that shows the file in a light page
/// may still ask for the dark ones.
[[nodiscard]] inline std::string figure_style() {
  static constexpr std::string_view kOfCharts[] = {"svg", ".grid", ".line", ".dot", ".band", ".rule", ".ring"};
  std::string out = "svg{background:var(--paper)}\n";
  std::string_view rest = kStyle;
  for (bool light = true; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with("@media")) light = false;
    bool wanted = light;
    for (const std::string_view start : kOfCharts) wanted = wanted || line.starts_with(start);
    if (wanted && !line.empty()) out += std::string(line) + "\n";
  }
  return out;
}

/// Letters and digits of a title, in lower case, with "-" for what is between.
[[nodiscard]] inline std::string figure_name(std::string_view title) {
  constexpr std::size_t kLongest = 60;
  std::string out;
  for (const char c : title) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9'))
      out += lower;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() == kLongest) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? std::string("figure") : out;
}

/// Where the chart that begins at `begin` ends; charts may hold others.
[[nodiscard]] inline std::size_t figure_end(std::string_view page, std::size_t begin) {
  constexpr std::string_view kEnd = "</svg>";
  std::size_t at = begin, depth = 0;
  while (true) {
    const std::size_t close = page.find(kEnd, at);
    if (close == std::string_view::npos) return page.size();
    for (at = page.find("<svg", at); at < close; at = page.find("<svg", at + 1)) ++depth;
    at = close + kEnd.size();
    if (--depth == 0) return at;
  }
}

}  // namespace detail

inline std::vector<Figure> figures(std::string_view page) {
  const std::string style = "<style><![CDATA[" + detail::figure_style() + "]]></style>";
  std::vector<Figure> out;
  std::set<std::string> names;
  for (std::size_t begin = page.find("<svg"); begin != std::string_view::npos;) {
    const std::size_t end = detail::figure_end(page, begin);
    const std::string_view chart = page.substr(begin, end - begin);
    std::string_view title = chart.substr(std::min(chart.size(), chart.find("<title>")));
    title = title.substr(std::min<std::size_t>(title.size(), 7));
    title = title.substr(0, title.find("</title>"));
    const std::string stem = detail::figure_name(title);
    std::string name = stem;
    for (int again = 2; !names.insert(name).second; ++again) name = stem + "-" + std::to_string(again);
    const std::size_t head = std::min(chart.size(), chart.find('>') + 1);
    out.push_back({name + ".svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"" + std::string(chart.substr(4, head - 4)) +
                                      style + std::string(chart.substr(head)) + "\n"});
    begin = page.find("<svg", end);
  }
  return out;
}

}  // namespace riskflag::inline v0_1::report
