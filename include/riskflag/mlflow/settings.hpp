#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/read_file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/http/url.hpp>

namespace riskflag::inline v0_1::mlflow {

/// Where an MLflow server is and how it is spoken to. The variables are those of MLflow's own Python client, and mean
/// the same.
struct Settings {
  std::string uri{};               ///< MLFLOW_TRACKING_URI; http:// or https://, without user and password
  std::string user{}, password{};  ///< MLFLOW_TRACKING_USERNAME and _PASSWORD, or the URI's own; sent as Basic
  std::string token{};             ///< MLFLOW_TRACKING_TOKEN; sent as Bearer when there is no user with a password
  std::string experiment{};        ///< MLFLOW_EXPERIMENT_NAME
  std::string run_id{};            ///< MLFLOW_RUN_ID: the run to go on with
  bool insecure_tls = false;       ///< MLFLOW_TRACKING_INSECURE_TLS
  std::string ca_file{};           ///< MLFLOW_TRACKING_SERVER_CERT_PATH
  std::string client_file{};       ///< MLFLOW_TRACKING_CLIENT_CERT_PATH
  int max_retries = 7;             ///< MLFLOW_HTTP_REQUEST_MAX_RETRIES, 0 to 10: after the first try
  double backoff_factor = 2;       ///< MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: factor * 2^n seconds, 120 at most
  double backoff_jitter = 1;       ///< MLFLOW_HTTP_REQUEST_BACKOFF_JITTER: up to so many seconds more
  int timeout_s = 120;             ///< MLFLOW_HTTP_REQUEST_TIMEOUT: without a byte
};

/// How variables are read; std::getenv, but for tests.
using Environment = std::function<std::optional<std::string>(const char* name)>;
[[nodiscard]] inline std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read before any thread starts
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

namespace detail {

[[nodiscard]] inline double number_of(const std::string& name, const std::string& text, double low, double high) {
  const auto value = parse_double(text);
  if (!value || *value < low || *value > high) {
    fail(ErrorCode::usage, name,
         quoted(text) + " is not accepted; a number from " + number_text(low) + " to " + number_text(high) + " is");
  }
  return *value;
}

/// The value of `key` in section [mlflow] of ~/.mlflow/credentials (configparser's form); empty without it.
[[nodiscard]] inline std::string credential(std::string_view text, std::string_view key) {
  bool inside = false;
  for (std::string_view line : split_text(text, '\n')) {
    line = trimmed(line);
    if (line.starts_with('[')) {
      inside = line == "[mlflow]";
      continue;
    }
    const std::size_t equal = line.find('=');
    if (!inside || line.starts_with('#') || line.starts_with(';') || equal == std::string_view::npos) continue;
    if (lower_ascii(trimmed(line.substr(0, equal))) == key) return std::string(trimmed(line.substr(equal + 1)));
  }
  return {};
}

}  // namespace detail

/// The settings for `uri` (empty: MLFLOW_TRACKING_URI) from the environment and ~/.mlflow/credentials. Throws
/// Error(usage) with the variable's name for what cannot be used; no message repeats a secret.
[[nodiscard]] inline Settings settings_from(std::string_view uri, const Environment& read = process_environment) {
  Settings out;
  const auto text = [&](const char* name) { return read(name).value_or(std::string()); };
  const std::string from = uri.empty() ? "MLFLOW_TRACKING_URI" : "--tracking";
  const http::Url url = http::parse_url(uri.empty() ? text("MLFLOW_TRACKING_URI") : std::string(uri), from);
  out.uri = url.origin() + url.path;
  out.user = url.user;
  out.password = url.password;
  std::string credentials;
  if (const auto home = read("HOME")) {
    Result<std::string> file = try_read_file(*home + "/.mlflow/credentials", 65536);
    if (file.ok()) credentials = std::move(file).value();
  }
  const auto secret = [&](const char* name) {
    const auto value = read(name);
    return value ? *value : detail::credential(credentials, lower_ascii(name));
  };
  if (out.user.empty()) {
    out.user = secret("MLFLOW_TRACKING_USERNAME");
    out.password = secret("MLFLOW_TRACKING_PASSWORD");
  }
  out.token = secret("MLFLOW_TRACKING_TOKEN");
  out.experiment = text("MLFLOW_EXPERIMENT_NAME");
  out.run_id = text("MLFLOW_RUN_ID");
  const std::string insecure = lower_ascii(text("MLFLOW_TRACKING_INSECURE_TLS"));
  if (!insecure.empty() && insecure != "true" && insecure != "false" && insecure != "1" && insecure != "0") {
    fail(ErrorCode::usage, "MLFLOW_TRACKING_INSECURE_TLS", quoted(insecure) + " is neither true nor false");
  }
  out.insecure_tls = insecure == "true" || insecure == "1";
  out.ca_file = text("MLFLOW_TRACKING_SERVER_CERT_PATH");
  out.client_file = text("MLFLOW_TRACKING_CLIENT_CERT_PATH");
  const auto number = [&](const char* name, double low, double high, double otherwise) {
    const auto value = read(name);
    return value ? detail::number_of(name, *value, low, high) : otherwise;
  };
  out.max_retries = static_cast<int>(number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 0, 10, out.max_retries));
  out.backoff_factor = number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 0, 120, out.backoff_factor);
  out.backoff_jitter = number("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 0, 120, out.backoff_jitter);
  out.timeout_s = static_cast<int>(number("MLFLOW_HTTP_REQUEST_TIMEOUT", 1, 86400, out.timeout_s));
  return out;
}

}  // namespace riskflag::inline v0_1::mlflow
