#pragma once

// From files to a model directory: what riskflag-train is made of.

#include <riskflag/study/options.hpp>
#include <riskflag/study/options_json.hpp>
#include <riskflag/study/result_json.hpp>
#include <riskflag/study/study.hpp>
