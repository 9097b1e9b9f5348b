#pragma once

// What a request is refused for before its body is read.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle/reasons.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/serve/detail/inference_v2.hpp>
#include <riskflag/serve/detail/mlflow_scoring.hpp>
#include <riskflag/serve/detail/routes.hpp>
#include <riskflag/serve/problem.hpp>
#include <riskflag/serve/service.hpp>

namespace riskflag::inline v0_1::serve {
namespace detail {

/// [A-Za-z0-9._-]{1,64}
[[nodiscard]] inline bool is_request_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!good) return false;
  }
  return true;
}

/// The trace that a `traceparent` of any version tells; empty where it is none (W3C Trace Context, 3.2).
[[nodiscard]] inline std::string_view trace_id_of(std::string_view parent) noexcept {
  constexpr std::size_t kSize = 55;  // 00-TRACE-PARENT-FLAGS; later versions may say more behind a dash
  const std::string_view version = parent.substr(0, 2);
  if (parent.size() < kSize || version == "ff" || (parent.size() > kSize && (version == "00" || parent[kSize] != '-')))
    return {};
  for (std::size_t i = 0; i < kSize; ++i) {
    const char c = parent[i];
    const bool dash = i == 2 || i == 35 || i == 52;
    if (dash ? c != '-' : (c < '0' || c > '9') && (c < 'a' || c > 'f')) return {};
  }
  const std::string_view trace = parent.substr(3, 32);
  const auto is_zero = [](std::string_view id) { return id.find_first_not_of('0') == std::string_view::npos; };
  return is_zero(trace) || is_zero(parent.substr(36, 16)) ? std::string_view() : trace;
}

/// The form that errors have at that route; our own where there is none.
[[nodiscard]] inline Response problem_for(const Route* route, const Problem& problem, std::string_view request_id) {
  const Protocol protocol = route == nullptr ? Protocol::own : route->protocol;
  if (protocol == Protocol::own) return problem_response(problem, request_id);
  Response response = protocol == Protocol::mlflow ? mlflow_problem(problem) : v2_problem(problem);
  if (problem.status == 503) response.headers.add("Retry-After", "1");
  return response;
}

}  // namespace detail

