#pragma once

// One function a chart: from scores and labels to a figure. Curves are thinned to kCurvePoints.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/metrics/calibration.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/summary.hpp>
#include <riskflag/model/history.hpp>
#include <riskflag/report/detail/intervals.hpp>
#include <riskflag/report/detail/page.hpp>
#include <riskflag/report/svg.hpp>

namespace riskflag::inline v0_1::report::detail {

inline constexpr std::size_t kCurvePoints = 300;

/// Scores of the judged part with what several charts need of them.
struct Judged {
  std::span<const double> scores, labels, weights;
  metrics::BinaryMetrics metrics{};
  double threshold = 0.5;
  double highest = 1;    ///< greatest score
  bool grouped = false;  ///< rows of a group are not independent
  /// Shares of rows have Wilson's interval.
  [[nodiscard]] bool independent() const noexcept { return weights.empty() && !grouped; }
  [[nodiscard]] double base_rate() const noexcept { return metrics.rows > 0 ? metrics.positives / metrics.rows : 0; }
  [[nodiscard]] double weight(std::size_t i) const noexcept { return weights.empty() ? 1 : weights[i]; }
};

[[nodiscard]] inline std::string roc_figure(const Judged& j) {
  std::vector<Point> curve;
  for (const auto& p : metrics::roc_curve(j.scores, j.labels, j.weights, kCurvePoints)) {
    curve.push_back({p.false_positive_rate, p.true_positive_rate});
  }
  if (curve.empty()) return {};
  const std::array diagonal{Point{0, 0}, Point{1, 1}};
  const metrics::Confusion& c = j.metrics.confusion;
  const Point at{c.fp / (c.fp + c.tn), c.tp / (c.tp + c.fn)};
  Plot plot("ROC curve",
            "True positive rate against false positive rate; area " + readable(j.metrics.roc_auc.value_or(0)),
            {"negatives called High (false positive rate)", 0, 1, TickStyle::percent},
            {"positives caught", 0, 1, TickStyle::percent});
  plot.line(diagonal, 0, "chance", true).line(curve, 1, "model").callout(at, "threshold " + readable(j.threshold));
  return figure("ROC curve",
                "Positives caught for every share of negatives called High by mistake. The further above the diagonal, "
                "the better; "
                "the area under the curve is " +
                    fixed(j.metrics.roc_auc.value_or(0), 3) + ".",
                plot.svg());
}

[[nodiscard]] inline std::string pr_figure(const Judged& j) {
  std::vector<Point> curve;
  for (const auto& p : metrics::pr_curve(j.scores, j.labels, j.weights, kCurvePoints))
    curve.push_back({p.recall, p.precision});
  if (curve.empty()) return {};
  const metrics::Confusion& c = j.metrics.confusion;
  Plot plot("Precision and recall",
            "Precision against recall; average precision " + readable(j.metrics.pr_auc.value_or(0)),
            {"positives caught (recall)", 0, 1, TickStyle::percent},
            {"positives among those called High", 0, 1, TickStyle::percent});
  plot.line(curve, 1).horizontal(j.base_rate(), "all rows: " + percent(j.base_rate()));
  plot.callout({c.tp / (c.tp + c.fn), c.tp / (c.tp + c.fp)}, "threshold " + readable(j.threshold), Plot::Words::above);
  return figure(
      "Precision and recall",
      "How many of the rows called High are positive, for every share of positives caught. The dashed line is "
      "what calling everybody High would give.",
      plot.svg());
}

[[nodiscard]] inline std::string ks_figure(const Judged& j) {
  std::vector<Point> positives, negatives;
  Point low{0, 0}, high{0, 0};
  for (const auto& p : metrics::ks_curve(j.scores, j.labels, j.weights, kCurvePoints)) {
    positives.push_back({p.score, p.positives_below});
    negatives.push_back({p.score, p.negatives_below});
    if (std::abs(p.negatives_below - p.positives_below) > std::abs(high.y - low.y)) {
      low = {p.score, p.positives_below};
      high = {p.score, p.negatives_below};
    }
  }
  if (positives.empty()) return {};
  Plot plot("Kolmogorov-Smirnov",
            "Cumulative score distributions of both classes; greatest distance " + readable(j.metrics.ks.value_or(0)),
            {"predicted probability", 0, j.highest}, {"share of class at or below", 0, 1, TickStyle::percent});
  plot.line(negatives, 1, "negatives").line(positives, 2, "positives", true);
  plot.span_between(low, high, "KS " + fixed(j.metrics.ks.value_or(0), 3));
  return figure("KS: how far the two classes lie apart",
                "Share of each class with at most that probability. KS is the greatest vertical "
                "distance between the two curves.",
                plot.svg());
}

[[nodiscard]] inline std::string calibration_figure(const Judged& j) {
  double top = 0, heaviest = 0;
  const auto bins = metrics::calibration_table(j.scores, j.labels, j.weights, 10);
  for (const auto& bin : bins) {
    if (bin.weight > 0) top = std::max({top, bin.mean_probability, bin.positive_rate});
    heaviest = std::max(heaviest, bin.weight);
  }
  if (heaviest <= 0) return {};
  top = std::min(1.0, top * 1.08 + 0.01);
  const std::array diagonal{Point{0, 0}, Point{1, 1}};
  Plot plot("Calibration", "Observed rate of positives against mean predicted probability, in ten bins",
            {"mean predicted probability", 0, top, TickStyle::percent},
            {"positives observed", 0, top, TickStyle::percent});
  plot.line(diagonal, 0, "perfect", true);
  std::vector<Point> curve;
  for (const auto& bin : bins) {
    if (bin.weight <= 0) continue;
    const Point at{bin.mean_probability, bin.positive_rate};
    if (j.independent()) {
      if (const auto range = wilson(bin.positive_rate * bin.weight, bin.weight)) {
        plot.line(std::array{Point{at.x, range->low}, Point{at.x, range->high}}, 1);
      }
    }
    curve.push_back(at);
  }
  plot.line(curve, 1, "model");
  for (std::size_t i = 0, k = 0; i < bins.size(); ++i) {
    if (bins[i].weight <= 0) continue;
    plot.dots(std::span(curve).subspan(k++, 1), 1, 3 + 5 * std::sqrt(bins[i].weight / heaviest));
  }
  return figure("Calibration: do probabilities mean what they say?",
                std::string("Rows grouped by predicted probability in ten bins; dots on the diagonal say exactly what "
                            "came. Larger dots hold more rows") +
                    (j.independent() ? "; bars are 95 % intervals." : "."),
                plot.svg());
}

[[nodiscard]] inline std::string gains_figure(const Judged& j) {
  std::vector<Point> curve{{0, 0}};
  for (const auto& row : metrics::gains(j.scores, j.labels, j.weights, 100)) curve.push_back({row.share, row.captured});
  if (curve.size() < 2) return {};
  const std::array chance{Point{0, 0}, Point{1, 1}};
  const std::array best{Point{0, 0}, Point{j.base_rate(), 1}, Point{1, 1}};
  Plot plot("Gains", "Share of positives found when the riskiest rows are taken first",
            {"share of rows, riskiest first", 0, 1, TickStyle::percent},
            {"share of positives found", 0, 1, TickStyle::percent});
  plot.line(chance, 0, "chance", true).line(best, 3, "perfect order", true).line(curve, 1, "model");
  return figure(
      "Gains: who is reviewed first",
      "Share of all positives found when the riskiest rows are looked at first, beside a perfect order and chance.",
      plot.svg());
}

[[nodiscard]] inline std::string scores_figure(const Judged& j) {
  constexpr std::size_t kBins = 40;
  std::vector<double> edges(kBins + 1), shares[2] = {std::vector<double>(kBins), std::vector<double>(kBins)};
  for (std::size_t i = 0; i <= kBins; ++i) edges[i] = j.highest * static_cast<double>(i) / kBins;
  double totals[2] = {0, 0};
  for (std::size_t i = 0; i < j.scores.size(); ++i) {
    const std::size_t bin = std::min(kBins - 1, static_cast<std::size_t>(j.scores[i] / j.highest * kBins)),
                      c = j.labels[i] > 0.5 ? 1 : 0;
    shares[c][bin] += j.weight(i);
    totals[c] += j.weight(i);
  }
  double top = 0;
  for (std::size_t c = 0; c < 2; ++c) {
    for (double& share : shares[c]) top = std::max(top, share /= totals[c] > 0 ? totals[c] : 1);
  }
  Plot plot("Scores by class", "Histogram of predicted probabilities for positives and negatives",
            {"predicted probability", 0, j.highest}, {"share of class", 0, top * 1.12, TickStyle::percent});
  plot.bars(edges, shares[0], 1, "negatives")
      .bars(edges, shares[1], 2, "positives")
      .vertical(j.threshold, "threshold " + readable(j.threshold));
  return figure("Scores by class",
                "How the predicted probabilities of each class are spread; each class adds up to 100 %. Right of the "
                "threshold is High.",
                plot.svg());
}

/// Every value, or an even choice of kCurvePoints of them with the first and the last.
[[nodiscard]] inline std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() <= kCurvePoints) return points;
  std::vector<Point> out;
  for (std::size_t i = 0; i < kCurvePoints; ++i) out.push_back(points[i * (points.size() - 1) / (kCurvePoints - 1)]);
  return out;
}

