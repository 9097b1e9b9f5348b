#pragma once

// The door of bin/: real values become one byte a cell.

#include <riskflag/bin/binned.hpp>
#include <riskflag/bin/chunks.hpp>
#include <riskflag/bin/cuts.hpp>
