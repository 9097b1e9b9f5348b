#pragma once

// Memory that runs out is a sentence, not a bare std::bad_alloc.

#include <new>
#include <string>
#include <string_view>

#include <riskflag/core/error.hpp>

namespace riskflag::inline v0_1 {

/// What work() returns. When memory runs out in it, throws Error(resource) that begins with `where` and goes on with
/// what needs() returns, after all that work() held has been given back; std::bad_alloc when not even the sentence
/// fits. Work on an executor's threads counts: Executor::run() brings their exceptions to the caller.
template <class Needs, class Work>
decltype(auto) or_out_of_memory(std::string_view where, Needs needs, Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {  // the sentence is made below, when there is room again
  }
  fail(ErrorCode::resource, std::string(where), "memory ran out; " + needs());
}

}  // namespace riskflag::inline v0_1
