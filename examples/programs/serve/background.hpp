#pragma once

// What the server does beside the requests.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/serve.hpp>

namespace program {

/// The keys of --keys: read at the start, and again when the file changes.
class KeysFile {
 public:
  KeysFile(std::string path, riskflag::serve::Service& service) : path_(std::move(path)), service_(service) {
    text_ = riskflag::read_file(path_, kMostBytes);
    use();
  }
  /// Says on stderr what came of a new file; the old keys go on when it cannot be used.
  void look() {
    try {
      std::string now = riskflag::read_file(path_, kMostBytes);
      if (now == text_) return;
      text_ = std::move(now);
      use();
      std::fprintf(stderr, "riskflag-serve: the new keys are in use\n");
    } catch (const std::exception& error) {
      if (error.what() == told_) return;
      told_ = error.what();
      std::fprintf(stderr, "riskflag-serve: the keys file is refused, the old keys go on: %s\n", error.what());
    }
  }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 24;
  void use() {
    using riskflag::serve::ApiKeys;
    service_.set_keys(std::make_shared<const ApiKeys>(ApiKeys::parse(text_, path_)));
    told_.clear();
  }
  std::string path_, text_, told_;
  riskflag::serve::Service& service_;
};

/// Until it goes: looks for new models and new keys and writes the access log twice a second, looks after the decision
/// log and the live windows once, and keeps what monitoring knows once a minute.
class Background {
 public:
  Background(std::vector<std::unique_ptr<riskflag::serve::Follower>> followers, std::unique_ptr<KeysFile> keys,
             std::shared_ptr<riskflag::serve::DecisionLog> log, std::shared_ptr<riskflag::serve::AccessLog> accesses,
             std::unique_ptr<riskflag::serve::MonitorState> state, riskflag::serve::Service& service)
      : followers_(std::move(followers)),
        keys_(std::move(keys)),
        log_(std::move(log)),
        accesses_(std::move(accesses)),
        state_(std::move(state)),
        service_(service) {
    thread_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      for (int half_seconds = 1; !wake_.wait_for(lock, std::chrono::milliseconds(500), [this] { return over_; });
           ++half_seconds) {
        for (const auto& follower : followers_) look(*follower);
        if (keys_) keys_->look();
        if (accesses_) write_accesses();
        if (half_seconds % 2 != 0) continue;
        if (log_) look_after_log();
        service_.tick(riskflag::now_ms());
        if (state_ && half_seconds % 120 == 0) save_state();
      }
    });
  }
  ~Background() { end(); }
  /// No look begins any more.
  void end() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard guard(mutex_);
      over_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  /// After end(): what went wrong since the last look is told too, and what monitoring knows is kept.
  void look_once_more() {
    if (log_) look_after_log();
    if (state_) save_state();
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

 private:
  static void look(riskflag::serve::Follower& follower) {
    const auto found = follower.look();
    const bool champion = follower.role() == riskflag::serve::ModelRole::champion;
    const std::string what = champion ? "model" : std::string(name_of(follower.role()));
    if (found == riskflag::serve::Follower::Found::replaced) {
      std::fprintf(stderr, "riskflag-serve: the new %s %s now\n", what.c_str(),
                   follower.role() == riskflag::serve::ModelRole::shadow ? "scores" : "answers");
    } else if (found == riskflag::serve::Follower::Found::refused) {
      std::fprintf(stderr, "riskflag-serve: the new %s is refused, the old one goes on: %s\n", what.c_str(),
                   follower.reason().c_str());
    }
  }
  /// Says a failure once, until another one or none takes its place.
  void look_after_log() {
    const bool good = log_->tick();
    if (const auto problem = log_->take_problem()) {
      if (*problem != told_) std::fprintf(stderr, "riskflag-serve: the decision log: %s\n", problem->c_str());
      told_ = *problem;
    } else if (good && !told_.empty()) {
      std::fprintf(stderr, "riskflag-serve: the decision log is written again\n");
      told_.clear();
    }
  }
  /// stderr has the first failure, and the end of it.
  void save_state() {
    const bool good = state_->save(riskflag::now_ms());
    const auto problem = state_->take_problem();
    if (good != state_fails_) return;
    state_fails_ = !good;
    good ? std::fprintf(stderr, "riskflag-serve: --state is written again\n")
         : std::fprintf(stderr, "riskflag-serve: --state: %s\n", problem.value_or("no memory").c_str());
  }
  /// Lines that are lost are counted in /metrics; stderr has the first failure, and the end of it.
  void write_accesses() {
    const bool good = accesses_->flush();
    const auto problem = accesses_->take_problem();
    if (good != accesses_fail_) return;
    accesses_fail_ = !good;
    good ? std::fprintf(stderr, "riskflag-serve: the access log is written again\n")
         : std::fprintf(stderr, "riskflag-serve: the access log: %s\n", problem.value_or("no memory").c_str());
  }
  std::vector<std::unique_ptr<riskflag::serve::Follower>> followers_;
  std::unique_ptr<KeysFile> keys_;
  std::shared_ptr<riskflag::serve::DecisionLog> log_;
  std::shared_ptr<riskflag::serve::AccessLog> accesses_;
  std::unique_ptr<riskflag::serve::MonitorState> state_;
  riskflag::serve::Service& service_;
  std::string told_;
  bool accesses_fail_ = false, state_fails_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

/// Scores for the shadow until it goes; what waits then is still scored, for a second.
class ShadowWorker {
 public:
  explicit ShadowWorker(riskflag::serve::Service& service)
      : thread_([this, &service] {
          while (!over_) static_cast<void>(service.score_shadow(std::chrono::milliseconds(200)));
          const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
          while (std::chrono::steady_clock::now() < end && service.score_shadow(std::chrono::milliseconds(0))) {
          }
        }) {}
  ~ShadowWorker() {
    over_ = true;
    thread_.join();
  }
  ShadowWorker(const ShadowWorker&) = delete;
  ShadowWorker& operator=(const ShadowWorker&) = delete;

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace program
