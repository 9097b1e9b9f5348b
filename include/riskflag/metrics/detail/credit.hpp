#pragma once

#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/detail/classification.hpp>

namespace riskflag::inline v0_1::metrics {

inline Metric ks(std::span<const double> scores, std::span<const double> labels, std::span<const double> weights) {
  return detail::ks_of(detail::Ranked(scores, labels, weights));
}

inline Metric gini(std::span<const double> scores, std::span<const double> labels, std::span<const double> weights) {
  const Metric auc = roc_auc(scores, labels, weights);
  return auc ? Metric::of(exact::sub(exact::mul(2.0, *auc.value), 1.0)) : auc;
}

inline std::vector<KsPoint> ks_curve(std::span<const double> scores, std::span<const double> labels,
                                     std::span<const double> weights, std::size_t max_points) {
  const detail::Ranked rows(scores, labels, weights);
  std::vector<KsPoint> curve;
  if (!rows.undefined_because().empty()) return curve;
  const std::size_t groups = rows.groups();
  const double step = groups <= max_points ? 0.0 : 2.0 / static_cast<double>(max_points > 3 ? max_points - 2 : 1);
  CompensatedSum tp, fp;
  double marked = -step;
  std::size_t seen = 0;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    const double positives = exact::div(exact::sub(rows.positive(), tp.value()), rows.positive());
    const double negatives = exact::div(exact::sub(rows.negative(), fp.value()), rows.negative());
    tp.add(g.positive);
    fp.add(g.negative);
    const double along = 2.0 - positives - negatives;
    if (++seen == groups || along - marked >= step) {
      curve.push_back({g.score, positives, negatives});
      marked = along;
    }
  });
  for (std::size_t i = 0, j = curve.size(); i + 1 < j; ++i) std::swap(curve[i], curve[--j]);
  return curve;
}

}  // namespace riskflag::inline v0_1::metrics
