#pragma once

// From a model's probability to a calibrated one. Standard library only.

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/calibrate/fit.hpp>
