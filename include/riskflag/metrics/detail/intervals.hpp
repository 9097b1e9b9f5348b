#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <riskflag/core/random.hpp>
#include <riskflag/metrics/detail/classification.hpp>
#include <riskflag/metrics/intervals.hpp>

namespace riskflag::inline v0_1::metrics {

namespace detail {

/// z with P(|N(0,1)| <= z) = level, to 1e-14: Newton steps on the error function's series and continued fraction.
///
/// erfc by Abramowitz and Stegun 7.1.6 (series, small z) and 7.1.14 (continued fraction, large z).
inline double two_sided_z(double level) noexcept {
  const double inverse_sqrt_pi = 0.56418958354775628695;
  const auto outside = [&](double z) {  // P(|N| > z) = erfc(z / sqrt 2)
    const double x = z * 0.70710678118654752440;
    const double bell = exact::exp(-exact::mul(x, x));
    if (x < 2.5) {
      double term = x, sum = x;
      for (int n = 1; n < 80; ++n) {
        term = exact::div(exact::mul(term, exact::mul(2.0, exact::mul(x, x))), 2.0 * n + 1.0);
        sum = exact::add(sum, term);
      }
      return exact::sub(1.0, exact::mul(2.0 * inverse_sqrt_pi, exact::mul(bell, sum)));
    }
    double tail = x;
    for (int n = 120; n >= 1; --n) tail = exact::add(x, exact::div(0.5 * n, tail));
    return exact::div(exact::mul(inverse_sqrt_pi, bell), tail);
  };
  const double wanted = exact::sub(1.0, level);
  double low = 0.0, high = 40.0;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = exact::mul(0.5, exact::add(low, high));
    if (middle == low || middle == high) break;
    if (outside(middle) > wanted) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return exact::mul(0.5, exact::add(low, high));
}

/// Sample variance (divisor n - 1) from sums of x and weights that count rows.
inline double sample_variance(double n, double sum, double sum_of_squares) noexcept {
  const double spread = exact::sub(sum_of_squares, exact::div(exact::mul(sum, sum), n));
  return spread > 0 ? exact::div(spread, n - 1.0) : 0.0;
}

/// Share of `sorted` below x, ties counting half: one row's structural component (Sun and Xu, eq. 5).
inline double share_below(const std::vector<double>& sorted, double x) noexcept {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), x);
  const auto below = static_cast<double>(first - sorted.begin());
  const auto ties = static_cast<double>(last - first);
  return exact::div(exact::add(below, exact::mul(0.5, ties)), static_cast<double>(sorted.size()));
}

inline Interval normal_interval(double centre, double variance, double level, double lowest, double highest) noexcept {
  const double reach = exact::mul(two_sided_z(level), exact::sqrt(variance));
  return {std::max(lowest, exact::sub(centre, reach)), std::min(highest, exact::add(centre, reach)), {}};
}

inline constexpr std::string_view kFewOfAClass = "a class has fewer than two rows";

}  // namespace detail

inline Metric delong_variance(std::span<const double> scores, std::span<const double> labels) {
  const detail::Ranked rows(scores, labels, {});
  if (const auto why = rows.undefined_because(); !why.empty()) return Metric::undefined(why);
  const double m = rows.positive(), n = rows.negative();
  if (m < 2 || n < 2) return Metric::undefined(detail::kFewOfAClass);
  // Deviations from the AUC keep the squares small, so that a variance of 1e-8 does not vanish in cancellation.
  const double auc = *detail::roc_auc_of(rows).value;
  CompensatedSum sum10, square10, sum01, square01, positives_above, negatives_above;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    if (g.positive > 0) {
      const double below = exact::sub(exact::sub(n, negatives_above.value()), exact::mul(0.5, g.negative));
      const double v = exact::sub(exact::div(below, n), auc);
      sum10.add(exact::mul(g.positive, v));
      square10.add(exact::mul(g.positive, exact::mul(v, v)));
    }
    if (g.negative > 0) {
      const double v = exact::sub(exact::div(exact::add(positives_above.value(), exact::mul(0.5, g.positive)), m), auc);
      sum01.add(exact::mul(g.negative, v));
      square01.add(exact::mul(g.negative, exact::mul(v, v)));
    }
    positives_above.add(g.positive);
    negatives_above.add(g.negative);
  });
  return Metric::of(exact::add(exact::div(detail::sample_variance(m, sum10.value(), square10.value()), m),
                               exact::div(detail::sample_variance(n, sum01.value(), square01.value()), n)));
}

