#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/bin/cuts.hpp>

namespace riskflag::inline v0_1::detail {

/// Most value bins of a categorical feature: one byte has to hold the missing bin and the one of unseen levels too.
inline constexpr std::size_t kMaxLevelBins = 254;

/// Bins of levels from how often each occurs. Levels that do not occur share the bin of unseen values; beyond 253
/// levels the rarest share the last value bin (equal counts: the higher index is the rarer).
[[nodiscard]] inline FeatureCuts bins_of_levels(std::span<const std::uint64_t> counts) {
  std::vector<std::uint32_t> present;
  for (std::uint32_t level = 0; level < counts.size(); ++level) {
    if (counts[level] != 0) present.push_back(level);
  }
  FeatureCuts out;
  out.type = FeatureType::categorical;
  std::vector<std::uint32_t> rare;
  if (present.size() > kMaxLevelBins) {
    std::sort(present.begin(), present.end(),
              [&](std::uint32_t a, std::uint32_t b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
    rare.assign(present.begin() + (kMaxLevelBins - 1), present.end());
    present.resize(kMaxLevelBins - 1);
    std::sort(present.begin(), present.end());
  }
  out.value_bins = static_cast<unsigned>(std::max<std::size_t>(1, present.size() + (rare.empty() ? 0 : 1)));
  out.level_bins.assign(counts.size(), static_cast<std::uint8_t>(out.unseen_bin()));
  for (std::size_t b = 0; b < present.size(); ++b) out.level_bins[present[b]] = static_cast<std::uint8_t>(b);
  for (const std::uint32_t level : rare) out.level_bins[level] = static_cast<std::uint8_t>(out.value_bins - 1);
  return out;
}

}  // namespace riskflag::inline v0_1::detail
