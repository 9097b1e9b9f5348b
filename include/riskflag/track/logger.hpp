#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1::track {

/// How a run stands; the words are MLflow's.
enum class RunStatus { running, finished, failed, killed };
/// "RUNNING", "FINISHED", "FAILED", "KILLED".
[[nodiscard]] constexpr std::string_view name_of(RunStatus status) noexcept {
  switch (status) {
    case RunStatus::running: return "RUNNING";
    case RunStatus::finished: return "FINISHED";
    case RunStatus::failed: return "FAILED";
    case RunStatus::killed: return "KILLED";
  }
  return "FAILED";
}

/// A parameter or a tag. Parameters are set once a run and key; a tag set again replaces the old value.
struct KeyValue {
  std::string key;
  std::string value;
};

/// One point of a metric's curve.
struct MetricPoint {
  std::string key;           ///< "valid-binary_logloss"
  double value = 0;          ///< NaN and the infinities are recorded as such
  std::int64_t step = 0;     ///< boosting round, fold, ...; 0 for a value that stands alone
  std::int64_t time_ms = 0;  ///< milliseconds since 1970; 0 = when the logger receives it
};

/// What a run begins with.
struct RunInfo {
  std::string experiment = "default";  ///< runs of one experiment are compared with each other
  std::string name{};                  ///< for people; need not be unique
  std::string parent_run_id{};         ///< as this logger's begin_run gave it; folds and trials hang below their study
  std::vector<KeyValue> tags{};
  std::int64_t start_ms = 0;  ///< 0 = now
  std::string run_id{};       ///< the id to give it; one that the logger knows is gone on with; empty = a fresh one
};

/// What a run read.
struct DatasetInfo {
  std::string name;           ///< "train.csv"
  std::string digest;         ///< of the bytes, hex; a logger may keep the first 36 characters only (MLflow does)
  std::string context{};      ///< "train", "eval", "test"
  std::string source{};       ///< path or URI
  std::string schema_json{};  ///< the columns as JSON text; empty = not told
  std::int64_t rows = -1;     ///< -1 = not told
  std::int64_t columns = -1;
};

/// A file, or a directory with all below it, to be kept with a run.
struct Artifact {
  std::string path;    ///< where it lies now
  std::string name{};  ///< its path inside the run ("plots/roc.svg"); empty = the last part of `path`
};

/// A new run id: 32 lower-case hex digits, 128 bits of the system's randomness.
[[nodiscard]] std::string new_run_id();

/// Where the story of training runs goes: a journal, a console, an MLflow server, your own database.
///
/// Override what you want to hear; every member does nothing by default. A run's life: 1. begin_run gives the id that
/// all other calls take; 2. any number of log_* calls, in any order, several runs at once; 3. end_run, once. A run that
/// never ends (kill -9) stays "RUNNING"; see track/dead_runs.hpp. Members throw Error when the record could not be
/// kept; whether that stops the training is the caller's choice (TeeLogger and the programs have an option for it). The
/// loggers of this library may be called from many threads at once; your own need not, unless you share it.
class Logger {
 public:
  virtual ~Logger() = default;

  /// Starts a run and gives its id; by default a fresh one of ours.
  [[nodiscard]] virtual std::string begin_run(const RunInfo& /*info*/) { return new_run_id(); }
  virtual void log_params(const std::string& /*run_id*/, std::span<const KeyValue> /*params*/) {}
  /// A batch of points, of one step or of many: what one boosting round says arrives in one call.
  virtual void log_metrics(const std::string& /*run_id*/, std::span<const MetricPoint> /*points*/) {}
  virtual void set_tags(const std::string& /*run_id*/, std::span<const KeyValue> /*tags*/) {}
  virtual void log_dataset(const std::string& /*run_id*/, const DatasetInfo& /*dataset*/) {}
  virtual void log_artifact(const std::string& /*run_id*/, const Artifact& /*artifact*/) {}
  /// An artifact that is no file yet: `name` is its path inside the run ("plots/roc.svg"), `text` its bytes.
  virtual void log_text(const std::string& /*run_id*/, const std::string& /*name*/, std::string_view /*text*/) {}
  /// A model directory: an artifact by default; a server that knows models may do more.
  virtual void log_model(const std::string& run_id, const Artifact& directory) { log_artifact(run_id, directory); }
  virtual void end_run(const std::string& /*run_id*/, RunStatus /*status*/) {}
  /// Returns when everything that was logged is kept; loggers that batch or retry override it.
  virtual void flush() {}

 protected:
  Logger() = default;
  Logger(const Logger&) = default;
  Logger& operator=(const Logger&) = default;
};

/// Hears everything, keeps nothing.
class NullLogger final : public Logger {};

/// One run of a logger, ended in every case.
///
/// Life: 1. constructed: begin_run; 2. log; 3. finish(status), once. Destroyed without finish (an exception passes by):
/// the run ends as FAILED and errors of the logger are dropped. Not copied; as thread-safe as its logger.
class Run {
 public:
  Run(Logger& logger, const RunInfo& info) : logger_(&logger), id_(logger.begin_run(info)) {}
  Run(Run&& other) noexcept : logger_(std::exchange(other.logger_, nullptr)), id_(std::move(other.id_)) {}
  Run& operator=(Run&&) = delete;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    if (logger_ == nullptr) return;
    try {
      logger_->end_run(id_, RunStatus::failed);
    } catch (...) {  // NOLINT(bugprone-empty-catch): a destructor; the first error is already on its way
    }
  }

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  void params(std::span<const KeyValue> params) { logger_->log_params(id_, params); }
  void param(std::string key, std::string value) {
    logger_->log_params(id_, std::array{KeyValue{std::move(key), std::move(value)}});
  }
  void metrics(std::span<const MetricPoint> points) { logger_->log_metrics(id_, points); }
  void metric(std::string key, double value, std::int64_t step = 0) {
    logger_->log_metrics(id_, std::array{MetricPoint{std::move(key), value, step, 0}});
  }
  void tag(std::string key, std::string value) {
    logger_->set_tags(id_, std::array{KeyValue{std::move(key), std::move(value)}});
  }
  void dataset(const DatasetInfo& dataset) { logger_->log_dataset(id_, dataset); }
  void artifact(const Artifact& artifact) { logger_->log_artifact(id_, artifact); }
  void text(const std::string& name, std::string_view text) { logger_->log_text(id_, name, text); }
  void model(const Artifact& directory) { logger_->log_model(id_, directory); }
  void finish(RunStatus status = RunStatus::finished) {
    if (Logger* logger = std::exchange(logger_, nullptr)) logger->end_run(id_, status);
  }

 private:
  Logger* logger_;
  std::string id_;
};

inline std::string new_run_id() {
  std::array<unsigned char, 16> bytes{};
  system_random(bytes.data(), bytes.size());
  std::string id;
  for (const unsigned char byte : bytes) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  return id;
}

}  // namespace riskflag::inline v0_1::track
