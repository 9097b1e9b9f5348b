#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::track {

/// An artifact or model as the journal noted it.
struct KeptArtifact {
  std::string name;
  std::string path;  ///< absolute, or relative to the journal's directory
  std::string sha256;
  bool is_model = false;
};

/// A line that could not be read, and was left out.
struct JournalNote {
  std::string code;     ///< "torn_line": cut short by a kill; "bad_line": anything else
  std::string message;  ///< "RUN_ID.jsonl:17: ..."
};

/// All that a journal knows of one run.
struct RunRecord {
  std::string run_id;
  RunInfo info{};  ///< with the tags as they stood at the beginning
  RunStatus status = RunStatus::running;
  std::int64_t end_ms = 0;   ///< 0 while running, or when killed before anybody could say so
  std::int64_t last_ms = 0;  ///< of the last record of any type
  std::vector<KeyValue> params{};
  std::vector<KeyValue> tags{};  ///< last value of each key, in order of first appearance
  std::vector<MetricPoint> metrics{};
  std::vector<DatasetInfo> datasets{};
  std::vector<KeptArtifact> artifacts{};
  std::vector<JournalNote> notes{};

  /// The last value of a metric, by highest step; NaN when it was never logged.
  [[nodiscard]] double last_metric(std::string_view key) const noexcept;
};

/// The run in one journal file. A torn last line, or any line that is no record of ours, is skipped and noted; record
/// types that this version does not know are skipped silently. Throws Error(io, not_found) when the file cannot be
/// read.
[[nodiscard]] RunRecord read_run(const std::string& path);

/// Every run of a journal directory, oldest first.
[[nodiscard]] std::vector<RunRecord> read_journal(const std::string& directory);

namespace detail {

/// Reads members of one record; the first thing that is wrong ends it and stays in `failure`.
class RecordReader {
 public:
  explicit RecordReader(const Json& record) : record_(record) {}

  [[nodiscard]] std::string text(std::string_view key) { return text_of(record_, key); }
  [[nodiscard]] std::string text_of(const Json& object, std::string_view key) {
    return take(object, key, [](const Json& value) { return value.string(); });
  }
  [[nodiscard]] std::int64_t integer_of(const Json& object, std::string_view key) {
    return take(object, key, [](const Json& value) { return value.integer(); });
  }
  /// null is how the writer tells NaN.
  [[nodiscard]] double number_of(const Json& object, std::string_view key) {
    return take(object, key,
                [](const Json& value) { return value.is_null() ? Result<double>(kMissing) : value.number(); });
  }
  [[nodiscard]] std::int64_t time_of(const Json& object, std::string_view key) {
    const std::string value = text_of(object, key);
    const auto ms = parse_rfc3339(value);
    if (!ms && failure_.empty()) failure_ = "\"" + std::string(key) + "\" is no time";
    return ms.value_or(0);
  }
  [[nodiscard]] std::vector<KeyValue> entries(std::string_view key) {
    std::vector<KeyValue> out;
    for (const Json& entry : array(key)) out.push_back({text_of(entry, "key"), text_of(entry, "value")});
    return out;
  }
  [[nodiscard]] const JsonArray& array(std::string_view key) {
    static const JsonArray kNone;
    const Json* value = record_.find(key);
    if (value != nullptr && value->array() != nullptr) return *value->array();
    if (failure_.empty()) failure_ = "\"" + std::string(key) + "\" is no array";
    return kNone;
  }
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  template <class Read>
  auto take(const Json& object, std::string_view key, const Read& read)
      -> std::remove_cvref_t<decltype(read(object).value())> {
    const auto member = object.at(key);
    if (member.ok()) {
      auto value = read(*member.value());
      if (value.ok()) return std::move(value).value();
      if (failure_.empty()) failure_ = value.failure().text();
    } else if (failure_.empty()) {
      failure_ = member.failure().text();
    }
    return {};
  }
  const Json& record_;
  std::string failure_;
};

/// Adds records, one after another, to a run that has none yet. Parameters and tags are found by their key's hash: a
/// run may have 10,000 of them.
class RunBuilder {
 public:
  explicit RunBuilder(RunRecord& run) : run_(run) {}
  /// The reason when it is no record. One is taken whole or not at all.
  [[nodiscard]] std::string add(const Json& json);

