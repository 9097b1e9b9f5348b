#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include <riskflag/core/function_ref.hpp>

namespace riskflag::inline v0_1 {

/// Who runs tasks: the caller's own executor, or one of ours below. Implementations may run tasks in any order on any
/// thread; results must not depend on it (work is cut by data size, never by concurrency()).
class Executor {
 public:
  virtual ~Executor() = default;
  /// How many tasks can make progress at once, >= 1. Use it for scratch memory, not for cutting work.
  [[nodiscard]] virtual unsigned concurrency() const noexcept = 0;
  /// Calls task(i, worker) once for every i in [0, tasks), worker < concurrency(), and returns when all are done.
  /// The exception of the lowest failing i is rethrown; later tasks may be skipped. Not reentrant from inside a task.
  virtual void run(std::size_t tasks, FunctionRef<void(std::size_t task, unsigned worker)> task) = 0;
};

/// Everything on the calling thread, in order.
class SerialExecutor final : public Executor {
 public:
  [[nodiscard]] unsigned concurrency() const noexcept override { return 1; }
  void run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) override;
};

/// A pool of `threads` workers, the caller among them, that lives as long as the object. Sleeps while idle; never spins
/// for long (a busy neighbour must not make it slower than one thread). fork() and exec() without threads running.
///
/// Life: 1. constructed (0 = all cores; starts threads - 1 threads; falls back to fewer when the system refuses);
/// 2. run() any number of times, from one thread at a time; 3. destroyed: joins.
class Pool final : public Executor {
 public:
  explicit Pool(unsigned threads = 0);
  ~Pool() override;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  [[nodiscard]] unsigned concurrency() const noexcept override;
  void run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) override;
};

/// Calls body(begin, end, worker) for consecutive chunks of `grain` of [0, n): the cut depends on n and grain alone.
void parallel_for(Executor& executor, std::size_t n, std::size_t grain,
                  FunctionRef<void(std::size_t begin, std::size_t end, unsigned worker)> body);

}  // namespace riskflag::inline v0_1
