// Memory that runs out: any allocation can be made to fail.

#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/model/walk.hpp>

#include "../allocations.hpp"
#include "../sanitized.hpp"
#include "small_table.hpp"

using namespace riskflag;
using riskflag_test::until_failure;

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

#if !RISKFLAG_TESTS_SANITIZED  // whose own memory is terabytes of addresses
namespace {

std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// In a process of its own: 0, or which step went wrong.
int train_under_limits() {
  const SmallTable small = small_table(300, 5, 1), large = small_table(60'000, 12, 2);
  TrainOptions greedy = options();  // a histogram of 25 KB for each leaf that waits: more than a heap keeps from before
  greedy.num_leaves = 4096;
  const Model want = learn(small, options(), 2);
  std::vector<double> before_margins;
  for (std::size_t i = 0; i < small.rows; ++i) before_margins.push_back(margin(want, small.row(i)));
  int refused = 0, done = 0;
  for (const std::size_t megabytes : {0U, 1U, 2U, 4U, 8U, 16U, 32U, 2048U}) {
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = address_space() + (megabytes << 20);
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 1;
    try {
      if (learn(large, greedy, 2).trees.size() == 2) ++done;
    } catch (const Error& e) {
      if (e.code() != ErrorCode::resource) return 2;
      ++refused;
    }
    // The process and its other models live on, under the limit and without it.
    for (std::size_t i = 0; i < small.rows; ++i) {
      if (margin(want, small.row(i)) != before_margins[i]) return 4;
    }
    limit.rlim_cur = before;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 5;
    if (!(learn(small, options(), 2) == want)) return 6;
  }
  return refused > 0 && done > 0 ? 0 : 7;
}

}  // namespace

TEST_CASE("under a limit on the address space training is refused or gives the same model, and the process lives on") {
  constexpr const char* kChild = "RISKFLAG_MEMORY_TEST_CHILD";
  if (std::getenv(kChild) != nullptr) {
    int wrong = 8;
    try {
      wrong = train_under_limits();
    } catch (...) {
    }
    _exit(wrong);
  }
  // A program of its own, not a fork alone: the heap of this one keeps what other tests have given back.
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    setenv(kChild, "1", 1);
    execl("/proc/self/exe", "test_train", "--test-case=under a limit on the address space*", nullptr);
    _exit(9);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

}  // namespace memory_test
