#pragma once

// What the training rows looked like, so that live rows can be held beside them. Standard library only.

#include <riskflag/monitor/reference.hpp>
