#pragma once

// How good one model's scores were, told by a running server as outcomes come in.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/monitor/decision_key.hpp>
#include <riskflag/monitor/detail/arrivals.hpp>
#include <riskflag/monitor/expected.hpp>
#include <riskflag/monitor/exposition.hpp>
#include <riskflag/monitor/performance.hpp>
#include <riskflag/monitor/performance_json.hpp>
#include <riskflag/monitor/verdict.hpp>

namespace riskflag::inline v0_1::monitor {

struct LivePerformanceOptions {
  std::size_t most_decisions = 250'000;  ///< that are kept, 32 bytes each; beyond these the oldest go
  std::int32_t most_weeks = 53;          ///< that are told, the newest with decisions being the last
};

/// The decisions of one model, their outcomes as these come, and ROC-AUC and the like by the week of the decision.
///
/// Life: 1. made; 2. decided() from many threads, without waiting; outcome() from any; 3. tick() about once a second
/// from one thread, which judges the weeks that outcomes came for; 4. write() and write_json() from any.
/// Memory is bounded by the options. A week that loses a decision because newer ones need the room keeps the figures
/// that it had then; riskflag-monitor judges all decisions, from the logs.
class LivePerformance {
 public:
  /// `threshold` is the model's; `expected` what its training promised.
  explicit LivePerformance(double threshold, std::optional<Expected> expected = {}, LivePerformanceOptions options = {})
      : threshold_(threshold), expected_(expected), options_(options), arrivals_(std::size_t{1} << 16) {
    all_ = performance_of(std::string(kAll), {});
  }

  /// Lock-free but when 65,536 decisions wait for tick(): who comes then takes them in.
  void decided(const DecisionKey& key, double probability) {
    const Decision decision{key, probability, kUnknown};
    while (!arrivals_.put(decision)) {
      const std::lock_guard guard(lock_);
      take_in();
    }
  }
  /// False when no such decision is kept. Of repeats the one that was observed last holds, of equal times the last.
  bool outcome(const DecisionKey& key, bool positive, std::int64_t observed_ms);

  /// Judges at most every 50 times as long as the last judgement took: 2 % of a processor.
  void tick() {
    if (monotonic_ns() >= next_judgement_ns_) judge();
  }
  void judge();

  /// Of each week, oldest first.
  [[nodiscard]] std::vector<Performance> weeks() const {
    const std::lock_guard guard(results_lock_);
    return weeks_;
  }
  /// Of all decisions that are kept.
  [[nodiscard]] Performance all() const {
    const std::lock_guard guard(results_lock_);
    return all_;
  }
  /// The family performance.
  void write(Exposition& page) const;
  /// {"most_decisions","expected_roc_auc","decay_limit","all":{…},"weeks":[{…}]}, see write_performance().
  void write_json(JsonWriter& json) const;

  /// What restore() takes: the decisions that are kept with their outcomes, and the weeks; 32 bytes a decision. From
  /// any thread.
  [[nodiscard]] std::string save();
  /// Goes on with what save() told of the same model; before the first decided(). The next judge() judges it. Throws
  /// Error(parse | corrupt | unsupported) naming `where`; nothing is changed then.
  void restore(std::string_view bytes, std::string_view where);
  /// Grows with each decision that is taken in and each outcome: while it stays, save() has nothing new.
  [[nodiscard]] std::uint64_t revision();

  static constexpr std::string_view kAll = "all";

 private:
  static constexpr std::int64_t kUnknown = INT64_MIN;
  struct Decision {
    DecisionKey key;
    double probability = 0;
    std::int64_t outcome = kUnknown;  // 2 x observed_ms, + 1 for the positive class
  };
  /// Decisions that came one after another. Their ids ascend but for requests that ran side by side.
  struct Chunk {
    std::vector<Decision> decisions;
    std::int64_t first_ms = INT64_MAX, last_ms = INT64_MIN;
    bool is_sorted = true;
  };
  struct Week {
    std::uint64_t decisions = 0, high = 0;  // ever made
    bool has_news = false;                  // since it was judged
    bool is_closed = false;                 // it lost decisions
    Performance judged = performance_of({}, {});
  };

  [[nodiscard]] std::size_t chunk_size() const noexcept {
    return std::clamp<std::size_t>(options_.most_decisions / 64, 1, 4096);
  }
  void take_in();
  void keep(const Decision& decision);
  void drop_oldest();
  [[nodiscard]] std::vector<JudgedDecision> known() const;
  [[nodiscard]] std::pair<Performance, std::vector<Performance>> results() const {
    const std::lock_guard guard(results_lock_);
    return {all_, weeks_};
  }
  void write_one(Exposition& page, const Performance& performance) const;

