#pragma once

// The door of train/: boosted trees from binned rows.

#if !defined(__linux__)
#error "riskflag/train.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/bin.hpp>
#include <riskflag/train/cut.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/refit.hpp>
#include <riskflag/train/train.hpp>
#endif
