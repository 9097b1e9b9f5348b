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

inline Service::Service(std::shared_ptr<const bundle::Bundle> model) : model_(std::move(model)), codec_(*model_) {
  loaded_at_ = rfc3339(now_ms());
  JsonWriter json;
  json.begin_object()
      .key("name")
      .value(std::string_view(model_->name))
      .key("version")
      .value(std::string_view(model_->version));
  json.key("digest").value(std::string_view(model_->digest)).end_object();
  model_object_ = std::move(json).text();
  schema_text_ = json_schema_text(model_->schema, model_->name);
  model_text_ = model_text();
}

inline std::string Service::model_text() const {
  const bundle::Bundle& b = *model_;
  JsonWriter json;
  json.begin_object();
  json.key("name").value(std::string_view(b.name)).key("version").value(std::string_view(b.version));
  json.key("digest").value(std::string_view(b.digest)).key("kind").value(bundle::name_of(b.kind()));
  json.key("objective").value(std::string_view(b.model.objective.name)).key("threshold").value(b.decision.threshold);
  json.key("positive").value(std::string_view(b.schema.positive));
  json.key("trees")
      .value(static_cast<std::uint64_t>(b.model.trees.size()))
      .key("best_iteration")
      .value(b.model.best_iteration);
  json.key("features").begin_array();
  for (const auto& feature : b.model.features) json.value(std::string_view(feature.name));
  json.end_array().key("fields").begin_array();
  for (const auto& field : codec_.program().inputs()) json.value(std::string_view(field));
  json.end_array().key("id_fields").begin_array();
  for (const auto& field : codec_.book().ids()) json.value(std::string_view(field));
  json.end_array().key("calibration").value(std::string_view(b.calibration.method));
  json.key("engine").value(std::string_view(b.predictor.describe())).key("library_version").value(kVersion);
  json.key("loaded_at").value(std::string_view(loaded_at_)).key("metrics").raw(trimmed(b.metrics_json)).end_object();
  return std::move(json).text();
}

inline Response Service::handle(const Request& request) const noexcept {
  try {
    const std::string request_id = detail::request_id_of(request.header("X-Request-Id"));
    Response response;
    try {
      Plan plan;
      auto refusal = refuse_head(request, request_id, plan);
      response = refusal ? std::move(*refusal) : answer(request, plan, request_id);
    } catch (const std::bad_alloc&) {
      response = problem_response({503, "overloaded", "the request needs more memory than there is"}, request_id);
    } catch (const std::exception&) {
      response =
          problem_response({500, "internal", "the request could not be answered; the defect is ours"}, request_id);
    }
    return detail::with_own_headers(std::move(response), request_id);
  } catch (...) {
    return Response{500, {}, {}};
  }
}

inline std::optional<Response> Service::screen(const Request& head) const noexcept {
  try {
    const std::string request_id = detail::request_id_of(head.header("X-Request-Id"));
    Plan plan;
    auto refusal = refuse_head(head, request_id, plan);
    if (!refusal) return std::nullopt;
    return detail::with_own_headers(std::move(*refusal), request_id);
  } catch (...) {
    return std::nullopt;  // handle() says what is wrong
  }
}

inline Response Service::refuse(int status, std::string_view code, std::string_view text,
                                std::span<const Header> headers) const noexcept {
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
    case detail::Endpoint::model: return detail::json_response(model_text_);
    case detail::Endpoint::schema: return {200, {{"Content-Type", "application/schema+json"}}, schema_text_};
    case detail::Endpoint::score: break;
  }
  return score(request, plan.media, request_id);
}

inline Response Service::readiness() const {
  const State now = state();
  const std::string_view status = now == State::ready ? "ready" : now == State::starting ? "starting" : "draining";
  Response response = detail::json_response("{\"status\":\"" + std::string(status) + "\",\"model\":" + model_object_ +
                                                ",\"last_reload\":\"" + loaded_at_ + "\"}",
                                            now == State::ready ? 200 : 503);
  if (now != State::ready) response.headers.emplace_back("Retry-After", "1");
  return response;
}

inline Response Service::score(const Request& request, detail::Media media, std::string_view request_id) const {
  auto memory = lend();
  Response response;
  Codec::Outcome outcome;
  if (media == detail::Media::json) {
    outcome = codec_.json(request.body, response.body, *memory);
    response.headers.emplace_back("Content-Type", "application/json");
  } else if (media == detail::Media::ndjson) {
    outcome = codec_.ndjson(request.body, response.body, *memory);
    response.headers.emplace_back("Content-Type", "application/x-ndjson");
  } else {
    outcome = codec_.csv(request.body, response.body, *memory);
    response.headers.emplace_back("Content-Type", "text/csv; charset=utf-8; header=present");
    response.headers.emplace_back("X-Ignored-Columns", std::to_string(outcome.ignored_columns));
  }
  give_back(std::move(memory));
  if (outcome.problem) return problem_response(*outcome.problem, request_id);
  return response;
}

inline std::unique_ptr<Workspace> Service::lend() const {
  {
    const std::lock_guard guard(workspaces_lock_);
    if (!workspaces_.empty()) {
      auto memory = std::move(workspaces_.back());
      workspaces_.pop_back();
      return memory;
    }
  }
  return std::make_unique<Workspace>();
}

inline void Service::give_back(std::unique_ptr<Workspace> memory) const {
  memory->row.issues.clear();
  const std::lock_guard guard(workspaces_lock_);
  if (workspaces_.size() < 256) workspaces_.push_back(std::move(memory));
}

}  // namespace riskflag::inline v0_1::serve
