#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/serve/decision_id.hpp>
#include <riskflag/serve/detail/inference_v2.hpp>
#include <riskflag/serve/detail/mlflow_scoring.hpp>
#include <riskflag/serve/detail/outcomes.hpp>
#include <riskflag/serve/detail/page.hpp>
#include <riskflag/serve/detail/service_head.hpp>
#include <riskflag/serve/json_schema.hpp>
#include <riskflag/serve/service.hpp>

namespace riskflag::inline v0_1::serve {
namespace detail {

/// The sender's own id where it is one, else that of the trace which the request belongs to, else a new one.
[[nodiscard]] inline std::string request_id_of(const Request& request) {
  const auto sent = request.header("X-Request-Id");
  if (sent && is_request_id(*sent)) return std::string(*sent);
  const std::string_view trace = sent ? std::string_view() : trace_id_of(request.header("traceparent").value_or(""));
  return trace.empty() ? DecisionIds().next() : std::string(trace);
}

[[nodiscard]] inline Response with_own_headers(Response response, std::string_view request_id) {
  response.headers.emplace_back("X-Request-Id", std::string(request_id));
  response.headers.emplace_back("Cache-Control", "no-store");
  // An answer is data: no browser may guess another type, run it, or show it inside another page.
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (response.header("Content-Security-Policy").empty()) {
    response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
  return response;
}

[[nodiscard]] inline Response json_response(std::string body, int status = 200) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

}  // namespace detail

inline void Service::set_keys(std::shared_ptr<const ApiKeys> keys) {
  const std::lock_guard guard(lock_);
  keys_ = std::move(keys);
  has_keys_.store(keys_ != nullptr);
}

inline std::shared_ptr<const ApiKeys> Service::keys() const {
  const std::lock_guard guard(lock_);
  return keys_;
}

inline Response Service::handle(const Request& request) const noexcept {
  const std::int64_t begun = metrics_.begin();
  Plan plan;
  Work work;
  Response response;
  std::string request_id;
  try {
    request_id = detail::request_id_of(request);
    try {
      auto refusal = refuse_head(request, request_id, plan);
      response = refusal ? std::move(*refusal) : answer(request, plan, request_id, work);
    } catch (const std::bad_alloc&) {
      response = detail::problem_for(plan.target.route,
                                     {503, "overloaded", "the request needs more memory than there is"}, request_id);
    } catch (const std::exception&) {
      response = detail::problem_for(
          plan.target.route, {500, "internal", "the request could not be answered; the defect is ours"}, request_id);
    }
    response = detail::with_own_headers(std::move(response), request_id);
  } catch (...) {
    response = Response{500, {}, {}};
  }
  const detail::Route* found = plan.target.route;
  const auto route =
      found == nullptr ? ServiceMetrics::kNoRoute : static_cast<std::size_t>(found - detail::kRoutes.data());
  const std::int64_t ns = metrics_.finished(route, request.method, response.status, begun);
  log_access(plan, request_id, response.status, ns, work);
  return response;
}

inline void Service::log_access(const Plan& plan, std::string_view request_id, int status, std::int64_t duration_ns,
                                const Work& work) const noexcept {
  if (accesses_ == nullptr) return;
  accesses_->add({.request_id = request_id,
                  .route = plan.target.route == nullptr ? ServiceMetrics::kOther : plan.target.route->path,
                  .status = status,
                  .duration_us = duration_ns / 1000,
                  .rows = work.rows,
                  .model_version = work.model_version,
                  .key = plan.key});
}

inline std::optional<Response> Service::screen(const Request& head) const noexcept {
  const std::int64_t begun = monotonic_ns();
  try {
    const std::string request_id = detail::request_id_of(head);
    Plan plan;
    auto refusal = refuse_head(head, request_id, plan);
    if (!refusal) return std::nullopt;
    metrics_.refused(refusal->status, {});
    log_access(plan, request_id, refusal->status, monotonic_ns() - begun, {});
    return detail::with_own_headers(std::move(*refusal), request_id);
  } catch (...) {
    return std::nullopt;  // handle() says what is wrong
  }
}

inline Response Service::refuse(int status, std::string_view code, std::string_view text,
                                std::span<const Header> headers, std::string_view reason) const noexcept {
  metrics_.refused(status, reason);
  try {
    const std::string request_id = detail::request_id_of(Request{.headers = headers});
    log_access({}, request_id, status, 0, {});
    return detail::with_own_headers(problem_response({status, std::string(code), std::string(text)}, request_id),
                                    request_id);
  } catch (...) {
    return Response{status, {}, {}};
  }
}

inline Response Service::answer(const Request& request, const Plan& plan, std::string_view request_id,
                                Work& work) const {
  using detail::Endpoint;
  using detail::json_response;
  const bool is_ready = state() == State::ready;
  const auto text = [](std::string body, int status = 200) {
    return Response{status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
  };
  switch (plan.target.route->endpoint) {
    case Endpoint::live: return json_response(R"({"status":"live"})");
    case Endpoint::ready: return readiness();
    case Endpoint::model: return json_response(champion_.current().loaded->model_text);
    case Endpoint::schema:
      return {200, {{"Content-Type", "application/schema+json"}}, champion_.current().loaded->schema_text};
    case Endpoint::openapi: return json_response(champion_.current().loaded->openapi);
    case Endpoint::monitor: return json_response(monitor_text());
    case Endpoint::page: {
      const detail::Page& page = detail::page();
      return {200, {{"Content-Type", "text/html; charset=utf-8"}, {"Content-Security-Policy", page.policy}}, page.html};
    }
    case Endpoint::metrics:
      return {200, {{"Content-Type", std::string(monitor::Exposition::kContentType)}}, metrics_text()};
    case Endpoint::ping: return text("\n", is_ready ? 200 : 503);
    case Endpoint::version: return text(std::string(detail::kMlflowVersion));
    case Endpoint::v2_server:
      return json_response(R"({"name":"riskflag","version":")" + std::string(kVersion) + R"(","extensions":[]})");
    case Endpoint::v2_live: return json_response(R"({"live":true})");
    case Endpoint::v2_ready:
      return json_response(is_ready ? R"({"ready":true})" : R"({"ready":false})", is_ready ? 200 : 503);
    case Endpoint::v2_model: return json_response(champion_.current().loaded->v2_text);
    case Endpoint::v2_model_ready:
      return json_response(
          R"({"name":)" + json_quoted(model()->name) + R"(,"ready":)" + (is_ready ? "true}" : "false}"),
          is_ready ? 200 : 503);
    case Endpoint::invocations:
    case Endpoint::v2_infer: return score_table(request, plan, request_id, work);
    case Endpoint::outcomes: return take_outcomes(request, plan, request_id, work);
    case Endpoint::score: break;
  }
  return score(request, plan, request_id, work);
}

inline Response Service::take_outcomes(const Request& request, const Plan& plan, std::string_view request_id,
                                       Work& work) const {
  using Outcomes = ServiceMetrics::Outcomes;
  detail::OutcomeReader reader(request_id);
  plan.media == detail::Media::ndjson ? reader.ndjson(request.body) : reader.json(request.body);
  if (const auto problem = reader.problem()) {
    metrics_.outcomes(Outcomes::refused, reader.outcomes());
    return problem_response(*problem, request_id);
  }
  if (!outcomes_->append(reader.lines())) {
    metrics_.outcomes(Outcomes::failed, reader.outcomes());
    return problem_response({503, "log_unavailable", "the outcomes cannot be written; none was taken"}, request_id);
  }
  metrics_.outcomes(Outcomes::accepted, reader.outcomes());
  for (const auto& each : reader.taken()) performances_->outcome(each.decision, each.positive, each.observed_ms);
  work.rows = reader.outcomes();
  return detail::json_response(R"({"accepted":)" + std::to_string(reader.outcomes()) + "}", 202);
}

}  // namespace riskflag::inline v0_1::serve
