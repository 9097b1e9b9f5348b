#pragma once

// Intervals where rows of one group (a customer seen often) are not independent: groups are.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <riskflag/metrics/intervals.hpp>
#include <riskflag/metrics/summary.hpp>
#include <riskflag/report/detail/intervals.hpp>

namespace riskflag::inline v0_1::report::detail {

/// Fewer groups say too little of how much groups differ.
inline constexpr std::size_t kFewestGroups = 20;

/// A number in [0, count) for each row's group.
struct GroupNumbers {
  std::vector<std::uint64_t> of_row{};
  std::size_t count = 0;   ///< numbers
  std::size_t groups = 0;  ///< groups; more than `count` where some share a number
};

/// Above kMostUnits groups several share a number: sums over independent groups are as independent as these, and a
/// resample need not draw a million numbers.
[[nodiscard]] inline GroupNumbers number_groups(std::span<const std::uint64_t> groups) {
  constexpr std::size_t kMostUnits = 20'000;
  std::vector<std::uint64_t> known(groups.begin(), groups.end());
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  GroupNumbers out;
  out.groups = known.size();
  out.count = std::min(known.size(), kMostUnits);
  out.of_row.reserve(groups.size());
  for (const std::uint64_t group : groups) {
    const auto at = std::lower_bound(known.begin(), known.end(), group) - known.begin();
    out.of_row.push_back(static_cast<std::uint64_t>(at) % kMostUnits);
  }
  return out;
}

/// The normal interval of a mean of per-row values whose deviations add up within a group (the sandwich of Liang and
/// Zeger, Biometrika 1986, for a mean).
template <class Value>
[[nodiscard]] MaybeRange group_mean_range(const GroupNumbers& groups, const Value& value) {
  const std::size_t rows = groups.of_row.size();
  double sum = 0;
  for (std::size_t i = 0; i < rows; ++i) sum += value(i);
  const double n = static_cast<double>(rows), mean = sum / n;
  std::vector<double> off(groups.count, 0);
  for (std::size_t i = 0; i < rows; ++i) off[groups.of_row[i]] += value(i) - mean;
  double square = 0;
  for (const double each : off) square += each * each;
  const auto units = static_cast<double>(groups.count);
  const double reach = kZ * std::sqrt(square * units / (units - 1)) / n;
  return Range{mean - reach, mean + reach};
}

/// ROC-AUC of drawn steps, ties half.
[[nodiscard]] inline double steps_auc(std::span<const double> positives, std::span<const double> negatives) {
  double all_positives = 0, all_negatives = 0, pairs = 0;
  for (std::size_t i = 0; i < positives.size(); ++i) {
    pairs += negatives[i] * (all_positives + positives[i] / 2);
    all_positives += positives[i];
    all_negatives += negatives[i];
  }
  return pairs / (all_positives * all_negatives);
}

/// The intervals of binary_ranges() with whole groups drawn for rows: log loss and Brier as means, the others by the
/// percentiles of 400 resamples (metrics::bootstrap) of rows in score steps. Unset with fewer than kFewestGroups.
[[nodiscard]] inline BinaryRanges group_ranges(std::span<const double> scores, std::span<const double> labels,
                                               const GroupNumbers& groups, double threshold,
                                               const metrics::BinaryMetrics& all) {
  BinaryRanges out;
  if (groups.groups < kFewestGroups) return out;
  out.brier = group_mean_range(groups, [&](std::size_t i) { return brier_of(scores[i], labels[i]); });
  out.log_loss = group_mean_range(groups, [&](std::size_t i) { return log_loss_of(scores[i], labels[i]); });

  const ScoreSteps steps = score_steps(scores, labels, threshold);
  // Within a step the order is lost; the exact value says how much that is.
  const double shift = all.roc_auc ? *all.roc_auc - steps_auc(steps.positives, steps.negatives) : 0;
  std::vector<double> roc, pr, ks, accuracy, precision, recall, f1;
  std::vector<double> positives(steps.positives.size()), negatives(positives.size());
  const auto resample = [&](std::span<const double> drawn) -> metrics::Metric {
    std::fill(positives.begin(), positives.end(), 0.0);
    std::fill(negatives.begin(), negatives.end(), 0.0);
    for (std::size_t i = 0; i < drawn.size(); ++i)
      (labels[i] > 0.5 ? positives : negatives)[steps.of_row[i]] += drawn[i];
    const auto m = step_metrics(steps, positives, negatives);
    if (!m) return {std::nullopt, "one class"};
    roc.push_back(std::clamp(steps_auc(positives, negatives) + shift, 0.0, 1.0));
    pr.push_back(m->pr_auc);
    ks.push_back(m->ks);
    f1.push_back(m->f1);
    accuracy.push_back((m->tp + m->negatives - m->fp) / (m->positives + m->negatives));
    if (m->tp + m->fp > 0) precision.push_back(m->tp / (m->tp + m->fp));
    recall.push_back(m->tp / m->positives);
    return {roc.back(), {}};
  };
  // Its own interval is of ROC-AUC; the resamples have told the other metrics as well.
  static_cast<void>(metrics::bootstrap(scores.size(), resample, kResamples, 42, 0.95, {}, groups.of_row));
  out.roc_auc = percentiles(roc);
  if (out.roc_auc) out.gini = Range{2 * out.roc_auc->low - 1, 2 * out.roc_auc->high - 1};
  out.pr_auc = percentiles(pr);
  out.ks = percentiles(ks);
  out.accuracy = percentiles(accuracy);
  out.precision = percentiles(precision);
  out.recall = percentiles(recall);
  out.f1 = percentiles(f1);
  return out;
}

}  // namespace riskflag::inline v0_1::report::detail
