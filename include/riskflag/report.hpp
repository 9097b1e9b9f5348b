#pragma once

// The door of report: what was learned, from what and how well, on one page for those who must answer for it.

#if !defined(__linux__)
#error "riskflag/report.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/report/figures.hpp>
#include <riskflag/report/html.hpp>
#include <riskflag/report/monitoring.hpp>
#include <riskflag/report/svg.hpp>
#include <riskflag/report/svg_rows.hpp>
#endif
