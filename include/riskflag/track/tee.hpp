#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::track {

/// What an error of one logger behind a tee does.
enum class OnError {
  rethrow,  ///< the call throws it, after every other logger has heard the record
  report,   ///< it is told to the tee's error function, and the work goes on
};

/// One logger that tells several: each gets every record, under the run id that it gave itself.
///
/// Life: 1. constructed; 2. add() loggers; 3. used like any other. The tee's run id is the first logger's. A logger
/// whose begin_run failed is left out of that run. May be called from many threads if the loggers may.
class TeeLogger final : public Logger {
 public:
  /// Hears the message of every error that OnError::report swallows.
  using ErrorSink = std::function<void(std::string_view message)>;
  explicit TeeLogger(ErrorSink on_error = {}) : on_error_(std::move(on_error)) {}

  TeeLogger& add(std::shared_ptr<Logger> logger, OnError on_error = OnError::rethrow) {
    branches_.push_back({std::move(logger), on_error});
    return *this;
  }

  [[nodiscard]] std::string begin_run(const RunInfo& info) override {
    Ids ids(branches_.size());
    each([&](std::size_t i) {
      RunInfo own = info;
      if (!info.parent_run_id.empty()) {
        const std::optional<std::string> parent = find_id(info.parent_run_id, i);
        own.parent_run_id = parent.value_or(std::string());
      }
      ids[i] = branches_[i].logger->begin_run(own);
    });
    std::string id;
    for (const auto& own : ids) {
      if (own) {
        id = *own;
        break;
      }
    }
    if (id.empty()) id = new_run_id();
    const std::lock_guard lock(mutex_);
    ids_[id] = std::move(ids);
    return id;
  }
  void log_params(const std::string& run_id, std::span<const KeyValue> params) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.log_params(id, params); });
  }
  void log_metrics(const std::string& run_id, std::span<const MetricPoint> points) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.log_metrics(id, points); });
  }
  void set_tags(const std::string& run_id, std::span<const KeyValue> tags) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.set_tags(id, tags); });
  }
  void log_dataset(const std::string& run_id, const DatasetInfo& dataset) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.log_dataset(id, dataset); });
  }
  void log_artifact(const std::string& run_id, const Artifact& artifact) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.log_artifact(id, artifact); });
  }
  void log_text(const std::string& run_id, const std::string& name, std::string_view text) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.log_text(id, name, text); });
  }
  void log_model(const std::string& run_id, const Artifact& directory) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.log_model(id, directory); });
  }
  void end_run(const std::string& run_id, RunStatus status) override {
    each_of(run_id, [&](Logger& logger, const std::string& id) { logger.end_run(id, status); });
  }
  void flush() override {
    each([&](std::size_t i) { branches_[i].logger->flush(); });
  }

 private:
  struct Branch {
    std::shared_ptr<Logger> logger;
    OnError on_error;
  };
  using Ids = std::vector<std::optional<std::string>>;

  /// Calls body(i) for every branch; the first error that must not be swallowed is thrown when all have been called.
  template <class Body>
  void each(const Body& body) {
    std::exception_ptr first;
    for (std::size_t i = 0; i < branches_.size(); ++i) {
      try {
        body(i);
      } catch (const std::exception& error) {
        if (branches_[i].on_error == OnError::rethrow) {
          if (!first) first = std::current_exception();
        } else if (on_error_) {
          on_error_(error.what());
        }
      }
    }
    if (first) std::rethrow_exception(first);
  }
  template <class Body>
  void each_of(const std::string& run_id, const Body& body) {
    each([&](std::size_t i) {
      if (const std::optional<std::string> id = find_id(run_id, i)) body(*branches_[i].logger, *id);
    });
  }
  /// What branch i calls the run; nullopt when it did not begin it.
  [[nodiscard]] std::optional<std::string> find_id(const std::string& run_id, std::size_t i) {
    const std::lock_guard lock(mutex_);
    const auto found = ids_.find(run_id);
    if (found == ids_.end()) return run_id;  // begun elsewhere: every branch is told the id as it is
    return i < found->second.size() ? found->second[i] : std::nullopt;
  }

  ErrorSink on_error_;
  std::vector<Branch> branches_;
  std::mutex mutex_;
  std::map<std::string, Ids> ids_;
};

}  // namespace riskflag::inline v0_1::track
