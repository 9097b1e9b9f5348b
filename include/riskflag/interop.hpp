#pragma once

// The door of interop: models of other libraries. The standard library is enough.

#include <riskflag/interop/xgboost.hpp>
