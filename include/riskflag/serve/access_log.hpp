#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/log_files.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/exposition.hpp>

namespace riskflag::inline v0_1::serve {

/// What a request was and became; nothing that the sender wrote but its id.
struct AccessEntry {
  std::string_view request_id;
  std::string_view route;  ///< the template of the path, "other" for a path that is none
  int status = 0;
  std::int64_t duration_us = 0;
  std::uint64_t rows = 0;          ///< scored, or outcomes that were taken
  std::string_view model_version;  ///< of the model that scored; empty: none did
  std::string_view key;            ///< name of the API key; empty: none was needed, or known
};

/// A line for every request (docs/formats/access_log.md), which no request waits for: add() gathers lines in memory,
/// and flush() writes them. Lines that find no room, or no disk, are lost and counted.
///
/// Life: 1. constructed: makes the directory and the first file; 2. add() from many threads; 3. flush() now and then,
/// from one thread, and once at the end.
class AccessLog {
 public:
  struct Options {
    // Half a second of 70,000 requests a second. Touched only as far as it is used.
    std::size_t most_bytes = std::size_t{8} << 20;  ///< of the lines that wait
    LogOptions files{.name = "access", .sync = LogSync::never};
  };
  /// Throws Error(io).
  AccessLog(std::string directory, Options options)
      : most_bytes_(options.most_bytes), files_(std::move(directory), std::move(options.files)) {
    waiting_.reserve(most_bytes_);
    writing_.reserve(most_bytes_);
  }

  void add(const AccessEntry& entry) noexcept;
  /// False when the lines could not be written; take_problem() says why.
  bool flush() noexcept;

  struct Lost {
    std::uint64_t no_room = 0, not_written = 0;
  };
  /// Lines since the start.
  [[nodiscard]] Lost lost() const noexcept { return {no_room_.load(), not_written_.load()}; }
  /// The family of /metrics.
  void write(monitor::Exposition& page) const;
  /// The last failure that was not taken yet; for the thread that calls flush().
  [[nodiscard]] std::optional<std::string> take_problem() { return std::exchange(problem_, std::nullopt); }
  [[nodiscard]] std::string path() const { return files_.path(); }

 private:
  const std::size_t most_bytes_;
  std::mutex lock_;  // of waiting_, for a copy of some hundred bytes
  std::string waiting_;
  std::string writing_;  // flush()'s own
  LogFiles files_;
  std::optional<std::string> problem_;
  std::atomic<std::uint64_t> no_room_{0}, not_written_{0};
};

inline void AccessLog::add(const AccessEntry& entry) noexcept {
  try {
    const auto text_or_null = [](std::string& out, std::string_view text) {
      text.empty() ? void(out += "null") : append_json_quoted(out, text);
    };
    std::string line;
    line.reserve(320);
    line.append(R"({"v":1,"ts":")");
    append_rfc3339(line, now_ms());
    line += R"(","request_id":)";
    append_json_quoted(line, entry.request_id);
    line += R"(,"route":)";
    append_json_quoted(line, entry.route);
    line += R"(,"status":)";
    append_number(line, static_cast<std::uint64_t>(std::max(0, entry.status)));
    line += R"(,"duration_us":)";
    append_number(line, static_cast<std::uint64_t>(std::max<std::int64_t>(0, entry.duration_us)));
    line += R"(,"rows":)";
    append_number(line, entry.rows);
    line += R"(,"model_version":)";
    text_or_null(line, entry.model_version);
    line += R"(,"key":)";
    text_or_null(line, entry.key);
    line += "}\n";
    const std::lock_guard guard(lock_);
    if (waiting_.size() + line.size() <= most_bytes_) {
      waiting_ += line;  // has its room since the start
      return;
    }
  } catch (...) {  // no memory
  }
  no_room_.fetch_add(1, std::memory_order_relaxed);
}

inline void AccessLog::write(monitor::Exposition& page) const {
  const Lost now = lost();
  page.family("riskflag_access_log_lost_total", "counter", "Lines of the access log that found no room, or no disk.");
  page.sample({{"reason", "no_room"}}, now.no_room);
  page.sample({{"reason", "not_written"}}, now.not_written);
}

inline bool AccessLog::flush() noexcept {
  {
    const std::lock_guard guard(lock_);
    waiting_.swap(writing_);
  }
  bool good = true;
  try {
    files_.append(writing_);
    writing_.clear();
    files_.tick();
  } catch (const std::exception& error) {
    good = false;
    not_written_.fetch_add(static_cast<std::uint64_t>(std::count(writing_.begin(), writing_.end(), '\n')));
    try {
      problem_ = error.what();
    } catch (...) {  // no memory for the sentence
    }
  }
  writing_.clear();
  return good;
}

}  // namespace riskflag::inline v0_1::serve
