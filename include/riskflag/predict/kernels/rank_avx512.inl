// Ranks of 64 rows at once with AVX-512: included by avx512.inl after rank.inl.
//
// A search in a heap of upper halves, 16 rows a register: the tables of all its levels are permutations of registers.
// Where a value meets a probe equal to its own the lower half decides, and the row is ranked alone: rare, because
// thresholds lie between values.

/// 16 rows of one search on its way down.
struct Descent {
  __m512i x, place;
  __mmask16 differs;
  void step(__m512i probe) {
    const __mmask16 right = _mm512_cmplt_epi32_mask(probe, x);
    differs = _mm512_mask_cmpneq_epi32_mask(differs, probe, x);
    place = _mm512_add_epi32(place, place);
    place = _mm512_mask_add_epi32(place, right, place, _mm512_set1_epi32(1));
  }
  [[nodiscard]] __m512i of_two(const std::int32_t* heap) const {
    return _mm512_permutex2var_epi32(_mm512_load_si512(heap), place, _mm512_load_si512(heap + 16));
  }
  [[nodiscard]] __m512i of_four(const std::int32_t* heap) const {
    const __mmask16 upper = _mm512_test_epi32_mask(place, _mm512_set1_epi32(32));
    return _mm512_mask_blend_epi32(upper, of_two(heap), of_two(heap + 32));
  }
  [[nodiscard]] __m512i of_eight(const std::int32_t* heap) const {
    const __mmask16 upper = _mm512_test_epi32_mask(place, _mm512_set1_epi32(64));
    return _mm512_mask_blend_epi32(upper, of_four(heap), of_four(heap + 64));
  }
  [[nodiscard]] __m128i rank() const { return _mm512_maskz_cvtepi32_epi8(0xffff, place); }
};

/// Ranks of 64 probes; bits of `differs` are 0 where the lower half decides.
inline __m512i descend(const std::int32_t* heap, unsigned levels, const __m512i* x, std::uint64_t& differs) {
  const __m512i root = _mm512_set1_epi32(1);
  Descent a{x[0], root, 0xffff}, b{x[1], root, 0xffff}, c{x[2], root, 0xffff}, d{x[3], root, 0xffff};
  const auto each = [&](auto&& probe) __attribute__((always_inline)) {
    a.step(probe(a));
    b.step(probe(b));
    c.step(probe(c));
    d.step(probe(d));
  };
  const __m512i top = _mm512_load_si512(heap);
  for (int level = 0; level < 4; ++level) {
    each([&](const Descent& at) { return _mm512_maskz_permutexvar_epi32(0xffff, at.place, top); });
  }
  if (levels > 4) {
    const __m512i next = _mm512_load_si512(heap + 16);
    each([&](const Descent& at) { return _mm512_maskz_permutexvar_epi32(0xffff, at.place, next); });
  }
  if (levels > 5) each([&](const Descent& at) { return at.of_two(heap + 32); });
  if (levels > 6) each([&](const Descent& at) { return at.of_four(heap + 64); });
  if (levels > 7) each([&](const Descent& at) { return at.of_eight(heap + 128); });
  differs = std::uint64_t{a.differs} | std::uint64_t{b.differs} << 16 | std::uint64_t{c.differs} << 32 |
            std::uint64_t{d.differs} << 48;
  alignas(64) std::uint8_t ranks[64];
  _mm_store_si128(reinterpret_cast<__m128i*>(ranks), a.rank());
  _mm_store_si128(reinterpret_cast<__m128i*>(ranks + 16), b.rank());
  _mm_store_si128(reinterpret_cast<__m128i*>(ranks + 32), c.rank());
  _mm_store_si128(reinterpret_cast<__m128i*>(ranks + 48), d.rank());
  // Places of the last level begin at 1 << levels.
  return _mm512_sub_epi8(_mm512_load_si512(ranks), _mm512_set1_epi8(static_cast<char>(1U << levels)));
}

/// rounded_to_float32() of eight values.
inline __m512d eight_rounded_to_float32(__m512d x) {
  const __m512d grid = _mm512_set1_pd(detail::kFloat32TinyGrid);
  __m512d on_grid = _mm512_add_pd(x, grid);
  __asm__("" : "+v"(on_grid));  // -ffast-math would take the grid off again
  const __m512i magnitude = _mm512_and_si512(_mm512_castpd_si512(x), _mm512_set1_epi64(INT64_MAX));
  const __mmask8 tiny =
      _mm512_cmplt_epi64_mask(magnitude, _mm512_set1_epi64(static_cast<std::int64_t>(detail::kFloat32LeastNormal)));
  const __m512d rounded = _mm512_maskz_cvtps_pd(0xff, _mm512_maskz_cvtpd_ps(0xff, x));
  return _mm512_mask_sub_pd(rounded, tiny, on_grid, grid);
}

