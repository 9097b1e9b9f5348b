#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::track {

/// Tells every record as a line of text to a function of yours; prints nothing itself.
///
///     track::ConsoleLogger console([](std::string_view line) { std::cerr << line << '\n'; });
///
/// Points of one step that arrive together share a line: "[12] valid-auc 0.871  valid-logloss 0.301". Control bytes in
/// names and values are escaped. May be called from many threads; the function is called by one at a time, in the order
/// of arrival.
class ConsoleLogger final : public Logger {
 public:
  /// `line` is valid during the call only and has no newline.
  using Sink = std::function<void(std::string_view line)>;
  explicit ConsoleLogger(Sink sink) : sink_(std::move(sink)) {}

  [[nodiscard]] std::string begin_run(const RunInfo& info) override {
    std::string id = new_run_id();
    const std::lock_guard lock(mutex_);
    started_ms_[id] = info.start_ms != 0 ? info.start_ms : now_ms();
    std::string line = "run " + id.substr(0, 8) + " of experiment " + plain(info.experiment);
    if (!info.name.empty()) line += ": " + plain(info.name);
    if (!info.parent_run_id.empty()) line += " (part of " + plain(info.parent_run_id.substr(0, 8)) + ")";
    sink_(line);
    tell("tag", info.tags);
    return id;
  }
  void log_params(const std::string& /*run_id*/, std::span<const KeyValue> params) override {
    const std::lock_guard lock(mutex_);
    tell("param", params);
  }
  void set_tags(const std::string& /*run_id*/, std::span<const KeyValue> tags) override {
    const std::lock_guard lock(mutex_);
    tell("tag", tags);
  }
  void log_metrics(const std::string& /*run_id*/, std::span<const MetricPoint> points) override {
    const std::lock_guard lock(mutex_);
    std::string line;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (i == 0 || points[i].step != points[i - 1].step) {
        if (!line.empty()) sink_(line);
        line = "[" + std::to_string(points[i].step) + "]";
      } else {
        line += ' ';
      }
      line += ' ' + plain(points[i].key) + ' ' + number_text(points[i].value);
    }
    if (!line.empty()) sink_(line);
  }
  void log_dataset(const std::string& /*run_id*/, const DatasetInfo& dataset) override {
    const std::lock_guard lock(mutex_);
    std::string line = "dataset " + plain(dataset.name);
    if (!dataset.context.empty()) line += " (" + plain(dataset.context) + ")";
    if (dataset.rows >= 0) line += ": " + std::to_string(dataset.rows) + " rows";
    if (!dataset.digest.empty()) line += ", digest " + plain(dataset.digest.substr(0, 12));
    sink_(line);
  }
  void log_artifact(const std::string& /*run_id*/, const Artifact& artifact) override {
    const std::lock_guard lock(mutex_);
    sink_("artifact " + plain(artifact.path));
  }
  void log_text(const std::string& /*run_id*/, const std::string& name, std::string_view /*text*/) override {
    const std::lock_guard lock(mutex_);
    sink_("artifact " + plain(name));
  }
  void end_run(const std::string& run_id, RunStatus status) override {
    const std::lock_guard lock(mutex_);
    std::string line = "run " + plain(run_id.substr(0, 8)) + " " + std::string(name_of(status));
    if (const auto started = started_ms_.find(run_id); started != started_ms_.end()) {
      const std::int64_t ms = now_ms() - started->second;
      line += " after " + std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
      started_ms_.erase(started);
    }
    sink_(line);
  }

 private:
  /// The text on one line, without bytes that move a terminal's cursor.
  [[nodiscard]] static std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) {
        out += "\\x";
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
      } else {
        out += c;
      }
    }
    return out;
  }
  void tell(std::string_view kind, std::span<const KeyValue> entries) {
    for (const KeyValue& entry : entries)
      sink_(std::string(kind) + ' ' + plain(entry.key) + " = " + plain(entry.value));
  }

  Sink sink_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> started_ms_;
};

}  // namespace riskflag::inline v0_1::track
