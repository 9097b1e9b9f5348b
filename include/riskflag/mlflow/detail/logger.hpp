#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/http/connection.hpp>
#include <riskflag/mlflow/logger.hpp>

namespace riskflag::inline v0_1::mlflow {

namespace detail {

/// Calls `note` for every block of a file that leaves.
class NotedSource final : public ByteSource {
 public:
  NotedSource(ByteSource& source, const std::function<void()>& note) : source_(source), note_(note) {}
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) override {
    note_();
    return source_.read(buffer, size);
  }
  [[nodiscard]] const std::string& name() const noexcept override { return source_.name(); }

 private:
  ByteSource& source_;
  const std::function<void()>& note_;
};

/// Calls `note` for every answer, too.
class NotedConnection final : public http::Connection {
 public:
  NotedConnection(std::unique_ptr<http::Connection> connection, std::function<void()> note)
      : connection_(std::move(connection)), note_(std::move(note)) {}
  http::Response exchange(const http::Outgoing& request, ByteSink* download) override {
    http::Outgoing noted = request;
    std::optional<NotedSource> source;
    if (request.upload != nullptr) noted.upload = &source.emplace(*request.upload, note_);
    http::Response answer = connection_->exchange(noted, download);
    note_();
    return answer;
  }
  [[nodiscard]] bool last_attempt_was_sent() const noexcept override { return connection_->last_attempt_was_sent(); }

 private:
  std::unique_ptr<http::Connection> connection_;
  std::function<void()> note_;
};

}  // namespace detail

inline MlflowLogger::MlflowLogger(LoggerOptions options)
    : options_(std::move(options)), journal_(options_.journal), sender_([this] { send_until_stopped(); }) {}

inline MlflowLogger::~MlflowLogger() {
  stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  sender_.join();
}

/// Asks the server for the run at once, so that its id is ours; where it does not answer, the sender goes on trying.
inline std::string MlflowLogger::begin_run(const track::RunInfo& info) {
  track::RunInfo own = info;
  if (own.start_ms == 0) own.start_ms = now_ms();
  if (!options_.settings.experiment.empty() && own.experiment == track::RunInfo{}.experiment) {
    own.experiment = options_.settings.experiment;
  }
  const std::string client_id = track::new_run_id();
  // Another journal's run is none of ours.
  if (!own.run_id.empty() && !exists(join_path(options_.journal, own.run_id + ".jsonl"))) own.run_id.clear();
  if (!own.parent_run_id.empty() && is_failing()) {  // a study has many folds and trials: one wait is enough
    std::string id = journal_.begin_run(own);
    wake(id);
    return id;
  }
  try {
    const Patience patience{0, options_.first_answer_ms, options_.required ? 0 : options_.begin_ms};
    Client client(options_.settings, options_.connect, stop_.get_token(), patience);
    SyncState state;
    state.server = client.rest().where();
    ServerRun run;
    if (!own.run_id.empty()) {
      const std::string known =
          read_sync_state(sync_path(options_.journal, own.run_id, state.server), state.server).run_id;
      if (!known.empty()) client.update_run(known, track::RunStatus::running, 0);
    } else if (!options_.settings.run_id.empty() && own.parent_run_id.empty()) {
      run = client.run(options_.settings.run_id);
      client.update_run(run.run_id, track::RunStatus::running, 0);
      state.experiment_id = run.experiment_id;
    } else {
      (void)client.rest().version();
      state.experiment_id = client.experiment_id(own.experiment);
      std::string parent;
      if (!own.parent_run_id.empty()) {
        parent = read_sync_state(sync_path(options_.journal, own.parent_run_id, state.server), state.server).run_id;
        if (parent.empty()) fail(ErrorCode::io, state.server, "the run above is not told yet");  // the sender's order
      }
      run = client.ensure_run(state.experiment_id, client_id, own, parent, own.tags);
    }
    if (own.run_id.empty()) {
      own.run_id = run.run_id;
      state.run_id = run.run_id;
      state.artifact_uri = run.artifact_uri;
      const std::string path = sync_path(options_.journal, own.run_id, state.server);
      if (!exists(path)) write_sync_state(path, state);
    }
  } catch (const Error& error) {
    if (options_.required) throw;
    if (!options_.settings.run_id.empty() && own.parent_run_id.empty() && own.run_id.empty() && options_.told) {
      options_.told("run " + quoted(options_.settings.run_id) +
                    " (MLFLOW_RUN_ID) is not gone on with, this is one of its own: " + error.what());
    }
    if (own.run_id.empty()) own.run_id = client_id;
    const std::lock_guard lock(mutex_);
    failure_ = error.what();
    ++failures_;
  }
  std::string id = journal_.begin_run(own);
  wake(id);
  return id;
}

inline bool MlflowLogger::is_failing() {
  const std::lock_guard lock(mutex_);
  return failures_ > 0;
}

