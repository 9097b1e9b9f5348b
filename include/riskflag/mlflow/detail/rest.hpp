#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/base64.hpp>
#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/mlflow/rest.hpp>

namespace riskflag::inline v0_1::mlflow {

namespace detail {

/// The string that `value` is, or `otherwise` when it is none or not there.
[[nodiscard]] inline std::string text_or(const Json* value, std::string otherwise = {}) {
  if (value == nullptr) return otherwise;
  Result<std::string> text = value->string();
  return text.ok() ? std::move(text).value() : otherwise;
}
/// The whole number that `value` is (MLflow's gateways send some as strings), or `otherwise`.
[[nodiscard]] inline std::int64_t integer_or(const Json* value, std::int64_t otherwise) {
  if (value == nullptr) return otherwise;
  if (const Result<std::int64_t> number = value->integer(); number.ok()) return *number;
  return parse_integer(text_or(value)).value_or(otherwise);
}
/// The items of an array; none when it is no array or not there.
[[nodiscard]] inline const JsonArray& items_of(const Json* value) {
  static const JsonArray kNone;
  return value != nullptr && value->array() != nullptr ? *value->array() : kNone;
}
/// Calls `take(item)` for each of `items` in every page of a search; `ask(token)` gives a page, the first without
/// token.
template <class Ask, class Take>
void each_found(std::string_view items, Ask ask, Take take) {
  std::string token;
  do {
    const Json page = ask(token);
    for (const Json& item : items_of(page.find(items))) take(item);
    token = text_or(page.find("next_page_token"));
  } while (!token.empty());
}

/// The value of a header, or empty.
[[nodiscard]] inline std::string header_of(const http::Response& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (lower_ascii(key) == name) return value;
  }
  return {};
}

[[nodiscard]] inline bool try_again(int status) noexcept {
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/// The seconds from `now_ms` on that a Retry-After asks for: their number, or a date ("Sun, 22 Nov 2026 10:00:00 GMT",
/// RFC 9110, 10.2.3). nullopt for anything else.
[[nodiscard]] inline std::optional<double> seconds_to_wait(const http::Response& answer, std::int64_t now_ms) {
  const std::string value = header_of(answer, "retry-after");
  std::string_view text = trimmed(value);
  if (const auto seconds = parse_double(text)) return *seconds >= 0 ? seconds : std::nullopt;
  riskflag::detail::CivilTime time;
  text.remove_prefix(std::min(text.size(), text.find(' ') + 1));
  if (!riskflag::detail::take_format(text, "%d %b %Y %H:%M:%S GMT", time) || !text.empty()) return std::nullopt;
  const auto days = days_from_civil(time.year, time.month, time.day);
  if (!days || !time.is_time_of_day()) return std::nullopt;
  const std::int64_t seconds = *days * std::int64_t{86400} + time.hour * 3600 + time.minute * 60 + time.second;
  return std::max(0.0, static_cast<double>(seconds) - static_cast<double>(now_ms) / 1000);
}

/// Text of a stranger, fit for a message: one line, 300 bytes.
[[nodiscard]] inline std::string shown(std::string_view body) {
  std::string text(body.substr(0, 500));
  for (char& c : text) c = static_cast<unsigned char>(c) < 32 ? ' ' : c;
  return quoted(trimmed(text), 300);
}

}  // namespace detail

inline bool concerns_all(const Error& error) {
  const auto* answer = dynamic_cast<const ApiError*>(&error);
  if (answer != nullptr && answer->status() == 401) return true;
  if (answer != nullptr && answer->status() == 403)
    return answer->message().find("--allowed-hosts") != std::string::npos;
  return error.code() == ErrorCode::io || error.code() == ErrorCode::cancelled;
}

struct Rest::Call {
  std::string_view method;
  std::string target;  ///< below the settings' path
  std::string_view body{};
  const std::string* upload_file = nullptr;
  const std::string* download_file = nullptr;
  Repeat repeat = Repeat::safe;
};

inline Rest::Rest(Settings settings, http::Connector connect, std::stop_token stop, Patience patience)
    : settings_(std::move(settings)),
      url_(http::parse_url(settings_.uri, "tracking")),
      connect_(std::move(connect)),
      stop_(std::move(stop)),
      patience_(patience) {
  if (!settings_.user.empty() && !settings_.password.empty()) {
    authorization_ = "Basic " + base64(settings_.user + ":" + settings_.password);
  } else if (!settings_.token.empty()) {
    authorization_ = "Bearer " + settings_.token;
  }
}

inline http::Response Rest::once(const Call& call) {
  if (!connection_) {
    http::ConnectionOptions options;
    options.connect_timeout_ms = patience_.connect_ms;
    options.timeout_ms = patience_.answer_ms > 0 ? patience_.answer_ms : settings_.timeout_s * 1000;
    options.stop = stop_;
    connection_ = connect_(url_, options);
  }
  http::Outgoing out;
  out.method = call.method;
  out.target = url_.path + call.target;
  out.headers.emplace_back("User-Agent", "riskflag/" + std::string(kVersion));
  out.headers.emplace_back("Accept", "*/*");
  if (!authorization_.empty()) out.headers.emplace_back("Authorization", authorization_);
  if (!call.body.empty()) out.headers.emplace_back("Content-Type", "application/json");
  out.body = call.body;
  std::optional<FileSource> source;
  if (call.upload_file != nullptr) {
    source.emplace(*call.upload_file);
    out.upload = &*source;
    out.upload_size = source->size();
    out.headers.emplace_back("Content-Type", "application/octet-stream");
  }
  for (int hops = 0;; ++hops) {
    std::optional<FileSink> sink;
    if (call.download_file != nullptr) sink.emplace(*call.download_file);
    http::Response answer = connection_->exchange(out, sink ? &*sink : nullptr);
    if (sink && answer.status == 200) sink->close();
    std::string to = answer.status >= 301 && answer.status <= 308 ? detail::header_of(answer, "location") : "";
    const bool keeps_method = answer.status == 307 || answer.status == 308 || call.method == "GET";
    if (to.empty() || !keeps_method || hops == 5 || source) return answer;
    if (to.starts_with('/') && !to.starts_with("//")) {
      out.target = to;
      continue;
    }
    if (to.starts_with("//")) to.insert(0, url_.scheme + ":");
    const std::size_t path = to.find_first_of("/?#", to.find("://") + 3);
    const http::Url next = http::parse_url(to.substr(0, path), settings_.uri + " sends us elsewhere");
    if (next.origin() != url_.origin()) {  // an ApiError: asked again, the server would say the same
      throw ApiError(
          ErrorCode::io, settings_.uri,
          "the server sends us to another one (" + next.origin() + "), which is not followed; use that address",
          answer.status, "");
    }
    out.target = path == std::string::npos ? "/" : to.substr(path);
  }
}

inline void Rest::pause(int attempt, std::optional<double> asked_s) {
  double seconds = std::min(120.0, settings_.backoff_factor * std::ldexp(1.0, attempt));
  std::array<unsigned char, 2> random{};
  system_random(random.data(), random.size());
  seconds += settings_.backoff_jitter * (random[0] * 256 + random[1]) / 65536.0;
  if (asked_s) seconds = std::min(*asked_s, 120.0);
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  (void)wake.wait_for(lock, stop_, std::chrono::duration<double>(seconds), [] { return false; });
  if (stop_.stop_requested()) fail(ErrorCode::cancelled, settings_.uri, "stopped on request");
}

inline http::Response Rest::exchange(const Call& call) {
  for (int attempt = 0;; ++attempt) {
    try {
      http::Response answer = once(call);
      if (answer.status == 200 || !detail::try_again(answer.status) || attempt >= retries()) return answer;
      const std::optional<double> asked_s = detail::seconds_to_wait(answer, now_ms());
      // 500 and a gateway's errors say nothing about whether the request took effect.
      if (call.repeat == Repeat::ask && answer.status != 429 && answer.status != 503) {
        try {
          refuse(call, answer);
        } catch (const Error& error) {
          throw LostReply(error, asked_s);
        }
      }
      pause(attempt, asked_s);
    } catch (const ApiError&) {
      throw;
    } catch (const LostReply&) {
      throw;
    } catch (const http::Refused&) {
      throw;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::io) throw;
      if (call.repeat == Repeat::ask && connection_ && connection_->last_attempt_was_sent()) throw LostReply(error);
      if (attempt >= retries()) throw;
      pause(attempt, {});
    }
  }
}

