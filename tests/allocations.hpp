// What the test program allocates: operator new is replaced for the whole of it (allocations.cpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace riskflag_test {

/// Calls of operator new so far.
extern std::atomic<std::size_t> allocations;
/// How many allocations are left until one fails; below 0: none does.
extern std::atomic<std::int64_t> until_failure;

}  // namespace riskflag_test
