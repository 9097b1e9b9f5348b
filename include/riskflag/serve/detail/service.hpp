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
#include <riskflag/core/error.hpp>
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
inline void find_request_id(const Request& request, DecisionIds ids, std::string& out) {
  out.clear();
  const auto sent = request.header("X-Request-Id");
  if (sent && is_request_id(*sent)) {
    out = *sent;
    return;
  }
  const std::string_view trace = sent ? std::string_view() : trace_id_of(request.header("traceparent").value_or(""));
  trace.empty() ? ids.append(out) : void(out = trace);
}
[[nodiscard]] inline std::string request_id_of(const Request& request) {
  std::string out;
  find_request_id(request, DecisionIds(now_ms()), out);
  return out;
}

inline void add_own_headers(Response& response, std::string_view request_id) {
  response.headers.add("X-Request-Id", request_id);
  // An answer is data: no browser may guess another type, run it, or show it inside another page.
  static constexpr std::string_view kOwn =
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
  constexpr std::string_view kPolicy = "Content-Security-Policy: ";
  const bool has_policy = response.headers.text().find(kPolicy) != std::string::npos;
  response.headers.add_lines(has_policy ? kOwn.substr(0, kOwn.find(kPolicy)) : kOwn);
}
[[nodiscard]] inline Response with_own_headers(Response response, std::string_view request_id) {
  add_own_headers(response, request_id);
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
  Ticket ticket;
  if (!answer(request, ticket)) {
    Ticket* const one = &ticket;
    settle({&one, 1});
  }
  return std::move(ticket.response);
}

inline bool Service::answer(const Request& request, Ticket& ticket) const noexcept {
  ticket.begun_ns_ = metrics_.begin();
  ticket.request_ = request;
  ticket.plan_.reset();
  ticket.work_.reset();
  ticket.seat_.reset();
  ticket.response.reset();
  Response& response = ticket.response;
  try {
    ticket.begun_ms_ = now_ms();
    detail::find_request_id(request, DecisionIds(ticket.begun_ms_), ticket.request_id_);
    try {
      if (auto refusal = refuse_head(request, ticket.request_id_, ticket.plan_)) {
        response = std::move(*refusal);
      } else {
        respond(ticket);
      }
    } catch (const std::bad_alloc&) {
      response =
          detail::problem_for(ticket.plan_.target.route,
                              {503, "overloaded", "the request needs more memory than there is"}, ticket.request_id_);
    } catch (const std::exception&) {
      response = detail::problem_for(ticket.plan_.target.route,
                                     {500, "internal", "the request could not be answered; the defect is ours"},
                                     ticket.request_id_);
    }
    detail::add_own_headers(response, ticket.request_id_);
    if (ticket.seat_ != nullptr) {
      if (decisions_ != nullptr) return false;
      decide(ticket, true);
    }
  } catch (...) {
    ticket.seat_.reset();
    response = Response{500, {}, {}};
  }
  finish(ticket);
  return true;
}

inline void Service::settle(std::span<Ticket* const> tickets) const noexcept {
  bool written = false;
  try {
    std::string* lines = nullptr;  // of all, in the memory of the first
    for (const Ticket* each : tickets) {
      if (each->seat_ == nullptr) continue;
      std::string& own = each->seat_->memory.records.lines;
      lines == nullptr ? void(lines = &own) : void(*lines += own);
    }
    written = lines == nullptr || decisions_->append(*lines);
  } catch (...) {  // no memory
  }
  for (Ticket* each : tickets) {
    if (each->seat_ == nullptr) continue;
    try {
      decide(*each, written);
    } catch (...) {
      each->seat_.reset();
      each->response = Response{500, {}, {}};
    }
    finish(*each);
  }
}

inline void Service::finish(const Ticket& ticket) const noexcept {
  const detail::Route* found = ticket.plan_.target.route;
  const auto route =
      found == nullptr ? ServiceMetrics::kNoRoute : static_cast<std::size_t>(found - detail::kRoutes.data());
  const int status = ticket.response.status;
  const std::int64_t ns = metrics_.finished(route, ticket.request_.method, status, ticket.begun_ns_);
  log_access(ticket.plan_, ticket.request_id_, status, ns, ticket.work_);
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

inline void Service::respond(Ticket& ticket) const {
  using detail::Endpoint;
  switch (const Endpoint endpoint = ticket.plan_.target.route->endpoint) {
    case Endpoint::score: return score(ticket);
    case Endpoint::invocations:
    case Endpoint::v2_infer: return score_table(ticket);
    case Endpoint::outcomes: return take_outcomes(ticket);
    default: ticket.response = plain_answer(endpoint);
  }
}

/// To what has no body.
inline Response Service::plain_answer(detail::Endpoint endpoint) const {
  using detail::Endpoint;
  using detail::json_response;
  const bool is_ready = state() == State::ready;
  const auto text = [](std::string body, int status = 200) {
    return Response{status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
  };
  switch (endpoint) {
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
    case Endpoint::v2_infer:
    case Endpoint::outcomes:
    case Endpoint::score: break;  // respond()
  }
  fail(ErrorCode::internal, "serve", "an endpoint that answers a body was asked without one");
}

inline void Service::take_outcomes(Ticket& ticket) const {
  using Outcomes = ServiceMetrics::Outcomes;
  detail::OutcomeReader reader(ticket.request_id_);
  ticket.plan_.media == detail::Media::ndjson ? reader.ndjson(ticket.request_.body) : reader.json(ticket.request_.body);
  if (const auto problem = reader.problem()) {
    metrics_.outcomes(Outcomes::refused, reader.outcomes());
    ticket.response = problem_response(*problem, ticket.request_id_);
    return;
  }
  if (!outcomes_->append(reader.lines())) {
    metrics_.outcomes(Outcomes::failed, reader.outcomes());
    ticket.response = problem_response({503, "log_unavailable", "the outcomes cannot be written; none was taken"},
                                       ticket.request_id_);
    return;
  }
  metrics_.outcomes(Outcomes::accepted, reader.outcomes());
  for (const auto& each : reader.taken()) performances_->outcome(each.decision, each.positive, each.observed_ms);
  ticket.work_.rows = reader.outcomes();
  ticket.response = detail::json_response(R"({"accepted":)" + std::to_string(reader.outcomes()) + "}", 202);
}

}  // namespace riskflag::inline v0_1::serve
