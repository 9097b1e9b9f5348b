#pragma once

#include <cstdint>
#include <span>

#include <riskflag/core/random.hpp>

namespace riskflag::inline v0_1::prep {

/// What fitting may see besides the rows. All spans are as long as the frame, or empty.
struct FitInputs {
  std::span<const double>
      labels{};  ///< 0 and 1, or real; needed by target and weight-of-evidence encodings and supervised bins
  std::span<const double>
      weights{};  ///< >= 0; empty = 1. Means, deviations, target and woe sums use them; quantiles and counts do not
  std::uint64_t seed = 42;  ///< decides the folds of cross-fitting, nothing else
  std::span<const std::uint64_t>
      groups{};  ///< group_ids(): rows of one group share a cross-fitting fold; empty = every row for itself
};

/// The cross-fitting fold of a row (or of its group's id), in [0, folds).
[[nodiscard]] std::uint32_t cross_fit_fold(std::uint64_t seed, std::uint64_t row_or_group,
                                           std::uint32_t folds) noexcept;

inline std::uint32_t cross_fit_fold(std::uint64_t seed, std::uint64_t row_or_group, std::uint32_t folds) noexcept {
  constexpr std::uint64_t kUse = 0x637266u;  // "crf"
  return static_cast<std::uint32_t>(Random(seed).split(kUse).below(folds, row_or_group));
}

}  // namespace riskflag::inline v0_1::prep
