#pragma once

// 95 % intervals of the judged part's metrics, in time that does not grow with a thousand resamples of a million rows.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/random.hpp>
#include <riskflag/metrics/intervals.hpp>
#include <riskflag/metrics/summary.hpp>

namespace riskflag::inline v0_1::report::detail {

struct Range {
  double low, high;
};
using MaybeRange = std::optional<Range>;

inline constexpr double kZ = 1.959963984540054;  // normal quantile of 0.975

/// Wilson's interval of a share (JASA 1927): right near 0 and 1, where the normal one leaves [0, 1].
[[nodiscard]] inline MaybeRange wilson(double hits, double rows) {
  if (!(rows > 0)) return std::nullopt;
  const double p = hits / rows, z2 = kZ * kZ;
  const double middle = (p + z2 / (2 * rows)) / (1 + z2 / rows);
  const double reach = kZ / (1 + z2 / rows) * std::sqrt(p * (1 - p) / rows + z2 / (4 * rows * rows));
  return Range{std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

/// The normal interval of a mean of per-row values.
template <class Value>
[[nodiscard]] MaybeRange mean_range(std::size_t rows, const Value& value) {
  if (rows < 2) return std::nullopt;
  double mean = 0, square = 0;  // Welford: no cancellation for a million nearly equal losses
  for (std::size_t i = 0; i < rows; ++i) {
    const double x = value(i), delta = x - mean;
    mean += delta / static_cast<double>(i + 1);
    square += delta * (x - mean);
  }
  const auto n = static_cast<double>(rows);
  const double reach = kZ * std::sqrt(square / (n - 1) / n);
  return Range{mean - reach, mean + reach};
}

[[nodiscard]] inline double brier_of(double score, double label) { return (score - label) * (score - label); }
[[nodiscard]] inline double log_loss_of(double score, double label) {
  return -std::log(std::clamp(label > 0.5 ? score : 1 - score, 0x1p-52, 1.0));
}

struct BinaryRanges {
  MaybeRange roc_auc{}, gini{}, pr_auc{}, log_loss{}, brier{}, ks{}, accuracy{}, precision{}, recall{}, f1{};
};

/// Positives and negatives by falling score, in at most 1,000 steps of equal rows (equal scores together).
struct ScoreSteps {
  std::vector<double> positives{}, negatives{};
  std::vector<char> high{};             ///< the step lies at or above the threshold
  std::vector<std::uint32_t> of_row{};  ///< the step of each row
};
[[nodiscard]] inline ScoreSteps score_steps(std::span<const double> scores, std::span<const double> labels,
                                            double threshold) {
  std::vector<std::pair<double, std::uint32_t>> rows(scores.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = {-scores[i], static_cast<std::uint32_t>(i)};
  std::sort(rows.begin(), rows.end());
  const double wanted = static_cast<double>(rows.size()) / 1000;
  ScoreSteps steps;
  steps.of_row.resize(rows.size());
  double positives = 0, negatives = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    (labels[rows[i].second] > 0.5 ? positives : negatives) += 1;
    steps.of_row[rows[i].second] = static_cast<std::uint32_t>(steps.high.size());
    const bool last = i + 1 == rows.size();
    if (!last && rows[i + 1].first == rows[i].first) continue;
    const bool crosses = !last && (-rows[i].first >= threshold) != (-rows[i + 1].first >= threshold);
    if (!last && !crosses && positives + negatives < wanted) continue;
    steps.positives.push_back(positives);
    steps.negatives.push_back(negatives);
    steps.high.push_back(-rows[i].first >= threshold ? 1 : 0);
    positives = negatives = 0;
  }
  return steps;
}

/// What one resample of the steps says.
struct StepMetrics {
  double pr_auc, ks, f1;
  double positives, negatives;  ///< drawn
  double tp, fp;                ///< at or above the threshold
};
[[nodiscard]] inline std::optional<StepMetrics> step_metrics(const ScoreSteps& steps, std::span<const double> positives,
                                                             std::span<const double> negatives) {
  StepMetrics out{};
  for (const double n : positives) out.positives += n;
  for (const double n : negatives) out.negatives += n;
  if (!(out.positives > 0) || !(out.negatives > 0)) return std::nullopt;
  double tp = 0, fp = 0;
  for (std::size_t i = 0; i < positives.size(); ++i) {
    tp += positives[i];
    fp += negatives[i];
    if (tp + fp > 0) out.pr_auc += positives[i] / out.positives * tp / (tp + fp);
    out.ks = std::max(out.ks, std::abs(tp / out.positives - fp / out.negatives));
    if (steps.high[i] != 0) {
      out.tp = tp;
      out.fp = fp;
    }
  }
  out.f1 = 2 * out.tp / (out.tp + out.fp + out.positives);
  return out;
}

inline constexpr std::size_t kResamples = 400;

/// The middle 95 % of what resamples gave; none where most gave nothing.
[[nodiscard]] inline MaybeRange percentiles(std::vector<double>& values) {
  if (values.size() < kResamples / 2) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return Range{at(0.025), at(0.975)};
}

/// How many rows a Poisson resample draws of a step with `count` rows: by inversion below 30, by its normal limit
/// above.
[[nodiscard]] inline double poisson(double count, const Random& random, std::uint64_t draw) {
  if (count <= 0) return 0;
  if (count >= 30) return std::max(0.0, std::round(count + std::sqrt(count) * random.normal(draw)));
  double term = std::exp(-count), sum = term, k = 0;
  const double u = random.uniform(draw);
  while (u > sum && k < 200) {
    ++k;
    term *= count / k;
    sum += term;
  }
  return k;
}

/// Intervals for independent, unweighted rows; none with weights (DeLong and Wilson do not hold then).
///
/// ROC-AUC and Gini by DeLong, log loss and Brier as means, shares by Wilson, PR-AUC, KS and F1 by the percentiles of
/// 400 Poisson resamples (Chamandy et al., "Estimating uncertainty for massive data streams", 2012) of the rows in
/// score steps.
[[nodiscard]] inline BinaryRanges binary_ranges(std::span<const double> scores, std::span<const double> labels,
                                                std::span<const double> weights, double threshold,
                                                const metrics::BinaryMetrics& all) {
  BinaryRanges out;
  if (!weights.empty() || scores.empty()) return out;
  if (const metrics::Interval auc = metrics::delong(scores, labels)) {
    out.roc_auc = Range{auc.low, auc.high};
    out.gini = Range{2 * auc.low - 1, 2 * auc.high - 1};
  }
  out.brier = mean_range(scores.size(), [&](std::size_t i) { return brier_of(scores[i], labels[i]); });
  out.log_loss = mean_range(scores.size(), [&](std::size_t i) { return log_loss_of(scores[i], labels[i]); });
  const metrics::Confusion& c = all.confusion;
  out.accuracy = wilson(c.tp + c.tn, c.total());
  out.precision = wilson(c.tp, c.tp + c.fp);
  out.recall = wilson(c.tp, c.tp + c.fn);

  const ScoreSteps steps = score_steps(scores, labels, threshold);
  std::vector<double> pr, ks, f1, positives(steps.positives.size()), negatives(positives.size());
  for (std::size_t r = 0; r < kResamples; ++r) {
    const Random random(42, r);
    for (std::size_t i = 0; i < positives.size(); ++i) {
      positives[i] = poisson(steps.positives[i], random, 2 * i);
      negatives[i] = poisson(steps.negatives[i], random, 2 * i + 1);
    }
    if (const auto m = step_metrics(steps, positives, negatives)) {
      pr.push_back(m->pr_auc);
      ks.push_back(m->ks);
      f1.push_back(m->f1);
    }
  }
  out.pr_auc = percentiles(pr);
  out.ks = percentiles(ks);
  out.f1 = percentiles(f1);
  return out;
}

}  // namespace riskflag::inline v0_1::report::detail
