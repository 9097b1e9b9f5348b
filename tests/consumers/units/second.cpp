#include "every_door.hpp"

const char* second();
const char* second() { return riskflag::kVersion.data(); }
