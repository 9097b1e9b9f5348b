#pragma once

// The model directory and the program that turns one raw row into a score. Needs Eigen and Boost.JSON.

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/parts.hpp>
#include <riskflag/bundle/pipeline_json.hpp>
#include <riskflag/bundle/reasons.hpp>
#include <riskflag/bundle/row_program.hpp>
