#pragma once

// The split scan on eight cuts at a time: prefix sums in registers, and a division only where a cut beats the best so
// far.

#include <cstdint>

#include <riskflag/train/cell.hpp>
#include <riskflag/train/kernels/scan.hpp>

#if defined(__x86_64__)
#include <immintrin.h>

#define RISKFLAG_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,popcnt")))

namespace riskflag::inline v0_1::kernels::avx512 {

/// Keeps a product from being fused with the sum after it.
RISKFLAG_TARGET inline __m512d pinned(__m512d x) noexcept {
  asm("" : "+v"(x));
  return x;
}

// Halves as doubles without a conversion: their bits below the exponent of 2^52, then 2^52 (and the sign's offset)
// away.
RISKFLAG_TARGET inline __m512d g_half(__m512i x) noexcept {
  const __m512i bits = _mm512_xor_si512(_mm512_maskz_srli_epi64(0xff, x, 32), _mm512_set1_epi64(0x4330000080000000LL));
  return _mm512_sub_pd(_mm512_castsi512_pd(bits), _mm512_set1_pd(0x1p52 + 0x1p31));
}
RISKFLAG_TARGET inline __m512d h_half(__m512i x) noexcept {
  const __m512i bits =
      _mm512_or_si512(_mm512_and_si512(x, _mm512_set1_epi64(0xffffffffLL)), _mm512_set1_epi64(0x4330000000000000LL));
  return _mm512_sub_pd(_mm512_castsi512_pd(bits), _mm512_set1_pd(0x1p52));
}

/// What one cut after another is tried on: cells one after another, lanes [first, end) of which are cuts.
struct CutRun {
  const NarrowCell* cells;
  unsigned first, end;
  NarrowCell start;  ///< the sum that goes left before cells[0]
};

/// The best of a run; `cut` is an index into its cells.
RISKFLAG_TARGET inline ScanBest scan_run(const CutRun& run, const ScanInput<NarrowCell>& in) noexcept {
  const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi64(7);
  const __m512d l2 = _mm512_set1_pd(in.l2), min_h = _mm512_set1_pd(in.min_h), nearly = _mm512_set1_pd(1.0 - 0x1p-52);
  const __m512i total = _mm512_set1_epi64(static_cast<std::int64_t>(in.total));
  ScanBest best;
  __m512d bar = _mm512_set1_pd(in.floor);
  __m512i carry = _mm512_set1_epi64(static_cast<std::int64_t>(run.start));
  for (unsigned b = 0; b < run.end; b += 8) {
    const auto here = static_cast<__mmask8>(run.end - b >= 8 ? 0xffU : (1U << (run.end - b)) - 1);
    __m512i left = _mm512_maskz_loadu_epi64(here, run.cells + b);
    left = _mm512_add_epi64(left, _mm512_maskz_alignr_epi64(0xff, left, zero, 7));
    left = _mm512_add_epi64(left, _mm512_maskz_alignr_epi64(0xff, left, zero, 6));
    left = _mm512_add_epi64(left, _mm512_maskz_alignr_epi64(0xff, left, zero, 4));
    const __m512i sum = _mm512_maskz_permutexvar_epi64(0xff, last, left);
    left = _mm512_add_epi64(left, carry);
    carry = _mm512_add_epi64(carry, sum);
    if (b + 8 <= run.first) continue;
    const __m512i right = _mm512_sub_epi64(total, left);
    const __m512d gl = g_half(left), gr = g_half(right), hl = h_half(left), hr = h_half(right);
    __mmask8 allowed = b >= run.first ? here : static_cast<__mmask8>(here & (0xffU << (run.first - b)));
    allowed = _mm512_mask_cmp_pd_mask(allowed, hl, min_h, _CMP_GE_OQ);
    allowed = _mm512_mask_cmp_pd_mask(allowed, hr, min_h, _CMP_GE_OQ);
    const __m512d wl = pinned(_mm512_add_pd(hl, l2)), wr = pinned(_mm512_add_pd(hr, l2));
    const __m512d over_left = pinned(_mm512_mul_pd(pinned(_mm512_mul_pd(gl, gl)), wr));
    const __m512d over_right = pinned(_mm512_mul_pd(pinned(_mm512_mul_pd(gr, gr)), wl));
    const __m512d over = pinned(_mm512_add_pd(over_left, over_right)), weight = pinned(_mm512_mul_pd(wl, wr));
    // over / weight > bar can only be where over >= bar * weight, less what two roundings may add.
    const __m512d needed = _mm512_mul_pd(pinned(_mm512_mul_pd(bar, weight)), nearly);
    allowed = _mm512_mask_cmp_pd_mask(allowed, over, needed, _CMP_GE_OQ);
    if (allowed == 0) continue;
    const __m512d gain = _mm512_div_pd(over, weight);
    alignas(64) double gains[8];
    _mm512_store_pd(gains, gain);
    double top = best.gain > in.floor ? best.gain : in.floor;
    for (unsigned rest = _mm512_mask_cmp_pd_mask(allowed, gain, bar, _CMP_GT_OQ); rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
      if (!(gains[lane] > top)) continue;
      top = gains[lane];
      best = {top, b + lane};
    }
    bar = _mm512_set1_pd(top);
  }
  return best;
}

/// kernels::scan_scalar without l1; cuts that gain no more than `floor` may be left out.
RISKFLAG_TARGET inline ScanBest scan_cuts(const ScanInput<NarrowCell>& in) noexcept {
  if (in.end <= in.first) return {};
  const unsigned begin = in.first - in.first % 8;
  __m512i before = _mm512_setzero_si512();
  for (unsigned b = 0; b < begin; b += 8) before = _mm512_add_epi64(before, _mm512_loadu_si512(in.cells + b));
  alignas(64) NarrowCell lanes[8];
  _mm512_store_si512(lanes, before);
  NarrowCell start = in.start;
  for (const NarrowCell cell : lanes) start += cell;
  if (in.rows >= 2 * (in.end - in.first)) {
    ScanBest best = scan_run({in.cells + begin, in.first - begin, in.end - begin, start}, in);
    if (best.gain >= 0.0) best.cut += begin;
    return best;
  }
  // A cut after an empty bin is the cut before it again, and equals go to the lower one: with few rows only the others
  // are tried.
  for (unsigned b = begin; b < in.first; ++b) start += in.cells[b];
  alignas(64) NarrowCell full[264];
  std::uint8_t masks[32];
  unsigned n = 0;
  for (unsigned b = in.first; b < in.end; b += 8) {
    const auto here = static_cast<__mmask8>(in.end - b >= 8 ? 0xffU : (1U << (in.end - b)) - 1);
    const __m512i cells = _mm512_maskz_loadu_epi64(here, in.cells + b);
    const auto some = static_cast<__mmask8>(_mm512_test_epi64_mask(cells, cells) | (b == in.first ? 1U : 0U));
    _mm512_storeu_si512(full + n, _mm512_maskz_compress_epi64(some, cells));
    masks[(b - in.first) / 8] = some;
    n += static_cast<unsigned>(__builtin_popcount(some));
  }
  ScanBest best = scan_run({full, 0, n, start}, in);
  if (best.gain < 0.0) return {};
  unsigned block = 0, rank = best.cut;
  for (; rank >= static_cast<unsigned>(__builtin_popcount(masks[block])); ++block)
    rank -= static_cast<unsigned>(__builtin_popcount(masks[block]));
  unsigned bits = masks[block];
  for (; rank > 0; --rank) bits &= bits - 1;
  best.cut = in.first + 8 * block + static_cast<unsigned>(__builtin_ctz(bits));
  return best;
}

/// kernels::flags_above_scalar.
RISKFLAG_TARGET inline std::uint64_t flags_above(const FlagScan& in) noexcept {
  const __m512d l2 = _mm512_set1_pd(in.l2), min_h = _mm512_set1_pd(in.min_h), floor = _mm512_set1_pd(in.floor);
  const __m512i total = _mm512_set1_epi64(static_cast<std::int64_t>(in.total));
  std::uint64_t out = 0;
  for (unsigned k = 0; k < in.n; k += 8) {
    const auto here = static_cast<__mmask8>(in.n - k >= 8 ? 0xffU : (1U << (in.n - k)) - 1);
    const __m512i left = _mm512_maskz_loadu_epi64(here, in.cells + k), right = _mm512_sub_epi64(total, left);
    const __m512d gl = g_half(left), gr = g_half(right), hl = h_half(left), hr = h_half(right);
    const __m512d wl = pinned(_mm512_add_pd(hl, l2)), wr = pinned(_mm512_add_pd(hr, l2));
    const __m512d over = pinned(_mm512_add_pd(pinned(_mm512_mul_pd(pinned(_mm512_mul_pd(gl, gl)), wr)),
                                              pinned(_mm512_mul_pd(pinned(_mm512_mul_pd(gr, gr)), wl))));
    const __m512d bar = pinned(_mm512_mul_pd(floor, pinned(_mm512_mul_pd(wl, wr))));
    __mmask8 above = _mm512_mask_cmp_pd_mask(here, over, _mm512_mul_pd(bar, _mm512_set1_pd(1.0 - 0x1p-52)), _CMP_GE_OQ);
    above = _mm512_mask_cmp_pd_mask(above, hl, min_h, _CMP_GE_OQ);
    above = _mm512_mask_cmp_pd_mask(above, hr, min_h, _CMP_GE_OQ);
    out |= static_cast<std::uint64_t>(above) << k;
  }
  return out;
}

}  // namespace riskflag::inline v0_1::kernels::avx512

#undef RISKFLAG_TARGET
#endif
