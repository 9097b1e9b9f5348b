#pragma once

#include <array>
#include <cstdint>

#include <riskflag/bin/cuts.hpp>

namespace riskflag::inline v0_1::detail {

/// How one leaf would be split.
template <class Cell>
struct Split {
  double gain = 0.0;  ///< loss reduction in units of the loss; > 0 when there is a split
  std::int32_t feature = -1;
  bool categorical = false;
  bool default_left = false;
  unsigned bin = 0;                            ///< numeric: bins <= bin go left
  std::array<std::uint64_t, 4> left_bins{};    ///< categorical: bit b set: bin b goes left
  Cell left{};                                 ///< sum of the rows that go left

  [[nodiscard]] bool exists() const noexcept { return feature >= 0; }

  /// 1 for every bin whose rows go left.
  [[nodiscard]] std::array<std::uint8_t, 256> go_left(const FeatureCuts& cuts) const noexcept {
    std::array<std::uint8_t, 256> out{};
    if (categorical) {
      for (unsigned b = 0; b < 256; ++b) out[b] = static_cast<std::uint8_t>((left_bins[b / 64] >> (b % 64)) & 1);
      return out;
    }
    for (unsigned b = 0; b <= bin; ++b) out[b] = 1;
    out[cuts.missing_bin()] = default_left ? 1 : 0;
    return out;
  }
};

/// Exact rows in each bin of one feature, in one leaf: counted when a split that the sums liked had too few rows on a side.
struct BinCounts {
  std::int32_t feature;
  std::array<std::uint32_t, 256> rows;
};

}  // namespace riskflag::inline v0_1::detail
