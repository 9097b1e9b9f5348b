#pragma once

// The door of interop: models of other libraries, and ours for them. The standard library is enough.

#if !defined(__linux__)
#error "riskflag/interop.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/interop/export_onnx.hpp>
#include <riskflag/interop/export_xgboost.hpp>
#include <riskflag/interop/xgboost.hpp>
#endif
