#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/serve/access_log.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/decision_log.hpp>
#include <riskflag/serve/detail/lane.hpp>
#include <riskflag/serve/detail/performances.hpp>
#include <riskflag/serve/detail/routes.hpp>
#include <riskflag/serve/detail/shadow.hpp>
#include <riskflag/serve/detail/split.hpp>
#include <riskflag/serve/keys.hpp>
#include <riskflag/serve/loaded.hpp>
#include <riskflag/serve/message.hpp>
#include <riskflag/serve/metrics.hpp>
#include <riskflag/serve/model_role.hpp>
#include <riskflag/serve/outcome_log.hpp>
#include <riskflag/serve/problem.hpp>

namespace riskflag::inline v0_1::serve {

enum class State { starting, ready, draining };

/// Answers contract.md's HTTP: request in, response out, no sockets.
///
/// Life: 1. made over an opened model, the champion, and ready; a challenger and a shadow may be put beside it; 2.
/// handle() from many threads; 3. replace() at any time: requests under way end with the model that they began with; 4.
/// set_state(draining) when the process is about to end: /readyz says so to the load balancer, requests are still
/// answered.
class Service {
 public:
  /// Throws Error(unsupported) for a model that is not binary.
  explicit Service(std::shared_ptr<const bundle::Bundle> model);

  class Ticket;

  /// The answer to one request. Never throws: what goes wrong inside is a 500. Thread-safe.
  [[nodiscard]] Response handle(const Request& request) const noexcept;

  /// handle() in two steps, so that many answers share one write to the decision log: 1. answer() each request into a
  /// ticket; true: its response is whole; false: 2. settle() has to complete it, and request and ticket stay until
  /// then. Neither throws; both are thread-safe.
  [[nodiscard]] bool answer(const Request& request, Ticket& ticket) const noexcept;
  void settle(std::span<Ticket* const> tickets) const noexcept;

  /// The final answer to a request that is refused for its head alone (path, method, parameters, media type), so that a
  /// client need not send the body; nothing where handle() would read it.
  [[nodiscard]] std::optional<Response> screen(const Request& head) const noexcept;

  /// The answer that the server in front gives itself: 400, 408, 413, 431, 500, 503. Same form and headers as
  /// handle()'s. `reason` is that of `shed_total` where load is it: connections, in_flight, queue, draining.
  [[nodiscard]] Response refuse(int status, std::string_view code, std::string_view detail,
                                std::span<const Header> headers = {}, std::string_view reason = {}) const noexcept;

  /// From now on `percent` of the requests to /v1/score are answered by `model`: all of the same X-Routing-Key or none,
  /// and of those without one by a draw. Before the first request. Throws Error(unsupported) for a model that might
  /// refuse what the champion takes.
  void set_challenger(std::shared_ptr<const bundle::Bundle> model, double percent);
  /// From now on score_shadow() scores with `model` what the champion answers at /v1/score. Before the first request.
  /// Throws as set_challenger() does.
  void set_shadow(std::shared_ptr<const bundle::Bundle> model);
  /// Scores one body that waits for the shadow; false when none came within `wait`. From one thread, again and again.
  bool score_shadow(std::chrono::milliseconds wait) noexcept;

  /// From now on `model` stands in that role; the old one goes when its last request ends. Throws Error(unsupported)
  /// for a model that is not binary, and for champion and challenger that do not take the same requests; the old one
  /// stays then. Thread-safe.
  void replace(std::shared_ptr<const bundle::Bundle> model, ModelRole role = ModelRole::champion);
  /// Tells /metrics, and of the champion /readyz, that a replacement was refused, and why. Thread-safe.
  void replace_failed(std::string_view why, ModelRole role = ModelRole::champion);

  /// From now on requests need one of these keys; nullptr: none is needed. Thread-safe.
  void set_keys(std::shared_ptr<const ApiKeys> keys);

  /// Every decision is written there before its answer; nullptr: none is. Before the first request.
  void set_decision_log(std::shared_ptr<DecisionLog> log) { decisions_ = std::move(log); }
  /// A line for every request, refuse()'s and screen()'s too; nullptr: none. Before the first request.
  void set_access_log(std::shared_ptr<AccessLog> log) { accesses_ = std::move(log); }
  /// Where /v1/outcomes writes; nullptr: that path is not served. With it the models' performance is told at /metrics
  /// and /v1/monitor. Before the first request.
  void set_outcome_log(std::shared_ptr<OutcomeLog> log, monitor::LivePerformanceOptions performance = {});

  /// About once a second, from one thread: closes the windows of live rows and compares them with the training rows;
  /// judges the decisions for which outcomes came.
  void tick(std::int64_t now_ms);

  /// The parts of what monitoring knows, as names of files: "windows-ROLE", the windows of the rows that the model in a
  /// role scored; "performance-DIGEST" and "performance-DIGEST-shadow", decisions and their outcomes. Thread-safe.
  [[nodiscard]] std::vector<std::string> monitoring_parts() const;
  /// The part of that name, for restore_monitoring() of another process. Nothing while it stays as it was when
  /// `version` was told, nor where the part went with its model. From tick()'s thread.
  [[nodiscard]] std::optional<std::string> save_monitoring(std::string_view part, std::string& version,
                                                           std::int64_t now_ms) const;
  /// Goes on with it; before the first request, after the models and the outcome log are set. False where it is about
  /// a model that does not stand there now. Throws Error(parse | corrupt | unsupported) naming `where`.
  bool restore_monitoring(std::string_view part, std::string_view bytes, std::string_view where, std::int64_t now_ms);

