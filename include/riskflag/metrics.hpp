#pragma once

// The door of metrics: spans in, a number or the reason why there is none out.

#if !defined(__linux__)
#error "riskflag/metrics.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/metrics/calibration.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/intervals.hpp>
#include <riskflag/metrics/metric.hpp>
#include <riskflag/metrics/multiclass.hpp>
#include <riskflag/metrics/regression.hpp>
#include <riskflag/metrics/summary.hpp>
#include <riskflag/metrics/threshold.hpp>
#endif
