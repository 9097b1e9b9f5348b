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

/// The sender's own id where it is one, else a new one.
[[nodiscard]] inline std::string request_id_of(const std::optional<std::string_view>& sent) {
  return sent && is_request_id(*sent) ? std::string(*sent) : DecisionIds().next();
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

inline Service::Service(std::shared_ptr<const bundle::Bundle> model) {
  serving_ = serving_of(std::move(model));
  last_reload_.at = serving_.loaded->loaded_at;
}

inline Service::Serving Service::serving_of(std::shared_ptr<const bundle::Bundle> model) const {
  Serving serving;
  serving.loaded = std::make_shared<const Loaded>(std::move(model));
  serving.predictions = metrics_.version(serving.loaded->model->version);
  const monitor::Reference& reference = serving.loaded->model->reference;
  // An import without data has no profile.
  if (reference.rows > 0 && reference.fields.size() == serving.loaded->codec.program().inputs().size()) {
    serving.live = std::make_shared<monitor::LiveProfile>(reference);
  }
  return serving;
}

inline void Service::replace(std::shared_ptr<const bundle::Bundle> model) {
  Serving old = serving_of(std::move(model));  // outside of the lock: it takes its time
  const std::string loaded_at = old.loaded->loaded_at;
  std::vector<std::unique_ptr<Seat>> old_seats;
  {
    const std::lock_guard guard(lock_);
    std::swap(serving_, old);
    std::swap(seats_, old_seats);
    last_reload_ = {loaded_at, false, {}};
  }
  metrics_.reloaded(ServiceMetrics::Reload::ok);
}

inline void Service::set_keys(std::shared_ptr<const ApiKeys> keys) {
  const std::lock_guard guard(lock_);
  keys_ = std::move(keys);
  has_keys_.store(keys_ != nullptr);
}

inline std::shared_ptr<const ApiKeys> Service::keys() const {
  const std::lock_guard guard(lock_);
  return keys_;
}

inline void Service::replace_failed(std::string_view why) {
  metrics_.reloaded(ServiceMetrics::Reload::failed);
  const std::lock_guard guard(lock_);
  last_reload_ = {rfc3339(now_ms()), true, std::string(why)};
}

inline Response Service::handle(const Request& request) const noexcept {
  const std::int64_t begun = metrics_.begin();
  Plan plan;
  Work work;
  Response response;
  std::string request_id;
  try {
    request_id = detail::request_id_of(request.header("X-Request-Id"));
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
    const std::string request_id = detail::request_id_of(head.header("X-Request-Id"));
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
    const std::string request_id = detail::request_id_of(Request{.headers = headers}.header("X-Request-Id"));
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
    case Endpoint::model: return json_response(current().loaded->model_text);
    case Endpoint::schema: return {200, {{"Content-Type", "application/schema+json"}}, current().loaded->schema_text};
    case Endpoint::openapi: return json_response(current().loaded->openapi);
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
    case Endpoint::v2_model: return json_response(current().loaded->v2_text);
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
  const Serving serving = current();
  const bundle::Bundle& model = *serving.loaded->model;
  return metrics_.page({model.name, model.version, model.digest}, serving.live.get(), accesses_.get());
}

inline std::string Service::monitor_text() const {
  const Serving serving = current();
  return R"({"model":)" + serving.loaded->model_object + R"(,"live":)" +
         (serving.live ? serving.live->text() : "null") + "}";
}

inline Response Service::score(const Request& request, const Plan& plan, std::string_view request_id,
                               Work& work) const {
  auto seat = take_seat();
  const Codec& codec = seat->serving.loaded->codec;
  if (plan.explain > 0 && !codec.can_explain()) {
    give_back(std::move(seat));
    return problem_response({400, "bad_request",
                             "explain: this model has no counts of its training rows, which reasons need; leave the "
                             "parameter out"},
                            request_id);
  }
  begin(*seat, plan, request_id);
  Response response;
  Codec::Outcome outcome;
  if (plan.media == detail::Media::json) {
    outcome = codec.json(request.body, response.body, seat->memory);
    response.headers.emplace_back("Content-Type", "application/json");
  } else if (plan.media == detail::Media::ndjson) {
    outcome = codec.ndjson(request.body, response.body, seat->memory);
    response.headers.emplace_back("Content-Type", "application/x-ndjson");
  } else {
    outcome = codec.csv(request.body, response.body, seat->memory);
    response.headers.emplace_back("Content-Type", "text/csv; charset=utf-8; header=present");
    response.headers.emplace_back("X-Ignored-Columns", std::to_string(outcome.ignored_columns));
  }
  std::optional<Problem> unkept;
  if (!outcome.problem) unkept = keep(seat->memory.records);
  if (!outcome.problem && !unkept) count(*seat, outcome.rows - outcome.bad_rows, outcome.high, work);
  give_back(std::move(seat));
  if (outcome.problem) return problem_response(*outcome.problem, request_id);
  if (unkept) return problem_response(*unkept, request_id);
  return response;
}

/// MLflow's bodies and tensors: all rows or none.
inline Response Service::score_table(const Request& request, const Plan& plan, std::string_view request_id,
                                     Work& work) const {
  auto seat = take_seat();
  begin(*seat, plan, request_id);
  const Loaded& loaded = *seat->serving.loaded;
  detail::TableScores scores;
  Response response;
  if (plan.target.route->endpoint == detail::Endpoint::v2_infer) {
    detail::V2Infer infer(loaded.codec, seat->memory, scores);
    infer.score(request.body);
    response = scores.problem ? detail::v2_problem(*scores.problem) : infer.response(*loaded.model);
  } else {
    if (plan.media == detail::Media::csv) {
      detail::score_mlflow_csv(loaded.codec, request.body, seat->memory, scores);
    } else {
      detail::MlflowJson(loaded.codec, seat->memory, scores).score(request.body);
    }
    response = scores.problem ? detail::mlflow_problem(*scores.problem) : detail::mlflow_response(scores);
  }
  if (!scores.problem) {
    if (const auto unkept = keep(seat->memory.records)) {
      response = detail::problem_for(plan.target.route, *unkept, request_id);
    } else {
      count(*seat, scores.probabilities.size(), scores.high, work);
    }
  }
  give_back(std::move(seat));
  return response;
}

inline std::optional<Problem> Service::keep(const DecisionRecords& records) const {
  if (records.log == nullptr || decisions_->append(records.lines)) return std::nullopt;
  metrics_.log_failed();
  if (decisions_->failure() == LogFailure::go_on) return std::nullopt;
  return Problem{503, "log_unavailable", "the decision log cannot be written, so nothing was decided"};
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
  work.rows = reader.outcomes();
  return detail::json_response(R"({"accepted":)" + std::to_string(reader.outcomes()) + "}", 202);
}

inline void Service::begin(Seat& seat, const Plan& plan, std::string_view request_id) const {
  seat.memory.explain = plan.explain;
  seat.memory.records.begin(decisions_.get(), request_id);
  seat.memory.layout = seat.serving.live ? &seat.serving.live->layout() : nullptr;
  seat.memory.places.clear();
}

/// What is answered, and nothing else.
inline void Service::count(const Seat& seat, std::uint64_t rows, std::uint64_t high, Work& work) const {
  work.rows = rows;
  work.model_version = seat.serving.loaded->model->version;
  seat.serving.predictions->counts.add(ServiceMetrics::Predictions::kHigh, high);
  seat.serving.predictions->counts.add(ServiceMetrics::Predictions::kLow, rows - high);
  if (seat.serving.live) seat.serving.live->add(seat.memory.places);
}

inline void Service::tick(std::int64_t now_ms) {
  if (const auto live = current().live) live->tick(now_ms);
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
  constexpr std::size_t kMuch = std::size_t{1} << 20;  // of a batch: not kept for single rows
  if (std::string& lines = seat->memory.records.lines; lines.capacity() > kMuch) lines = {};
  if (auto& places = seat->memory.places; places.capacity() > kMuch / 4) places = {};
  const std::lock_guard guard(lock_);
  // One whose model was replaced meanwhile goes with it.
  if (seat->serving.loaded == serving_.loaded && seats_.size() < 256) seats_.push_back(std::move(seat));
}

}  // namespace riskflag::inline v0_1::serve
