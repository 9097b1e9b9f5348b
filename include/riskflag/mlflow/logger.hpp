#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/settings.hpp>
#include <riskflag/mlflow/sync_registry.hpp>
#include <riskflag/mlflow/sync_run.hpp>
#include <riskflag/track/journal.hpp>

namespace riskflag::inline v0_1::mlflow {

struct LoggerOptions {
  Settings settings{};
  http::Connector connect{};
  std::string journal{};       ///< directory; everything is written there first
  bool required = false;       ///< a server that does not answer is an error of begin_run
  int first_answer_ms = 3000;  ///< how long begin_run waits for the server to take the connection
  int begin_ms = 10'000;       ///< and for an answer, unless the server is required
  int last_words_ms = 20'000;  ///< how long flush() waits without an answer, and without a block of a file leaving
  Told told{};                 ///< hears what is sent in another form, or not at all; from the sender's thread
};

/// Tells runs to an MLflow server while they happen. Every record goes to a journal on this disk first; one thread of
/// its own sends what the journal has beyond what the server knows, in batches. So logging costs a line in a file,
/// whatever the network does, memory does not grow, and what could not be sent lies there for `riskflag-registry sync`.
///
/// Life: 1. constructed; 2. used like any Logger, by any threads; 3. flush(): returns when the server has everything,
/// or throws Error(io) that says what is missing and how to send it; 4. destroyed: the thread stops at once.
/// Run ids are the server's own when it answered to begin_run.
class MlflowLogger final : public track::Logger {
 public:
  explicit MlflowLogger(LoggerOptions options);
  ~MlflowLogger() override;
  MlflowLogger(const MlflowLogger&) = delete;
  MlflowLogger& operator=(const MlflowLogger&) = delete;

  [[nodiscard]] std::string begin_run(const track::RunInfo& info) override;
  void log_params(const std::string& run_id, std::span<const track::KeyValue> params) override {
    journal_.log_params(run_id, params);
    wake(run_id);
  }
  void log_metrics(const std::string& run_id, std::span<const track::MetricPoint> points) override {
    journal_.log_metrics(run_id, points);
    wake(run_id);
  }
  void set_tags(const std::string& run_id, std::span<const track::KeyValue> tags) override {
    journal_.set_tags(run_id, tags);
    wake(run_id);
  }
  void log_dataset(const std::string& run_id, const track::DatasetInfo& dataset) override {
    journal_.log_dataset(run_id, dataset);
    wake(run_id);
  }
  void log_artifact(const std::string& run_id, const track::Artifact& artifact) override {
    journal_.log_artifact(run_id, artifact);
    wake(run_id);
  }
  void log_text(const std::string& run_id, const std::string& name, std::string_view text) override {
    journal_.log_text(run_id, name, text);
    wake(run_id);
  }
  void log_model(const std::string& run_id, const track::Artifact& directory) override {
    journal_.log_model(run_id, directory);
    wake(run_id);
  }
  void end_run(const std::string& run_id, track::RunStatus status) override {
    journal_.end_run(run_id, status);
    wake(run_id);
  }
  void flush() override;

  /// What the server calls version `local` of a model of the journal's registry; nullopt until it is told.
  [[nodiscard]] std::optional<std::uint64_t> server_version(const std::string& name, std::uint64_t local);

 private:
  void wake(const std::string& run_id);
  [[nodiscard]] bool is_failing();
  void send_until_stopped();
  void note_progress();
  void send_all(Client& client);

  LoggerOptions options_;
  track::JournalLogger journal_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> begun_;    ///< all runs of this logger; models of others are none of ours to register
  std::set<std::string> waiting_;  ///< those with something to send
  bool registry_waiting_ = false;
  bool busy_ = false;           ///< the sender has work in its hands
  std::string failure_;         ///< why the last attempt failed; empty after one that worked
  std::uint64_t failures_ = 0;  ///< in a row
  std::uint64_t taken_ = 0;     ///< answers of the server, and blocks of files that it took
  bool hurry_ = false;          ///< flush() wants another attempt now
  int last_tries_ = 0;          ///< attempts that flush() still waits for
  std::map<std::string, RegistryState> registered_;
  std::thread sender_;
};

}  // namespace riskflag::inline v0_1::mlflow

#include <riskflag/mlflow/detail/logger.hpp>
