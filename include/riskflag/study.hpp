#pragma once

// From files to a model directory: what riskflag-train is made of.

#if !defined(__linux__)
#error "riskflag/study.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/study/options.hpp>
#include <riskflag/study/options_json.hpp>
#include <riskflag/study/result_json.hpp>
#include <riskflag/study/study.hpp>
#endif
