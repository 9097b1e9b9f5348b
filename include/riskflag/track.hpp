#pragma once

// The door of track: what was tried, with what result, and which models came of it.

#if !defined(__linux__)
#error "riskflag/track.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/track/console.hpp>
#include <riskflag/track/dead_runs.hpp>
#include <riskflag/track/git_commit.hpp>
#include <riskflag/track/journal.hpp>
#include <riskflag/track/journal_reader.hpp>
#include <riskflag/track/local_registry.hpp>
#include <riskflag/track/logger.hpp>
#include <riskflag/track/promotion.hpp>
#include <riskflag/track/registry.hpp>
#include <riskflag/track/run_filter.hpp>
#include <riskflag/track/tee.hpp>
#endif
