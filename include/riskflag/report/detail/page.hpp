#pragma once

// The page around the sections: styles, headings, lists, tables.

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/report/detail/text.hpp>

namespace riskflag::inline v0_1::report::detail {

// Series colours: Okabe and Ito's colour-blind-safe palette, lightened on dark ground. Print takes the light values
// whatever the screen was.
inline constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#ffffff;--ink:#1b2126;--soft:#57616b;--quiet:#9aa4ad;--grid:#e6e9ec;--edge:#d5dadf;--tint:#f5f7f9;
--series-1:#0072b2;--series-2:#d55e00;--series-3:#009e73;--series-4:#cc79a7;--series-5:#a07800;--series-6:#56b4e9;
--warn-ink:#8a4b00;--warn-tint:#fff6e8;--warn-edge:#f0c98a;--good-ink:#1c6b47;--good-tint:#eef8f3;--good-edge:#a9d8c1}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14181c;--ink:#e6eaee;--soft:#a3adb7;--quiet:#6d7780;--grid:#262c32;--edge:#353d45;--tint:#1b2025;
--series-1:#5cb3e8;--series-2:#f08a4b;--series-3:#3fc79a;--series-4:#e3a0c6;--series-5:#e0b83f;--series-6:#9bd3f5;
--warn-ink:#f2bd74;--warn-tint:#2b2317;--warn-edge:#5f4a24;--good-ink:#7fd3aa;--good-tint:#16241d;--good-edge:#2d5541}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:44px 28px 64px}
header{border-bottom:2px solid var(--ink);padding-bottom:20px;margin-bottom:26px}
.eyebrow{font-size:12px;letter-spacing:.09em;text-transform:uppercase;color:var(--soft);margin:0 0 6px}
h1{font-size:32px;line-height:1.2;margin:0;font-weight:650;letter-spacing:-.012em;overflow-wrap:anywhere}
.sub{color:var(--soft);margin:8px 0 0;overflow-wrap:anywhere}
header+.finding{margin:0 0 20px}
.verdict{font-size:18px;line-height:1.5;max-width:66ch;margin:0 0 22px}
h2{font-size:20px;font-weight:650;margin:46px 0 4px;letter-spacing:-.005em}
h3{font-size:14.5px;font-weight:650;margin:0 0 2px}
p.lead{color:var(--soft);margin:0 0 16px;max-width:78ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:0;border:1px solid var(--edge);border-radius:8px;overflow:hidden;background:var(--edge);column-gap:1px;row-gap:1px}
.tile{background:var(--paper);padding:14px 18px 15px}
.tile .k{font-size:12.5px;color:var(--soft)}
.tile .v{font-size:29px;line-height:1.25;font-weight:600;letter-spacing:-.015em;white-space:nowrap}
.tile .n{font-size:12.5px;color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:30px 34px;margin-top:16px}
.charts.three{grid-template-columns:repeat(3,minmax(0,1fr));gap:22px 26px}
h3.lead{margin:26px 0 2px}.more{color:var(--soft);font-size:12.5px;margin:2px 0 0}
figure{margin:0;min-width:0}
figure.wide{grid-column:1/-1}
figcaption{font-size:13px;color:var(--soft);margin-bottom:8px;line-height:1.45;min-height:2.9em}
figure.wide figcaption{min-height:0}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;overflow:visible}
svg svg{overflow:hidden}
svg text{fill:var(--soft)} svg .note,svg .name,svg .key{fill:var(--ink)} svg .label{font-size:12px}
svg .note{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--grid);fill:none}.axis{stroke:var(--quiet);fill:none}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.thin{stroke-width:1.2}
.dot{stroke:var(--paper);stroke-width:1}.bar{opacity:.62}.solid{fill:var(--series-1);opacity:.85}
.band{opacity:.16}.whisker{stroke:var(--ink);stroke-width:1.4;opacity:.75;fill:none}
.rule{stroke:var(--soft);stroke-dasharray:3 3;fill:none}.gap{stroke:var(--ink);stroke-width:1.6;fill:none}
.ring{fill:var(--paper);stroke:var(--ink);stroke-width:2}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;margin:4px 0 0}
th,td{text-align:left;padding:6px 14px 6px 0;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{font-weight:600;font-size:12.5px;color:var(--soft);border-bottom:1px solid var(--quiet);vertical-align:bottom}
tbody th{font-weight:500}
td.n,th.n{text-align:right} td.n{white-space:nowrap} thead th.n{min-width:5.2em} td.main{font-weight:650} td small,th small{color:var(--soft);font-weight:400;font-size:12px}
td.w{color:var(--soft);font-size:13px;overflow-wrap:anywhere;min-width:7em} td.name,th.name{overflow-wrap:anywhere;min-width:9em;max-width:22em}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:0 34px;margin:8px 0 0;font-size:13.5px}
dl div{display:flex;justify-content:space-between;gap:16px;border-bottom:1px solid var(--grid);padding:5px 0}
dt{color:var(--soft)} dd{margin:0;text-align:right;overflow-wrap:anywhere;min-width:0}
.finding{border:1px solid var(--warn-edge);border-left-width:4px;background:var(--warn-tint);border-radius:6px;padding:10px 16px 11px;margin:10px 0}
.finding code.c{color:var(--warn-ink);font-weight:650;background:none;padding:0}
.finding p{margin:2px 0 0}
.clean{border:1px solid var(--good-edge);border-left-width:4px;background:var(--good-tint);color:var(--good-ink);border-radius:6px;padding:10px 16px;margin:10px 0}
code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
code{background:var(--tint);padding:1px 5px;border-radius:4px;overflow-wrap:anywhere}
pre{background:var(--tint);border:1px solid var(--edge);border-radius:6px;padding:12px 14px;white-space:pre-wrap;overflow-wrap:anywhere;margin:8px 0 14px}
.two{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 34px}
footer{margin-top:48px;padding-top:14px;border-top:1px solid var(--edge);color:var(--soft);font-size:12.5px}
.group{margin-bottom:26px}.bars{max-width:860px}
@media screen and (max-width:1060px){.tiles{grid-template-columns:repeat(3,1fr)}}
@media screen and (max-width:960px){.charts.three{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media screen and (max-width:760px){.charts,.charts.three,.two{grid-template-columns:1fr}main{padding:26px 18px}figcaption{min-height:0}}
@media screen and (max-width:460px){.tiles{grid-template-columns:repeat(2,1fr)}}
@media print{.tiles{grid-template-columns:repeat(3,1fr)}@page{margin:15mm 14mm}body{font-size:10pt}.verdict{font-size:12pt}table,dl{font-size:9pt}th,td{padding-right:8px}thead th.n{min-width:0}td.name,th.name{min-width:6em;max-width:15em}main{max-width:none;padding:0}h2{margin-top:26px;break-after:avoid}h3{break-after:avoid}
figure,.finding,.clean,.tiles,tr,dl div,.group,.keep,pre{break-inside:avoid}.charts{gap:16px 22px}p.lead{break-after:avoid;break-inside:avoid}thead{display:table-header-group}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

[[nodiscard]] inline std::string code(std::string_view text) { return "<code>" + escaped(text) + "</code>"; }

[[nodiscard]] inline std::string heading(std::string_view title, std::string_view lead = {}) {
  std::string out = "<h2>" + escaped(title) + "</h2>";
  if (!lead.empty()) out += "<p class=\"lead\">" + escaped(lead) + "</p>";
  return out;
}

[[nodiscard]] inline std::string figure(std::string_view title, std::string_view caption, std::string_view svg,
                                        bool wide = false) {
  return std::string("<figure") + (wide ? " class=\"wide\"" : "") + "><h3>" + escaped(title) + "</h3><figcaption>" +
         escaped(caption) + "</figcaption>" + std::string(svg) + "</figure>";
}

[[nodiscard]] inline std::string tile(std::string_view name, std::string_view value, std::string_view note) {
  return "<div class=\"tile\"><div class=\"k\">" + escaped(name) + "</div><div class=\"v\">" + escaped(value) +
         "</div><div class=\"n\">" + escaped(note) + "</div></div>";
}

/// "and 12 more columns"; nothing of none.
[[nodiscard]] inline std::string and_more(std::size_t count, std::string_view one) {
  if (count == 0) return {};
  return "<p class=\"lead\">" + escaped("and " + plural(static_cast<double>(count), "more " + std::string(one))) +
         "</p>";
}

/// A list of names and values, as many as `most_bytes` hold; `Entry` has both as strings.
///
/// Each list of a page has such a bound, so that all of it stays below 1 MB whatever it is given.
template <class Entry>
[[nodiscard]] std::string facts(const std::vector<Entry>& entries, std::size_t most_bytes = 20'000) {
  if (entries.empty()) return {};
  std::string out = "<dl>";
  std::size_t i = 0;
  for (; i < entries.size() && out.size() < most_bytes; ++i) {
    out += "<div><dt>" + escaped(shortened(entries[i].name, 80)) + "</dt><dd>" +
           escaped(shortened(entries[i].value, 300)) + "</dd></div>";
  }
  return out + "</dl>" + and_more(entries.size() - i, "line");
}

/// A table, row by row; cells are HTML already.
class Table {
 public:
  struct Head {
    std::string_view text;
    std::string_view css = {};  ///< "n": right-aligned numbers
  };
  Table& head(std::span<const Head> cells) {
    out_ += "<thead><tr>";
    css_.clear();
    for (const Head& cell : cells) {
      out_ += "<th scope=\"col\"" + attribute(cell.css) + ">" + escaped(cell.text) + "</th>";
      css_.emplace_back(cell.css);
    }
    out_ += "</tr></thead><tbody>";
    return *this;
  }
  Table& row(std::span<const std::string> cells) {
    out_ += "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string css = i < css_.size() ? css_[i] : std::string();
      out_ += i == 0 ? "<th scope=\"row\"" + attribute(css) + ">" + cells[i] + "</th>"
                     : "<td" + attribute(css) + ">" + cells[i] + "</td>";
    }
    out_ += "</tr>";
    return *this;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return out_.size(); }
  [[nodiscard]] std::string html() const { return "<div class=\"scroll\"><table>" + out_ + "</tbody></table></div>"; }

 private:
  [[nodiscard]] static std::string attribute(std::string_view css) {
    return css.empty() ? std::string() : " class=\"" + std::string(css) + "\"";
  }
  std::string out_;
  std::vector<std::string> css_;
};

}  // namespace riskflag::inline v0_1::report::detail
