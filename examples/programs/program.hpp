#pragma once

// What the programs have in common beside their command line: exit codes, standard output, and what an interrupt does.
// exit 0 done, 1 failed, 2 called wrongly, 130 interrupted; messages on stderr; stdout carries the result only.

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stop_token>
#include <string_view>
#include <thread>

namespace program {

enum Exit { kDone = 0, kFailed = 1, kUsage = 2, kInterrupted = 130 };

/// Turns SIGINT and SIGTERM into a stop token. Construct it before the first thread: they inherit the blocked signals,
/// and one thread of its own waits for them. The second signal ends the process at once.
class Interrupt {
 public:
  Interrupt() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::thread([this] {
      for (int seen = 0;;) {
        int signal = 0;
        if (sigwait(&signals_, &signal) != 0) continue;
        if (done_.load()) return;
        if (++seen > 1) _exit(kInterrupted);
        stop_.request_stop();
      }
    });
  }
  ~Interrupt() {
    done_.store(true);
    // SIGINT may be ignored (a shell's background job), and an ignored signal is never delivered to sigwait.
    struct sigaction plain = {};
    plain.sa_handler = SIG_DFL;
    sigaction(SIGTERM, &plain, nullptr);
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): it is blocked, and ends a sigwait
    pthread_kill(waiter_.native_handle(), SIGTERM);
    waiter_.join();
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  sigset_t signals_ = {};
  std::stop_source stop_;
  std::atomic<bool> done_{false};
  std::thread waiter_;
};

/// Writes all of `text` to stdout; false when it cannot (a full disk, a reader that left).
inline bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

}  // namespace program
