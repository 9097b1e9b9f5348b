#pragma once

// The door of train/: boosted trees from binned rows.

#include <riskflag/bin.hpp>
#include <riskflag/train/cut.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/refit.hpp>
#include <riskflag/train/train.hpp>
