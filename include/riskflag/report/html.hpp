#pragma once

#include <string>

#include <riskflag/report/report_data.hpp>

namespace riskflag::inline v0_1::report {

/// One self-contained HTML page (UTF-8; styles and SVG inline, no script, nothing fetched): readable on screen in light
/// and dark and on paper. All text from `data` is escaped. Curves are thinned to at most 300 points, so that the page
/// stays below 1 MB for any number of rows. Throws Error(invalid_data) when a part's spans or a protected column's
/// codes differ in length, or `judged` names no part; Error(cancelled) when data.stop asks.
[[nodiscard]] std::string render(const ReportData& data);

}  // namespace riskflag::inline v0_1::report

#include <riskflag/report/detail/html.hpp>
