#pragma once

// The models that a service holds, and what it tells of them.

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/monitor/exposition.hpp>
#include <riskflag/monitor/process.hpp>
#include <riskflag/serve/detail/stand_in.hpp>
#include <riskflag/serve/service.hpp>

namespace riskflag::inline v0_1::serve {

inline Service::Service(std::shared_ptr<const bundle::Bundle> model)
    : champion_(detail::serving_of(std::make_shared<const Loaded>(std::move(model)), ModelRole::champion, metrics_)) {
  last_reload_.at = champion_.current().loaded->loaded_at;
}

inline void Service::set_challenger(std::shared_ptr<const bundle::Bundle> model, double percent) {
  auto loaded = std::make_shared<const Loaded>(std::move(model), ModelRole::challenger);
  detail::check_stand_in(*champion_.current().loaded, *loaded, ModelRole::challenger);
  challenger_ = std::make_unique<Challenger>(serving_of(std::move(loaded), ModelRole::challenger), percent);
}

inline void Service::set_shadow(std::shared_ptr<const bundle::Bundle> model) {
  auto loaded = std::make_shared<const Loaded>(std::move(model), ModelRole::shadow);
  detail::check_stand_in(*champion_.current().loaded, *loaded, ModelRole::shadow);
  shadow_ = std::make_unique<detail::Shadow>(serving_of(std::move(loaded), ModelRole::shadow));
}

inline std::vector<const detail::Lane*> Service::lanes() const {
  std::vector<const detail::Lane*> out{&champion_};
  if (challenger_) out.push_back(&challenger_->lane);
  if (shadow_) out.push_back(&shadow_->lane());
  return out;
}

inline detail::Serving Service::serving_of(std::shared_ptr<const Loaded> loaded, ModelRole role) {
  detail::Serving serving = detail::serving_of(std::move(loaded), role, metrics_);
  if (performances_) serving.performance = performances_->of(*serving.loaded->model, role);
  return serving;
}

inline void Service::set_outcome_log(std::shared_ptr<OutcomeLog> log, monitor::LivePerformanceOptions performance) {
  outcomes_ = std::move(log);
  performances_ = outcomes_ == nullptr ? nullptr : std::make_unique<detail::Performances>(performance);
  const auto begin = [&](detail::Lane& lane, ModelRole role) { lane.replace(serving_of(lane.current().loaded, role)); };
  begin(champion_, ModelRole::champion);
  if (challenger_) begin(challenger_->lane, ModelRole::challenger);
  if (shadow_) begin(shadow_->lane(), ModelRole::shadow);
}

inline bool Service::score_shadow(std::chrono::milliseconds wait) noexcept {
  return shadow_ != nullptr && shadow_->work(wait, decisions_.get(), metrics_);
}

inline detail::Lane& Service::lane_of(ModelRole role) {
  if (role == ModelRole::challenger && challenger_) return challenger_->lane;
  if (role == ModelRole::shadow && shadow_) return shadow_->lane();
  if (role != ModelRole::champion) fail(ErrorCode::internal, "serve", "there is no " + std::string(name_of(role)));
  return champion_;
}

inline void Service::replace(std::shared_ptr<const bundle::Bundle> model, ModelRole role) {
  const std::lock_guard one(replacing_);
  detail::Lane& lane = lane_of(role);
  auto loaded = std::make_shared<const Loaded>(std::move(model), role);  // takes its time, beside the requests
  if (role != ModelRole::champion) {
    detail::check_stand_in(*champion_.current().loaded, *loaded, role);
  } else if (challenger_) {  // a shadow's failures concern nobody: it does not hold the champion up
    detail::check_stand_in(*loaded, *challenger_->lane.current().loaded, ModelRole::challenger);
  }
  const std::string loaded_at = loaded->loaded_at;
  lane.replace(serving_of(std::move(loaded), role));
  metrics_.reloaded(ServiceMetrics::Reload::ok);
  if (role != ModelRole::champion) return;
  const std::lock_guard guard(lock_);
  last_reload_ = {loaded_at, false, {}};
}

inline void Service::replace_failed(std::string_view why, ModelRole role) {
  metrics_.reloaded(ServiceMetrics::Reload::failed);
  if (role != ModelRole::champion) return;
  const std::lock_guard guard(lock_);
  last_reload_ = {rfc3339(now_ms()), true, std::string(why)};
}

inline void Service::tick(std::int64_t now_ms) {
  for (const detail::Lane* lane : lanes()) {
    if (const auto live = lane->current().live) live->tick(now_ms);
  }
  if (performances_) performances_->tick();
}

inline Response Service::readiness() const {
  const State now = state();
  const std::string_view status = now == State::ready ? "ready" : now == State::starting ? "starting" : "draining";
  const std::string model = champion_.current().loaded->model_object;
  JsonWriter json;
  {
    const std::lock_guard guard(lock_);
    json.begin_object().key("status").value(status).key("model").raw(model);
    json.key("last_reload").begin_object().key("at").value(std::string_view(last_reload_.at));
    json.key("result").value(last_reload_.failed ? "failed" : "ok").key("detail");
    last_reload_.failed ? json.value(std::string_view(last_reload_.detail)) : json.null();
    json.end_object().end_object();
  }
  Response response = detail::json_response(std::move(json).text(), now == State::ready ? 200 : 503);
  if (now != State::ready) response.headers.add("Retry-After", "1");
  return response;
}

inline std::string Service::metrics_text() const {
  const detail::Serving serving = champion_.current();
  const bundle::Bundle& model = *serving.loaded->model;
  monitor::Exposition page;
  metrics_.write(page, {model.name, model.version, model.digest});
  if (accesses_) accesses_->write(page);
  if (shadow_) shadow_->write(page);
  std::vector<detail::Serving> others;
  for (const detail::Lane* lane : lanes()) others.push_back(lane->current());
  std::vector<monitor::LiveProfile::Beside> beside;
  for (std::size_t i = 1; i < others.size(); ++i) {
    if (!others[i].live) continue;
    beside.push_back({others[i].live.get(), name_of(others[i].predictions->role), others[i].predictions->version});
  }
  if (serving.live) serving.live->write(page, model.version, beside);
  if (serving.performance) serving.performance->write(page);
  monitor::write_process(page);
  return std::move(page).text();
}

inline std::string Service::monitor_text() const {
  const detail::Serving serving = champion_.current();
  JsonWriter json;
  json.begin_object().key("model").raw(serving.loaded->model_object).key("live");
  serving.live ? json.raw(serving.live->text()) : json.null();
  json.key("performance");
  serving.performance ? serving.performance->write_json(json) : void(json.null());
  json.key("unknown_outcomes");
  performances_ ? json.value(performances_->unknown()) : json.null();
  json.key("challenger");
  if (challenger_) {
    const detail::Serving away = challenger_->lane.current();
    json.begin_object().key("model").raw(away.loaded->model_object);
    json.key("percent").value(challenger_->split.percent()).key("live");
    away.live ? json.raw(away.live->text()) : json.null();
    json.key("performance");
    away.performance ? away.performance->write_json(json) : void(json.null());
    json.end_object();
  } else {
    json.null();
  }
  json.key("shadow");
  shadow_ ? json.raw(shadow_->text()) : json.null();
  json.end_object();
  return std::move(json).text();
}

}  // namespace riskflag::inline v0_1::serve
