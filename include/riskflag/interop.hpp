#pragma once

// The door of interop: models of other libraries, and ours for them. The standard library is enough.

#include <riskflag/interop/export_onnx.hpp>
#include <riskflag/interop/export_xgboost.hpp>
#include <riskflag/interop/xgboost.hpp>
