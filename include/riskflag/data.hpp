#pragma once

// The door of room data: typed columns with missing values, the CSV reader and writer, schemas, splits, Arrow.

#if !defined(__linux__)
#error "riskflag/data.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/data/arrow.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/data/split.hpp>
#endif
