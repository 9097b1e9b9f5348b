#pragma once

// The door of audit: what is suspicious about a table before anything is learned from it.

#include <riskflag/audit/leak.hpp>
