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

inline void Service::score(Ticket& ticket) const {
  const Plan& plan = ticket.plan_;
  const std::string_view body = ticket.request_.body;
  Response& response = ticket.response;
  const detail::Lane& lane = lane_of(ticket.request_);
  auto seat = take_seat(lane, ticket);
  const Codec& codec = seat->serving.loaded->codec;
  if (plan.explain > 0 && !codec.can_explain()) {
    lane.give_back(std::move(seat));
    response = problem_response({400, "bad_request",
                                 "explain: this model has no counts of its training rows, which reasons need; leave "
                                 "the parameter out"},
                                ticket.request_id_);
    return;
  }
  if (shadow_ != nullptr && &lane == &champion_) seat->memory.keep_scored = true;
  Codec::Outcome outcome;
  if (plan.media == detail::Media::json) {
    outcome = codec.json(body, response.body, seat->memory);
    response.headers.add_lines("Content-Type: application/json\r\n");
  } else if (plan.media == detail::Media::ndjson) {
    outcome = codec.ndjson(body, response.body, seat->memory);
    response.headers.add("Content-Type", "application/x-ndjson");
  } else {
    outcome = codec.csv(body, response.body, seat->memory);
    response.headers.add("Content-Type", "text/csv; charset=utf-8; header=present");
    response.headers.add("X-Ignored-Columns", std::to_string(outcome.ignored_columns));
  }
  if (outcome.problem) {
    lane.give_back(std::move(seat));
    response = problem_response(*outcome.problem, ticket.request_id_);
    return;
  }
  ticket.seat_ = std::move(seat);
  ticket.lane_ = &lane;
  ticket.rows_ = outcome.rows - outcome.bad_rows;
  ticket.high_ = outcome.high;
}

/// MLflow's bodies and tensors: all rows or none. The champion's: these answers do not say which model scored.
inline void Service::score_table(Ticket& ticket) const {
  const std::string_view body = ticket.request_.body;
  auto seat = take_seat(champion_, ticket);
  const Loaded& loaded = *seat->serving.loaded;
  detail::TableScores scores;
  if (ticket.plan_.target.route->endpoint == detail::Endpoint::v2_infer) {
    detail::V2Infer infer(loaded.codec, seat->memory, scores);
    infer.score(body);
    ticket.response = scores.problem ? detail::v2_problem(*scores.problem) : infer.response(*loaded.model);
  } else {
    if (ticket.plan_.media == detail::Media::csv) {
      detail::score_mlflow_csv(loaded.codec, body, seat->memory, scores);
    } else {
      detail::MlflowJson(loaded.codec, seat->memory, scores).score(body);
    }
    ticket.response = scores.problem ? detail::mlflow_problem(*scores.problem) : detail::mlflow_response(scores);
  }
  if (scores.problem) {
    champion_.give_back(std::move(seat));
    return;
  }
  ticket.seat_ = std::move(seat);
  ticket.lane_ = &champion_;
  ticket.rows_ = scores.probabilities.size();
  ticket.high_ = scores.high;
}

inline void Service::decide(Ticket& ticket, bool written) const {
  if (!written) metrics_.log_failed();
  if (written || decisions_->failure() == LogFailure::go_on) {
    detail::Seat& seat = *ticket.seat_;
    count(seat, ticket.rows_, ticket.high_, ticket.work_);
    // Only the champion's rows, and only those of /v1/score.
    if (shadow_ != nullptr && ticket.lane_ == &champion_ &&
        ticket.plan_.target.route->endpoint == detail::Endpoint::score) {
      shadow_->offer(ticket.request_.body, ticket.plan_.media, ticket.request_id_, ticket.work_.model_version,
                     std::move(seat.memory.scored));
    }
  } else {
    ticket.response = detail::with_own_headers(
        detail::problem_for(ticket.plan_.target.route,
                            {503, "log_unavailable", "the decision log cannot be written, so nothing was decided"},
                            ticket.request_id_),
        ticket.request_id_);
  }
  ticket.lane_->give_back(std::move(ticket.seat_));
}

/// With its memory ready for the ticket's request.
inline std::unique_ptr<detail::Seat> Service::take_seat(const detail::Lane& lane, const Ticket& ticket) const {
  auto seat = lane.take_seat();
  seat->memory.explain = ticket.plan_.explain;
  seat->memory.begun_ms = ticket.begun_ms_;
  seat->memory.records.begin(decisions_.get(), ticket.request_id_, ticket.begun_ms_);
  seat->memory.layout = seat->serving.live ? &seat->serving.live->layout() : nullptr;
  seat->memory.places.clear();
  seat->memory.keep_scored = seat->serving.performance != nullptr;
  seat->memory.scored.clear();
  return seat;
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
