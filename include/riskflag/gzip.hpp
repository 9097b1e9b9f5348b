#pragma once

// The door of room gzip: a byte source for data/csv. Links zlib.

#if !defined(__linux__)
#error "riskflag/gzip.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/gzip/gzip.hpp>
#endif
