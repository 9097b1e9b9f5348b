#pragma once

// Which path is what, and which media types a body may have.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/serve/keys.hpp>
#include <riskflag/serve/message.hpp>

namespace riskflag::inline v0_1::serve::detail {

enum class Endpoint {
  score,
  outcomes,
  model,
  schema,
  monitor,
  openapi,
  page,
  metrics,
  live,
  ready,
  invocations,
  ping,
  version,
  v2_server,
  v2_live,
  v2_ready,
  v2_model,
  v2_model_ready,
  v2_infer,
};
/// Whose form errors have.
enum class Protocol { own, mlflow, v2 };

struct Route {
  std::string_view path;  ///< {model} stands for NAME and NAME/versions/VERSION
  Endpoint endpoint;
  std::string_view allow, summary;
  Protocol protocol = Protocol::own;
};
inline constexpr std::string_view kReads = "GET, HEAD";
inline constexpr std::array<Route, 20> kRoutes{{
    {"/v1/score", Endpoint::score, "POST", "Scores one applicant, or many"},
    {"/v1/outcomes", Endpoint::outcomes, "POST", "Takes what became of decisions"},
    {"/v1/model", Endpoint::model, kReads, "The model that answers"},
    {"/v1/schema", Endpoint::schema, kReads, "JSON Schema of one row"},
    {"/v1/monitor", Endpoint::monitor, kReads, "Live rows beside the training rows"},
    {"/openapi.json", Endpoint::openapi, kReads, "This description"},
    {"/", Endpoint::page, kReads, "A page for people: scores, files, monitoring"},
    {"/metrics", Endpoint::metrics, kReads, "For Prometheus"},
    {"/livez", Endpoint::live, kReads, "Is the process alive"},
    {"/readyz", Endpoint::ready, kReads, "May it be sent requests"},
    {"/healthz", Endpoint::ready, kReads, "The same as /readyz"},
    {"/invocations", Endpoint::invocations, "POST", "Scores as mlflow models serve does", Protocol::mlflow},
    {"/ping", Endpoint::ping, kReads, "Is it ready, for MLflow and SageMaker", Protocol::mlflow},
    {"/version", Endpoint::version, kReads, "The MLflow version whose protocol this is", Protocol::mlflow},
    {"/v2", Endpoint::v2_server, kReads, "Open Inference Protocol: the server", Protocol::v2},
    {"/v2/health/live", Endpoint::v2_live, kReads, "Open Inference Protocol: alive", Protocol::v2},
    {"/v2/health/ready", Endpoint::v2_ready, kReads, "Open Inference Protocol: ready", Protocol::v2},
    {"/v2/models/{model}", Endpoint::v2_model, kReads, "Open Inference Protocol: inputs and outputs", Protocol::v2},
    {"/v2/models/{model}/ready", Endpoint::v2_model_ready, kReads, "Open Inference Protocol: ready", Protocol::v2},
    {"/v2/models/{model}/infer", Endpoint::v2_infer, "POST", "Open Inference Protocol: scores tensors", Protocol::v2},
}};

/// What a key must be allowed for that endpoint.
[[nodiscard]] inline Scope scope_of(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::live:
    case Endpoint::ready:
    case Endpoint::page:  // text of the program's own; what it asks for wants keys
    case Endpoint::ping:
    case Endpoint::v2_live:
    case Endpoint::v2_ready: return Scope::open;
    case Endpoint::score:
    case Endpoint::invocations:
    case Endpoint::v2_infer: return Scope::score;
    case Endpoint::outcomes: return Scope::outcomes;
    default: return Scope::read;
  }
}

/// A path that is found: the route, and what stood for {model}.
struct Target {
  const Route* route = nullptr;
  std::string_view model{}, version{};  ///< as sent, not decoded
};

[[nodiscard]] inline const Route* route_of(Endpoint endpoint) noexcept {
  for (const Route& each : kRoutes) {
    if (each.endpoint == endpoint) return &each;
  }
  return nullptr;
}

/// `route` is nullptr for a path that is none.
[[nodiscard]] inline Target find_target(std::string_view path) {
  for (const Route& each : kRoutes) {
    if (each.path == path) return {&each};
  }
  constexpr std::string_view kModels = "/v2/models/";
  if (!path.starts_with(kModels)) return {};
  auto parts = split_text(path.substr(kModels.size()), '/');
  Target found{nullptr, parts[0], {}};
  std::size_t at = 1;
  if (parts.size() >= 3 && parts[1] == "versions") {
    found.version = parts[2];
    at = 3;
  }
  if (found.model.empty()) return {};
  if (parts.size() == at) found.route = route_of(Endpoint::v2_model);
  if (parts.size() == at + 1 && parts[at] == "ready") found.route = route_of(Endpoint::v2_model_ready);
  if (parts.size() == at + 1 && parts[at] == "infer") found.route = route_of(Endpoint::v2_infer);
  return found;
}

/// `text` with %XX replaced by its bytes; as it stands where that is none.
[[nodiscard]] inline std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

/// True for a method that `allow` ("GET, HEAD") lists.
[[nodiscard]] inline bool is_allowed(std::string_view allow, std::string_view method) {
  for (std::string_view rest = allow; rest.data() != nullptr;) {
    if (trimmed(take_part(rest, ',')) == method) return true;
  }
  return false;
}

enum class Media { json, ndjson, csv, other };

/// The media type of a Content-Type; `other` for what is not accepted, an alien charset too.
[[nodiscard]] inline Media media_of(std::string_view content_type) {
  std::string_view rest = content_type;
  const std::string_view type = trimmed(take_part(rest, ';'));
  while (rest.data() != nullptr) {
    const std::string_view part = take_part(rest, ';');
    const auto at = part.find('=');
    if (at == std::string_view::npos) continue;
    const std::string_view name = trimmed(part.substr(0, at));
    std::string_view value = trimmed(part.substr(at + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (equal_ignoring_case(name, "charset") && !equal_ignoring_case(value, "utf-8") &&
        !equal_ignoring_case(value, "us-ascii")) {
      return Media::other;
    }
    if (equal_ignoring_case(name, "header") && !equal_ignoring_case(value, "present")) return Media::other;
  }
  if (equal_ignoring_case(type, "application/json")) return Media::json;
  if (equal_ignoring_case(type, "application/x-ndjson")) return Media::ndjson;
  return equal_ignoring_case(type, "text/csv") ? Media::csv : Media::other;
}

}  // namespace riskflag::inline v0_1::serve::detail