 private:
  using Places = std::unordered_map<std::string, std::size_t>;
  static void set(std::vector<KeyValue>& entries, Places& places, KeyValue entry) {
    const auto [place, is_new] = places.try_emplace(entry.key, entries.size());
    if (is_new) {
      entries.push_back(std::move(entry));
    } else {
      entries[place->second].value = std::move(entry.value);
    }
  }
  RunRecord& run_;
  Places params_, tags_;
};

inline std::string RunBuilder::add(const Json& json) {
  if (json.object() == nullptr) return "is no JSON object";
  RecordReader in(json);
  const std::string type = in.text("type");
  const std::int64_t ms = in.time_of(json, "ts");
  if (!in.failure().empty()) return in.failure();
  RunRecord next;  // what this record adds
  if (type == "begin") {
    next.run_id = in.text("run_id");
    next.info = {in.text("experiment"), in.text("name"), in.text("parent_run_id"), in.entries("tags"), ms, next.run_id};
    next.tags = next.info.tags;
  } else if (type == "params") {
    next.params = in.entries("params");
  } else if (type == "tags") {
    next.tags = in.entries("tags");
  } else if (type == "metrics") {
    for (const Json& point : in.array("metrics")) {
      const std::int64_t time = point.find("ts") != nullptr ? in.time_of(point, "ts") : ms;
      next.metrics.push_back(
          {in.text_of(point, "key"), in.number_of(point, "value"), in.integer_of(point, "step"), time});
    }
  } else if (type == "dataset") {
    next.datasets.push_back({in.text("name"), in.text("digest"), in.text("context"), in.text("source"),
                             in.text("schema"), in.integer_of(json, "rows"), in.integer_of(json, "columns")});
  } else if (type == "artifact" || type == "model") {
    next.artifacts.push_back({in.text("name"), in.text("path"), in.text("sha256"), type == "model"});
  } else if (type == "end") {
    const std::string status = in.text("status");
    next.status = status == "FINISHED" ? RunStatus::finished
                  : status == "KILLED" ? RunStatus::killed
                                       : RunStatus::failed;
    next.end_ms = ms;
  }
  if (!in.failure().empty()) return in.failure();
  run_.last_ms = ms;
  if (type == "begin") {
    run_.run_id = next.run_id;
    if (run_.info.run_id.empty()) run_.info = next.info;  // else it is gone on with
    run_.status = RunStatus::running;
    run_.end_ms = 0;
  } else if (type == "end") {
    run_.status = next.status;
    run_.end_ms = next.end_ms;
  }
  for (KeyValue& entry : next.params) set(run_.params, params_, std::move(entry));
  for (KeyValue& entry : next.tags) set(run_.tags, tags_, std::move(entry));
  run_.metrics.insert(run_.metrics.end(), next.metrics.begin(), next.metrics.end());
  run_.datasets.insert(run_.datasets.end(), next.datasets.begin(), next.datasets.end());
  run_.artifacts.insert(run_.artifacts.end(), next.artifacts.begin(), next.artifacts.end());
  return {};
}

}  // namespace detail

inline double RunRecord::last_metric(std::string_view key) const noexcept {
  double value = kMissing;
  std::int64_t step = std::numeric_limits<std::int64_t>::min();
  for (const MetricPoint& point : metrics) {
    if (point.key == key && point.step >= step) {
      value = point.value;
      step = point.step;
    }
  }
  return value;
}

inline RunRecord read_run(const std::string& path) {
  RunRecord run;
  const std::string text = read_file(path);
  const std::string name = file_name(path);
  run.run_id = name.substr(0, name.rfind(".jsonl"));
  detail::RunBuilder builder(run);
  std::size_t line_number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const bool torn = end == std::string::npos;
    const std::string_view line = std::string_view(text).substr(begin, torn ? std::string::npos : end - begin);
    begin = torn ? text.size() : end + 1;
    ++line_number;
    if (line.empty()) continue;
    const std::string where = name + ":" + std::to_string(line_number);
    const Result<Json> json = read_json(line, where);
    if (!json.ok()) {
      // A record begins with {"v":1 and ends with }: what does not end so was cut off, last line or not (a later writer
      // ends a torn line with a newline first).
      const bool cut = torn || line.back() != '}';
      run.notes.push_back({cut ? "torn_line" : "bad_line",
                           cut ? where + ": the line was cut short (its writer was killed); it is left out"
                               : json.failure().text() + "; the line is left out"});
      continue;
    }
    if (std::string reason = builder.add(json.value()); !reason.empty()) {
      run.notes.push_back({"bad_line", where + ": " + reason + "; the line is left out"});
    }
  }
  return run;
}

inline std::vector<RunRecord> read_journal(const std::string& directory) {
  std::vector<RunRecord> runs;
  for (const std::string& name : list_directory(directory)) {
    if (name.ends_with(".jsonl")) runs.push_back(read_run(join_path(directory, name)));
  }
  std::sort(runs.begin(), runs.end(), [](const RunRecord& a, const RunRecord& b) {
    return std::pair(a.info.start_ms, std::string_view(a.run_id)) <
           std::pair(b.info.start_ms, std::string_view(b.run_id));
  });
  return runs;
}

}  // namespace riskflag::inline v0_1::track
