#pragma once

// Whether a round's work is shared out: by its size, then by what rounds were seen to take.

#include <algorithm>
#include <cstddef>

#include <riskflag/core/parallel.hpp>

namespace riskflag::inline v0_1::detail {

/// Tells for each round whether its work goes to all threads or stays on the caller's: small tables lose more by waking
/// threads than they gain, and so does any table beside a busy neighbour. Models do not depend on it.
///
/// Rounds take about the same time, so each way is tried now and then and the faster one kept; a way that lost is tried
/// again after twice as many rounds as the last time.
///
/// Life, once a round: 1. alone(); 2. took().
class ThreadChoice {
 public:
  /// Rows times stored columns below which a round is never shared out (its regions are shorter than waking a thread),
  /// and from which sharing is tried first and doubted late.
  static constexpr std::size_t kSmall = std::size_t{1} << 16;
  static constexpr std::size_t kLarge = std::size_t{1} << 21;

  ThreadChoice(std::size_t cells, unsigned threads) noexcept
      : fixed_(threads <= 1 || cells < kSmall), alone_(fixed_), next_try_(cells >= kLarge ? 16 : 2) {}

  /// True: the round that begins stays on one thread.
  [[nodiscard]] bool alone() const noexcept { return trying_ ? !alone_ : alone_; }

  /// What that round took.
  void took(double seconds) noexcept {
    if (fixed_) return;
    ++rounds_;
    double& best = best_[alone() ? 1 : 0];
    // The first of a kind also allocates; later ones fade, as rounds grow cheaper and neighbours come and go.
    best = best == 0.0 ? seconds : seconds < best ? seconds : best + (seconds - best) * 0.25;
    if (trying_) {
      trying_ = ++tried_ < kTries;
      if (trying_) return;
      if (best_[alone_ ? 0 : 1] < best_[alone_ ? 1 : 0]) {
        alone_ = !alone_;
        wait_ = kFirstWait;
      }
      next_try_ = rounds_ + wait_;
      wait_ = std::min<std::size_t>(2 * wait_, kLongestWait);
      return;
    }
    if (rounds_ < next_try_) return;
    trying_ = true;
    tried_ = 0;
    best_[alone_ ? 0 : 1] = 0.0;
  }

 private:
  static constexpr int kTries = 2;  ///< rounds
  static constexpr std::size_t kFirstWait = 16, kLongestWait = 256;

  bool fixed_;
  bool alone_;
  bool trying_ = false;
  int tried_ = 0;
  std::size_t rounds_ = 0, next_try_, wait_ = kFirstWait;
  double best_[2] = {0.0, 0.0};  ///< seconds a round: [0] shared out, [1] alone
};

/// The caller's executor, or for some rounds the calling thread.
class ChosenExecutor final : public Executor {
 public:
  explicit ChosenExecutor(Executor& executor) noexcept : executor_(executor) {}

  void work_alone(bool alone) noexcept { alone_ = alone; }
  [[nodiscard]] unsigned concurrency() const noexcept override { return executor_.concurrency(); }
  void run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) override {
    if (alone_) {
      SerialExecutor().run(tasks, task);
    } else {
      executor_.run(tasks, task);
    }
  }

 private:
  Executor& executor_;
  bool alone_ = false;
};

}  // namespace riskflag::inline v0_1::detail
