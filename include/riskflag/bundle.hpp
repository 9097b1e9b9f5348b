#pragma once

// The model directory and the program that turns one raw row into a score. Needs Eigen and Boost.JSON.

#if !defined(__linux__)
#error "riskflag/bundle.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/parts.hpp>
#include <riskflag/bundle/pipeline_json.hpp>
#include <riskflag/bundle/reasons.hpp>
#include <riskflag/bundle/row_program.hpp>
#endif
