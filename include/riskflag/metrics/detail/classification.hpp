#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/detail/ranked.hpp>

namespace riskflag::inline v0_1::metrics {

namespace detail {

/// The reason that weights alone give for having no value: no rows, or none that counts. Empty = there are some.
inline std::string_view empty_because(std::size_t rows, std::span<const double> weights) noexcept {
  if (rows == 0) return kNoRows;
  for (std::size_t i = 0; i < rows; ++i) {
    if (weight_of(weights, i) > 0) return {};
  }
  return kNoWeight;
}

/// Weighted mean of term(i) over the rows; the weights' sum is positive.
template <class Term>
double weighted_mean(std::size_t rows, std::span<const double> weights, Term term) {
  CompensatedSum sum, weight;
  for (std::size_t i = 0; i < rows; ++i) {
    const double w = weight_of(weights, i);
    if (w == 0) continue;
    sum.add(exact::mul(w, term(i)));
    weight.add(w);
  }
  return exact::div(sum.value(), weight.value());
}

inline Metric roc_auc_of(const Ranked& rows) {
  if (const auto why = rows.undefined_because(); !why.empty()) return Metric::undefined(why);
  CompensatedSum pairs, above;  // positives seen so far, all with a higher score
  rows.for_each_falling([&](const ScoreGroup& g) {
    pairs.add(exact::mul(g.negative, exact::add(above.value(), exact::mul(0.5, g.positive))));
    above.add(g.positive);
  });
  return Metric::of(exact::div(exact::div(pairs.value(), rows.positive()), rows.negative()));
}

inline Metric pr_auc_of(const Ranked& rows) {
  if (const auto why = rows.undefined_because(); !why.empty() && why != kOneClass) return Metric::undefined(why);
  if (!(rows.positive() > 0)) return Metric::undefined(kNoPositives);
  CompensatedSum area, tp, fp;
  rows.for_each_falling([&](const ScoreGroup& g) {
    tp.add(g.positive);
    fp.add(g.negative);
    if (g.positive > 0) {
      area.add(exact::mul(g.positive, exact::div(tp.value(), exact::add(tp.value(), fp.value()))));
    }
  });
  return Metric::of(exact::div(area.value(), rows.positive()));
}

inline Metric ks_of(const Ranked& rows) {
  if (const auto why = rows.undefined_because(); !why.empty()) return Metric::undefined(why);
  double widest = 0.0;
  CompensatedSum tp, fp;
  rows.for_each_falling([&](const ScoreGroup& g) {
    tp.add(g.positive);
    fp.add(g.negative);
    const double gap = exact::sub(exact::div(tp.value(), rows.positive()), exact::div(fp.value(), rows.negative()));
    widest = gap > widest ? gap : -gap > widest ? -gap : widest;
  });
  return Metric::of(widest);
}

}  // namespace detail

inline Metric roc_auc(std::span<const double> scores, std::span<const double> labels, std::span<const double> weights) {
  return detail::roc_auc_of(detail::Ranked(scores, labels, weights));
}

inline Metric pr_auc(std::span<const double> scores, std::span<const double> labels, std::span<const double> weights) {
  return detail::pr_auc_of(detail::Ranked(scores, labels, weights));
}

inline Metric log_loss(std::span<const double> probabilities, std::span<const double> labels,
                       std::span<const double> weights) {
  detail::check_probabilities(probabilities, labels, weights);
  if (const auto why = detail::empty_because(labels.size(), weights); !why.empty()) return Metric::undefined(why);
  constexpr double kEdge = 0x1p-52;
  return Metric::of(detail::weighted_mean(labels.size(), weights, [&](std::size_t i) {
    double p = probabilities[i];
    p = p < kEdge ? kEdge : p > 1.0 - kEdge ? 1.0 - kEdge : p;
    return -exact::log(labels[i] > 0 ? p : exact::sub(1.0, p));
  }));
}

inline Metric brier(std::span<const double> probabilities, std::span<const double> labels,
                    std::span<const double> weights) {
  detail::check_probabilities(probabilities, labels, weights);
  if (const auto why = detail::empty_because(labels.size(), weights); !why.empty()) return Metric::undefined(why);
  return Metric::of(detail::weighted_mean(labels.size(), weights, [&](std::size_t i) {
    const double off = exact::sub(probabilities[i], labels[i]);
    return exact::mul(off, off);
  }));
}

inline Confusion confusion(std::span<const double> scores, std::span<const double> labels, double threshold,
                           std::span<const double> weights) {
  detail::check_classes(scores, labels, weights);
  CompensatedSum cells[2][2];  // [label][decision]
  for (std::size_t i = 0; i < scores.size(); ++i) {
    cells[labels[i] > 0 ? 1 : 0][scores[i] >= threshold ? 1 : 0].add(detail::weight_of(weights, i));
  }
  return {cells[1][1].value(), cells[0][1].value(), cells[0][0].value(), cells[1][0].value()};
}

inline Metric accuracy(const Confusion& c) noexcept {
  if (!(c.total() > 0)) return Metric::undefined(kNoRows);
  return Metric::of(exact::div(exact::add(c.tp, c.tn), c.total()));
}

inline Metric precision(const Confusion& c) noexcept {
  if (!(c.tp + c.fp > 0)) return Metric::undefined("no row is called positive");
  return Metric::of(exact::div(c.tp, exact::add(c.tp, c.fp)));
}

inline Metric recall(const Confusion& c) noexcept {
  if (!(c.tp + c.fn > 0)) return Metric::undefined(kNoPositives);
  return Metric::of(exact::div(c.tp, exact::add(c.tp, c.fn)));
}

inline Metric f1(const Confusion& c) noexcept {
  const double twice = exact::mul(2.0, c.tp);
  const double all = exact::add(exact::add(twice, c.fp), c.fn);
  if (!(all > 0)) return Metric::undefined("there are no positives and no row is called positive");
  return Metric::of(exact::div(twice, all));
}

inline Metric mcc(const Confusion& c) noexcept {
  if (!(c.total() > 0)) return Metric::undefined(kNoRows);
  const double called = exact::mul(exact::add(c.tp, c.fp), exact::add(c.tn, c.fn));
  const double truth = exact::mul(exact::add(c.tp, c.fn), exact::add(c.tn, c.fp));
  if (!(called > 0) || !(truth > 0)) return Metric::of(0.0);
  const double agreement = exact::sub(exact::mul(c.tp, c.tn), exact::mul(c.fp, c.fn));
  return Metric::of(exact::div(exact::div(agreement, exact::sqrt(called)), exact::sqrt(truth)));
}

inline Metric mcc(std::span<const double> scores, std::span<const double> labels, double threshold,
                  std::span<const double> weights) {
  return mcc(confusion(scores, labels, threshold, weights));
}

inline std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const double> labels,
                                       std::span<const double> weights, std::size_t max_points) {
  const detail::Ranked rows(scores, labels, weights);
  std::vector<RocPoint> curve;
  if (!rows.undefined_because().empty()) return curve;
  const std::size_t groups = rows.groups();
  // Both rates rise to 1, so their sum passes at most 2 / step of these marks; the two ends are kept besides.
  const double step = groups + 1 <= max_points ? 0.0 : 2.0 / static_cast<double>(max_points > 3 ? max_points - 2 : 1);
  curve.push_back({0.0, 0.0, std::numeric_limits<double>::infinity()});
  CompensatedSum tp, fp;
  double marked = 0.0;
  std::size_t seen = 0;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    tp.add(g.positive);
    fp.add(g.negative);
    const RocPoint point{exact::div(fp.value(), rows.negative()), exact::div(tp.value(), rows.positive()), g.score};
    const double along = point.false_positive_rate + point.true_positive_rate;
    if (++seen == groups || along - marked >= step) {
      curve.push_back(point);
      marked = along;
    }
  });
  return curve;
}

inline std::vector<PrPoint> pr_curve(std::span<const double> scores, std::span<const double> labels,
                                     std::span<const double> weights, std::size_t max_points) {
  const detail::Ranked rows(scores, labels, weights);
  std::vector<PrPoint> curve;
  if (!(rows.positive() > 0)) return curve;
  const std::size_t groups = rows.groups();
  const double step = groups <= max_points ? 0.0 : 1.0 / static_cast<double>(max_points > 3 ? max_points - 2 : 1);
  CompensatedSum tp, fp;
  double marked = 0.0;
  std::size_t seen = 0;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    tp.add(g.positive);
    fp.add(g.negative);
    const PrPoint point{exact::div(tp.value(), rows.positive()),
                        exact::div(tp.value(), exact::add(tp.value(), fp.value())), g.score};
    if (++seen == groups || point.recall - marked >= step) {
      curve.push_back(point);
      marked = point.recall;
    }
  });
  return curve;
}

}  // namespace riskflag::inline v0_1::metrics
