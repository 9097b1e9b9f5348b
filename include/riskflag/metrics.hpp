#pragma once

// The door of metrics: spans in, a number or the reason why there is none out.

#include <riskflag/metrics/calibration.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/intervals.hpp>
#include <riskflag/metrics/metric.hpp>
#include <riskflag/metrics/multiclass.hpp>
#include <riskflag/metrics/regression.hpp>
#include <riskflag/metrics/summary.hpp>
#include <riskflag/metrics/threshold.hpp>
