#pragma once

// From a model's probability to a calibrated one. Standard library only.

#if !defined(__linux__)
#error "riskflag/calibrate.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/calibrate/fit.hpp>
#endif
