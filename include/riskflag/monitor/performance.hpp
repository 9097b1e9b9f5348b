#pragma once

// How good the scores were, once outcomes are known.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/compensated_sum.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/intervals.hpp>
#include <riskflag/monitor/decision_record.hpp>

namespace riskflag::inline v0_1::monitor {

/// The outcomes of decisions by their ids; of repeats the one that was observed last holds, of equal times the one that
/// came last.
class OutcomeBook {
 public:
  void add(const OutcomeRecord& record) {
    const auto [at, is_new] = known_.try_emplace(record.decision_id, Known{record.observed_ms, record.positive});
    if (!is_new && record.observed_ms >= at->second.observed_ms) at->second = {record.observed_ms, record.positive};
  }
  /// Whether the decision ended in the positive class; nothing while its outcome is not known.
  [[nodiscard]] std::optional<bool> find(const std::string& decision_id) const {
    const auto at = known_.find(decision_id);
    return at == known_.end() ? std::nullopt : std::optional(at->second.positive);
  }
  [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }

 private:
  struct Known {
    std::int64_t observed_ms;
    bool positive;
  };
  std::unordered_map<std::string, Known> known_;
};

/// A decision, as far as performance looks at it.
struct JudgedDecision {
  std::int64_t scored_ms = 0;
  double probability = 0;
  bool high = false;
  std::optional<bool> positive;  ///< its outcome
};

/// The decisions of one stretch of time, judged by those whose outcome is known.
struct Performance {
  std::string cohort;           ///< "all", or the Monday of the week in which they were made
  std::uint64_t decisions = 0;  ///< with and without outcome
  std::uint64_t high = 0;
  std::uint64_t outcomes = 0, positives = 0;
  metrics::Metric roc_auc, ks, gini, brier;
  metrics::Interval roc_auc_interval;  ///< 95 %, DeLong
  metrics::Metric roc_auc_variance;    ///< DeLong
  double mean_probability = 0;         ///< of the decisions with outcome; beside positives / outcomes

  /// The share of decisions whose outcome is known. Outcomes of loans that were never made are not among them.
  [[nodiscard]] double coverage() const noexcept {
    return decisions == 0 ? 0.0 : static_cast<double>(outcomes) / static_cast<double>(decisions);
  }
};

[[nodiscard]] inline Performance performance_of(std::string cohort, std::span<const JudgedDecision> decisions) {
  Performance out;
  out.cohort = std::move(cohort);
  std::vector<double> scores, labels;
  CompensatedSum sum;  // in any order the same, to the last digits
  for (const JudgedDecision& each : decisions) {
    ++out.decisions;
    out.high += each.high ? 1 : 0;
    if (!each.positive) continue;
    ++out.outcomes;
    out.positives += *each.positive ? 1 : 0;
    sum.add(each.probability);
    scores.push_back(each.probability);
    labels.push_back(*each.positive ? 1.0 : 0.0);
  }
  out.roc_auc = metrics::roc_auc(scores, labels);
  out.ks = metrics::ks(scores, labels);
  out.gini = metrics::gini(scores, labels);
  out.brier = metrics::brier(scores, labels);
  out.roc_auc_interval = metrics::delong(scores, labels);
  out.roc_auc_variance = metrics::delong_variance(scores, labels);
  if (out.outcomes > 0) out.mean_probability = sum.value() / static_cast<double>(out.outcomes);
  return out;
}

/// The Monday (days since 1970-01-01) of the week, Monday to Sunday in UTC, that a time lies in.
[[nodiscard]] inline std::int32_t monday_of(std::int64_t ms) noexcept {
  constexpr std::int64_t kDay = 86'400'000;
  const std::int64_t day = (ms - (ms < 0 ? kDay - 1 : 0)) / kDay;
  const std::int64_t since_monday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  return static_cast<std::int32_t>(day - since_monday);
}

/// Of each week that has decisions, oldest first.
[[nodiscard]] inline std::vector<Performance> performance_by_week(std::span<const JudgedDecision> decisions) {
  std::map<std::int32_t, std::vector<JudgedDecision>> weeks;
  for (const JudgedDecision& each : decisions) weeks[monday_of(each.scored_ms)].push_back(each);
  std::vector<Performance> out;
  for (const auto& [monday, of_week] : weeks) {
    out.push_back(performance_of(date_text(monday), of_week));
  }
  return out;
}

/// Decisions whose probability lies in one bin of the training deciles: what was said and what came.
struct CalibrationBand {
  double low = 0, high = 1;  ///< of the probabilities, low excluded
  std::uint64_t outcomes = 0, positives = 0;
  double mean_probability = 0;
};
[[nodiscard]] inline std::vector<CalibrationBand> calibration_bands(std::span<const JudgedDecision> decisions,
                                                                    std::span<const double> edges) {
  std::vector<CalibrationBand> bands(edges.size() + 1);
  for (std::size_t i = 0; i < bands.size(); ++i) {
    bands[i].low = i == 0 ? 0.0 : edges[i - 1];
    bands[i].high = i == edges.size() ? 1.0 : edges[i];
  }
  for (const JudgedDecision& each : decisions) {
    if (!each.positive) continue;
    const auto at = std::lower_bound(edges.begin(), edges.end(), each.probability) - edges.begin();
    CalibrationBand& band = bands[static_cast<std::size_t>(at)];
    ++band.outcomes;
    band.positives += *each.positive ? 1 : 0;
    band.mean_probability += each.probability;
  }
  for (CalibrationBand& band : bands) {
    if (band.outcomes > 0) band.mean_probability /= static_cast<double>(band.outcomes);
  }
  return bands;
}

}  // namespace riskflag::inline v0_1::monitor