/// The upper halves of 16 rows of up to eight columns side by side: upper[4 * column] for every column.
inline void transpose_upper(const double* cells, std::ptrdiff_t row_stride, __mmask8 columns, bool float32,
                            __m512i* upper) {
  const auto row = [&](std::ptrdiff_t r) __attribute__((always_inline)) {
    const __m512d x = _mm512_maskz_loadu_pd(columns, cells + r * row_stride);
    if (!float32) return _mm512_castpd_si512(x);
    return _mm512_castpd_si512(eight_rounded_to_float32(x));
  };
  const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  // Rows r and r + 4: four lanes of columns 0 to 3 and 4 to 7 of the one, then of the other.
  const auto two = [&](std::ptrdiff_t r)
                       __attribute__((always_inline)) { return _mm512_permutex2var_epi32(row(r), odd, row(r + 4)); };
  const auto half = [&](std::ptrdiff_t r, __m512i* out) __attribute__((always_inline)) {
    const __m512i r0 = two(r), r1 = two(r + 1), r2 = two(r + 2), r3 = two(r + 3);
    const __m512i low01 = _mm512_maskz_unpacklo_epi32(0xffff, r0, r1),
                  high01 = _mm512_maskz_unpackhi_epi32(0xffff, r0, r1);
    const __m512i low23 = _mm512_maskz_unpacklo_epi32(0xffff, r2, r3),
                  high23 = _mm512_maskz_unpackhi_epi32(0xffff, r2, r3);
    out[0] = _mm512_maskz_unpacklo_epi64(0xff, low01, low23);
    out[1] = _mm512_maskz_unpackhi_epi64(0xff, low01, low23);
    out[2] = _mm512_maskz_unpacklo_epi64(0xff, high01, high23);
    out[3] = _mm512_maskz_unpackhi_epi64(0xff, high01, high23);
  };
  __m512i first[4], second[4];
  half(0, first);
  half(8, second);
  for (int c = 0; c < 4; ++c) {
    upper[4 * c] = _mm512_maskz_shuffle_i32x4(0xffff, first[c], second[c], 0x88);
    upper[4 * (c + 4)] = _mm512_maskz_shuffle_i32x4(0xffff, first[c], second[c], 0xdd);
  }
}

/// One plain search for 64 rows, from their upper halves.
inline void rank_upper(const ScanView& forest, const ScanSearch& search, const double* cells, std::ptrdiff_t row_stride,
                       const __m512i* upper, std::uint8_t* ranks, std::size_t stride) {
  const __m512i magnitude = _mm512_set1_epi32(INT32_MAX), infinity = _mm512_set1_epi32(0x7ff00000);
  std::uint64_t missing = 0, unsure = 0;
  __m512i x[4];
  for (unsigned i = 0; i < 4; ++i) {
    const __m512i size = _mm512_and_si512(upper[i], magnitude);
    missing |= std::uint64_t{_mm512_cmpgt_epi32_mask(size, infinity)} << (16 * i);
    // Infinity, or a NaN that only the lower half tells from it.
    unsure |= std::uint64_t{_mm512_cmpeq_epi32_mask(size, infinity)} << (16 * i);
    x[i] = _mm512_mask_xor_epi32(upper[i], _mm512_movepi32_mask(upper[i]), upper[i], magnitude);
  }
  std::uint64_t differs = 0;
  const __m512i rank = descend(forest.probes + search.first_probe, search.levels, x, differs);
  for (int i = 0; i < 2; ++i) {
    _mm512_store_si512(
        ranks + search.column[i] * stride,
        _mm512_mask_mov_epi8(rank, missing, _mm512_set1_epi8(static_cast<char>(search.missing_rank[i]))));
  }
  for (unsure = (unsure | ~differs) & ~missing; unsure != 0; unsure &= unsure - 1) {
    const int r = __builtin_ctzll(unsure);
    rank_value(forest, search, cells[search.feature + r * row_stride], ranks + r, stride);
  }
}

inline void rank_rows(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride,
                      std::size_t rows, std::uint8_t* ranks, std::size_t stride) {
  if (col_stride != 1 || rows < kScanRowStep) {
    return rank_rows_one_by_one(forest, cells, row_stride, col_stride, rows, ranks, stride);
  }
  // Searches are sorted by feature: eight columns are turned at a time, from the first that is asked for.
  std::uint32_t end = 0;  // of the turned ones
  __m512i upper[8 * 4];
  for (std::uint32_t i = 0; i < forest.search_count; ++i) {
    const ScanSearch& search = forest.searches[i];
    if (search.plain == 0) {
      rank_one_by_one(forest, search, cells, row_stride, 1, rows, ranks, stride);
      continue;
    }
    if (search.feature >= end) {
      const std::uint32_t last = forest.searches[forest.search_count - 1].feature + 1;
      const std::uint32_t count = last - search.feature < 8 ? last - search.feature : 8;
      for (int part = 0; part < 4; ++part) {
        transpose_upper(cells + search.feature + 16 * part * row_stride, row_stride,
                        static_cast<__mmask8>((1U << count) - 1U), forest.float32_inputs != 0, upper + part);
      }
      end = search.feature + 8;
    }
    rank_upper(forest, search, cells, row_stride, upper + 4 * (search.feature + 8 - end), ranks, stride);
  }
}
