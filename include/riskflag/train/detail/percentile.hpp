#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/order_key.hpp>

namespace riskflag::inline v0_1::detail {

struct WeightedValue {
  double value;
  std::int64_t weight;  ///< fixed point: sums do not depend on their order
};

/// The `share` quantile of values, which are reordered; 0 for none.
///
/// Unweighted it is LightGBM's PercentileFun: from the top, rank (1 - share) n, between the two values that it lies
/// between. Weighted it is the least value above which less than 1 - share of the weight lies; LightGBM's interpolation
/// there mixes neighbours of the wrong pair.
[[nodiscard]] inline double percentile(std::vector<WeightedValue>& values, bool weighted, double share) {
  const std::size_t n = values.size();
  if (n == 0) return 0.0;
  const auto less = [](const WeightedValue& a, const WeightedValue& b) {
    return order_key(a.value) < order_key(b.value);
  };
  if (!weighted) {
    const double rank = exact::mul(exact::sub(1.0, share), static_cast<double>(n));
    const auto at = static_cast<std::size_t>(rank);  // from the top
    if (at < 1) return std::max_element(values.begin(), values.end(), less)->value;
    if (at >= n) return std::min_element(values.begin(), values.end(), less)->value;
    const auto upper = values.begin() + static_cast<std::ptrdiff_t>(n - at);
    std::nth_element(values.begin(), upper, values.end(), less);
    const double high = upper->value;
    const double low = std::max_element(values.begin(), upper, less)->value;
    const double part = exact::sub(rank, static_cast<double>(at));
    return exact::sub(high, exact::mul(exact::sub(high, low), part));
  }
  std::sort(values.begin(), values.end(), less);
  std::int64_t all = 0, sum = 0;
  for (const WeightedValue& v : values) all += v.weight;
  const double wanted = exact::mul(static_cast<double>(all), share);
  for (const WeightedValue& v : values) {
    sum += v.weight;
    if (static_cast<double>(sum) > wanted) return v.value;
  }
  return values.back().value;
}

}  // namespace riskflag::inline v0_1::detail
