#pragma once

// Runs as append-only JSON lines: one file a run, DIRECTORY/RUN_ID.jsonl (docs/formats/journal.md). The writing half;
// track/journal_reader.hpp reads it back.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/work_mark.hpp>
#include <riskflag/track/directory.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::track {

namespace detail {

/// Of the file beside a run's that says that somebody writes to it: RUN_ID.running.
inline constexpr std::string_view kWorkMark = ".running";

}  // namespace detail

/// What the journal does with an artifact.
enum class Keep {
  copy,       ///< copies it below DIRECTORY/RUN_ID/, so that the journal alone tells the whole story
  reference,  ///< notes where it lies and its digest
};

/// Writes every record as one line, with one write() under a lock: kill -9 at any moment loses at most the last line,
/// and any number of processes and threads may log at once, to the same run or to different ones. The beginning and the
/// end of a run, artifacts and models are synced to the disk; parameters and metrics are left to the system. Throws
/// Error(io) when a record cannot be written (a full disk), Error(not_found) for an artifact that is not there. A run
/// that it began is marked until it ends, so that end_dead_runs() (track/dead_runs.hpp) can tell when its writer died.
class JournalLogger final : public Logger {
 public:
  /// Creates `directory` if absent.
  explicit JournalLogger(std::string directory, Keep keep = Keep::copy)
      : directory_(std::move(directory)), keep_(keep) {
    make_directories(directory_);
  }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

  [[nodiscard]] std::string begin_run(const RunInfo& info) override;
  void log_params(const std::string& run_id, std::span<const KeyValue> params) override;
  void log_metrics(const std::string& run_id, std::span<const MetricPoint> points) override;
  void set_tags(const std::string& run_id, std::span<const KeyValue> tags) override;
  void log_dataset(const std::string& run_id, const DatasetInfo& dataset) override;
  void log_artifact(const std::string& run_id, const Artifact& artifact) override {
    keep(run_id, "artifact", artifact);
  }
  /// A text is written below DIRECTORY/RUN_ID/, with Keep::reference too.
  void log_text(const std::string& run_id, const std::string& name, std::string_view text) override;
  void log_model(const std::string& run_id, const Artifact& directory) override { keep(run_id, "model", directory); }
  void end_run(const std::string& run_id, RunStatus status) override;

 private:
  [[nodiscard]] static JsonWriter record(std::string_view type, std::int64_t ms);
  static void add_entries(JsonWriter& json, std::string_view key, std::span<const KeyValue> entries);
  void append(const std::string& run_id, JsonWriter& json, Durability durability = Durability::os);
  void keep(const std::string& run_id, std::string_view type, const Artifact& artifact);
  void note(const std::string& run_id, std::string_view type, const std::string& name, const std::string& path,
            const std::string& digest);
  /// The run's path without ".jsonl"; throws Error(usage) for an id that is no plain file name.
  [[nodiscard]] std::string stem(const std::string& run_id) const;

  std::string directory_;
  Keep keep_;
  std::mutex mutex_;
  std::map<std::string, AppendFile> files_;  ///< of the runs that this object writes to
  std::map<std::string, WorkMark> marks_;    ///< of those that it began
};

inline std::string JournalLogger::stem(const std::string& run_id) const {
  detail::check_name(run_id, "run id");
  return join_path(directory_, run_id);
}

inline JsonWriter JournalLogger::record(std::string_view type, std::int64_t ms) {
  JsonWriter json;
  json.begin_object().key("v").value(1).key("type").value(type).key("ts").value(rfc3339(ms));
  return json;
}

inline void JournalLogger::add_entries(JsonWriter& json, std::string_view key, std::span<const KeyValue> entries) {
  json.key(key).begin_array();
  for (const KeyValue& entry : entries) {
    json.begin_object().key("key").value(entry.key).key("value").value(entry.value).end_object();
  }
  json.end_array();
}

inline void JournalLogger::append(const std::string& run_id, JsonWriter& json, Durability durability) {
  json.end_object();
  const std::string path = stem(run_id) + ".jsonl";
  const std::lock_guard lock(mutex_);
  auto file = files_.find(run_id);
  if (file == files_.end()) file = files_.emplace(run_id, AppendFile(path)).first;
  file->second.append(json.text(), durability);
}

