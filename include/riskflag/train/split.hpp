#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <riskflag/bin/cuts.hpp>

namespace riskflag::inline v0_1::detail {

/// How one leaf would be split.
template <class Cell>
struct Split {
  double gain = 0.0;  ///< loss reduction in units of the loss; > 0 when there is a split
  std::int32_t feature = -1;
  bool categorical = false;
  bool default_left = false;
  unsigned bin = 0;                              ///< numeric: bins <= bin go left
  std::array<std::uint64_t, 4> left_bins{};      ///< categorical: bit b set: bin b goes left
  Cell left{};                                   ///< sum of the rows that go left
  double left_output = 0.0, right_output = 0.0;  ///< in quanta, where outputs are limited

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

/// Rows in each bin of one categorical feature in a leaf or one of its ancestors: no level holds more rows than this.
struct BinCounts {
  std::int32_t feature;
  std::array<std::uint32_t, 256> rows;
};

/// Which cuts of a numeric feature can leave min_data_in_leaf rows on both sides, by what is known of the leaf: the
/// rows of the table, of an ancestor, or of the leaf itself. Sides only shrink down the tree, so a cut that is out
/// stays out.
struct CutRange {
  std::uint16_t first[2];  ///< by where missing values go: [0] right, [1] left
  std::uint16_t end[2];    ///< none when end <= first

  /// From exact rows in each bin.
  [[nodiscard]] static CutRange of(const std::uint32_t* rows, const FeatureCuts& cuts, std::uint64_t least) noexcept {
    CutRange out{};
    const std::uint64_t missing = rows[cuts.missing_bin()];
    for (const unsigned side : {0U, 1U}) {
      if (side == 1 && missing == 0) {
        out.first[1] = out.first[0];
        out.end[1] = out.end[0];
        break;
      }
      // From both ends inwards, as far as the least rows reach.
      std::uint64_t left = side == 1 ? missing : 0, right = side == 1 ? 0 : missing;
      unsigned first = 0, end = cuts.value_bins;
      while (first < cuts.value_bins && (left += rows[first]) < least) ++first;
      while (end > 0 && right < least) right += rows[--end];
      out.first[side] = static_cast<std::uint16_t>(first < cuts.value_bins ? first : 256);
      out.end[side] = static_cast<std::uint16_t>(end);
    }
    return out;
  }
};

/// What is known of the rows in a leaf's bins: of the leaf itself, or of an ancestor.
struct KnownRows {
  std::vector<CutRange> ranges{};
  std::vector<BinCounts> counted{};  ///< of categorical features, where known; the last for a feature is the tightest
};

}  // namespace riskflag::inline v0_1::detail
