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
#include <riskflag/serve/json_schema.hpp>
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

/// The sender's own id where it is one, else a new one.
[[nodiscard]] inline std::string request_id_of(const std::optional<std::string_view>& sent) {
  return sent && is_request_id(*sent) ? std::string(*sent) : DecisionIds().next();
}

[[nodiscard]] inline Response with_own_headers(Response response, std::string_view request_id) {
  response.headers.emplace_back("X-Request-Id", std::string(request_id));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

[[nodiscard]] inline Response json_response(std::string body, int status = 200) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

}  // namespace detail

inline Service::Service(std::shared_ptr<const bundle::Bundle> model) {
  const auto loaded = std::make_shared<const Loaded>(std::move(model));
  serving_ = {loaded, metrics_.version(loaded->model->version)};
  last_reload_.at = loaded->loaded_at;
}

inline void Service::replace(std::shared_ptr<const bundle::Bundle> model) {
  const auto loaded = std::make_shared<const Loaded>(std::move(model));  // outside of the lock: it takes its time
  Serving old{loaded, metrics_.version(loaded->model->version)};
  std::vector<std::unique_ptr<Seat>> old_seats;
  {
    const std::lock_guard guard(lock_);
    std::swap(serving_, old);
    std::swap(seats_, old_seats);
    last_reload_ = {loaded->loaded_at, false, {}};
  }
  metrics_.reloaded(ServiceMetrics::Reload::ok);
}

inline void Service::replace_failed(std::string_view why) {
  metrics_.reloaded(ServiceMetrics::Reload::failed);
  const std::lock_guard guard(lock_);
  last_reload_ = {rfc3339(now_ms()), true, std::string(why)};
}

inline Response Service::handle(const Request& request) const noexcept {
  const std::int64_t begun = metrics_.begin();
  Plan plan;
  Response response;
  try {
    const std::string request_id = detail::request_id_of(request.header("X-Request-Id"));
    try {
      auto refusal = refuse_head(request, request_id, plan);
      response = refusal ? std::move(*refusal) : answer(request, plan, request_id);
    } catch (const std::bad_alloc&) {
      response = problem_response({503, "overloaded", "the request needs more memory than there is"}, request_id);
    } catch (const std::exception&) {
      response =
          problem_response({500, "internal", "the request could not be answered; the defect is ours"}, request_id);
    }
    response = detail::with_own_headers(std::move(response), request_id);
  } catch (...) {
    response = Response{500, {}, {}};
  }
  const auto route =
      plan.route == nullptr ? ServiceMetrics::kNoRoute : static_cast<std::size_t>(plan.route - detail::kRoutes.data());
  metrics_.finished(route, request.method, response.status, begun);
  return response;
}

inline std::optional<Response> Service::screen(const Request& head) const noexcept {
  try {
    const std::string request_id = detail::request_id_of(head.header("X-Request-Id"));
    Plan plan;
    auto refusal = refuse_head(head, request_id, plan);
    if (!refusal) return std::nullopt;
    metrics_.refused(refusal->status, {});
    return detail::with_own_headers(std::move(*refusal), request_id);
  } catch (...) {
    return std::nullopt;  // handle() says what is wrong
  }
}

inline Response Service::refuse(int status, std::string_view code, std::string_view text,
                                std::span<const Header> headers, std::string_view reason) const noexcept {
  metrics_.refused(status, reason);
  try {
    const std::string request_id = detail::request_id_of(Request{.headers = headers}.header("X-Request-Id"));
    return detail::with_own_headers(problem_response({status, std::string(code), std::string(text)}, request_id),
                                    request_id);
  } catch (...) {
    return Response{status, {}, {}};
  }
}

inline std::optional<Response> Service::refuse_head(const Request& request, std::string_view request_id,
                                                    Plan& plan) const {
  auto refuse_with = [&](int status, std::string code, std::string text) {
    return problem_response({status, std::move(code), std::move(text)}, request_id);
  };
  const std::string_view path = request.path();
  plan.route = detail::find_route(path);
  if (plan.route == nullptr) {
    std::vector<std::string_view> paths;
    for (const auto& each : detail::kRoutes) paths.push_back(each.path);
    const std::string hint = path.size() <= 100 ? did_you_mean(path, paths) : std::string();
    return refuse_with(404, "not_found", "there is nothing at " + quoted(path) + hint);
  }
  if (!detail::is_allowed(plan.route->allow, request.method)) {
    auto response = refuse_with(405, "method_not_allowed",
                                "the method " + quoted(request.method) + " is not accepted at " + std::string(path) +
                                    "; accepted: " + std::string(plan.route->allow));
    response.headers.emplace_back("Allow", std::string(plan.route->allow));
    return response;
  }
  if (plan.route->endpoint == detail::Endpoint::live || plan.route->endpoint == detail::Endpoint::ready) {
    return std::nullopt;  // a probe must not fail for a bad id
  }
  if (const auto sent = request.header("X-Request-Id"); sent && !detail::is_request_id(*sent)) {
    return refuse_with(400, "bad_request", "the header X-Request-Id is not 1 to 64 characters of A-Z a-z 0-9 . _ -");
  }
  if (plan.route->endpoint != detail::Endpoint::score) return std::nullopt;

  if (state() == State::starting) return refuse_with(503, "not_ready", "the model is being loaded");
  for (const std::string_view part : split_text(request.query(), '&')) {
    const std::string_view name = part.substr(0, part.find('='));
    if (name == "explain")
      return refuse_with(400, "bad_request", "explain: this build has no explanations yet; leave the parameter out");
    if (!part.empty())
      return refuse_with(400, "bad_request", "there is no query parameter " + quoted(name) + " here; none is accepted");
  }
  if (const auto coding = request.header("Content-Encoding")) {
    return refuse_with(415, "unsupported_media_type",
                       "Content-Encoding " + quoted(*coding) + " is not accepted; send the body as it is");
  }
  const auto type = request.header("Content-Type");
  plan.media = type ? detail::media_of(*type) : detail::Media::other;
  if (plan.media == detail::Media::other) {
    return refuse_with(
        415, "unsupported_media_type",
        (type ? "Content-Type " + quoted(*type) + " is not accepted" : std::string("the request has no Content-Type")) +
            "; application/json, application/x-ndjson and text/csv with a header are, in UTF-8");
  }
  return std::nullopt;
}

