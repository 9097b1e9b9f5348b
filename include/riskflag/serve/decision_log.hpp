#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/hmac.hpp>
#include <riskflag/core/log_files.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::serve {

/// What a decision log keeps of an applicant.
enum class LogMode {
  full,  ///< the raw fields: every score can be given again
  hmac,  ///< a keyed hash of them: who has key and fields can show that these were scored
};
/// What becomes of a score whose record cannot be written.
enum class LogFailure { refuse, go_on };

/// Every decision as one line on the disk before its answer leaves (docs/formats/decision_log.md).
class DecisionLog {
 public:
  static constexpr std::size_t kLeastKey = 16;  // bytes

  struct Options {
    LogMode mode = LogMode::full;
    std::string key{};  ///< mode hmac: at least kLeastKey bytes
    LogFailure failure = LogFailure::refuse;
    LogOptions files{.name = "decisions"};
  };

  /// Begins the first file in `directory`. Throws Error(io), Error(invalid_option) for a key that is too short.
  DecisionLog(std::string directory, Options options)
      : options_(checked(std::move(options))), files_(std::move(directory), options_.files) {}

  [[nodiscard]] LogMode mode() const noexcept { return options_.mode; }
  [[nodiscard]] LogFailure failure() const noexcept { return options_.failure; }
  [[nodiscard]] std::string hmac(std::string_view fields) const { return hmac_sha256_hex(options_.key, fields); }

  /// Returns when the lines outlive this process. False when they could not be written. Thread-safe.
  [[nodiscard]] bool append(std::string_view lines) noexcept {
    return attempt([&] { files_.append(lines); });
  }
  /// About once a second: syncs, begins the next file. False when that failed.
  bool tick() noexcept {
    return attempt([&] { files_.tick(); });
  }
  /// The last failure that was not told yet.
  [[nodiscard]] std::optional<std::string> take_problem() {
    const std::lock_guard guard(lock_);
    return std::exchange(problem_, std::nullopt);
  }
  [[nodiscard]] std::string path() const { return files_.path(); }

 private:
  static Options checked(Options options) {
    if (options.mode == LogMode::hmac && options.key.size() < kLeastKey) {
      fail(ErrorCode::invalid_option, "hmac key",
           std::to_string(options.key.size()) + " bytes are too few; at least " + std::to_string(kLeastKey) +
               " are accepted (head -c 32 /dev/urandom | base64 makes one)");
    }
    return options;
  }
  template <class F>
  bool attempt(F f) noexcept {
    try {
      f();
      return true;
    } catch (const std::exception& error) {
      try {
        const std::lock_guard guard(lock_);
        problem_ = error.what();
      } catch (...) {  // no memory for the sentence
      }
      return false;
    }
  }

  Options options_;
  LogFiles files_;
  std::mutex lock_;
  std::optional<std::string> problem_;
};

/// The lines of one request's decisions, while its rows are scored.
struct DecisionRecords {
  const DecisionLog* log = nullptr;  ///< nullptr: nothing is kept
  std::string request_id, time, lines, fields;

  void begin(const DecisionLog* kept_in, std::string_view request, std::int64_t at_ms) {
    log = kept_in;
    lines.clear();
    if (log == nullptr) return;
    request_id = request;
    time.clear();
    append_rfc3339(time, at_ms);
  }
};

}  // namespace riskflag::inline v0_1::serve
