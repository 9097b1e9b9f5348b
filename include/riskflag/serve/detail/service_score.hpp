#pragma once

// How a service scores a body.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/serve/detail/inference_v2.hpp>
#include <riskflag/serve/detail/mlflow_scoring.hpp>
#include <riskflag/serve/detail/service_head.hpp>
#include <riskflag/serve/service.hpp>

namespace riskflag::inline v0_1::serve {

inline const detail::Lane& Service::lane_of(const Request& request) const {
  const bool away = challenger_ != nullptr && challenger_->split.takes(request.header("X-Routing-Key"));
  return away ? challenger_->lane : champion_;
}

inline Response Service::score(const Request& request, const Plan& plan, std::string_view request_id,
                               Work& work) const {
  const detail::Lane& lane = lane_of(request);
  auto seat = lane.take_seat();
  const Codec& codec = seat->serving.loaded->codec;
  if (plan.explain > 0 && !codec.can_explain()) {
    lane.give_back(std::move(seat));
    return problem_response({400, "bad_request",
                             "explain: this model has no counts of its training rows, which reasons need; leave the "
                             "parameter out"},
                            request_id);
  }
  begin(*seat, plan, request_id);
  const bool is_shadowed = shadow_ != nullptr && &lane == &champion_;
  seat->memory.keep_scored |= is_shadowed;
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
  if (!outcome.problem && !unkept) {
    count(*seat, outcome.rows - outcome.bad_rows, outcome.high, work);
    if (is_shadowed)
      shadow_->offer(request.body, plan.media, request_id, work.model_version, std::move(seat->memory.scored));
  }
  lane.give_back(std::move(seat));
  if (outcome.problem) return problem_response(*outcome.problem, request_id);
  if (unkept) return problem_response(*unkept, request_id);
  return response;
}

/// MLflow's bodies and tensors: all rows or none. The champion's: these answers do not say which model scored.
inline Response Service::score_table(const Request& request, const Plan& plan, std::string_view request_id,
                                     Work& work) const {
  auto seat = champion_.take_seat();
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
  champion_.give_back(std::move(seat));
  return response;
}

inline std::optional<Problem> Service::keep(const DecisionRecords& records) const {
  if (records.log == nullptr || decisions_->append(records.lines)) return std::nullopt;
  metrics_.log_failed();
  if (decisions_->failure() == LogFailure::go_on) return std::nullopt;
  return Problem{503, "log_unavailable", "the decision log cannot be written, so nothing was decided"};
}

inline void Service::begin(detail::Seat& seat, const Plan& plan, std::string_view request_id) const {
  seat.memory.explain = plan.explain;
  seat.memory.records.begin(decisions_.get(), request_id);
  seat.memory.layout = seat.serving.live ? &seat.serving.live->layout() : nullptr;
  seat.memory.places.clear();
  seat.memory.keep_scored = seat.serving.performance != nullptr;
  seat.memory.scored.clear();
}

/// What is answered, and nothing else.
inline void Service::count(const detail::Seat& seat, std::uint64_t rows, std::uint64_t high, Work& work) const {
  work.rows = rows;
  work.model_version = seat.serving.loaded->model->version;
  seat.serving.predictions->add(rows, high);
  if (seat.serving.live) seat.serving.live->add(seat.memory.places);
  seat.serving.decided(seat.memory.scored);
}

}  // namespace riskflag::inline v0_1::serve