/// One chart a metric ("valid.binary_logloss" -> binary_logloss), one line a data set.
[[nodiscard]] inline std::string history_figures(const History& history, int best_iteration) {
  std::vector<std::string> kinds;
  std::vector<std::vector<std::size_t>> members;
  for (std::size_t name = 0; name < history.names.size(); ++name) {
    const std::string kind = shortened(history.names[name].substr(history.names[name].find('.') + 1), 80);
    const auto at = static_cast<std::size_t>(std::find(kinds.begin(), kinds.end(), kind) - kinds.begin());
    if (at == kinds.size()) {
      kinds.push_back(kind);
      members.emplace_back();
    }
    members[at].push_back(name);
  }
  std::string out;
  for (std::size_t k = 0; k < kinds.size() && k < 6; ++k) {
    double low = INFINITY, high = -INFINITY;
    std::vector<std::vector<Point>> lines(members[k].size());
    for (std::size_t i = 0; i < history.values.size(); ++i) {
      for (std::size_t m = 0; m < members[k].size(); ++m) {
        if (members[k][m] >= history.values[i].size()) continue;
        const double y = history.values[i][members[k][m]];
        if (!is_finite(y)) continue;
        lines[m].push_back({static_cast<double>(i + 1), y});
        low = std::min(low, y);
        high = std::max(high, y);
      }
    }
    const double room = high > low ? (high - low) * 0.06 : 0;
    Plot plot("Learning curve of " + kinds[k], kinds[k] + " after each iteration",
              {"iteration (trees)", 1, std::max(2.0, static_cast<double>(history.values.size()))},
              {kinds[k], low - room, high + room});
    for (std::size_t m = 0; m < lines.size() && m < 6; ++m) {
      const std::string& name = history.names[members[k][m]];
      plot.line(thinned(lines[m]), static_cast<int>(m) + 1, name.substr(0, name.find('.')));
    }
    if (best_iteration > 0) plot.vertical(best_iteration, "best: " + grouped(best_iteration));
    out += figure("Learning curve: " + kinds[k], "Value after each iteration, on every part that was watched.",
                  plot.svg());
  }
  return out;
}

