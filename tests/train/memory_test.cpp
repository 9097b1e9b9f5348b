// Memory that runs out: operator new is replaced in this whole test program, so that any allocation can be made to
// fail. Not inlined: GCC 12 would see free() meet a pointer of operator new, and warn.

#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include <riskflag/core/error.hpp>

#include "small_table.hpp"

namespace memory_test {
namespace {

/// How many allocations are left until one fails; below 0: none does.
std::atomic<std::int64_t> until_failure{-1};

}  // namespace
}  // namespace memory_test

[[gnu::noinline]] void* operator new(std::size_t size) {
  using memory_test::until_failure;
  if (until_failure.load(std::memory_order_relaxed) >= 0 && until_failure.fetch_sub(1) == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace riskflag;

namespace memory_test {
namespace {

TrainOptions options() {
  TrainOptions o;
  o.num_iterations = 2;
  o.num_leaves = 12;
  o.min_data_in_leaf = 5;
  return o;
}

Model learn(const SmallTable& t, const TrainOptions& o, unsigned threads) {
  Pool pool(threads);
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), pool);
  const ValidData valid{.features = t.view(), .labels = t.labels};
  return train({.bins = bins, .labels = t.labels, .weights = t.weights}, {&valid, 1}, o, pool).model;
}

}  // namespace

TEST_CASE(
    "invariant: whichever allocation fails, training ends with a sentence, and the next one gives the same model") {
  SmallTable t = small_table(300, 7, 3);
  make_exclusive(t, 5, 1);
  TrainOptions intermediate = options();
  intermediate.monotone_constraints = {1, -1, 0, 0, 0, 1, -1};
  intermediate.monotone_constraints_method = "intermediate";
  intermediate.cegb_penalty_feature_coupled = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
  TrainOptions symmetric = options();
  symmetric.grow_policy = "symmetric";
  for (const TrainOptions& o : {options(), intermediate, symmetric}) {
    for (const unsigned threads : {1U, 3U}) {
      CAPTURE(threads);
      const Model want = learn(t, o, threads);
      int failures = 0;
      for (std::int64_t n = 0;; n += 1 + n / 30) {
        CAPTURE(n);
        until_failure = n;
        try {
          const Model got = learn(t, o, threads);
          const bool none_failed = until_failure.exchange(-1) >= 0;
          REQUIRE(got == want);  // a thread less, or a sort without its buffer
          if (none_failed) break;
        } catch (const Error& e) {
          until_failure = -1;
          ++failures;
          REQUIRE(e.code() == ErrorCode::resource);
          REQUIRE(std::string(e.what()).find("memory ran out; ") != std::string::npos);
        } catch (const std::bad_alloc&) {  // before the library began: the pool's
          until_failure = -1;
          REQUIRE(n < 8);
        }
      }
      CHECK(failures > 50);
      CHECK(learn(t, o, threads) == want);
    }
  }
}

}  // namespace memory_test