inline void MlflowLogger::note_progress() {
  const std::lock_guard lock(mutex_);
  ++taken_;
  changed_.notify_all();
}

inline void MlflowLogger::wake(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  begun_.insert(run_id);
  waiting_.insert(run_id);
  changed_.notify_all();
}

inline void MlflowLogger::send_until_stopped() {
  const http::Connector noted = [this](const http::Url& url, const http::ConnectionOptions& how) {
    return std::make_unique<detail::NotedConnection>(options_.connect(url, how), [this] { note_progress(); });
  };
  Client client(options_.settings, noted, stop_.get_token(), Patience{0, 10'000});
  std::unique_lock lock(mutex_);
  while (!stop_.stop_requested()) {
    if ((waiting_.empty() && !registry_waiting_) || (!failure_.empty() && !hurry_)) {
      // After a failure: 2, 4, 8, ... 60 s, half a second where somebody waits for the end.
      const std::uint64_t doubled = std::uint64_t{1} << std::min<std::uint64_t>(failures_, 6);
      const auto wait = failure_.empty()  ? std::chrono::milliseconds(3'600'000)
                        : last_tries_ > 0 ? std::chrono::milliseconds(500)
                                          : std::chrono::milliseconds(1000 * std::min<std::uint64_t>(60, doubled));
      changed_.wait_for(lock, wait, [&] {
        return stop_.stop_requested() || hurry_ || (failure_.empty() && (!waiting_.empty() || registry_waiting_));
      });
      if (stop_.stop_requested()) return;
      if (waiting_.empty() && !registry_waiting_) {
        hurry_ = false;
        changed_.notify_all();
        continue;
      }
    }
    hurry_ = false;
    busy_ = true;
    lock.unlock();
    std::string failure;
    try {
      send_all(client);
    } catch (const std::exception& error) {
      failure = error.what();
    }
    lock.lock();
    busy_ = false;
    failure_ = failure;
    failures_ = failure.empty() ? 0 : failures_ + 1;
    // A server that stumbles is asked again at the end; one that is not there is not.
    if (!failure.empty() && last_tries_ > 0) last_tries_ = client.rest().was_reached() ? last_tries_ - 1 : 0;
    changed_.notify_all();
    // A round of training says little: what comes in half a second goes in one call.
    if (failure.empty())
      changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return stop_.stop_requested() || hurry_; });
  }
}

inline void MlflowLogger::send_all(Client& client) {
  for (;;) {
    std::string run_id;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) break;
      run_id = *waiting_.begin();
      waiting_.erase(waiting_.begin());
    }
    try {
      RunSync sync(options_.journal, run_id, client, options_.told);
      while (sync.step()) {
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      waiting_.insert(run_id);
      throw;
    }
  }
  RegistryScope scope;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(registry_waiting_, false)) return;
    scope.runs = begun_;
  }
  try {
    auto all = sync_registry(options_.journal, client, options_.told, scope);
    const std::lock_guard lock(mutex_);
    registered_ = std::move(all);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    registry_waiting_ = true;
    throw;
  }
}

inline void MlflowLogger::flush() {
  std::unique_lock lock(mutex_);
  registry_waiting_ = registry_waiting_ || is_directory(registry_of(options_.journal));
  hurry_ = true;
  last_tries_ = 3;
  changed_.notify_all();
  const auto over = [&] { return (waiting_.empty() && !registry_waiting_ && !busy_) || last_tries_ == 0; };
  bool in_time = over();
  for (std::uint64_t seen = taken_ + 1; !in_time && seen != taken_;) {  // as long as something arrives
    seen = taken_;
    in_time = changed_.wait_for(lock, std::chrono::milliseconds(options_.last_words_ms), [&] {
      return over() || taken_ != seen;
    }) && over();
  }
  last_tries_ = 0;
  if (waiting_.empty() && !registry_waiting_ && !busy_) return;
  std::string runs;
  for (const std::string& id : waiting_) runs += (runs.empty() ? "" : ", ") + id;
  const std::string why = !failure_.empty() ? failure_ : in_time ? "" : "the server takes too long";
  fail(ErrorCode::io, options_.settings.uri,
       "not everything could be sent" + (runs.empty() ? "" : " of run " + runs) +
           (why.empty() ? "" : " (" + why + ")") + "; it is kept, and sent by: riskflag-registry sync " +
           options_.journal + " " + options_.settings.uri);
}

inline std::optional<std::uint64_t> MlflowLogger::server_version(const std::string& name, std::uint64_t local) {
  const std::lock_guard lock(mutex_);
  const auto model = registered_.find(name);
  if (model == registered_.end()) return std::nullopt;
  const auto version = model->second.versions.find(local);
  if (version == model->second.versions.end()) return std::nullopt;
  return version->second;
}

}  // namespace riskflag::inline v0_1::mlflow