[[nodiscard]] inline std::string predicted_figure(std::span<const double> predictions, std::span<const double> targets,
                                                  std::span<const double> weights) {
  std::vector<std::size_t> order(predictions.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return predictions[a] < predictions[b] || (predictions[a] == predictions[b] && a < b);
  });
  std::vector<Point> curve;
  const std::size_t slices = std::min<std::size_t>(20, order.size());
  double low = INFINITY, high = -INFINITY;
  for (std::size_t s = 0; s < slices; ++s) {
    double predicted = 0, actual = 0, weight = 0;
    for (std::size_t i = s * order.size() / slices; i < (s + 1) * order.size() / slices; ++i) {
      const double w = weights.empty() ? 1 : weights[order[i]];
      predicted += w * predictions[order[i]];
      actual += w * targets[order[i]];
      weight += w;
    }
    if (!(weight > 0)) continue;
    curve.push_back({predicted / weight, actual / weight});
    low = std::min({low, curve.back().x, curve.back().y});
    high = std::max({high, curve.back().x, curve.back().y});
  }
  const double room = (high - low) * 0.05;
  const std::array diagonal{Point{low, low}, Point{high, high}};
  Plot plot("Predicted and actual", "Mean target against mean prediction in twenty slices of equal size",
            {"mean prediction", low - room, high + room}, {"mean target", low - room, high + room});
  plot.line(diagonal, 0, "perfect", true).line(curve, 1, "model").dots(curve, 1);
  return figure(
      "Predicted and actual",
      "Rows ordered by prediction, in twenty slices of equal size: what was predicted on average, and what came.",
      plot.svg());
}

[[nodiscard]] inline std::string residual_figure(std::span<const double> predictions, std::span<const double> targets,
                                                 std::span<const double> weights) {
  std::vector<double> residuals(predictions.size());
  for (std::size_t i = 0; i < residuals.size(); ++i) residuals[i] = targets[i] - predictions[i];
  std::vector<double> sorted = residuals;
  std::sort(sorted.begin(), sorted.end());
  const double low = sorted[sorted.size() / 200], high = sorted[sorted.size() - 1 - sorted.size() / 200];
  constexpr std::size_t kBins = 40;
  if (!(low < high)) return {};
  std::vector<double> edges(kBins + 1), shares(kBins);
  for (std::size_t i = 0; i <= kBins; ++i) edges[i] = low + (high - low) * static_cast<double>(i) / kBins;
  double total = 0, top = 0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    const double w = weights.empty() ? 1 : weights[i];
    total += w;
    if (residuals[i] < low || residuals[i] > high) continue;
    shares[std::min(kBins - 1, static_cast<std::size_t>((residuals[i] - low) / (high - low) * kBins))] += w;
  }
  for (double& share : shares) top = std::max(top, share /= total);
  Plot plot("Residuals", "Histogram of target minus prediction", {"target minus prediction", low, high},
            {"share of rows", 0, top * 1.1, TickStyle::percent});
  plot.bars(edges, shares, 1).vertical(0, "exact");
  return figure("Residuals", "Target minus prediction; the outermost 0.5 % at each end are left out.", plot.svg());
}

}  // namespace riskflag::inline v0_1::report::detail
