#pragma once

// The door of room gzip: a byte source for data/csv. Links zlib.

#include <riskflag/gzip/gzip.hpp>
