#pragma once

// The door of report: what was learned, from what and how well, on one page for those who must answer for it.

#include <riskflag/report/html.hpp>
#include <riskflag/report/svg.hpp>
#include <riskflag/report/svg_rows.hpp>
