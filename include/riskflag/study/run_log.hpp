#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::study {

/// A run of a logger that must not cost its user the model: unless records are required, the first one that cannot be
/// kept is told to `on_failure` and the rest is let go.
///
/// Life: 1. constructed; begin() starts the run; 2. log(...) any number of times; 3. finish(status), once. Destroyed
/// without finish: FAILED.
class RunLog {
 public:
  RunLog(std::function<track::Logger*()> open, bool required, std::function<void(const std::string&)> on_failure)
      : open_(std::move(open)), required_(required), on_failure_(std::move(on_failure)) {}
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  void begin(const track::RunInfo& info) {
    guard([&] {
      if (open_) logger_ = open_();
      if (logger_ != nullptr) run_.emplace(*logger_, info);
    });
    if (run_) id_ = run_->id();
  }
  /// Calls body(run) when there is one that works.
  template <class Body>
  void log(Body body) {
    if (run_) guard([&] { body(*run_); });
  }
  /// A run below this one, begun now; nothing without one that works.
  [[nodiscard]] std::optional<track::Run> begin_child(const std::string& name, const std::string& experiment) {
    std::optional<track::Run> below;
    log([&](track::Run&) {
      track::RunInfo info;
      info.experiment = experiment;
      info.name = name;
      info.parent_run_id = id_;
      below.emplace(*logger_, info);
    });
    return below;
  }
  /// A finished run below this one, with what body(run) says.
  template <class Body>
  void child(const std::string& name, const std::string& experiment, Body body) {
    std::optional<track::Run> below = begin_child(name, experiment);
    if (!below) return;
    log([&](track::Run&) {
      body(*below);
      below->finish();
    });
  }
  void finish(track::RunStatus status) {
    log([&](track::Run& run) { run.finish(status); });
    if (logger_ != nullptr) guard([&] { logger_->flush(); });
  }
  /// Empty without a run.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 private:
  template <class Body>
  void guard(Body body) {
    if (broken_) return;
    try {
      body();
    } catch (const Error& error) {
      if (required_) throw;
      broken_ = true;
      on_failure_(error.what());
    }
  }

  std::function<track::Logger*()> open_;
  track::Logger* logger_ = nullptr;
  bool required_;
  std::function<void(const std::string&)> on_failure_;
  std::optional<track::Run> run_;
  std::string id_;
  bool broken_ = false;
};

}  // namespace riskflag::inline v0_1::study
