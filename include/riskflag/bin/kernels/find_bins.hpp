#pragma once

// From values to bins: the number of cuts below each value, found by a search without branches.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/cpu.hpp>
#include <riskflag/core/missing.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace riskflag::inline v0_1::kernels {

/// Sorted cuts, padded with NaN (which no value lies above) to a power of two less one.
struct CutTable {
  alignas(64) double cuts[256];
  unsigned first_step;  ///< half the padded size: 128 for up to 255 cuts, 0 for none
  std::uint8_t missing_bin;
};

/// bins[i] = number of cuts below x[i], or missing_bin for NaN. Every kernel gives the same bins.
using FindBins = void (*)(const CutTable& table, const double* x, std::size_t n, std::uint8_t* bins) noexcept;

inline void find_bins_scalar(const CutTable& table, const double* x, std::size_t n, std::uint8_t* bins) noexcept {
  const double* const cuts = table.cuts;
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {  // four searches at a time hide each other's latency
    const double x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
    std::size_t p0 = 0, p1 = 0, p2 = 0, p3 = 0;
    for (std::size_t step = table.first_step; step != 0; step >>= 1) {
      p0 += cuts[p0 + step - 1] < x0 ? step : 0;
      p1 += cuts[p1 + step - 1] < x1 ? step : 0;
      p2 += cuts[p2 + step - 1] < x2 ? step : 0;
      p3 += cuts[p3 + step - 1] < x3 ? step : 0;
    }
    bins[i] = is_missing(x0) ? table.missing_bin : static_cast<std::uint8_t>(p0);
    bins[i + 1] = is_missing(x1) ? table.missing_bin : static_cast<std::uint8_t>(p1);
    bins[i + 2] = is_missing(x2) ? table.missing_bin : static_cast<std::uint8_t>(p2);
    bins[i + 3] = is_missing(x3) ? table.missing_bin : static_cast<std::uint8_t>(p3);
  }
  for (; i < n; ++i) {
    std::size_t p = 0;
    for (std::size_t step = table.first_step; step != 0; step >>= 1) p += cuts[p + step - 1] < x[i] ? step : 0;
    bins[i] = is_missing(x[i]) ? table.missing_bin : static_cast<std::uint8_t>(p);
  }
}

#if defined(__x86_64__)
/// Two vectors of eight searches; a gather for each step.
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) inline void find_bins_avx512(
    const CutTable& table, const double* x, std::size_t n, std::uint8_t* bins) noexcept {
  const __m512d zero =
      _mm512_setzero_pd();  // the plain gather starts from an undefined register, of which GCC 12 warns
  const __m512i missing = _mm512_set1_epi64(table.missing_bin);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512d xa = _mm512_loadu_pd(x + i);
    const __m512d xb = _mm512_loadu_pd(x + i + 8);
    __m512i pa = _mm512_setzero_si512();
    __m512i pb = _mm512_setzero_si512();
    for (unsigned step = table.first_step; step != 0; step >>= 1) {
      const double* const at = table.cuts + (step - 1);
      const __m512i add = _mm512_set1_epi64(step);
      const __m512d ca = _mm512_mask_i64gather_pd(zero, 0xff, pa, at, 8);
      const __m512d cb = _mm512_mask_i64gather_pd(zero, 0xff, pb, at, 8);
      pa = _mm512_mask_add_epi64(pa, _mm512_cmp_pd_mask(ca, xa, _CMP_LT_OQ), pa, add);
      pb = _mm512_mask_add_epi64(pb, _mm512_cmp_pd_mask(cb, xb, _CMP_LT_OQ), pb, add);
    }
    pa = _mm512_mask_mov_epi64(pa, _mm512_cmp_pd_mask(xa, xa, _CMP_UNORD_Q), missing);
    pb = _mm512_mask_mov_epi64(pb, _mm512_cmp_pd_mask(xb, xb, _CMP_UNORD_Q), missing);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(bins + i), _mm512_maskz_cvtepi64_epi8(0xff, pa));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(bins + i + 8), _mm512_maskz_cvtepi64_epi8(0xff, pb));
  }
  if (i < n) find_bins_scalar(table, x + i, n - i, bins + i);
}
#endif

/// The fastest kernel that runs at this level. AVX2's gathers are no faster than four scalar searches.
[[nodiscard]] inline FindBins find_bins_for(CpuLevel level) noexcept {
#if defined(__x86_64__)
  if (level == CpuLevel::avx512) return find_bins_avx512;
#endif
  (void)level;
  return find_bins_scalar;
}

}  // namespace riskflag::inline v0_1::kernels
