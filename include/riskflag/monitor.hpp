#pragma once

// What the training rows looked like, so that live rows can be held beside them, and how Prometheus is told. Standard
// library only.

#if !defined(__linux__)
#error "riskflag/monitor.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/monitor/counters.hpp>
#include <riskflag/monitor/exposition.hpp>
#include <riskflag/monitor/process.hpp>
#include <riskflag/monitor/reference.hpp>
#endif