/// Throws what the answer means, with what to do about it.
inline void Rest::refuse(const Call& call, const http::Response& answer) const {
  const std::string where =
      settings_.uri + " (" + std::string(call.method) + " " + call.target.substr(0, call.target.find('?')) + ")";
  const std::string status = "status " + std::to_string(answer.status);
  std::string reason, message;
  if (const Result<Json> json = read_json(answer.body, "the answer"); json.ok()) {
    reason = detail::text_or(json.value().find("error_code"));
    message = detail::text_or(json.value().find("message"));
  }
  const std::string said =
      reason.empty() ? status + ": " + detail::shown(answer.body) : reason + ": " + detail::shown(message);
  std::string advice;
  ErrorCode code = ErrorCode::io;
  const std::string type = lower_ascii(detail::header_of(answer, "content-type"));
  if (answer.status == 401) {
    advice = "; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
    code = ErrorCode::invalid_option;
  } else if (answer.status == 403 && answer.body.find("Host") != std::string::npos) {
    advice = "; the server does not answer to this host name: start it with --allowed-hosts, or use its address";
  } else if (answer.status == 403) {
    advice = "; these credentials may not do this";
  } else if (answer.status == 503 && call.target.find("/mlflow-artifacts/") != std::string::npos) {
    advice = "; the server hands out no files: start it with --serve-artifacts (and --artifacts-destination)";
  } else if (answer.status >= 301 && answer.status <= 308) {
    const std::string to = detail::header_of(answer, "location");
    advice = "; it sends us " +
             (to.empty() || to.find('@') != std::string::npos ? "elsewhere"
                                                              : "to " + quoted(to.substr(0, to.find('?')), 300)) +
             ", which is followed for GET, for 307 and for 308, not for files, and five times; use that address";
  } else if (reason.empty() && type.find("html") != std::string::npos) {
    advice = "; this is a web page, not MLflow: is a proxy in between, or the address wrong?";
  } else if (message.find("in the deleted state") != std::string::npos ||
             message.find("deleted") != std::string::npos) {
    advice = "; restore it with MLflow, or use another name";
  } else if (message.find("maintenance mode") != std::string::npos) {
    advice = "; the server keeps its runs in files: start it with --backend-store-uri sqlite:///mlflow.db";
  }
  if (reason == "RESOURCE_DOES_NOT_EXIST") code = ErrorCode::not_found;
  if (reason == "RESOURCE_ALREADY_EXISTS") code = ErrorCode::already_exists;
  if (reason == "INVALID_PARAMETER_VALUE") code = ErrorCode::invalid_option;
  throw ApiError(code, where, said + advice, answer.status, reason);
}

