#pragma once

// Boost.JSON compiled into the one .cpp that includes this, for programs that link no Boost library.

#include <boost/json/src.hpp>
