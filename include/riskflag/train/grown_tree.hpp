#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/train/limits.hpp>
#include <riskflag/train/split.hpp>

namespace riskflag::inline v0_1::detail {

/// A split that was made: children >= 0 are splits, < 0 are leaves (~child).
template <class Cell>
struct MadeSplit {
  Split<Cell> split;
  std::int32_t left = 0;
  std::int32_t right = 0;
  OutputBounds bounds{};  ///< of the node's own output, in quanta
};

/// The shape of a tree and which rows ended where; valid until the grower grows the next.
template <class Cell>
struct GrownTree {
  std::vector<MadeSplit<Cell>> splits;  ///< parents before children
  std::vector<std::span<const std::uint32_t>>
      leaf_rows;                          ///< empty spans when no split was made: all rows are in leaf 0
  std::vector<OutputBounds> leaf_bounds;  ///< in quanta; empty: none
  /// Where leaves share a value (symmetric trees): the rows that each value is learned from, and each leaf's value.
  std::vector<std::span<const std::uint32_t>> value_rows;
  std::vector<std::uint32_t> leaf_value;  ///< empty: every leaf has its own
};

}  // namespace riskflag::inline v0_1::detail
