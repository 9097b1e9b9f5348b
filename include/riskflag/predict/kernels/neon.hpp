#pragma once

// The scan with NEON, part of every AArch64 CPU: 16 lanes a register.

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/tree.hpp>
#include <riskflag/predict/kernels/kernel.hpp>

namespace riskflag::inline v0_1::scan_neon {

/// How many of 16 keys lie below x.
inline std::uint32_t below_of_16(const std::int64_t* keys, int64x2_t x) {
  uint64x2_t found = vdupq_n_u64(0);
  for (std::size_t i = 0; i < 16; i += 2) found = vsubq_u64(found, vcgtq_s64(x, vld1q_s64(keys + i)));
  return static_cast<std::uint32_t>(vaddvq_u64(found));
}

/// How many of a search's thresholds lie below `key`: its block among 16, then its place among 16.
inline std::uint32_t rank_of(const std::int64_t* keys, std::uint32_t blocks, std::int64_t key) {
  const int64x2_t x = vdupq_n_s64(key);
  const std::uint32_t block = blocks > 1 ? below_of_16(keys, x) : 0;
  return 16 * block + below_of_16(keys + 16 + 16 * block, x);
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

/// Columns by number, 64 a table.
template <int Tables>
struct Columns {
  uint8x16x4_t tables[Tables];
  explicit Columns(const std::uint8_t* ranks) {
    for (int t = 0; t < Tables; ++t) {
      for (int i = 0; i < 4; ++i) tables[t].val[i] = vld1q_u8(ranks + 64 * t + 16 * i);
    }
  }
  [[nodiscard]] uint8x16_t at(uint8x16_t column) const {
    uint8x16_t out = vqtbl4q_u8(tables[0], column);
    // Columns of other tables are out of range, and leave what is there.
    for (int t = 1; t < Tables; ++t) {
      out = vqtbx4q_u8(out, tables[t], vsubq_u8(column, vdupq_n_u8(static_cast<std::uint8_t>(64 * t))));
    }
    return out;
  }
};

inline void look_up(const std::uint8_t* table, std::uint32_t span, const std::uint8_t* level, std::uint8_t* ranks) {
  if (span > 64) return look_up_one_by_one(table, level, ranks);
  const Columns<1> levels(table);
  for (std::size_t r = 0; r < kScanRowStep; r += 16) vst1q_u8(ranks + r, levels.at(vld1q_u8(level + r)));
}

/// e = (x > rank and e == a) ? b : e.
inline uint8x16_t select(uint8x16_t x, uint8x16_t rank, uint8x16_t a, uint8x16_t b, uint8x16_t e) {
  return vbslq_u8(vandq_u8(vcgtq_u8(x, rank), vceqq_u8(e, a)), b, e);
}

/// x > rank, or the answer is a bit of the word.
template <bool Answered>
inline uint8x16_t is_right(uint8x16_t x, uint8x16_t rank, const std::uint64_t* answer, std::size_t first_bit) {
  const uint8x16_t above = vcgtq_u8(x, rank);
  if constexpr (!Answered) return above;
  const uint8x8_t own = vcreate_u8(0x8040201008040201U);
  const std::uint64_t bits = *answer >> first_bit;
  const uint8x16_t both = vcombine_u8(vdup_n_u8(static_cast<std::uint8_t>(bits & 0xff)),
                                      vdup_n_u8(static_cast<std::uint8_t>(bits >> 8 & 0xff)));
  return vorrq_u8(above, vtstq_u8(both, vcombine_u8(own, own)));
}

/// One group of 64 trees, in four registers. Answers of its steps are `width` words apart.
template <int Tables, bool Answered>
inline void walk_group(const Columns<Tables>& columns, const std::uint8_t* step, std::uint32_t steps,
                       std::size_t step_bytes, const std::uint64_t* answer, std::uint32_t width, std::uint8_t* leaf) {
  uint8x16_t e0 = vdupq_n_u8(0), e1 = e0, e2 = e0, e3 = e0, b = e0;
  for (std::uint32_t s = 0; s < steps; ++s, step += step_bytes) {
    b = vaddq_u8(b, vdupq_n_u8(1));
    const auto advance = [&](std::size_t i, uint8x16_t e) {
      const std::uint8_t* at = step + i;
      const uint8x16_t above = is_right<Answered>(columns.at(vld1q_u8(at)), vld1q_u8(at + 64), answer, i);
      return vbslq_u8(vandq_u8(above, vcgeq_u8(e, vld1q_u8(at + 128))), b, e);
    };
    e0 = advance(0, e0);
    e1 = advance(16, e1);
    e2 = advance(32, e2);
    e3 = advance(48, e3);
    if constexpr (Answered) answer += width;
  }
  vst1q_u8(leaf, e0);
  vst1q_u8(leaf + 16, e1);
  vst1q_u8(leaf + 32, e2);
  vst1q_u8(leaf + 48, e3);
}

/// One group of 64 symmetric trees.
template <int Tables, bool Answered>
inline void walk_levels(const Columns<Tables>& columns, const std::uint8_t* step, std::uint32_t steps,
                        std::size_t step_bytes, const std::uint64_t* answers, std::uint32_t width, std::uint8_t* leaf) {
  for (std::size_t i = 0; i < kScanLanes; i += 16) {
    uint8x16_t e = vdupq_n_u8(0);
    const std::uint8_t* at = step + i;
    const std::uint64_t* answer = answers;
    for (std::uint32_t s = 0; s < steps; ++s, at += step_bytes) {
      e = vsubq_u8(vaddq_u8(e, e), is_right<Answered>(columns.at(vld1q_u8(at)), vld1q_u8(at + 64), answer, i));
      if constexpr (Answered) answer += width;
    }
    vst1q_u8(leaf + i, e);
  }
}

template <int Tables, bool Answered>
inline void walk_bundle(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                        const std::uint64_t* answers, std::uint8_t* leaf) {
  const Columns<Tables> columns(ranks);
  const std::uint8_t* first = forest.steps + std::size_t{bundle.first_line} * 64;
  for (std::uint32_t g = 0; forest.symmetric != 0 && g < bundle.width; ++g) {
    walk_levels<Tables, Answered>(columns, first + g * kScanLevelBytes, bundle.steps, bundle.width * kScanLevelBytes,
                                  Answered ? answers + g : answers, bundle.width, leaf + g * kScanLanes);
  }
  for (std::uint32_t g = 0; forest.symmetric == 0 && g < bundle.width; ++g) {
    walk_group<Tables, Answered>(columns, first + g * kScanStepBytes, bundle.steps, bundle.width * kScanStepBytes,
                                 Answered ? answers + g : answers, bundle.width, leaf + g * kScanLanes);
  }
}

inline void row_leaves(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                       const std::uint32_t* answers, std::uint8_t* leaf) {
  if (forest.answer_count != 0) {
    const BundleAnswers own(forest, bundle, answers);
    if (forest.columns <= 64) return walk_bundle<1, true>(forest, bundle, ranks, own.words, leaf);
    return walk_bundle<4, true>(forest, bundle, ranks, own.words, leaf);
  }
  if (forest.columns <= 64) return walk_bundle<1, false>(forest, bundle, ranks, nullptr, leaf);
  if (forest.columns <= 128) return walk_bundle<2, false>(forest, bundle, ranks, nullptr, leaf);
  walk_bundle<4, false>(forest, bundle, ranks, nullptr, leaf);
}

/// One tree for 128 or 64 rows; a node's constants are read once for all of them.
template <int Registers>
inline void walk_rows(const std::uint8_t* node, std::uint32_t nodes, const std::uint8_t* ranks, std::size_t stride,
                      std::uint8_t* leaf) {
  uint8x16_t e[Registers];
  for (int i = 0; i < Registers; ++i) e[i] = vdupq_n_u8(0);
  for (std::uint32_t n = 0; n < nodes; ++n, node += 4) {
    const std::uint8_t* x = ranks + node[0] * stride;
    const uint8x16_t rank = vdupq_n_u8(node[1]), a = vdupq_n_u8(node[2]), b = vdupq_n_u8(node[3]);
    for (int i = 0; i < Registers; ++i) e[i] = select(vld1q_u8(x + 16 * i), rank, a, b, e[i]);
  }
  for (int i = 0; i < Registers; ++i) vst1q_u8(leaf + 16 * i, e[i]);
}

inline void tree_leaves(const ScanView& forest, const ScanTree& tree, const std::uint8_t* ranks, std::size_t rows,
                        std::size_t stride, std::uint8_t* leaf) {
  if (forest.symmetric != 0) return level_leaves(forest, tree, ranks, rows, stride, leaf);
  const std::uint8_t* node = forest.nodes + std::size_t{tree.first_node} * 4;
  std::size_t r = 0;
  for (; r + 128 <= rows; r += 128) walk_rows<8>(node, tree.nodes, ranks + r, stride, leaf + r);
  for (; r < rows; r += 64) walk_rows<4>(node, tree.nodes, ranks + r, stride, leaf + r);
}

/// Planes of 128 rows.
typedef int64x2_t Plane;
inline constexpr std::size_t kPickWidth = 64;
#include <riskflag/predict/kernels/planes.inl>
//
#include <riskflag/predict/kernels/planes_bytes.inl>

inline Plane piece(const std::uint8_t* table) { return vreinterpretq_s64_u8(vld1q_u8(table)); }

/// Where leaves are in a piece: numbers beyond it, for which a table gives 0, elsewhere.
inline Plane place(Plane number, int piece) {
  return vreinterpretq_s64_u8(
      vsubq_u8(vreinterpretq_u8_s64(number), vdupq_n_u8(static_cast<std::uint8_t>(16 * piece))));
}

inline Plane pick(Plane piece, Plane place) {
  return vreinterpretq_s64_u8(vqtbl1q_u8(vreinterpretq_u8_s64(piece), vreinterpretq_u8_s64(place)));
}

#include <riskflag/predict/kernels/planes_pick.inl>

inline constexpr ScanKernel kKernel = {"neon",  CpuLevel::neon, rank_row, row_leaves,    rank_block, tree_leaves,
                                       nullptr, kPlaneRows,     48,       plane_scratch, sum_planes};

}  // namespace riskflag::inline v0_1::scan_neon

#endif
