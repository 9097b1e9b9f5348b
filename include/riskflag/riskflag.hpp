#pragma once

// Every room that needs the standard library alone. Rooms with a dependency have doors of their own: prep.hpp (Eigen),
// json.hpp, bundle.hpp, study.hpp, serve.hpp (Boost.JSON), http.hpp (Boost.Beast), gzip.hpp (zlib).

#if !defined(__linux__)
#error "riskflag/riskflag.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/audit.hpp>
#include <riskflag/bin.hpp>
#include <riskflag/calibrate.hpp>
#include <riskflag/core.hpp>
#include <riskflag/data.hpp>
#include <riskflag/explain.hpp>
#include <riskflag/metrics.hpp>
#include <riskflag/model.hpp>
#include <riskflag/monitor.hpp>
#include <riskflag/predict.hpp>
#include <riskflag/report.hpp>
#include <riskflag/track.hpp>
#include <riskflag/train.hpp>
#endif
