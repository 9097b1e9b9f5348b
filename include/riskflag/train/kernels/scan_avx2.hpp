#pragma once

// The split scan on four cuts at a time: prefix sums in registers, and a division only where a cut beats the best so
// far.

#include <array>
#include <cstdint>

#include <riskflag/train/cell.hpp>
#include <riskflag/train/kernels/scan.hpp>

#if defined(__x86_64__)
#include <immintrin.h>

#define RISKFLAG_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

namespace riskflag::inline v0_1::kernels::avx2 {

/// Keeps a product from being fused with the sum after it.
RISKFLAG_TARGET inline __m256d pinned(__m256d x) noexcept {
  asm("" : "+x"(x));
  return x;
}

// Halves as doubles without a conversion: their bits below the exponent of 2^52, then 2^52 (and the sign's offset)
// away.
RISKFLAG_TARGET inline __m256d g_half(__m256i x) noexcept {
  const __m256i bits = _mm256_xor_si256(_mm256_srli_epi64(x, 32), _mm256_set1_epi64x(0x4330000080000000LL));
  return _mm256_sub_pd(_mm256_castsi256_pd(bits), _mm256_set1_pd(0x1p52 + 0x1p31));
}
RISKFLAG_TARGET inline __m256d h_half(__m256i x) noexcept {
  const __m256i bits = _mm256_blend_epi32(x, _mm256_set1_epi64x(0x4330000000000000LL), 0xaa);
  return _mm256_sub_pd(_mm256_castsi256_pd(bits), _mm256_set1_pd(0x1p52));
}

/// What one cut after another is tried on: cells one after another, lanes [first, end) of which are cuts. Up to three
/// cells behind the end are read.
struct CutRun {
  const NarrowCell* cells;
  unsigned first, end;
  NarrowCell start;  ///< the sum that goes left before cells[0]
};

/// The best of a run; `cut` is an index into its cells.
RISKFLAG_TARGET inline ScanBest scan_run(const CutRun& run, const ScanInput<NarrowCell>& in) noexcept {
  const __m256i zero = _mm256_setzero_si256();
  const __m256d l2 = _mm256_set1_pd(in.l2), min_h = _mm256_set1_pd(in.min_h), nearly = _mm256_set1_pd(1.0 - 0x1p-52);
  const __m256i all = _mm256_set1_epi64x(static_cast<std::int64_t>(in.total));
  const __m256d total_g = g_half(all), total_h = h_half(all);
  ScanBest best;
  __m256d bar = _mm256_set1_pd(in.floor);
  __m256i carry = _mm256_set1_epi64x(static_cast<std::int64_t>(run.start));
  for (unsigned b = 0; b < run.end; b += 4) {
    __m256i left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(run.cells + b));
    left = _mm256_add_epi64(left, _mm256_blend_epi32(_mm256_permute4x64_epi64(left, 0x90), zero, 0x03));
    left = _mm256_add_epi64(left, _mm256_permute2x128_si256(left, left, 0x08));
    const __m256i sum = _mm256_permute4x64_epi64(left, 0xff);
    left = _mm256_add_epi64(left, carry);
    carry = _mm256_add_epi64(carry, sum);
    if (b + 4 <= run.first) continue;
    // Both are integers below 2^32, so that the right side is exact by subtraction.
    const __m256d gl = g_half(left), hl = h_half(left);
    const __m256d gr = _mm256_sub_pd(total_g, gl), hr = _mm256_sub_pd(total_h, hl);
    const __m256d wl = pinned(_mm256_add_pd(hl, l2)), wr = pinned(_mm256_add_pd(hr, l2));
    const __m256d over_left = pinned(_mm256_mul_pd(pinned(_mm256_mul_pd(gl, gl)), wr));
    const __m256d over_right = pinned(_mm256_mul_pd(pinned(_mm256_mul_pd(gr, gr)), wl));
    const __m256d over = pinned(_mm256_add_pd(over_left, over_right)), weight = pinned(_mm256_mul_pd(wl, wr));
    // over / weight > bar can only be where over >= bar * weight, less what two roundings may add.
    const __m256d needed = _mm256_mul_pd(pinned(_mm256_mul_pd(bar, weight)), nearly);
    const __m256d heavy = _mm256_cmp_pd(_mm256_min_pd(hl, hr), min_h, _CMP_GE_OQ);
    auto allowed =
        static_cast<unsigned>(_mm256_movemask_pd(_mm256_and_pd(heavy, _mm256_cmp_pd(over, needed, _CMP_GE_OQ))));
    if (allowed == 0) continue;
    if (b < run.first) allowed &= 0xfU << (run.first - b);
    if (run.end - b < 4) allowed &= (1U << (run.end - b)) - 1;
    const __m256d gain = _mm256_div_pd(over, weight);
    allowed &= static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(gain, bar, _CMP_GT_OQ)));
    if (allowed == 0) continue;
    alignas(32) double gains[4];
    _mm256_store_pd(gains, gain);
    double top = best.gain > in.floor ? best.gain : in.floor;
    for (unsigned rest = allowed; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
      if (!(gains[lane] > top)) continue;
      top = gains[lane];
      best = {top, b + lane};
    }
    bar = _mm256_set1_pd(top);
  }
  return best;
}

