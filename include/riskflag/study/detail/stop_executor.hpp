#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/parallel.hpp>

namespace riskflag::inline v0_1::study {

/// Throws Error(cancelled) when the token asks.
inline void check_stop(const std::stop_token& stop, std::string_view phase) {
  if (stop.stop_requested())
    fail(ErrorCode::cancelled, "", "stopped in phase " + std::string(phase) + "; nothing was written");
}

namespace detail {

/// Another executor that looks at a stop token before every task: whatever cuts its work into tasks of milliseconds can
/// be stopped in them, without knowing of tokens.
class StopExecutor final : public Executor {
 public:
  StopExecutor(Executor& executor, std::stop_token stop, std::string_view phase)
      : executor_(executor), stop_(std::move(stop)), phase_(phase) {}

  [[nodiscard]] unsigned concurrency() const noexcept override { return executor_.concurrency(); }
  void run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) override {
    check_stop(stop_, phase_);
    executor_.run(tasks, [&](std::size_t i, unsigned worker) {
      check_stop(stop_, phase_);
      task(i, worker);
    });
  }

 private:
  Executor& executor_;
  std::stop_token stop_;
  std::string phase_;
};

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
