#pragma once

// The scan without intrinsics: the kernel of CPUs that have no better one.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/float32.hpp>
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

typedef std::uint64_t AnswerWords __attribute__((vector_size(16), aligned(8), may_alias));
#include <riskflag/predict/kernels/rank.inl>

inline void search_row(const ScanView& forest, const double* row, std::uint8_t* ranks) {
  search_row_one_by_one(forest, row, ranks);
}

inline void rank_rows(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride,
                      std::size_t rows, std::uint8_t* ranks, std::size_t stride) {
  rank_rows_one_by_one(forest, cells, row_stride, col_stride, rows, ranks, stride);
}

inline void look_up(const std::uint8_t* table, std::uint32_t, const std::uint8_t* level, std::uint8_t* ranks) {
  look_up_one_by_one(table, level, ranks);
}

#include <riskflag/predict/kernels/bytes.inl>

/// Bits to bytes that are all ones.
inline Bytes spread_bits(std::uint64_t bits) {
  const std::uint64_t each = 0x0101010101010101U, own = 0x8040201008040201U;
  const std::uint64_t halves[2] = {(bits & 0xff) * each & own, (bits >> 8 & 0xff) * each & own};
  Bytes out;
  __builtin_memcpy(&out, halves, sizeof out);
  return reinterpret_cast<Bytes>(out != Bytes{});
}

template <bool Answered>
inline void walk_bundle(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                        const std::uint64_t* answers, std::uint8_t* leaf) {
  const std::uint8_t* first = forest.steps + std::size_t{bundle.first_line} * 64;
  const std::size_t step_bytes = forest.symmetric != 0 ? kScanLevelBytes : kScanStepBytes;
  for (std::size_t lane = 0; lane < bundle.width * kScanLanes; lane += 16) {
    const std::uint8_t* step = first + lane / kScanLanes * step_bytes + lane % kScanLanes;
    Bytes e = {}, b = {};
    for (std::uint32_t s = 0; s < bundle.steps; ++s, step += bundle.width * step_bytes) {
      std::uint8_t x[16];
      for (std::size_t i = 0; i < 16; ++i) x[i] = ranks[step[i]];
      b += 1;
      Bytes above = reinterpret_cast<Bytes>(load(x) > load(step + 64));
      if constexpr (Answered) {
        above |= spread_bits(answers[s * bundle.width + lane / kScanLanes] >> lane % kScanLanes);
      }
      if (forest.symmetric != 0) {
        e = e + e - above;
        continue;
      }
      e = select(above & reinterpret_cast<Bytes>(e >= load(step + 128)), b, e);
    }
    __builtin_memcpy(leaf + lane, &e, sizeof e);
  }
}

inline void row_leaves(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                       const std::uint32_t* answers, std::uint8_t* leaf) {
  if (bundle.steps == 0) {  // trees of one leaf; a forest of nothing else has no steps to point at
    __builtin_memset(leaf, 0, bundle.width * kScanLanes);
  } else if (forest.answer_count == 0) {
    walk_bundle<false>(forest, bundle, ranks, nullptr, leaf);
  } else {
    walk_bundle<true>(forest, bundle, ranks, BundleAnswers(forest, bundle, answers).words, leaf);
  }
}

/// Planes of 128 rows, of the same 16 bytes.
typedef std::int64_t Plane __attribute__((vector_size(16)));
inline constexpr std::size_t kPickWidth = 0;
#include <riskflag/predict/kernels/planes.inl>
//
#include <riskflag/predict/kernels/planes_bytes.inl>

inline void pick_four(const std::uint8_t*, const PlaneGroup&, std::uint32_t, std::uint32_t, const Plane*, PlaneSums&) {}

inline constexpr ScanKernel kKernel = {"scalar", CpuLevel::scalar, rank_row, row_leaves,    rank_block, tree_leaves,
                                       nullptr,  kPlaneRows,       48,       plane_scratch, sum_planes};

}  // namespace riskflag::inline v0_1::scan_scalar
