#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <riskflag/core/compensated_sum.hpp>
#include <riskflag/metrics/metric.hpp>
#include <riskflag/monitor/performance.hpp>

namespace riskflag::inline v0_1::monitor {

/// How good the scores are if they are calibrated: what decisions tell before any outcome does.
struct Estimated {
  metrics::Metric roc_auc, brier, accuracy;
};

/// Confidence-based performance estimation (NannyML's CBPE): a decision of probability p counts as p of a positive and
/// 1 - p of a negative, which are the true positives and so on that are to be expected. Right while what the scores
/// mean stays as it was (calibrated, whoever applies); blind to a change of exactly that, which outcomes tell alone.
///
/// Differs from NannyML in that every decision counts in one piece, without chunks, and that its probability is taken
/// as it is: calibrating is the training's matter. O(n log n).
[[nodiscard]] inline Estimated estimate_performance(std::span<const JudgedDecision> decisions) {
  Estimated out;
  if (decisions.empty()) {
    out.roc_auc = out.brier = out.accuracy = metrics::Metric::undefined(metrics::kNoRows);
    return out;
  }
  std::vector<double> scores;
  scores.reserve(decisions.size());
  CompensatedSum right, squares;
  for (const JudgedDecision& each : decisions) {
    const double p = each.probability;
    scores.push_back(p);
    right.add(each.high ? p : 1 - p);
    squares.add(p * (1 - p));  // p (1 - p)^2 + (1 - p) p^2
  }
  const double rows = static_cast<double>(decisions.size());
  out.accuracy = metrics::Metric::of(right.value() / rows);
  out.brier = metrics::Metric::of(squares.value() / rows);
  // Pairs of an expected positive and an expected negative: those of equal scores are half right.
  std::sort(scores.begin(), scores.end());
  CompensatedSum pairs, positives, negatives;
  for (std::size_t i = 0; i < scores.size();) {
    std::size_t end = i;
    while (end < scores.size() && scores[end] == scores[i]) ++end;
    const double here = static_cast<double>(end - i);
    pairs.add(here * scores[i] * (negatives.value() + here * (1 - scores[i]) / 2));
    positives.add(here * scores[i]);
    negatives.add(here * (1 - scores[i]));
    i = end;
  }
  const double all = positives.value() * negatives.value();
  out.roc_auc = all > 0 ? metrics::Metric::of(pairs.value() / all) : metrics::Metric::undefined(metrics::kOneClass);
  return out;
}

}  // namespace riskflag::inline v0_1::monitor
