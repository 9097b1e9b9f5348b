#include "every_door.hpp"

const char* first();
const char* first() { return riskflag::kVersion.data(); }