inline Response Service::answer(const Request& request, const Plan& plan, std::string_view request_id) const {
  switch (plan.route->endpoint) {
    case detail::Endpoint::live: return detail::json_response(R"({"status":"live"})");
    case detail::Endpoint::ready: return readiness();
    case detail::Endpoint::model: return detail::json_response(current().loaded->model_text);
    case detail::Endpoint::schema:
      return {200, {{"Content-Type", "application/schema+json"}}, current().loaded->schema_text};
    case detail::Endpoint::metrics:
      return {200, {{"Content-Type", std::string(monitor::Exposition::kContentType)}}, metrics_text()};
    case detail::Endpoint::score: break;
  }
  return score(request, plan.media, request_id);
}

inline Response Service::readiness() const {
  const State now = state();
  const std::string_view status = now == State::ready ? "ready" : now == State::starting ? "starting" : "draining";
  JsonWriter json;
  {
    const std::lock_guard guard(lock_);
    json.begin_object().key("status").value(status).key("model").raw(serving_.loaded->model_object);
    json.key("last_reload").begin_object().key("at").value(std::string_view(last_reload_.at));
    json.key("result").value(last_reload_.failed ? "failed" : "ok").key("detail");
    last_reload_.failed ? json.value(std::string_view(last_reload_.detail)) : json.null();
    json.end_object().end_object();
  }
  Response response = detail::json_response(std::move(json).text(), now == State::ready ? 200 : 503);
  if (now != State::ready) response.headers.emplace_back("Retry-After", "1");
  return response;
}

inline std::string Service::metrics_text() const {
  const auto model = this->model();
  return metrics_.page({model->name, model->version, model->digest});
}

inline Response Service::score(const Request& request, detail::Media media, std::string_view request_id) const {
  auto seat = take_seat();
  const Codec& codec = seat->serving.loaded->codec;
  Response response;
  Codec::Outcome outcome;
  if (media == detail::Media::json) {
    outcome = codec.json(request.body, response.body, seat->memory);
    response.headers.emplace_back("Content-Type", "application/json");
  } else if (media == detail::Media::ndjson) {
    outcome = codec.ndjson(request.body, response.body, seat->memory);
    response.headers.emplace_back("Content-Type", "application/x-ndjson");
  } else {
    outcome = codec.csv(request.body, response.body, seat->memory);
    response.headers.emplace_back("Content-Type", "text/csv; charset=utf-8; header=present");
    response.headers.emplace_back("X-Ignored-Columns", std::to_string(outcome.ignored_columns));
  }
  if (!outcome.problem) {
    auto& counts = seat->serving.predictions->counts;
    counts.add(ServiceMetrics::Predictions::kHigh, outcome.high);
    counts.add(ServiceMetrics::Predictions::kLow, outcome.rows - outcome.bad_rows - outcome.high);
  }
  give_back(std::move(seat));
  if (outcome.problem) return problem_response(*outcome.problem, request_id);
  return response;
}

inline Service::Serving Service::current() const {
  const std::lock_guard guard(lock_);
  return serving_;
}

inline std::unique_ptr<Service::Seat> Service::take_seat() const {
  Serving serving;
  {
    const std::lock_guard guard(lock_);
    if (!seats_.empty()) {
      auto seat = std::move(seats_.back());
      seats_.pop_back();
      return seat;
    }
    serving = serving_;
  }
  auto seat = std::make_unique<Seat>();
  seat->serving = std::move(serving);
  return seat;
}

inline void Service::give_back(std::unique_ptr<Seat> seat) const {
  seat->memory.row.issues.clear();
  const std::lock_guard guard(lock_);
  // One whose model was replaced meanwhile goes with it.
  if (seat->serving.loaded == serving_.loaded && seats_.size() < 256) seats_.push_back(std::move(seat));
}

}  // namespace riskflag::inline v0_1::serve
