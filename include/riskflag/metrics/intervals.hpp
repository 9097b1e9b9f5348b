#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <riskflag/core/function_ref.hpp>
#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics {

/// An interval that covers the true value with the asked probability, or the reason why there is none.
struct Interval {
  double low = 0.0, high = 0.0;
  std::string_view undefined_because{};
  [[nodiscard]] explicit operator bool() const noexcept { return undefined_because.empty(); }
};

/// ROC-AUC's variance by DeLong, for independent, unweighted rows only.
///
/// DeLong et al., Biometrics 1988, by the mid-rank form of Sun and Xu, "Fast implementation of DeLong's algorithm",
/// IEEE SPL 2014, O(n log n). Undefined with fewer than two rows of a class.
[[nodiscard]] Metric delong_variance(std::span<const double> scores, std::span<const double> labels);

/// DeLong's normal interval of ROC-AUC, cut to [0, 1]; level in (0, 1), else throws Error(invalid_option).
[[nodiscard]] Interval delong(std::span<const double> scores, std::span<const double> labels, double level = 0.95);

/// The normal interval of auc(a) - auc(b) of two scores for the same rows (paired DeLong).
[[nodiscard]] Interval delong_difference(std::span<const double> scores_a, std::span<const double> scores_b,
                                         std::span<const double> labels, double level = 0.95);

/// What a bootstrap evaluates: the metric of one resample, given how often each row was drawn (counts multiply
/// weights).
using WeightedMetric = FunctionRef<Metric(std::span<const double> weights)>;

/// Percentile bootstrap (Efron and Tibshirani, 1993, ch. 13) of any weighted metric over `rows` rows.
///
/// Draw r of row-slot i depends on (seed, r, i) alone. Resamples where the metric is undefined are left out; undefined
/// when fewer than half remain. Whole groups are drawn when `groups` (one id in [0, n_groups) a row) is given.
/// Throws Error(invalid_option) unless 0 < level < 1 and resamples >= 1.
[[nodiscard]] Interval bootstrap(std::size_t rows, WeightedMetric metric, std::size_t resamples = 1000,
                                 std::uint64_t seed = 42, double level = 0.95, std::span<const double> weights = {},
                                 std::span<const std::uint64_t> groups = {});

}  // namespace riskflag::inline v0_1::metrics

#include <riskflag/metrics/detail/intervals.hpp>
