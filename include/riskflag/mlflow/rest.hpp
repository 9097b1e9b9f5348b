#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/http/connection.hpp>
#include <riskflag/mlflow/settings.hpp>

namespace riskflag::inline v0_1::mlflow {

/// The server answered, and said no.
class ApiError : public Error {
 public:
  ApiError(ErrorCode code, std::string where, std::string message, int status, std::string reason)
      : Error(code, std::move(where), std::move(message)), status_(status), reason_(std::move(reason)) {}
  [[nodiscard]] int status() const noexcept { return status_; }
  /// MLflow's error_code, "RESOURCE_ALREADY_EXISTS"; empty when the answer was not MLflow's own.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] bool is(std::string_view reason) const noexcept { return reason_ == reason; }

 private:
  int status_;
  std::string reason_;
};

/// True where asking the server for something else would end the same way: it is gone, does not answer to this host
/// name, or does not know who asks. False where it refuses this one thing: a run of a deleted experiment, one that
/// these credentials may not write to.
[[nodiscard]] bool concerns_all(const Error& error);

/// The request left, and no answer came, or a gateway's: it may have taken effect.
class LostReply : public Error {
 public:
  explicit LostReply(const Error& why, std::optional<double> retry_after_s = {})
      : Error(why.failure()), retry_after_s_(retry_after_s) {}
  /// How long the answer asks us to wait, where there was one that does.
  [[nodiscard]] std::optional<double> retry_after_s() const noexcept { return retry_after_s_; }

 private:
  std::optional<double> retry_after_s_;
};

/// What may be done when no answer came.
enum class Repeat {
  safe,  ///< sent again: twice is as good as once
  ask,   ///< LostReply is thrown: the caller looks whether it took effect before it tries again
};

/// How patient a call is.
struct Patience {
  int retries = -1;  ///< after the first try; -1: as the settings say
  int connect_ms = 10'000;
  int answer_ms = 0;  ///< without a byte coming; 0: as the settings say
};

/// MLflow's REST interface over one kept-alive connection: addresses, headers, tries, errors. Tries again, after
/// factor * 2^n seconds and a random part, on 408, 429, 500, 502, 503, 504 and where the connection fails, as MLflow's
/// Python client does; a Retry-After, in seconds or as a date, is kept to up to two minutes. Redirects are followed to
/// the same server only, so that no password goes elsewhere. Not for two threads at once.
class Rest {
 public:
  Rest(Settings settings, http::Connector connect, std::stop_token stop = {}, Patience patience = {});

  /// `path` below /api/2.0; `query` without its question mark, encoded.
  [[nodiscard]] Json get(const std::string& path, const std::string& query = {});
  /// `body` is a JSON object's text.
  Json post(const std::string& path, const std::string& body, Repeat repeat = Repeat::safe);
  Json send(std::string_view method, const std::string& path, const std::string& body, Repeat repeat = Repeat::safe);
  /// Sends a file's bytes in blocks; `target` is a whole encoded path below the server's root.
  void upload(const std::string& target, const std::string& file);
  void upload_text(const std::string& target, const std::string& bytes);
  /// Writes what `target` gives into `file`, which appears when all of it has come.
  void download(const std::string& target, const std::string& file);
  [[nodiscard]] std::string download_text(const std::string& target);
  /// The server's version, asked once: "3.17.2". Throws Error(unsupported) before 3.0, Error(io) for no MLflow at all.
  const std::string& version();
  /// The server without user or password: "http://127.0.0.1:5000".
  [[nodiscard]] const std::string& where() const noexcept { return settings_.uri; }
  void set_patience(Patience patience) noexcept { patience_ = patience; }
  /// How often a call is tried again.
  [[nodiscard]] int retries() const noexcept {
    return patience_.retries < 0 ? settings_.max_retries : patience_.retries;
  }
  /// Sleeps before try `attempt` + 1, as long as the server asked or the settings say; Error(cancelled) when stopped.
  void pause(int attempt, std::optional<double> asked_s);
  /// True when the last request left for a server that took the connection.
  [[nodiscard]] bool was_reached() const noexcept { return connection_ && connection_->last_attempt_was_sent(); }

 private:
  struct Call;
  [[nodiscard]] http::Response exchange(const Call& call);
  [[nodiscard]] http::Response once(const Call& call);
  [[noreturn]] void refuse(const Call& call, const http::Response& answer) const;
  [[nodiscard]] Json json_of(const Call& call, const http::Response& answer) const;

  Settings settings_;
  http::Url url_;
  http::Connector connect_;
  std::stop_token stop_;
  Patience patience_;
  std::string authorization_;
  std::unique_ptr<http::Connection> connection_;
  std::string version_;
};

}  // namespace riskflag::inline v0_1::mlflow

#include <riskflag/mlflow/detail/rest.hpp>