inline std::string JournalLogger::begin_run(const RunInfo& info) {
  std::string id = info.run_id.empty() ? new_run_id() : info.run_id;
  {
    WorkMark mark(stem(id) + std::string(detail::kWorkMark));
    const std::lock_guard lock(mutex_);
    marks_.insert_or_assign(id, std::move(mark));
  }
  JsonWriter json = record("begin", info.start_ms != 0 ? info.start_ms : now_ms());
  json.key("run_id").value(id).key("experiment").value(info.experiment).key("name").value(info.name);
  json.key("parent_run_id").value(info.parent_run_id).key("host").value(host_name());
  add_entries(json, "tags", info.tags);
  append(id, json, Durability::sync);
  return id;
}

inline void JournalLogger::log_params(const std::string& run_id, std::span<const KeyValue> params) {
  if (params.empty()) return;
  JsonWriter json = record("params", now_ms());
  add_entries(json, "params", params);
  append(run_id, json);
}

inline void JournalLogger::set_tags(const std::string& run_id, std::span<const KeyValue> tags) {
  if (tags.empty()) return;
  JsonWriter json = record("tags", now_ms());
  add_entries(json, "tags", tags);
  append(run_id, json);
}

inline void JournalLogger::log_metrics(const std::string& run_id, std::span<const MetricPoint> points) {
  if (points.empty()) return;
  const std::int64_t now = now_ms();
  JsonWriter json = record("metrics", now);
  json.key("metrics").begin_array();
  for (const MetricPoint& point : points) {
    json.begin_object().key("key").value(point.key).key("value").value(point.value).key("step").value(point.step);
    if (point.time_ms != 0 && point.time_ms != now) json.key("ts").value(rfc3339(point.time_ms));
    json.end_object();
  }
  json.end_array();
  append(run_id, json);
}

inline void JournalLogger::log_dataset(const std::string& run_id, const DatasetInfo& dataset) {
  JsonWriter json = record("dataset", now_ms());
  json.key("name").value(dataset.name).key("digest").value(dataset.digest).key("context").value(dataset.context);
  json.key("source").value(dataset.source).key("schema").value(dataset.schema_json);
  json.key("rows").value(dataset.rows).key("columns").value(dataset.columns);
  append(run_id, json);
}

inline void JournalLogger::keep(const std::string& run_id, std::string_view type, const Artifact& artifact) {
  const std::string name = artifact.name.empty() ? file_name(artifact.path) : artifact.name;
  detail::check_relative(name, "artifact name");
  const std::string digest = detail::path_digest(artifact.path);
  std::string path = absolute_path(artifact.path);
  if (keep_ == Keep::copy) {
    path = join_path(stem(run_id), name);
    detail::copy_path(artifact.path, path);
    path = join_path(run_id, name);  // relative to the journal, which may be moved
  }
  note(run_id, type, name, path, digest);
}

inline void JournalLogger::log_text(const std::string& run_id, const std::string& name, std::string_view text) {
  detail::check_relative(name, "artifact name");
  const std::string path = join_path(stem(run_id), name);
  make_directories(path.substr(0, path.rfind('/')));
  write_file(path, text);
  note(run_id, "artifact", name, join_path(run_id, name), sha256_hex(text));
}

inline void JournalLogger::note(const std::string& run_id, std::string_view type, const std::string& name,
                                const std::string& path, const std::string& digest) {
  JsonWriter json = record(type, now_ms());
  json.key("name").value(name).key("path").value(path).key("sha256").value(digest);
  append(run_id, json, Durability::sync);
}

inline void JournalLogger::end_run(const std::string& run_id, RunStatus status) {
  JsonWriter json = record("end", now_ms());
  json.key("status").value(name_of(status));
  append(run_id, json, Durability::sync);
  const std::lock_guard lock(mutex_);
  files_.erase(run_id);
  if (const auto mark = marks_.find(run_id); mark != marks_.end()) {
    mark->second.done();
    marks_.erase(mark);
  }
}

}  // namespace riskflag::inline v0_1::track
