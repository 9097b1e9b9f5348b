#pragma once

// The door of track: what was tried, with what result, and which models came of it.

#include <riskflag/track/console.hpp>
#include <riskflag/track/journal.hpp>
#include <riskflag/track/journal_reader.hpp>
#include <riskflag/track/local_registry.hpp>
#include <riskflag/track/logger.hpp>
#include <riskflag/track/registry.hpp>
#include <riskflag/track/run_filter.hpp>
#include <riskflag/track/tee.hpp>
