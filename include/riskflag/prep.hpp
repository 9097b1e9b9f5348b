#pragma once

// The door of prep/: raw fields become features. See docs/guide/prep.md.

#if !defined(__linux__)
#error "riskflag/prep.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/prep/eigen_view.hpp>
#include <riskflag/prep/expression.hpp>
#include <riskflag/prep/fields.hpp>
#include <riskflag/prep/fit.hpp>
#include <riskflag/prep/fit_inputs.hpp>
#include <riskflag/prep/monotone.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/pipeline.hpp>
#include <riskflag/prep/recipe.hpp>
#include <riskflag/prep/steps.hpp>
#endif
