#pragma once

// Feature rows on both sides of a split, and how many of them chance alone would put there.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/audit/detail/lookup.hpp>
#include <riskflag/audit/detail/sample.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1::audit::detail {

/// Share of held-out rows that would find an equal row among `train` if the columns were independent.
///
/// A table of three fields with few levels repeats its rows without repeating its people; that is no leak. For each of
/// a sample of held-out rows the probability of an equal row is the product of its values' shares in a sample of
/// training rows (a value met at most once counts as one of a continuum: the chance that two training rows agree at
/// all).
[[nodiscard]] inline double chance_share(std::span<const Column* const> columns, std::span<const std::uint32_t> train,
                                         std::span<const std::uint32_t> held_out) {
  const std::vector<std::uint32_t> judges = pick(held_out, 2000, 20), fits = pick(train, 16000, 21);
  if (judges.empty() || fits.size() < 2) return 0;
  std::vector<double> log_probability(judges.size(), 0);
  std::vector<std::int64_t> keys(fits.size());
  const auto rows = static_cast<double>(fits.size());
  for (const Column* column : columns) {
    for (std::size_t i = 0; i < fits.size(); ++i) keys[i] = cell_key(*column, fits[i]);
    std::sort(keys.begin(), keys.end());
    double pairs = 0;
    for (std::size_t i = 0; i < keys.size();) {
      std::size_t j = i;
      while (j < keys.size() && keys[j] == keys[i]) ++j;
      pairs += static_cast<double>(j - i) * static_cast<double>(j - i - 1);
      i = j;
    }
    const double rare = std::min(1 / rows, pairs / (rows * (rows - 1)));
    for (std::size_t i = 0; i < judges.size(); ++i) {
      const auto [first, last] = std::equal_range(keys.begin(), keys.end(), cell_key(*column, judges[i]));
      const auto count = static_cast<double>(last - first);
      log_probability[i] += std::log(std::max(count >= 2 ? count / rows : rare, 1e-300));
    }
  }
  double share = 0;
  for (const double each : log_probability) {
    share += -std::expm1(-static_cast<double>(train.size()) * std::exp(each)) / static_cast<double>(judges.size());
  }
  return share;
}

}  // namespace riskflag::inline v0_1::audit::detail
