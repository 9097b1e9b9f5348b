#pragma once

// How far live rows are from training rows, by counts of the same bins.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>

namespace riskflag::inline v0_1::monitor {

/// The population stability index, sum (a - e) ln(a / e) over the bins' shares; 0 for equal shares, never negative.
///
/// Shares are (count + 0.5) / (rows + 0.5 bins), so that an empty bin has a logarithm; optbinning leaves such bins out
/// and evidently takes 0.0001 instead. Siddiqi, "Credit Risk Scorecards", 2006: 0.10 look, 0.25 act, which holds for
/// large samples alone: see psi_alarm().
[[nodiscard]] double psi(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live);

/// The Jensen-Shannon distance (base 2: from 0 to 1) of the plain shares, as scipy.spatial.distance.jensenshannon gives
/// it; 0 when either has no rows.
[[nodiscard]] double jensen_shannon(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live);

/// Greatest difference of the cumulated plain shares, over bins that have an order: Kolmogorov and Smirnov's distance
/// as far as binned values show it. 0 when either has no rows.
[[nodiscard]] double ks_distance(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live);

/// How far rows must move on average to make one sample the other, each row of a bin being at the bin's position: the
/// area between the cumulated plain shares, as scipy.stats.wasserstein_distance(positions, positions, training, live)
/// gives it. `positions` ascend. 0 when either has no rows.
[[nodiscard]] double wasserstein(std::span<const double> positions, std::span<const std::uint64_t> training,
                                 std::span<const std::uint64_t> live);
/// Positions for that of bins whose ends may be open: the middle of each among the ranks of the training rows, from 0
/// to 1. A distance of 0.1 then says that rows moved past a tenth of the training rows, whatever the field's unit.
[[nodiscard]] std::vector<double> rank_positions(std::span<const std::uint64_t> training);

/// Pearson's statistic of the two samples, as scipy.stats.chi2_contingency(correction=False) gives it over the bins
/// that have rows.
struct ChiSquare {
  double statistic = 0;
  int degrees = 0;  ///< of freedom: bins with rows, less 1
};
[[nodiscard]] ChiSquare chi_square(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live);

/// Above this PSI something changed: the greater of 0.10 and what `live_rows` quiet rows stay below in all but `alpha`
/// of cases (1e-4 <= alpha < 1), by `kPsiDraws` pairs of samples of the training shares, of the training's and the
/// window's size. With 100 rows and ten bins PSI exceeds 0.10 in 39 % of quiet windows; this threshold does not.
[[nodiscard]] double psi_alarm(std::span<const std::uint64_t> training, std::uint64_t live_rows, double alpha,
                               std::uint64_t seed = 42);
inline constexpr double kPsiLook = 0.10;
inline constexpr std::size_t kPsiDraws = 10'000;
/// Of each field's test where `fields` are looked at together: some 1 in 200 quiet windows has an alarm.
[[nodiscard]] inline double psi_alpha(std::size_t fields) noexcept { return 0.005 / static_cast<double>(fields + 1); }

namespace detail {

[[nodiscard]] inline std::uint64_t sum_of(std::span<const std::uint64_t> counts) noexcept {
  std::uint64_t sum = 0;
  for (const std::uint64_t n : counts) sum += n;
  return sum;
}

/// Draws one number of successes out of n. Far from both ends the normal's rounded value: its error is far below that
/// of a quantile of kPsiDraws draws.
[[nodiscard]] inline std::uint64_t draw_binomial(std::uint64_t n, double p, const Random& random,
                                                 std::uint64_t counter) {
  if (n == 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - draw_binomial(n, 1 - p, random, counter);
  const double mean = static_cast<double>(n) * p;
  if (mean >= 30) {
    const double x = std::floor(mean + exact::sqrt(mean * (1 - p)) * random.normal(counter) + 0.5);
    return static_cast<std::uint64_t>(std::clamp(x, 0.0, static_cast<double>(n)));
  }
  double u = random.uniform(counter);
  double chance = exact::exp(static_cast<double>(n) * exact::log1p(-p));
  std::uint64_t k = 0;
  while (u >= chance && k < n && chance > 0) {
    u -= chance;
    chance *= static_cast<double>(n - k) / static_cast<double>(k + 1) * (p / (1 - p));
    ++k;
  }
  return k;
}

/// One sample of `rows` rows with the shares of `weights`.
inline void draw_multinomial(std::span<const std::uint64_t> weights, std::uint64_t rows, const Random& random,
                             std::uint64_t counter, std::vector<std::uint64_t>& out) {
  out.assign(weights.size(), 0);
  std::uint64_t left = sum_of(weights);
  for (std::size_t i = 0; i < weights.size() && rows > 0 && left > 0; ++i) {
    out[i] = draw_binomial(rows, static_cast<double>(weights[i]) / static_cast<double>(left), random, counter + i);
    rows -= out[i];
    left -= weights[i];
  }
}

}  // namespace detail

inline double psi(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live) {
  const double half = 0.5 * static_cast<double>(training.size());
  const double e_rows = static_cast<double>(detail::sum_of(training)) + half;
  const double a_rows = static_cast<double>(detail::sum_of(live)) + half;
  double sum = 0;
  for (std::size_t i = 0; i < training.size(); ++i) {
    const double e = (static_cast<double>(training[i]) + 0.5) / e_rows;
    const double a = (static_cast<double>(live[i]) + 0.5) / a_rows;
    sum += (a - e) * exact::log(a / e);
  }
  return sum;
}

inline double jensen_shannon(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live) {
  const double e_rows = static_cast<double>(detail::sum_of(training));
  const double a_rows = static_cast<double>(detail::sum_of(live));
  if (e_rows == 0 || a_rows == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < training.size(); ++i) {
    const double e = static_cast<double>(training[i]) / e_rows, a = static_cast<double>(live[i]) / a_rows;
    const double middle = 0.5 * (e + a);
    if (e > 0) sum += e * exact::log(e / middle);
    if (a > 0) sum += a * exact::log(a / middle);
  }
  constexpr double kLn2 = 0.69314718055994530942;
  return exact::sqrt(std::max(0.0, sum / (2 * kLn2)));
}

inline double ks_distance(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live) {
  const double e_rows = static_cast<double>(detail::sum_of(training));
  const double a_rows = static_cast<double>(detail::sum_of(live));
  if (e_rows == 0 || a_rows == 0) return 0;
  std::uint64_t e = 0, a = 0;
  double greatest = 0;
  for (std::size_t i = 0; i < training.size(); ++i) {
    e += training[i];
    a += live[i];
    greatest = std::max(greatest, std::abs(static_cast<double>(e) / e_rows - static_cast<double>(a) / a_rows));
  }
  return greatest;
}

inline double wasserstein(std::span<const double> positions, std::span<const std::uint64_t> training,
                          std::span<const std::uint64_t> live) {
  const double e_rows = static_cast<double>(detail::sum_of(training));
  const double a_rows = static_cast<double>(detail::sum_of(live));
  if (e_rows == 0 || a_rows == 0) return 0;
  std::uint64_t e = 0, a = 0;
  double area = 0;
  for (std::size_t i = 0; i + 1 < training.size(); ++i) {
    e += training[i];
    a += live[i];
    area +=
        std::abs(static_cast<double>(e) / e_rows - static_cast<double>(a) / a_rows) * (positions[i + 1] - positions[i]);
  }
  return area;
}

inline std::vector<double> rank_positions(std::span<const std::uint64_t> training) {
  const double rows = std::max(1.0, static_cast<double>(detail::sum_of(training)));
  std::vector<double> out;
  double below = 0;
  for (const std::uint64_t count : training) {
    out.push_back((below + static_cast<double>(count) / 2) / rows);
    below += static_cast<double>(count);
  }
  return out;
}

inline ChiSquare chi_square(std::span<const std::uint64_t> training, std::span<const std::uint64_t> live) {
  const double e_rows = static_cast<double>(detail::sum_of(training));
  const double a_rows = static_cast<double>(detail::sum_of(live));
  ChiSquare out;
  if (e_rows == 0 || a_rows == 0) return out;
  out.degrees = -1;
  for (std::size_t i = 0; i < training.size(); ++i) {
    const double both = static_cast<double>(training[i] + live[i]);
    if (both == 0) continue;
    ++out.degrees;
    for (const auto& [count, rows] : {std::pair(training[i], e_rows), std::pair(live[i], a_rows)}) {
      const double expected = both * rows / (e_rows + a_rows);
      const double miss = static_cast<double>(count) - expected;
      out.statistic += miss * miss / expected;
    }
  }
  return out;
}

inline double psi_alarm(std::span<const std::uint64_t> training, std::uint64_t live_rows, double alpha,
                        std::uint64_t seed) {
  const Random random(seed, 0x707369);
  const std::uint64_t rows = detail::sum_of(training);
  std::vector<std::uint64_t> e, a;
  std::vector<double> values(kPsiDraws);
  for (std::size_t draw = 0; draw < kPsiDraws; ++draw) {
    const std::uint64_t counter = draw * 2 * training.size();
    detail::draw_multinomial(training, rows, random, counter, e);
    detail::draw_multinomial(training, live_rows, random, counter + training.size(), a);
    values[draw] = psi(e, a);
  }
  // The greatest so many lie above; at least one does, so that the threshold was seen.
  const auto above = static_cast<std::size_t>(alpha * static_cast<double>(kPsiDraws));
  const auto at = values.end() - 1 - static_cast<std::ptrdiff_t>(std::min(above, kPsiDraws - 1));
  std::nth_element(values.begin(), at, values.end());
  return std::max(kPsiLook, *at);
}

}  // namespace riskflag::inline v0_1::monitor
