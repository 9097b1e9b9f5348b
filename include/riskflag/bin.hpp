#pragma once

// The door of bin/: real values become one byte a cell.

#if !defined(__linux__)
#error "riskflag/bin.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/bin/binned.hpp>
#include <riskflag/bin/chunks.hpp>
#include <riskflag/bin/cuts.hpp>
#endif
