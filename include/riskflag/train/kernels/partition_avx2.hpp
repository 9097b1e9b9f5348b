#pragma once

// kernels::partition_rows on eight rows at a time: bins looked up in a set of 256 bits, then one shuffle that puts left
// rows in front and right ones, turned round, behind.

#include <array>
#include <cstddef>
#include <cstdint>

#include <riskflag/train/kernels/partition.hpp>

#if defined(__x86_64__)
#include <immintrin.h>

#define RISKFLAG_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

namespace riskflag::inline v0_1::kernels::avx2 {

/// For each mask of left lanes: these lanes, rising, then the others, falling.
inline constexpr std::array<std::array<std::uint8_t, 8>, 256> kLeftThenRight = [] {
  std::array<std::array<std::uint8_t, 8>, 256> out{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    std::size_t left = 0, right = 8;
    for (unsigned lane = 0; lane < 8; ++lane)
      out[mask][((mask >> lane) & 1U) != 0 ? left++ : --right] = static_cast<std::uint8_t>(lane);
  }
  return out;
}();

/// Bins of eight rows, in the low half.
RISKFLAG_TARGET inline __m128i eight_bins(const std::uint8_t* column, const std::uint32_t* rows) noexcept {
  __m128i a = _mm_cvtsi32_si128(column[rows[0]]), b = _mm_cvtsi32_si128(column[rows[4]]);
  a = _mm_insert_epi8(a, column[rows[1]], 1);
  b = _mm_insert_epi8(b, column[rows[5]], 1);
  a = _mm_insert_epi8(a, column[rows[2]], 2);
  b = _mm_insert_epi8(b, column[rows[6]], 2);
  a = _mm_insert_epi8(a, column[rows[3]], 3);
  b = _mm_insert_epi8(b, column[rows[7]], 3);
  return _mm_unpacklo_epi32(a, b);
}

/// kernels::partition_rows.
RISKFLAG_TARGET inline std::size_t partition_rows(const std::uint8_t* column, const std::uint8_t* go_left,
                                                  const std::uint32_t* rows, std::uint32_t first, std::size_t n,
                                                  std::uint32_t* out) noexcept {
  constexpr std::size_t kWorthASet = 256;  // rows; the set costs 256 steps
  if (n < kWorthASet) return kernels::partition_rows(column, go_left, rows, first, n, out);
  // Bin b is bit b / 16 % 8 of byte b % 16, of `low` below 128 and of `high` from there on.
  alignas(16) std::uint8_t low_bytes[16] = {}, high_bytes[16] = {};
  for (unsigned b = 0; b < 128; ++b) {
    low_bytes[b % 16] = static_cast<std::uint8_t>(low_bytes[b % 16] | (go_left[b] << (b / 16)));
    high_bytes[b % 16] = static_cast<std::uint8_t>(high_bytes[b % 16] | (go_left[128 + b] << (b / 16)));
  }
  const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(low_bytes));
  const __m128i high = _mm_load_si128(reinterpret_cast<const __m128i*>(high_bytes));
  const __m128i bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  const __m128i nibble = _mm_set1_epi8(15);
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  std::size_t left = 0, i = 0;
  for (; i + 32 <= n; i += 16) {  // the gap between left and right stays wider than both stores
    __m128i bins;
    if (rows == nullptr) {
      bins = _mm_loadu_si128(reinterpret_cast<const __m128i*>(column + first + i));
    } else {
      bins = _mm_unpacklo_epi64(eight_bins(column, rows + i), eight_bins(column, rows + i + 8));
    }
    const __m128i by_low = _mm_and_si128(bins, nibble);
    const __m128i bit = _mm_shuffle_epi8(bits, _mm_and_si128(_mm_srli_epi16(bins, 4), nibble));
    const __m128i set = _mm_blendv_epi8(_mm_shuffle_epi8(low, by_low), _mm_shuffle_epi8(high, by_low), bins);
    const auto goes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_and_si128(set, bit), bit)));
    for (unsigned half = 0; half < 2; ++half) {
      const unsigned mask = (goes >> (8 * half)) & 0xffU;
      const std::size_t at = i + 8 * half;
      const __m256i ids = rows == nullptr ? _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(first + at)), lanes)
                                          : _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows + at));
      const __m128i order = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kLeftThenRight[mask].data()));
      const __m256i sorted = _mm256_permutevar8x32_epi32(ids, _mm256_cvtepu8_epi32(order));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + left), sorted);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + (n - 8 - at + left)), sorted);
      left += static_cast<std::size_t>(__builtin_popcount(mask));
    }
  }
  for (; i < n; ++i) {
    const std::uint32_t row = rows == nullptr ? first + static_cast<std::uint32_t>(i) : rows[i];
    out[left] = row;
    out[n - 1 - i + left] = row;
    left += go_left[column[row]];
  }
  return left;
}

}  // namespace riskflag::inline v0_1::kernels::avx2

#undef RISKFLAG_TARGET
#endif
