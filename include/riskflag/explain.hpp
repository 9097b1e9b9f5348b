#pragma once

// The door of explain: why a row has its score, with nothing but the standard library.

#include <riskflag/explain/global.hpp>
#include <riskflag/explain/quadrature.hpp>
#include <riskflag/explain/reasons.hpp>
#include <riskflag/explain/shap.hpp>