inline Interval delong(std::span<const double> scores, std::span<const double> labels, double level) {
  detail::check_level(level);
  const Metric variance = delong_variance(scores, labels);
  if (!variance) return {0.0, 0.0, variance.undefined_because};
  return detail::normal_interval(*roc_auc(scores, labels).value, *variance.value, level, 0.0, 1.0);
}

inline Interval delong_difference(std::span<const double> scores_a, std::span<const double> scores_b,
                                  std::span<const double> labels, double level) {
  detail::check_level(level);
  detail::check_classes(scores_a, labels, {});
  detail::check_classes(scores_b, labels, {});
  std::vector<double> of[2][2];  // [score][class], sorted
  for (std::size_t i = 0; i < labels.size(); ++i) {
    of[0][labels[i] > 0 ? 1 : 0].push_back(scores_a[i]);
    of[1][labels[i] > 0 ? 1 : 0].push_back(scores_b[i]);
  }
  const double m = static_cast<double>(of[0][1].size()), n = static_cast<double>(of[0][0].size());
  if (m < 2 || n < 2) return {0.0, 0.0, detail::kFewOfAClass};
  for (auto& score : of) {
    for (auto& sorted : score) std::sort(sorted.begin(), sorted.end());
  }
  // Variance of the difference of the two components, class by class, around its mean: the difference of the AUCs.
  const double difference = exact::sub(*roc_auc(scores_a, labels).value, *roc_auc(scores_b, labels).value);
  CompensatedSum sum[2], square[2];
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t own = labels[i] > 0 ? 1 : 0;
    double v =
        exact::sub(detail::share_below(of[0][1 - own], scores_a[i]), detail::share_below(of[1][1 - own], scores_b[i]));
    if (own == 0) v = -v;  // a negative's component is the share of positives above it
    v = exact::sub(v, difference);
    sum[own].add(v);
    square[own].add(exact::mul(v, v));
  }
  const double variance = exact::add(exact::div(detail::sample_variance(m, sum[1].value(), square[1].value()), m),
                                     exact::div(detail::sample_variance(n, sum[0].value(), square[0].value()), n));
  return detail::normal_interval(difference, variance, level, -1.0, 1.0);
}

inline Interval bootstrap(std::size_t rows, WeightedMetric metric, std::size_t resamples, std::uint64_t seed,
                          double level, std::span<const double> weights, std::span<const std::uint64_t> groups) {
  detail::check_level(level);
  if (resamples == 0) fail(ErrorCode::invalid_option, "resamples", "0; a bootstrap needs at least one resample");
  if (!weights.empty()) detail::check_length(weights.size(), rows, "weights");
  if (!groups.empty()) detail::check_length(groups.size(), rows, "groups");
  if (rows == 0) return {0.0, 0.0, kNoRows};
  std::uint64_t units = rows;
  if (!groups.empty()) units = *std::max_element(groups.begin(), groups.end()) + 1;
  std::vector<double> drawn(units), scaled(rows), values;
  values.reserve(resamples);
  for (std::size_t r = 0; r < resamples; ++r) {
    const Random random(seed, r);
    std::fill(drawn.begin(), drawn.end(), 0.0);
    for (std::uint64_t i = 0; i < units; ++i) drawn[random.below(units, i)] += 1.0;
    for (std::size_t i = 0; i < rows; ++i) {
      scaled[i] = exact::mul(drawn[groups.empty() ? i : groups[i]], detail::weight_of(weights, i));
    }
    if (const Metric value = metric(scaled)) values.push_back(*value.value);
  }
  if (values.size() * 2 < resamples) return {0.0, 0.0, "the metric is undefined in most resamples"};
  std::sort(values.begin(), values.end());
  // Quantiles with linear interpolation between order statistics (numpy's default).
  const auto quantile = [&](double q) {
    const double at = exact::mul(q, static_cast<double>(values.size() - 1));
    const auto below = static_cast<std::size_t>(at);
    const double rest = exact::sub(at, static_cast<double>(below));
    if (below + 1 >= values.size()) return values.back();
    return exact::add(values[below], exact::mul(rest, exact::sub(values[below + 1], values[below])));
  };
  const double tail = exact::mul(0.5, exact::sub(1.0, level));
  return {quantile(tail), quantile(exact::sub(1.0, tail)), {}};
}

}  // namespace riskflag::inline v0_1::metrics
