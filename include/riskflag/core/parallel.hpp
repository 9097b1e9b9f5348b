#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include <riskflag/core/error.hpp>
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
/// for long (a busy neighbour must not make it slower than one thread).
///
/// fork(): a child has the parent's Pool but none of its threads. exec() and _exit() are safe there; run() still does
/// all its work, on the caller; destroying the Pool is not safe. So fork before a Pool is made, or let the child only
/// exec.
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
  /// A call from inside a task throws Error(internal).
  void run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) override;

 private:
  struct Job {
    explicit Job(std::size_t count, FunctionRef<void(std::size_t, unsigned)> body) : tasks(count), task(body) {}
    std::size_t tasks;
    FunctionRef<void(std::size_t, unsigned)> task;
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> stop_at{
        std::numeric_limits<std::size_t>::max()};  ///< lowest failed task: none after it starts
    std::mutex failing;
    std::exception_ptr error;
  };

  static void work_on(Job& job, unsigned worker) noexcept;
  void live(unsigned worker) noexcept;

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  Job* job_ = nullptr;                    ///< open for workers to join; guarded by mutex_
  std::uint64_t jobs_ = 0;                ///< how many were opened; guarded by mutex_
  bool quit_ = false;                     ///< guarded by mutex_
  std::atomic<std::uint64_t> opened_{0};  ///< jobs_ for those who look without the lock
  std::atomic<unsigned> inside_{0};       ///< workers in the open job; raised with mutex_ held
  std::atomic<bool> busy_{false};
  std::vector<std::thread> threads_;
};

/// Calls body(begin, end, worker) for consecutive chunks of `grain` of [0, n): the cut depends on n and grain alone.
void parallel_for(Executor& executor, std::size_t n, std::size_t grain,
                  FunctionRef<void(std::size_t begin, std::size_t end, unsigned worker)> body);

}  // namespace riskflag::inline v0_1

namespace riskflag::inline v0_1 {

inline void SerialExecutor::run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) {
  for (std::size_t i = 0; i < tasks; ++i) task(i, 0);
}

namespace detail {

/// Looks at `ready` for at most 40 us: as long as it takes to be put to sleep and woken again.
template <class Ready>
[[nodiscard]] bool spin_until(Ready ready) noexcept {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(40);
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return true;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      asm volatile("yield");
#endif
    }
  } while (std::chrono::steady_clock::now() < give_up);
  return false;
}

}  // namespace detail

inline Pool::Pool(unsigned threads) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  threads_.reserve(threads - 1);
  for (unsigned worker = 1; worker < threads; ++worker) {
    try {
      threads_.emplace_back([this, worker] { live(worker); });
    } catch (...) {  // a limit on threads or memory: fewer do the same work
      break;
    }
  }
}

inline Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
    opened_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

inline unsigned Pool::concurrency() const noexcept { return static_cast<unsigned>(threads_.size()) + 1; }

inline void Pool::work_on(Job& job, unsigned worker) noexcept {
  for (;;) {
    const std::size_t i = job.next.fetch_add(1, std::memory_order_relaxed);
    if (i >= job.tasks || i > job.stop_at.load(std::memory_order_relaxed)) return;
    try {
      job.task(i, worker);
    } catch (...) {
      // Tasks are claimed in order, so every lower one is running or done: the lowest failure is the same in every run.
      const std::lock_guard lock(job.failing);
      if (i < job.stop_at.load(std::memory_order_relaxed)) {
        job.stop_at.store(i, std::memory_order_relaxed);
        job.error = std::current_exception();
      }
    }
  }
}

inline void Pool::live(unsigned worker) noexcept {
  std::uint64_t seen = 0;
  for (;;) {
    (void)detail::spin_until([&] { return opened_.load(std::memory_order_acquire) != seen; });
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return quit_ || jobs_ != seen; });
    if (quit_) return;
    seen = jobs_;
    Job* job = job_;
    if (job == nullptr) continue;  // came too late
    inside_.fetch_add(1, std::memory_order_relaxed);
    lock.unlock();
    work_on(*job, worker);
    if (inside_.fetch_sub(1, std::memory_order_acq_rel) == 1) {  // from here on the job may be gone
      lock.lock();
      done_.notify_one();
    }
  }
}

inline void Pool::run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) {
  if (busy_.exchange(true, std::memory_order_acquire)) {
    fail(ErrorCode::internal, "Pool::run", "called while it runs already; a task must not use the pool that runs it");
  }
  Job job(tasks, task);
  const std::size_t helpers = tasks == 0 ? 0 : std::min(threads_.size(), tasks - 1);
  if (helpers != 0) {
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      ++jobs_;
      opened_.store(jobs_, std::memory_order_release);
    }
    if (helpers == threads_.size()) {
      wake_.notify_all();
    } else {
      for (std::size_t i = 0; i < helpers; ++i) wake_.notify_one();
    }
  }
  work_on(job, 0);
  if (helpers != 0) {
    const auto all_left = [&] { return inside_.load(std::memory_order_acquire) == 0; };
    {
      const std::lock_guard lock(mutex_);
      job_ = nullptr;  // who wakes now finds nothing: nobody waits for sleepers
    }
    if (!detail::spin_until(all_left)) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, all_left);
    }
  }
  busy_.store(false, std::memory_order_release);
  if (job.error) std::rethrow_exception(job.error);
}

inline void parallel_for(Executor& executor, std::size_t n, std::size_t grain,
                         FunctionRef<void(std::size_t begin, std::size_t end, unsigned worker)> body) {
  if (n == 0) return;
  grain = std::max<std::size_t>(grain, 1);
  const std::size_t chunks = n / grain + (n % grain != 0 ? 1 : 0);
  executor.run(chunks, [&](std::size_t chunk, unsigned worker) {
    const std::size_t begin = chunk * grain;
    body(begin, std::min(n - begin, grain) + begin, worker);
  });
}

}  // namespace riskflag::inline v0_1
