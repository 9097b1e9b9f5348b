#include <riskflag/train/detail/thread_choice.hpp>

#include <doctest/doctest.h>

#include <cstddef>

using riskflag::detail::ThreadChoice;

namespace {

struct Rounds {
  std::size_t alone = 0;
  double seconds = 0.0;
};

/// Rounds that take so long shared out, or alone.
Rounds run(ThreadChoice& choice, std::size_t rounds, double shared, double alone) {
  Rounds out;
  for (std::size_t i = 0; i < rounds; ++i) {
    const double seconds = choice.alone() ? alone : shared;
    out.alone += choice.alone() ? 1U : 0U;
    out.seconds += seconds;
    choice.took(seconds);
  }
  return out;
}

}  // namespace

TEST_CASE("tables too small to share are never shared out, and one thread has no choice") {
  ThreadChoice small(ThreadChoice::kSmall - 1, 8);
  CHECK(run(small, 100, 1.0, 9.0).alone == 100);
  ThreadChoice one(ThreadChoice::kLarge, 1);
  CHECK(run(one, 100, 1.0, 9.0).alone == 100);
}

TEST_CASE("the faster way is kept, whichever it is, and the other costs a few rounds in a hundred") {
  for (const std::size_t cells : {ThreadChoice::kSmall, ThreadChoice::kLarge}) {
    CAPTURE(cells);
    ThreadChoice gains(cells, 2);
    CHECK(run(gains, 300, 1.0, 1.8).seconds < 300.0 * 1.04);
    ThreadChoice loses(cells, 2);
    CHECK(run(loses, 300, 1.5, 1.0).seconds < 300.0 * 1.05);
  }
}

TEST_CASE("a neighbour that comes is noticed, and one that goes is too") {
  ThreadChoice choice(ThreadChoice::kSmall, 2);
  (void)run(choice, 50, 1.0, 1.8);
  (void)run(choice, 60, 3.0, 1.8);
  CHECK(run(choice, 10, 3.0, 1.8).alone >= 8);
  (void)run(choice, 600, 1.0, 1.8);
  CHECK(run(choice, 10, 1.0, 1.8).alone <= 2);
}