/// For each mask of cells that hold something: their halves, in front.
inline constexpr std::array<std::array<std::uint8_t, 8>, 16> kFullInFront = [] {
  std::array<std::array<std::uint8_t, 8>, 16> out{};
  for (unsigned mask = 0; mask < 16; ++mask) {
    std::size_t n = 0;
    for (unsigned lane = 0; lane < 4; ++lane) {
      if (((mask >> lane) & 1U) == 0) continue;
      out[mask][n++] = static_cast<std::uint8_t>(2 * lane);
      out[mask][n++] = static_cast<std::uint8_t>(2 * lane + 1);
    }
  }
  return out;
}();

/// kernels::scan_scalar without l1; cuts that gain no more than `floor` may be left out. Reads whole groups of four
/// cells: of the 256 that a feature has room for, those behind `end` may hold anything.
RISKFLAG_TARGET inline ScanBest scan_cuts(const ScanInput<NarrowCell>& in) noexcept {
  if (in.end <= in.first) return {};
  const unsigned begin = in.first - in.first % 4;
  __m256i before = _mm256_setzero_si256();
  for (unsigned b = 0; b < begin; b += 4)
    before = _mm256_add_epi64(before, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in.cells + b)));
  alignas(32) NarrowCell lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), before);
  NarrowCell start = in.start + lanes[0] + lanes[1] + lanes[2] + lanes[3];
  if (in.rows >= 2 * (in.end - in.first)) {
    ScanBest best = scan_run({in.cells + begin, in.first - begin, in.end - begin, start}, in);
    if (best.gain >= 0.0) best.cut += begin;
    return best;
  }
  // A cut after an empty bin is the cut before it again, and equals go to the lower one: with few rows only the others
  // are tried.
  for (unsigned b = begin; b < in.first; ++b) start += in.cells[b];
  alignas(32) NarrowCell full[264];
  std::uint8_t masks[64];
  unsigned n = 0;
  for (unsigned b = begin; b < in.end; b += 4) {
    const __m256i cells = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in.cells + b));
    const __m256d empty = _mm256_castsi256_pd(_mm256_cmpeq_epi64(cells, _mm256_setzero_si256()));
    auto some = ~static_cast<unsigned>(_mm256_movemask_pd(empty)) & 0xfU;
    if (b <= in.first) some = (some | (1U << (in.first - b))) & (0xfU << (in.first - b));
    if (in.end - b < 4) some &= (1U << (in.end - b)) - 1;
    const __m128i order = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kFullInFront[some].data()));
    const __m256i packed = _mm256_permutevar8x32_epi32(cells, _mm256_cvtepu8_epi32(order));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(full + n), packed);
    masks[(b - begin) / 4] = static_cast<std::uint8_t>(some);
    n += static_cast<unsigned>(__builtin_popcount(some));
  }
  ScanBest best = scan_run({full, 0, n, start}, in);
  if (best.gain < 0.0) return {};
  unsigned block = 0, rank = best.cut;
  for (; rank >= static_cast<unsigned>(__builtin_popcount(masks[block])); ++block)
    rank -= static_cast<unsigned>(__builtin_popcount(masks[block]));
  unsigned bits = masks[block];
  for (; rank > 0; --rank) bits &= bits - 1;
  best.cut = begin + 4 * block + static_cast<unsigned>(__builtin_ctz(bits));
  return best;
}

/// kernels::flags_above_scalar.
RISKFLAG_TARGET inline std::uint64_t flags_above(const FlagScan& in) noexcept {
  const __m256d l2 = _mm256_set1_pd(in.l2), min_h = _mm256_set1_pd(in.min_h), floor = _mm256_set1_pd(in.floor);
  const __m256i all = _mm256_set1_epi64x(static_cast<std::int64_t>(in.total));
  const __m256d total_g = g_half(all), total_h = h_half(all);
  std::uint64_t out = 0;
  for (unsigned k = 0; k < in.n; k += 4) {
    const __m256i left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in.cells + k));
    const __m256d gl = g_half(left), hl = h_half(left);
    const __m256d gr = _mm256_sub_pd(total_g, gl), hr = _mm256_sub_pd(total_h, hl);
    const __m256d wl = pinned(_mm256_add_pd(hl, l2)), wr = pinned(_mm256_add_pd(hr, l2));
    const __m256d over = pinned(_mm256_add_pd(pinned(_mm256_mul_pd(pinned(_mm256_mul_pd(gl, gl)), wr)),
                                              pinned(_mm256_mul_pd(pinned(_mm256_mul_pd(gr, gr)), wl))));
    const __m256d bar = pinned(_mm256_mul_pd(floor, pinned(_mm256_mul_pd(wl, wr))));
    const __m256d above = _mm256_cmp_pd(over, _mm256_mul_pd(bar, _mm256_set1_pd(1.0 - 0x1p-52)), _CMP_GE_OQ);
    const __m256d heavy = _mm256_cmp_pd(_mm256_min_pd(hr, hl), min_h, _CMP_GE_OQ);
    out |= static_cast<std::uint64_t>(_mm256_movemask_pd(_mm256_and_pd(above, heavy))) << k;
  }
  return in.n < 64 ? out & ((std::uint64_t{1} << in.n) - 1) : out;
}

}  // namespace riskflag::inline v0_1::kernels::avx2

#undef RISKFLAG_TARGET
#endif