inline std::optional<Response> Service::refuse_head(const Request& request, std::string_view request_id,
                                                    Plan& plan) const {
  const auto problem = head_problem(request, plan);
  if (!problem) return std::nullopt;
  Response response = detail::problem_for(plan.target.route, *problem, request_id);
  if (problem->status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  if (problem->status == 405) response.headers.add("Allow", std::string(plan.target.route->allow));
  return response;
}

inline std::optional<Problem> Service::head_problem(const Request& request, Plan& plan) const {
  using detail::Endpoint;
  const std::string_view path = request.path();
  plan.target = detail::find_target(path);
  const detail::Route* route = plan.target.route;
  if (route == nullptr) {
    std::vector<std::string_view> paths;
    for (const auto& each : detail::kRoutes) paths.push_back(each.path);
    const std::string hint = path.size() <= 100 ? did_you_mean(path, paths) : std::string();
    return Problem{404, "not_found", "there is nothing at " + quoted(path) + hint};
  }
  if (const auto keys = has_keys_.load() ? this->keys() : nullptr) {
    const auto verdict = keys->judge(request.header("Authorization"), detail::scope_of(route->endpoint), &plan.key);
    if (verdict == ApiKeys::Verdict::unknown) {
      return Problem{401, "unauthorized", "an API key is needed here; send it as Authorization: Bearer KEY"};
    }
    if (verdict == ApiKeys::Verdict::forbidden) {
      return Problem{403, "forbidden", "this API key may not ask for " + std::string(route->path)};
    }
  }
  if (route->endpoint == Endpoint::outcomes && outcomes_ == nullptr) {
    return Problem{404, "not_found", "outcomes are not taken here; riskflag-serve takes them with --outcomes DIR"};
  }
  if (!detail::is_allowed(route->allow, request.method)) {
    return Problem{405, "method_not_allowed",
                   "the method " + quoted(request.method) + " is not accepted at " + std::string(path) +
                       "; accepted: " + std::string(route->allow)};
  }
  if (detail::scope_of(route->endpoint) == Scope::open) return std::nullopt;  // a probe must not fail for a bad id
  if (const auto sent = request.header("X-Request-Id"); sent && !detail::is_request_id(*sent)) {
    return Problem{400, "bad_request", "the header X-Request-Id is not 1 to 64 characters of A-Z a-z 0-9 . _ -"};
  }
  if (!plan.target.model.empty()) {
    const auto model = this->model();
    if (detail::percent_decoded(plan.target.model) != model->name) {
      return Problem{404, "not_found",
                     "there is no model " + quoted(plan.target.model) + "; " + quoted(model->name) + " is served"};
    }
    if (!plan.target.version.empty() && detail::percent_decoded(plan.target.version) != model->version) {
      return Problem{
          404, "not_found",
          "there is no version " + quoted(plan.target.version) + "; " + quoted(model->version) + " is served"};
    }
  }
  if (route->allow != "POST") return std::nullopt;

  if (state() == State::starting) return Problem{503, "not_ready", "the model is being loaded"};
  for (std::string_view rest = request.query(); rest.data() != nullptr;) {
    const std::string_view part = take_part(rest, '&');
    const std::string_view name = part.substr(0, part.find('='));
    if (name == "explain" && route->endpoint == Endpoint::score && plan.explain == 0) {
      const std::string_view value = part.substr(std::min(part.size(), name.size() + 1));
      const auto most = parse_integer(value);
      if (!most || *most < 1 || *most > std::int64_t{bundle::kMostReasons}) {
        return Problem{400, "bad_request", "explain is " + quoted(value) + "; a number from 1 to 10 is accepted"};
      }
      plan.explain = static_cast<std::size_t>(*most);
      continue;
    }
    if (!part.empty())
      return Problem{400, "bad_request",
                     "the query parameter " + quoted(name) + " is not accepted here" +
                         (route->endpoint == Endpoint::score ? "; explain=1 to explain=10, once, is" : "; none is")};
  }
  if (request.header("Inference-Header-Content-Length")) {
    return Problem{400, "bad_request", "binary tensors are not accepted; send \"data\" as JSON"};
  }
  if (const auto coding = request.header("Content-Encoding")) {
    return Problem{415, "unsupported_media_type",
                   "Content-Encoding " + quoted(*coding) + " is not accepted; send the body as it is"};
  }
  const auto type = request.header("Content-Type");
  // Triton's clients send no Content-Type.
  plan.media = type                                    ? detail::media_of(*type)
               : route->endpoint == Endpoint::v2_infer ? detail::Media::json
                                                       : detail::Media::other;
  const bool accepted = plan.media == detail::Media::json ||
                        (plan.media == detail::Media::csv &&
                         (route->endpoint == Endpoint::score || route->endpoint == Endpoint::invocations)) ||
                        (plan.media == detail::Media::ndjson &&
                         (route->endpoint == Endpoint::score || route->endpoint == Endpoint::outcomes));
  if (!accepted) {
    return Problem{
        415, "unsupported_media_type",
        (type ? "Content-Type " + quoted(*type) + " is not accepted" : std::string("the request has no Content-Type")) +
            (route->endpoint == Endpoint::score
                 ? "; application/json, application/x-ndjson and text/csv with a header are, in UTF-8"
             : route->endpoint == Endpoint::outcomes    ? "; application/json and application/x-ndjson are, in UTF-8"
             : route->endpoint == Endpoint::invocations ? "; application/json and text/csv with a header are, in UTF-8"
                                                        : "; application/json in UTF-8 is")};
  }
  return std::nullopt;
}

}  // namespace riskflag::inline v0_1::serve
