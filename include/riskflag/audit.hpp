#pragma once

// The door of audit: what is suspicious about a table before anything is learned from it.

#if !defined(__linux__)
#error "riskflag/audit.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/audit/leak.hpp>
#include <riskflag/audit/shift.hpp>
#endif
