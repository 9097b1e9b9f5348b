#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <riskflag/core/cpu.hpp>
#include <riskflag/predict/plane_forest.hpp>
#include <riskflag/predict/scan_forest.hpp>

namespace riskflag::inline v0_1 {

/// Rows of one block of ranks are a multiple of this; the last ones may be padding.
inline constexpr std::size_t kScanRowStep = 64;

/// One instruction set's way of scanning. Buffers are the caller's and aligned to 64 bytes; nothing is checked.
struct ScanKernel {
  std::string_view name;
  CpuLevel level;  ///< what the CPU must have

  /// ranks[column] of one row whose values lie side by side; answers[i]: where those of the row's level of
  /// row_answers[i] begin.
  void (*rank_row)(const ScanView& forest, const double* row, std::uint8_t* ranks, std::uint32_t* answers);
  /// Leaf numbers of the lanes of one bundle, for one row: leaf[lane] for width * 64 lanes. `ranks` has 256 readable
  /// bytes.
  void (*row_leaves)(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                     const std::uint32_t* answers, std::uint8_t* leaf);
  /// ranks[column * stride + row] of a block of `rows` rows, whose cells lie row_stride and col_stride doubles apart.
  void (*rank_block)(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride,
                     std::size_t rows, std::size_t stride, std::uint8_t* ranks);
  /// Leaf numbers of one tree for a block: leaf[row], rows rounded up to kScanRowStep.
  void (*tree_leaves)(const ScanView& forest, const ScanTree& tree, const std::uint8_t* ranks, std::size_t rows,
                      std::size_t stride, std::uint8_t* leaf);
  /// sums[row] += leaves[leaf[row]] for a block, rows rounded up to kScanRowStep; nullptr where the caller's own way,
  /// four trees at a time, is no slower.
  void (*add_leaves)(const double* leaves, std::size_t count, const std::uint8_t* leaf, std::size_t rows, double* sums);

  /// Rows of a block of planes, and the fewest that are worth one: it costs the same however few there are.
  std::size_t plane_rows, least_plane_rows;
  /// Bytes of sum_planes' scratch.
  std::size_t (*plane_scratch)(std::size_t columns, std::size_t tests);
  /// sums[row] += what the view's trees give, for plane_rows rows; their ranks have plane_rows as their stride.
  void (*sum_planes)(const PlaneView& view, const std::uint8_t* ranks, std::uint8_t* scratch, double* sums);
};

}  // namespace riskflag::inline v0_1
