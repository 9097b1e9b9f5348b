#pragma once

// The scan in plain C++: the kernel of CPUs that have no better one, and the form that the others are held to.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/tree.hpp>
#include <riskflag/predict/kernels/kernel.hpp>

namespace riskflag::inline v0_1::scan_scalar {

/// How many of a search's thresholds lie below `key`.
inline std::uint32_t rank_of(const std::int64_t* keys, std::uint32_t blocks, std::int64_t key) {
  std::uint32_t block = 0;
  for (std::uint32_t i = 0; i + 1 < blocks; ++i) block += keys[i] < key ? 1U : 0U;
  const std::int64_t* in_block = keys + 16 + 16 * block;
  std::uint32_t rank = 16 * block;
  for (std::uint32_t i = 0; i < 16; ++i) rank += in_block[i] < key ? 1U : 0U;
  return rank;
}

#include <riskflag/predict/kernels/rank.inl>

inline void rank_rows(const ScanView& forest, const ScanSearch& search, const double* column, std::ptrdiff_t row_stride,
                      std::size_t rows, std::uint8_t* ranks, std::size_t stride) {
  rank_rows_one_by_one(forest, search, column, row_stride, rows, ranks, stride);
}

inline void look_up(const std::uint8_t* table, std::uint32_t, const std::uint8_t* level, std::uint8_t* ranks) {
  look_up_one_by_one(table, level, ranks);
}

inline void row_leaves(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                       std::uint8_t* leaf) {
  const std::size_t lanes = bundle.width * kScanLanes;
  for (std::size_t lane = 0; lane < lanes; ++lane) leaf[lane] = 0;
  const std::uint8_t* step = forest.steps + std::size_t{bundle.first_line} * 64;
  for (std::uint32_t s = 0; s < bundle.steps; ++s) {
    for (std::uint32_t g = 0; g < bundle.width; ++g, step += kScanStepBytes) {
      std::uint8_t* e = leaf + g * kScanLanes;
      for (std::size_t i = 0; i < kScanLanes; ++i) {
        const bool right = ranks[step[i]] > step[64 + i] && e[i] == step[128 + i];
        e[i] = right ? step[192 + i] : e[i];
      }
    }
  }
}

inline void tree_leaves(const ScanView& forest, const ScanTree& tree, const std::uint8_t* ranks, std::size_t rows,
                        std::size_t stride, std::uint8_t* leaf) {
  for (std::size_t r = 0; r < rows; ++r) leaf[r] = 0;
  const std::uint8_t* node = forest.nodes + std::size_t{tree.first_node} * 4;
  for (std::uint32_t n = 0; n < tree.nodes; ++n, node += 4) {
    const std::uint8_t* x = ranks + node[0] * stride;
    const std::uint8_t rank = node[1], a = node[2], b = node[3];
    for (std::size_t r = 0; r < rows; ++r) leaf[r] = x[r] > rank && leaf[r] == a ? b : leaf[r];
  }
}

inline void add_leaves(const double* leaves, std::size_t, const std::uint8_t* leaf, std::size_t rows, double* sums) {
  for (std::size_t r = 0; r < rows; ++r) sums[r] += leaves[leaf[r]];
}

inline constexpr ScanKernel kKernel = {"scalar",   CpuLevel::scalar, rank_row,  row_leaves,
                                       rank_block, tree_leaves,      add_leaves};

}  // namespace riskflag::inline v0_1::scan_scalar
