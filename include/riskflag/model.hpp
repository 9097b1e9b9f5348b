#pragma once

// The door of model: trees, the file they live in, and the slow scorer.

#if !defined(__linux__)
#error "riskflag/model.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/model/check.hpp>
#include <riskflag/model/export_lightgbm.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/history.hpp>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/model/iterations.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/model/load.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/model/parse.hpp>
#include <riskflag/model/tree.hpp>
#include <riskflag/model/walk.hpp>
#endif
