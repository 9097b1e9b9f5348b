// Ranks with AVX2 by the upper halves of values: included by avx2.inl after rank.inl.
//
// A value is compared with 16 pivots, then with the 16 keys of its block. Where it meets a half equal to its own the
// lower half decides, and it is ranked alone: rare, because thresholds lie between values.

/// How many of 16 halves lie below x, twice.
inline std::uint32_t twice_below(__m256i first, __m256i second, __m256i x) {
  const __m256i below = _mm256_packs_epi32(_mm256_cmpgt_epi32(x, first), _mm256_cmpgt_epi32(x, second));
  return static_cast<std::uint32_t>(__builtin_popcount(static_cast<unsigned>(_mm256_movemask_epi8(below))));
}

inline __m256i load_halves(const std::int32_t* at) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(at)); }

/// Turns 8 upper halves of doubles into probes; of each, all ones when it is missing, and when only its lower half can
/// tell that it is not infinity.
inline void make_eight_probes(std::int32_t* upper, std::int32_t* missing, std::int32_t* unsure) {
  const __m256i half = load_halves(upper), magnitude = _mm256_set1_epi32(INT32_MAX);
  const __m256i size = _mm256_and_si256(half, magnitude), infinity = _mm256_set1_epi32(0x7ff00000);
  _mm256_store_si256(reinterpret_cast<__m256i*>(missing), _mm256_cmpgt_epi32(size, infinity));
  _mm256_store_si256(reinterpret_cast<__m256i*>(unsure), _mm256_cmpeq_epi32(size, infinity));
  _mm256_store_si256(reinterpret_cast<__m256i*>(upper),
                     _mm256_xor_si256(half, _mm256_and_si256(_mm256_srai_epi32(half, 31), magnitude)));
}

/// The upper half of a value as a model sees it.
inline std::int32_t upper_half(const ScanView& forest, double value) {
  const double x = as_seen(forest, value);
  std::uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return static_cast<std::int32_t>(bits >> 32);
}

/// 32 bytes of 32 numbers that are all ones or 0.
inline __m256i narrow(const std::int32_t* from) {
  const __m256i low = _mm256_packs_epi32(load_halves(from), load_halves(from + 8));
  const __m256i high = _mm256_packs_epi32(load_halves(from + 16), load_halves(from + 24));
  return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/// Ranks of 64 probes: of each, whether the next key's half is its own too.
template <bool Blocks>
inline void rank_probes(const std::int32_t* halves, const std::int32_t* probes, std::uint8_t* found,
                        std::uint8_t* equal) {
  const __m256i first = load_halves(halves), second = load_halves(halves + 8);
  const std::int32_t* const keys = halves + 16;
  for (std::size_t r = 0; r < kScanRowStep; ++r) {
    const __m256i x = _mm256_set1_epi32(probes[r]);
    const std::uint32_t block = Blocks ? 8 * twice_below(first, second, x) : 0;
    const std::int32_t* at = keys + block;
    const std::uint32_t rank = block + twice_below(load_halves(at), load_halves(at + 8), x) / 2;
    found[r] = static_cast<std::uint8_t>(rank);
    equal[r] = keys[rank] == probes[r] ? std::uint8_t{0xff} : std::uint8_t{0};
  }
}

/// One plain search for 64 rows, from their upper halves, which become probes.
inline void rank_plain(const ScanView& forest, const ScanSearch& search, const double* column,
                       std::ptrdiff_t row_stride, std::int32_t* probes, std::uint8_t* ranks, std::size_t stride) {
  alignas(32) std::int32_t missing[kScanRowStep], unsure[kScanRowStep];
  alignas(32) std::uint8_t found[kScanRowStep], equal[kScanRowStep];
  for (std::size_t r = 0; r < kScanRowStep; r += 8) make_eight_probes(probes + r, missing + r, unsure + r);
  const std::int32_t* halves = forest.halves + search.first_key;
  if (search.blocks > 1) {
    rank_probes<true>(halves, probes, found, equal);
  } else {
    rank_probes<false>(halves, probes, found, equal);
  }
  for (std::size_t r = 0; r < kScanRowStep; r += 32) {
    const __m256i rank = _mm256_load_si256(reinterpret_cast<const __m256i*>(found + r)), absent = narrow(missing + r);
    for (int i = 0; i < 2; ++i) {
      const __m256i instead = _mm256_set1_epi8(static_cast<char>(search.missing_rank[i]));
      _mm256_store_si256(reinterpret_cast<__m256i*>(ranks + search.column[i] * stride + r),
                         _mm256_blendv_epi8(rank, instead, absent));
    }
    const __m256i alone =
        _mm256_or_si256(narrow(unsure + r), _mm256_load_si256(reinterpret_cast<const __m256i*>(equal + r)));
    auto rows = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_andnot_si256(absent, alone)));
    for (; rows != 0; rows &= rows - 1) {
      const std::size_t row = r + static_cast<std::size_t>(__builtin_ctz(rows));
      rank_value(forest, search, column[static_cast<std::ptrdiff_t>(row) * row_stride], ranks + row, stride);
    }
  }
}