  void set_state(State state) noexcept { state_.store(state, std::memory_order_relaxed); }
  [[nodiscard]] State state() const noexcept { return state_.load(std::memory_order_relaxed); }
  /// The model that answers now.
  [[nodiscard]] std::shared_ptr<const bundle::Bundle> model() const { return champion_.current().loaded->model; }

 private:
  /// What the head of a request asks for.
  struct Plan {
    detail::Target target;
    detail::Media media = detail::Media::other;
    std::size_t explain = 0;
    std::string key;  ///< its name

    void reset() {
      target = {};
      media = detail::Media::other;
      explain = 0;
      key.clear();
    }
  };
  /// What the access log tells of an answer.
  struct Work {
    std::uint64_t rows = 0;
    std::string model_version;

    void reset() {
      rows = 0;
      model_version.clear();
    }
  };
  struct Challenger {
    Challenger(detail::Serving serving, double percent) : lane(std::move(serving)), split(percent) {}
    detail::Lane lane;
    detail::Split split;
  };
  struct LastReload {
    std::string at;
    bool failed = false;
    std::string detail;
  };

  [[nodiscard]] std::optional<Response> refuse_head(const Request& request, std::string_view request_id,
                                                    Plan& plan) const;
  [[nodiscard]] std::optional<Problem> head_problem(const Request& request, Plan& plan) const;
  void respond(Ticket& ticket) const;
  [[nodiscard]] Response plain_answer(detail::Endpoint endpoint) const;
  void score(Ticket& ticket) const;
  void score_table(Ticket& ticket) const;
  void take_outcomes(Ticket& ticket) const;
  /// Decisions whose records are written, or were not.
  void decide(Ticket& ticket, bool written) const;
  /// Counts and logs what was answered.
  void finish(const Ticket& ticket) const noexcept;
  void log_access(const Plan& plan, std::string_view request_id, int status, std::int64_t duration_ns,
                  const Work& work) const noexcept;
  /// Who answers a request to /v1/score.
  [[nodiscard]] const detail::Lane& lane_of(const Request& request) const;
  [[nodiscard]] detail::Lane& lane_of(ModelRole role);
  [[nodiscard]] std::vector<const detail::Lane*> lanes() const;  // the champion's first
  struct MonitoringPart {
    std::string name, digest;
    std::shared_ptr<monitor::LiveProfile> live;             // one of the two
    std::shared_ptr<monitor::LivePerformance> performance;  // is there
  };
  [[nodiscard]] std::vector<MonitoringPart> monitored() const;
  [[nodiscard]] detail::Serving serving_of(std::shared_ptr<const Loaded> loaded, ModelRole role);
  [[nodiscard]] std::unique_ptr<detail::Seat> take_seat(const detail::Lane& lane, const Ticket& ticket) const;
  void count(const detail::Seat& seat, std::uint64_t rows, std::uint64_t high, Work& work) const;
  [[nodiscard]] Response readiness() const;
  [[nodiscard]] std::string metrics_text() const;
  [[nodiscard]] std::string monitor_text() const;
  [[nodiscard]] std::shared_ptr<const ApiKeys> keys() const;

  mutable ServiceMetrics metrics_;
  detail::Lane champion_;
  std::unique_ptr<Challenger> challenger_;  // nullptr without one
  std::unique_ptr<detail::Shadow> shadow_;  // nullptr without one
  std::mutex replacing_;                    // one after another: each is held against the others
  std::atomic<State> state_{State::ready};
  std::atomic<bool> has_keys_{false};
  std::shared_ptr<DecisionLog> decisions_;
  std::shared_ptr<OutcomeLog> outcomes_;
  std::unique_ptr<detail::Performances> performances_;  // nullptr without outcomes
  std::shared_ptr<AccessLog> accesses_;
  mutable std::mutex lock_;  // of all that follows
  LastReload last_reload_;
  std::shared_ptr<const ApiKeys> keys_;
};

/// A request on its way through a service, with its answer. Used for one request after another: what it holds stays.
class Service::Ticket {
 public:
  Response response;

 private:
  friend class Service;
  Request request_;  // the caller's memory
  Plan plan_;
  Work work_;
  std::string request_id_;
  std::int64_t begun_ns_ = 0, begun_ms_ = 0;  // monotonic, and since 1970
  // Decisions that are not answered yet: their memory, whose it is, and how many.
  std::unique_ptr<detail::Seat> seat_;
  const detail::Lane* lane_ = nullptr;
  std::uint64_t rows_ = 0, high_ = 0;
};

}  // namespace riskflag::inline v0_1::serve

#include <riskflag/serve/detail/service.hpp>
#include <riskflag/serve/detail/service_models.hpp>
#include <riskflag/serve/detail/service_monitoring.hpp>
#include <riskflag/serve/detail/service_score.hpp>
