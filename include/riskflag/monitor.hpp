#pragma once

// What the training rows looked like, whether live rows still look like them, how good the scores were once outcomes
// are known, and how Prometheus is told. Standard library only.

#if !defined(__linux__)
#error "riskflag/monitor.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/monitor/bins.hpp>
#include <riskflag/monitor/counters.hpp>
#include <riskflag/monitor/decision_key.hpp>
#include <riskflag/monitor/decision_record.hpp>
#include <riskflag/monitor/drift.hpp>
#include <riskflag/monitor/estimated.hpp>
#include <riskflag/monitor/expected.hpp>
#include <riskflag/monitor/exposition.hpp>
#include <riskflag/monitor/live.hpp>
#include <riskflag/monitor/live_performance.hpp>
#include <riskflag/monitor/performance.hpp>
#include <riskflag/monitor/performance_json.hpp>
#include <riskflag/monitor/process.hpp>
#include <riskflag/monitor/reference.hpp>
#include <riskflag/monitor/verdict.hpp>
#endif