/// rounded_to_float32() of four values.
inline __m256d four_rounded_to_float32(__m256d x) {
  const __m256d grid = _mm256_set1_pd(detail::kFloat32TinyGrid);
  __m256d on_grid = _mm256_add_pd(x, grid);
  __asm__("" : "+x"(on_grid));  // -ffast-math would take the grid off again
  const __m256i magnitude = _mm256_and_si256(_mm256_castpd_si256(x), _mm256_set1_epi64x(INT64_MAX));
  const __m256i tiny =
      _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<std::int64_t>(detail::kFloat32LeastNormal)), magnitude);
  return _mm256_blendv_pd(_mm256_cvtps_pd(_mm256_cvtpd_ps(x)), _mm256_sub_pd(on_grid, grid), _mm256_castsi256_pd(tiny));
}

/// The upper halves of up to eight values side by side: lanes of columns 0, 1, 4, 5, 2, 3, 6 and 7. Others are not
/// read.
inline __m256i upper_of_eight(const ScanView& forest, const double* cells, __m256i first_four, __m256i second_four) {
  __m256d low = _mm256_maskload_pd(cells, first_four), high = _mm256_maskload_pd(cells + 4, second_four);
  if (forest.float32_inputs != 0) {
    low = four_rounded_to_float32(low);
    high = four_rounded_to_float32(high);
  }
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high), 0xdd));
}

/// The upper halves of 8 rows of up to eight columns side by side: those of column c at upper + c * kScanRowStep.
inline void transpose_upper(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride, int columns,
                            std::int32_t* upper) {
  const __m256i count = _mm256_set1_epi64x(columns);
  const __m256i first_four = _mm256_cmpgt_epi64(count, _mm256_setr_epi64x(0, 1, 2, 3));
  const __m256i second_four = _mm256_cmpgt_epi64(count, _mm256_setr_epi64x(4, 5, 6, 7));
  // Rows come from afar: those of the next block meanwhile.
  for (std::ptrdiff_t r = 0; r < 8; ++r) {
    __builtin_prefetch(cells + (r + static_cast<std::ptrdiff_t>(kScanRowStep)) * row_stride);
  }
  __m256i of_four[2][4];  // rows 0 to 3 and 4 to 7, columns 0 and 2, 1 and 3, 4 and 6, 5 and 7
  for (int half = 0; half < 2; ++half, cells += 4 * row_stride) {
    const __m256i r0 = upper_of_eight(forest, cells, first_four, second_four);
    const __m256i r1 = upper_of_eight(forest, cells + row_stride, first_four, second_four);
    const __m256i r2 = upper_of_eight(forest, cells + 2 * row_stride, first_four, second_four);
    const __m256i r3 = upper_of_eight(forest, cells + 3 * row_stride, first_four, second_four);
    const __m256i low01 = _mm256_unpacklo_epi32(r0, r1), high01 = _mm256_unpackhi_epi32(r0, r1);
    const __m256i low23 = _mm256_unpacklo_epi32(r2, r3), high23 = _mm256_unpackhi_epi32(r2, r3);
    of_four[half][0] = _mm256_unpacklo_epi64(low01, low23);
    of_four[half][1] = _mm256_unpackhi_epi64(low01, low23);
    of_four[half][2] = _mm256_unpacklo_epi64(high01, high23);
    of_four[half][3] = _mm256_unpackhi_epi64(high01, high23);
  }
  constexpr std::size_t kColumn[4] = {0, 1, 4, 5};
  for (int i = 0; i < 4; ++i) {
    const __m256i left = _mm256_permute2x128_si256(of_four[0][i], of_four[1][i], 0x20);
    const __m256i right = _mm256_permute2x128_si256(of_four[0][i], of_four[1][i], 0x31);
    _mm256_store_si256(reinterpret_cast<__m256i*>(upper + kColumn[i] * kScanRowStep), left);
    _mm256_store_si256(reinterpret_cast<__m256i*>(upper + (kColumn[i] + 2) * kScanRowStep), right);
  }
}

inline void rank_rows(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride,
                      std::size_t rows, std::uint8_t* ranks, std::size_t stride) {
  if (rows < kScanRowStep) {
    return rank_rows_one_by_one(forest, cells, row_stride, col_stride, rows, ranks, stride);
  }
  // Searches are sorted by feature: of rows side by side eight columns are turned at a time, from the first asked for.
  std::uint32_t begin = 0, end = 0;  // of the turned ones
  alignas(32) std::int32_t upper[8 * kScanRowStep];
  for (std::uint32_t i = 0; i < forest.search_count; ++i) {
    const ScanSearch& search = forest.searches[i];
    const double* column = cells + static_cast<std::ptrdiff_t>(search.feature) * col_stride;
    if (search.plain == 0) {
      rank_one_by_one(forest, search, cells, row_stride, col_stride, rows, ranks, stride);
      continue;
    }
    alignas(32) std::int32_t probes[kScanRowStep];
    if (col_stride == 1) {
      if (search.feature >= end) {
        begin = search.feature;
        end = begin + 8;
        const std::uint32_t columns = forest.searches[forest.search_count - 1].feature + 1 - begin;
        for (int part = 0; part < 8; ++part) {
          transpose_upper(forest, column + 8 * part * row_stride, row_stride,
                          columns < 8 ? static_cast<int>(columns) : 8, upper + 8 * part);
        }
      }
      __builtin_memcpy(probes, upper + (search.feature - begin) * kScanRowStep, sizeof probes);
    } else {
      for (std::size_t r = 0; r < kScanRowStep; ++r) {
        probes[r] = upper_half(forest, column[static_cast<std::ptrdiff_t>(r) * row_stride]);
      }
    }
    rank_plain(forest, search, column, row_stride, probes, ranks, stride);
  }
}
