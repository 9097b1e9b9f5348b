#pragma once

// Sums and order statistics of fitting: row after row, compensated, through exact::, so that they depend on the rows
// and their order alone.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <riskflag/core/compensated_sum.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// weights[i], or 1 where there are none.
[[nodiscard]] inline double weight_at(std::span<const double> weights, std::size_t i) noexcept {
  return weights.empty() ? 1.0 : weights[i];
}

struct Moments {
  double weight = 0;  ///< of the values that are there; 0 = none
  double mean = kMissing;
  double deviation = kMissing;  ///< population's standard deviation
  bool constant = true;         ///< all values are the same
};

/// Weighted mean and deviation of the values that are there, in two passes.
[[nodiscard]] inline Moments moments(std::span<const double> values, std::span<const double> weights) noexcept {
  Moments out;
  CompensatedSum weight, sum, squares;
  double first = kMissing;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_missing(values[i]) || !(weight_at(weights, i) > 0)) continue;
    if (is_missing(first)) first = values[i];
    out.constant = out.constant && values[i] == first;
    weight.add(weight_at(weights, i));
    sum.add(exact::mul(weight_at(weights, i), values[i]));
  }
  out.weight = weight.value();
  if (!(out.weight > 0)) return out;
  out.mean = out.constant ? first : exact::div(sum.value(), out.weight);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_missing(values[i]) || !(weight_at(weights, i) > 0)) continue;
    const double distance = exact::sub(values[i], out.mean);
    squares.add(exact::mul(weight_at(weights, i), exact::mul(distance, distance)));
  }
  out.deviation = exact::sqrt(exact::div(squares.value(), out.weight));
  return out;
}

/// The values that are there, ascending.
[[nodiscard]] inline std::vector<double> sorted_values(std::span<const double> values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double x : values) {
    if (!is_missing(x)) out.push_back(x == 0 ? 0.0 : x);  // -0 and 0 are one value
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Quantile q of ascending values, which are not empty: numpy's "linear" method and its way of interpolating.
[[nodiscard]] inline double quantile(std::span<const double> sorted, double q) noexcept {
  const double position = exact::mul(q, static_cast<double>(sorted.size() - 1));
  const auto below = static_cast<std::size_t>(position);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double share = exact::sub(position, static_cast<double>(below));
  const double low = sorted[below], high = sorted[below + 1];
  const double width = exact::sub(high, low);
  if (share >= 0.5) return exact::sub(high, exact::mul(width, exact::sub(1, share)));
  return exact::add(low, exact::mul(width, share));
}

/// The middle of ascending values, or the mean of the two in the middle; they are not empty.
[[nodiscard]] inline double median(std::span<const double> sorted) noexcept {
  const std::size_t half = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[half];
  const double sum = exact::add(sorted[half - 1], sorted[half]);
  // Halved before adding only where the sum overflows: halving a denormal loses its last bit.
  if (is_finite(sum)) return exact::mul(sum, 0.5);
  return exact::add(exact::mul(sorted[half - 1], 0.5), exact::mul(sorted[half], 0.5));
}

/// The value that stands there most often, the smallest of several; ascending values, not empty.
[[nodiscard]] inline double most_frequent(std::span<const double> sorted) noexcept {
  double best = sorted.front();
  std::size_t best_count = 0;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin;
    while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
    if (end - begin > best_count) {
      best_count = end - begin;
      best = sorted[begin];
    }
    begin = end;
  }
  return best;
}

/// Rows of each level, and of missing. Codes beyond `levels` and kUnseen are not counted.
struct LevelCounts {
  std::vector<std::uint64_t> rows;
  std::uint64_t missing = 0;
};
[[nodiscard]] inline LevelCounts count_levels(std::span<const double> codes, std::size_t levels) {
  LevelCounts out{std::vector<std::uint64_t>(levels), 0};
  for (const double code : codes) {
    if (is_missing(code)) {
      ++out.missing;
    } else if (!(code < 0) && code < static_cast<double>(levels)) {
      ++out.rows[static_cast<std::size_t>(code)];
    }
  }
  return out;
}

}  // namespace riskflag::inline v0_1::prep::detail