inline Json Rest::json_of(const Call& call, const http::Response& answer) const {
  if (answer.status != 200) refuse(call, answer);
  Result<Json> json = read_json(answer.body, settings_.uri);
  if (!json.ok() || json.value().object() == nullptr) {
    fail(ErrorCode::io, settings_.uri,
         "the answer to " + call.target.substr(0, call.target.find('?')) +
             " is no JSON object: " + detail::shown(answer.body) + "; is this an MLflow server?");
  }
  return std::move(json).value();
}

inline Json Rest::get(const std::string& path, const std::string& query) {
  const Call call{"GET", "/api/2.0" + path + (query.empty() ? "" : "?" + query)};
  return json_of(call, exchange(call));
}
inline Json Rest::send(std::string_view method, const std::string& path, const std::string& body, Repeat repeat) {
  Call call{method, "/api/2.0" + path, body};
  call.repeat = repeat;
  return json_of(call, exchange(call));
}
inline Json Rest::post(const std::string& path, const std::string& body, Repeat repeat) {
  return send("POST", path, body, repeat);
}
inline void Rest::upload(const std::string& target, const std::string& file) {
  Call call{"PUT", target};
  call.upload_file = &file;
  if (const http::Response answer = exchange(call); answer.status != 200) refuse(call, answer);
}
inline void Rest::upload_text(const std::string& target, const std::string& bytes) {
  const Call call{"PUT", target, bytes};
  if (const http::Response answer = exchange(call); answer.status != 200) refuse(call, answer);
}
inline void Rest::download(const std::string& target, const std::string& file) {
  Call call{"GET", target};
  call.download_file = &file;
  if (const http::Response answer = exchange(call); answer.status != 200) refuse(call, answer);
}

inline std::string Rest::download_text(const std::string& target) {
  const Call call{"GET", target};
  http::Response answer = exchange(call);
  if (answer.status != 200) refuse(call, answer);
  return std::move(answer.body);
}

inline const std::string& Rest::version() {
  if (!version_.empty()) return version_;
  const Call call{"GET", "/version"};
  const http::Response answer = exchange(call);
  if (answer.status != 200) refuse(call, answer);
  const std::string_view text = trimmed(answer.body);
  const auto major = parse_integer(text.substr(0, text.find('.')));
  if (!major || text.size() > 40) {
    fail(ErrorCode::io, settings_.uri,
         "/version answers " + detail::shown(answer.body) + ", no version; is this an MLflow server?");
  }
  if (*major < 3) {
    fail(ErrorCode::unsupported, settings_.uri,
         "the server is MLflow " + std::string(text) + "; 3.0 or later is needed (logged models): upgrade it");
  }
  return version_ = text;
}

}  // namespace riskflag::inline v0_1::mlflow
