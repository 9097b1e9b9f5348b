#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/log_files.hpp>

namespace riskflag::inline v0_1::serve {

/// What became of decisions, as lines on the disk (docs/formats/decision_log.md).
class OutcomeLog {
 public:
  /// Begins the first file in `directory`. Throws Error(io).
  explicit OutcomeLog(std::string directory, LogOptions files = {.name = "outcomes", .sync = LogSync::always})
      : files_(std::move(directory), std::move(files)) {}

  /// Returns when the lines are on the disk. False when they could not be written. Thread-safe.
  [[nodiscard]] bool append(std::string_view lines) noexcept {
    try {
      files_.append(lines);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }
  [[nodiscard]] std::string path() const { return files_.path(); }

 private:
  LogFiles files_;
};

}  // namespace riskflag::inline v0_1::serve