  double threshold_;
  std::optional<Expected> expected_;
  LivePerformanceOptions options_;
  detail::Arrivals<Decision> arrivals_;
  std::mutex lock_;  // of what follows
  std::deque<Chunk> chunks_;
  std::size_t kept_ = 0;
  std::uint64_t kept_high_ = 0;
  std::map<std::int32_t, Week> by_week_;  // by its Monday
  bool has_news_ = false;                 // of what is kept, since it was judged
  std::uint64_t revision_ = 0;
  std::int64_t next_judgement_ns_ = 0;  // of tick() alone
  mutable std::mutex results_lock_;     // of what follows
  std::vector<Performance> weeks_;
  Performance all_;
};

inline void LivePerformance::take_in() {
  Decision decision;
  while (arrivals_.take(decision)) keep(decision);
}

inline std::uint64_t LivePerformance::revision() {
  const std::lock_guard guard(lock_);
  take_in();
  return revision_;
}

inline void LivePerformance::keep(const Decision& decision) {
  ++revision_;
  const std::int32_t monday = monday_of(decision.key.ms());
  if (!by_week_.empty() && monday <= by_week_.rbegin()->first - 7 * options_.most_weeks) return;
  while (kept_ >= options_.most_decisions && !chunks_.empty()) drop_oldest();
  if (options_.most_decisions == 0) return;
  const bool high = decision.probability >= threshold_;
  Week& week = by_week_[monday];
  ++week.decisions;
  week.high += high ? 1 : 0;
  if (chunks_.empty() || chunks_.back().decisions.size() >= chunk_size()) {
    chunks_.emplace_back().decisions.reserve(chunk_size());
  }
  Chunk& chunk = chunks_.back();
  chunk.is_sorted &= chunk.decisions.empty() || chunk.decisions.back().key < decision.key;
  chunk.decisions.push_back(decision);
  chunk.first_ms = std::min(chunk.first_ms, decision.key.ms());
  chunk.last_ms = std::max(chunk.last_ms, decision.key.ms());
  ++kept_;
  kept_high_ += high ? 1 : 0;
  while (by_week_.begin()->first <= by_week_.rbegin()->first - 7 * options_.most_weeks) {
    by_week_.erase(by_week_.begin());
  }
}

inline void LivePerformance::drop_oldest() {
  for (const Decision& decision : chunks_.front().decisions) {
    kept_high_ -= decision.probability >= threshold_ ? 1 : 0;
    has_news_ |= decision.outcome != kUnknown;
    const auto week = by_week_.find(monday_of(decision.key.ms()));
    if (week != by_week_.end()) week->second.is_closed = true;
  }
  kept_ -= chunks_.front().decisions.size();
  chunks_.pop_front();
}

inline bool LivePerformance::outcome(const DecisionKey& key, bool positive, std::int64_t observed_ms) {
  const std::lock_guard guard(lock_);
  take_in();
  const std::int64_t told = observed_ms * 2 + (positive ? 1 : 0);
  for (Chunk& chunk : chunks_) {
    if (key.ms() < chunk.first_ms || key.ms() > chunk.last_ms) continue;
    const auto by_key = [](const Decision& a, const Decision& b) { return a.key < b.key; };
    if (!chunk.is_sorted) std::sort(chunk.decisions.begin(), chunk.decisions.end(), by_key);
    chunk.is_sorted = true;
    const auto at = std::lower_bound(chunk.decisions.begin(), chunk.decisions.end(), Decision{key, 0, 0}, by_key);
    if (at == chunk.decisions.end() || !(at->key == key)) continue;
    if (at->outcome != kUnknown && (at->outcome >> 1) > observed_ms) return true;
    at->outcome = told;
    ++revision_;
    has_news_ = true;
    if (const auto week = by_week_.find(monday_of(key.ms())); week != by_week_.end()) week->second.has_news = true;
    return true;
  }
  return false;
}

/// Those with an outcome.
inline std::vector<JudgedDecision> LivePerformance::known() const {
  std::vector<JudgedDecision> out;
  for (const Chunk& chunk : chunks_) {
    for (const Decision& each : chunk.decisions) {
      if (each.outcome == kUnknown) continue;
      out.push_back({each.key.ms(), each.probability, each.probability >= threshold_, (each.outcome & 1) != 0});
    }
  }
  return out;
}

inline void LivePerformance::judge() {
  const std::int64_t begun = monotonic_ns();
  std::vector<std::int32_t> news;
  std::vector<JudgedDecision> rows;  // copied under the lock at one moment, and judged outside of it
  bool has_news = false;
  {
    const std::lock_guard guard(lock_);
    take_in();
    has_news = std::exchange(has_news_, false);
    for (auto& [monday, week] : by_week_) {
      if (std::exchange(week.has_news, false) && !week.is_closed) news.push_back(monday);
    }
    if (has_news) rows = known();
  }
  for (const std::int32_t monday : news) {
    std::vector<JudgedDecision> of_week;
    for (const JudgedDecision& each : rows) {
      if (monday_of(each.scored_ms) == monday) of_week.push_back(each);
    }
    Performance judged = performance_of(date_text(monday), of_week);
    const std::lock_guard guard(lock_);
    if (const auto week = by_week_.find(monday); week != by_week_.end()) week->second.judged = std::move(judged);
  }
  std::optional<Performance> all;
  if (has_news) all = performance_of(std::string(kAll), rows);
  std::vector<Performance> weeks;
  std::uint64_t kept = 0, high = 0;
  {
    const std::lock_guard guard(lock_);
    for (const auto& [monday, week] : by_week_) {
      Performance& out = weeks.emplace_back(week.judged);
      out.cohort = date_text(monday);
      out.decisions = week.decisions;
      out.high = week.high;
    }
    kept = kept_;
    high = kept_high_;
  }
  {
    const std::lock_guard guard(results_lock_);
    weeks_ = std::move(weeks);
    if (all) all_ = std::move(*all);
    all_.decisions = kept;
    all_.high = high;
  }
  const std::int64_t now = monotonic_ns();
  next_judgement_ns_ = now + 50 * (now - begun);
}

inline void LivePerformance::write_one(Exposition& page, const Performance& seen) const {
  const auto put = [&](std::string_view metric, std::string_view kind, double value) {
    page.sample({{"metric", metric}, {"cohort", seen.cohort}, {"kind", kind}}, value);
  };
  const auto put_metric = [&](std::string_view metric, const metrics::Metric& value) {
    if (value) put(metric, "realised", *value.value);
  };
  put("decisions", "realised", static_cast<double>(seen.decisions));
  put("outcomes", "realised", static_cast<double>(seen.outcomes));
  put("coverage", "realised", seen.coverage());
  if (seen.outcomes == 0) return;
  put("positive_rate", "realised", static_cast<double>(seen.positives) / static_cast<double>(seen.outcomes));
  put("mean_probability", "realised", seen.mean_probability);
  put_metric("roc_auc", seen.roc_auc);
  if (seen.roc_auc_interval) {
    put("roc_auc", "low", seen.roc_auc_interval.low);
    put("roc_auc", "high", seen.roc_auc_interval.high);
  }
  if (expected_) {
    if (const auto limit = decay_limit(seen, expected_->roc_auc, expected_->rows)) put("roc_auc", "limit", *limit);
  }
  put_metric("gini", seen.gini);
  put_metric("ks", seen.ks);
  put_metric("brier", seen.brier);
}

inline void LivePerformance::write(Exposition& page) const {
  page.family("riskflag_performance", "gauge",
              "The answering model by the outcomes that came, by week of the decision; coverage: of its decisions.");
  if (expected_) {
    page.sample({{"metric", "roc_auc"}, {"cohort", "training"}, {"kind", "expected"}}, expected_->roc_auc);
  }
  const auto [seen, by_week] = results();
  write_one(page, seen);
  for (const Performance& week : by_week) write_one(page, week);
}

inline void LivePerformance::write_json(JsonWriter& json) const {
  const auto [seen, by_week] = results();
  json.begin_object().key("most_decisions").value(std::uint64_t{options_.most_decisions}).key("expected_roc_auc");
  expected_ ? json.value(expected_->roc_auc) : json.null();
  json.key("decay_limit");
  const auto limit = expected_ ? decay_limit(seen, expected_->roc_auc, expected_->rows) : std::nullopt;
  limit ? json.value(*limit) : json.null();
  json.key("all");
  write_performance(json, seen);
  json.key("weeks").begin_array();
  for (const Performance& week : by_week) write_performance(json, week);
  json.end_array().end_object();
}

}  // namespace riskflag::inline v0_1::monitor

#include <riskflag/monitor/detail/live_performance_state.hpp>
