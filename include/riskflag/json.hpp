#pragma once

// Our own JSON files (schema, manifest) and exact reading of strangers' JSON. Needs Boost.JSON, linked, or compiled in
// once through <riskflag/json/src.hpp>.

#if !defined(__linux__)
#error "riskflag/json.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/json/exact.hpp>
#include <riskflag/json/manifest.hpp>
#include <riskflag/json/schema_json.hpp>
#endif
