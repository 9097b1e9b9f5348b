// The scan with AVX-512 (F, BW, DQ, VL, VBMI): 64 lanes a register. Included by x86.hpp inside a target region: raw
// pointers and intrinsics only.

/// How many of 16 sorted keys lie below x. Both halves are loaded before they are compared: GCC 12 zero-extends a mask
/// of 8 that it spilled by reading four bytes where it wrote one, and a sanitizer's call at the load makes it spill.
inline std::uint32_t count_below(const std::int64_t* keys, __m512i x) {
  const __m512i low = _mm512_load_si512(keys);
  const __m512i high = _mm512_load_si512(keys + 8);
  const __mmask16 below = _mm512_kunpackb(_mm512_cmplt_epi64_mask(high, x), _mm512_cmplt_epi64_mask(low, x));
  return static_cast<std::uint32_t>(__builtin_popcount(static_cast<unsigned>(below)));
}

/// How many of a search's thresholds lie below `key`: its block among 16, then its place among 16.
inline std::uint32_t rank_of(const std::int64_t* keys, std::uint32_t blocks, std::int64_t key) {
  const __m512i x = _mm512_set1_epi64(key);
  const std::uint32_t block = blocks > 1 ? count_below(keys, x) : 0;
  return 16 * block + count_below(keys + 16 + 16 * block, x);
}

typedef std::uint64_t AnswerWords __attribute__((vector_size(64), aligned(8), may_alias));
#include <riskflag/predict/kernels/rank.inl>
//
#include <riskflag/predict/kernels/rank_avx512.inl>

inline void look_up(const std::uint8_t* table, std::uint32_t span, const std::uint8_t* level, std::uint8_t* ranks) {
  const __m512i number = _mm512_load_si512(level);
  if (span <= 64) {
    _mm512_store_si512(ranks, _mm512_maskz_permutexvar_epi8(~__mmask64{0}, number, _mm512_load_si512(table)));
  } else if (span <= 128) {
    _mm512_store_si512(ranks,
                       _mm512_permutex2var_epi8(_mm512_load_si512(table), number, _mm512_load_si512(table + 64)));
  } else {
    look_up_one_by_one(table, level, ranks);
  }
}

/// Columns by number out of registers: one table of 64 bytes, two, or four.
template <int Tables>
struct Columns {
  __m512i t0, t1, t2, t3;
  explicit Columns(const std::uint8_t* ranks) {
    t0 = _mm512_load_si512(ranks);
    t1 = Tables > 1 ? _mm512_load_si512(ranks + 64) : t0;
    t2 = Tables > 2 ? _mm512_load_si512(ranks + 128) : t0;
    t3 = Tables > 2 ? _mm512_load_si512(ranks + 192) : t0;
  }
  [[nodiscard]] __m512i at(__m512i column) const {
    if constexpr (Tables == 1) {
      // The maskz form: GCC 12 warns of the plain one's undefined third operand.
      return _mm512_maskz_permutexvar_epi8(~__mmask64{0}, column, t0);
    } else if constexpr (Tables == 2) {
      return _mm512_permutex2var_epi8(t0, column, t1);
    } else {
      return _mm512_mask_blend_epi8(_mm512_movepi8_mask(column), _mm512_permutex2var_epi8(t0, column, t1),
                                    _mm512_permutex2var_epi8(t2, column, t3));
    }
  }
};

template <int Tables>
inline void fill_row(const ScanView& forest, const std::uint8_t* found, const std::uint8_t* missing,
                     std::uint8_t* ranks) {
  const Columns<Tables> rank_of_search(found), missing_of_search(missing);
  for (std::uint32_t c = 0; c < forest.columns; c += 64) {
    const __m512i search = _mm512_load_si512(forest.column_facts + c);
    const __mmask64 absent = _mm512_movepi8_mask(missing_of_search.at(search));
    const __m512i instead = _mm512_load_si512(forest.column_facts + kScanMaxColumns + c);
    _mm512_store_si512(ranks + c, _mm512_mask_mov_epi8(rank_of_search.at(search), absent, instead));
  }
}

/// Searches in upper halves of values, one comparison of 16 for the block and one inside it.
inline void search_row(const ScanView& forest, const double* row, std::uint8_t* ranks) {
  if (forest.column_facts == nullptr) return search_row_one_by_one(forest, row, ranks);
  const std::uint32_t count = forest.search_count;
  if (count == 0) return;
  alignas(64) std::int32_t upper[kScanMaxColumns];
  alignas(64) std::uint8_t found[kScanMaxColumns], missing[kScanMaxColumns];
  for (std::uint32_t i = 0; i < count; ++i) {
    const double x = as_seen(forest, row[forest.searches[i].feature]);
    std::uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    upper[i] = static_cast<std::int32_t>(bits >> 32);
  }
  for (std::uint32_t i = count; i % 16 != 0; ++i) upper[i] = 0;
  const __m512i magnitude = _mm512_set1_epi32(INT32_MAX), infinity = _mm512_set1_epi32(0x7ff00000);
  __mmask16 unsure = 0;
  for (std::uint32_t i = 0; i < count; i += 16) {
    const __m512i half = _mm512_load_si512(upper + i);
    const __m512i size = _mm512_and_si512(half, magnitude);
    const __mmask16 absent = _mm512_cmpgt_epi32_mask(size, infinity);
    // Infinity, or a NaN that only the lower half tells from it.
    unsure |= _mm512_cmpeq_epi32_mask(size, infinity);
    _mm_store_si128(reinterpret_cast<__m128i*>(missing + i), _mm_movm_epi8(absent));
    _mm512_store_si512(upper + i, _mm512_mask_xor_epi32(half, _mm512_movepi32_mask(half), half, magnitude));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const ScanSearch& search = forest.searches[i];
    const std::int32_t* halves = forest.halves + search.first_key;
    const __m512i x = _mm512_set1_epi32(upper[i]);
    std::uint32_t block = 0;
    if (search.blocks > 1) {
      block = static_cast<std::uint32_t>(
          __builtin_popcount(unsigned{_mm512_cmplt_epi32_mask(_mm512_load_si512(halves), x)}));
    }
    const __m512i inside = _mm512_load_si512(halves + 16 + 16 * block);
    unsure |= _mm512_cmpeq_epi32_mask(inside, x);
    const auto below = static_cast<std::uint32_t>(__builtin_popcount(unsigned{_mm512_cmplt_epi32_mask(inside, x)}));
    found[i] = static_cast<std::uint8_t>(16 * block + below);
  }
  if (count <= 64) {
    fill_row<1>(forest, found, missing, ranks);
  } else if (count <= 128) {
    fill_row<2>(forest, found, missing, ranks);
  } else {
    fill_row<4>(forest, found, missing, ranks);
  }
  if (unsure != 0) rank_unsure(forest, row, upper, found, ranks);
}

/// One node of 64 trees: e = (x > rank and e >= a) ? b : e. Of nodes that levels answer, the word has "x > rank".
template <int Tables, bool Answered>
inline __m512i advance(const Columns<Tables>& columns, const std::uint8_t* step, const std::uint64_t* answer, __m512i b,
                       __m512i e) {
  const __m512i x = columns.at(_mm512_load_si512(step));
  __mmask64 above = _mm512_cmpgt_epu8_mask(x, _mm512_load_si512(step + 64));
  if constexpr (Answered) above |= *answer;
  return _mm512_mask_mov_epi8(e, _mm512_mask_cmpge_epu8_mask(above, e, _mm512_load_si512(step + 128)), b);
}

/// Width groups side by side, so that one group's latency hides behind the others.
template <int Tables, int Width, bool Answered>
inline void walk_bundle(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                        const std::uint64_t* answers, std::uint8_t* leaf) {
  const Columns<Tables> columns(ranks);
  __m512i e0 = _mm512_setzero_si512(), e1 = e0, e2 = e0, e3 = e0, b = e0;
  const std::uint8_t* step = forest.steps + std::size_t{bundle.first_line} * 64;
  for (std::uint32_t s = 0; s < bundle.steps; ++s, step += Width * kScanStepBytes) {
    b = _mm512_add_epi8(b, _mm512_set1_epi8(1));
    const std::uint64_t* at = answers;
    e0 = advance<Tables, Answered>(columns, step, at, b, e0);
    if constexpr (Answered) ++at;
    if constexpr (Width > 1) e1 = advance<Tables, Answered>(columns, step + kScanStepBytes, at, b, e1);
    if constexpr (Answered) ++at;
    if constexpr (Width > 2) e2 = advance<Tables, Answered>(columns, step + 2 * kScanStepBytes, at, b, e2);
    if constexpr (Answered) ++at;
    if constexpr (Width > 2) e3 = advance<Tables, Answered>(columns, step + 3 * kScanStepBytes, at, b, e3);
    if constexpr (Answered) answers += Width;
  }
  _mm512_store_si512(leaf, e0);
  if constexpr (Width > 1) _mm512_store_si512(leaf + 64, e1);
  if constexpr (Width > 2) _mm512_store_si512(leaf + 128, e2);
  if constexpr (Width > 2) _mm512_store_si512(leaf + 192, e3);
}

/// Symmetric trees: a level of 64 of them at a time.
template <int Tables, bool Answered>
inline void walk_levels(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                        const std::uint64_t* answers, std::uint8_t* leaf) {
  const Columns<Tables> columns(ranks);
  for (std::size_t group = 0; group < bundle.width; ++group) {
    const std::uint8_t* step = forest.steps + std::size_t{bundle.first_line} * 64 + group * kScanLevelBytes;
    __m512i e = _mm512_setzero_si512();
    for (std::uint32_t s = 0; s < bundle.steps; ++s, step += bundle.width * kScanLevelBytes) {
      __mmask64 above = _mm512_cmpgt_epu8_mask(columns.at(_mm512_load_si512(step)), _mm512_load_si512(step + 64));
      if constexpr (Answered) above |= answers[s * bundle.width + group];
      e = _mm512_add_epi8(e, e);
      e = _mm512_mask_add_epi8(e, above, e, _mm512_set1_epi8(1));
    }
    _mm512_store_si512(leaf + group * kScanLanes, e);
  }
}

template <int Tables, bool Answered>
inline void walk_any(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                     const std::uint64_t* answers, std::uint8_t* leaf) {
  if (forest.symmetric != 0) return walk_levels<Tables, Answered>(forest, bundle, ranks, answers, leaf);
  if (bundle.width == 4) return walk_bundle<Tables, 4, Answered>(forest, bundle, ranks, answers, leaf);
  if (bundle.width == 2) return walk_bundle<Tables, 2, Answered>(forest, bundle, ranks, answers, leaf);
  walk_bundle<Tables, 1, Answered>(forest, bundle, ranks, answers, leaf);
}

inline void row_leaves(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                       const std::uint32_t* answers, std::uint8_t* leaf) {
  if (forest.answer_count != 0) {
    const BundleAnswers own(forest, bundle, answers);
    if (forest.columns <= 64) return walk_any<1, true>(forest, bundle, ranks, own.words, leaf);
    return walk_any<4, true>(forest, bundle, ranks, own.words, leaf);
  }
  if (forest.columns <= 64) return walk_any<1, false>(forest, bundle, ranks, nullptr, leaf);
  if (forest.columns <= 128) return walk_any<2, false>(forest, bundle, ranks, nullptr, leaf);
  walk_any<4, false>(forest, bundle, ranks, nullptr, leaf);
}

/// One node for 64 rows.
inline __m512i advance_rows(const std::uint8_t* x, __m512i rank, __m512i a, __m512i b, __m512i e) {
  const __mmask64 above = _mm512_cmpgt_epu8_mask(_mm512_load_si512(x), rank);
  return _mm512_mask_mov_epi8(e, _mm512_mask_cmpeq_epi8_mask(above, e, a), b);
}

/// One tree for Groups x 64 rows; a node's constants are read once for all of them.
template <int Groups>
inline void walk_rows(const std::uint8_t* node, std::uint32_t nodes, const std::uint8_t* ranks, std::size_t stride,
                      std::uint8_t* leaf) {
  __m512i e0 = _mm512_setzero_si512(), e1 = e0, e2 = e0, e3 = e0;
  for (std::uint32_t n = 0; n < nodes; ++n, node += 4) {
    const std::uint8_t* x = ranks + node[0] * stride;
    const __m512i rank = _mm512_set1_epi8(static_cast<char>(node[1]));
    const __m512i a = _mm512_set1_epi8(static_cast<char>(node[2]));
    const __m512i b = _mm512_set1_epi8(static_cast<char>(node[3]));
    e0 = advance_rows(x, rank, a, b, e0);
    if constexpr (Groups > 1) e1 = advance_rows(x + 64, rank, a, b, e1);
    if constexpr (Groups > 2) e2 = advance_rows(x + 128, rank, a, b, e2);
    if constexpr (Groups > 2) e3 = advance_rows(x + 192, rank, a, b, e3);
  }
  _mm512_store_si512(leaf, e0);
  if constexpr (Groups > 1) _mm512_store_si512(leaf + 64, e1);
  if constexpr (Groups > 2) _mm512_store_si512(leaf + 128, e2);
  if constexpr (Groups > 2) _mm512_store_si512(leaf + 192, e3);
}

inline void tree_leaves(const ScanView& forest, const ScanTree& tree, const std::uint8_t* ranks, std::size_t rows,
                        std::size_t stride, std::uint8_t* leaf) {
  if (forest.symmetric != 0) return level_leaves(forest, tree, ranks, rows, stride, leaf);
  const std::uint8_t* node = forest.nodes + std::size_t{tree.first_node} * 4;
  std::size_t r = 0;
  for (; r + 256 <= rows; r += 256) walk_rows<4>(node, tree.nodes, ranks + r, stride, leaf + r);
  for (; r + 128 <= rows; r += 128) walk_rows<2>(node, tree.nodes, ranks + r, stride, leaf + r);
  for (; r < rows; r += 64) walk_rows<1>(node, tree.nodes, ranks + r, stride, leaf + r);
}

/// Eight leaves by number: tables of 16 doubles in two registers each.
template <int Tables>
struct LeafTable {
  __m512d t0, t1, t2, t3, t4, t5, t6, t7;
  LeafTable(const double* leaves, std::size_t count) {
    t0 = part(leaves, count, 0);
    t1 = part(leaves, count, 8);
    t2 = Tables > 1 ? part(leaves, count, 16) : t0;
    t3 = Tables > 1 ? part(leaves, count, 24) : t0;
    t4 = Tables > 2 ? part(leaves, count, 32) : t0;
    t5 = Tables > 2 ? part(leaves, count, 40) : t0;
    t6 = Tables > 2 ? part(leaves, count, 48) : t0;
    t7 = Tables > 2 ? part(leaves, count, 56) : t0;
  }
  static __m512d part(const double* leaves, std::size_t count, std::size_t first) {
    const std::size_t have = count > first ? count - first : 0;
    const __mmask8 mask = have >= 8 ? static_cast<__mmask8>(0xff) : static_cast<__mmask8>((1U << have) - 1U);
    return _mm512_maskz_loadu_pd(mask, leaves + first);
  }
  [[nodiscard]] __m512d at(__m512i number) const {
    const __m512d low = _mm512_permutex2var_pd(t0, number, t1);
    if constexpr (Tables == 1) return low;
    const __m512d next = _mm512_permutex2var_pd(t2, number, t3);
    const __mmask8 odd = _mm512_test_epi64_mask(number, _mm512_set1_epi64(16));
    if constexpr (Tables == 2) return _mm512_mask_blend_pd(odd, low, next);
    const __m512d third = _mm512_permutex2var_pd(t4, number, t5);
    const __m512d fourth = _mm512_permutex2var_pd(t6, number, t7);
    const __mmask8 upper = _mm512_test_epi64_mask(number, _mm512_set1_epi64(32));
    return _mm512_mask_blend_pd(upper, _mm512_mask_blend_pd(odd, low, next), _mm512_mask_blend_pd(odd, third, fourth));
  }
};

template <int Tables>
inline void add_from_table(const double* leaves, std::size_t count, const std::uint8_t* leaf, std::size_t rows,
                           double* sums) {
  const LeafTable<Tables> table(leaves, count);
  for (std::size_t r = 0; r < rows; r += 8) {
    const __m512i number = _mm512_maskz_cvtepu8_epi64(static_cast<__mmask8>(0xff),
                                                      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(leaf + r)));
    _mm512_store_pd(sums + r, _mm512_add_pd(_mm512_load_pd(sums + r), table.at(number)));
  }
}

inline void add_leaves(const double* leaves, std::size_t count, const std::uint8_t* leaf, std::size_t rows,
                       double* sums) {
  if (count <= 16) return add_from_table<1>(leaves, count, leaf, rows, sums);
  if (count <= 32) return add_from_table<2>(leaves, count, leaf, rows, sums);
  if (count <= 64) return add_from_table<4>(leaves, count, leaf, rows, sums);
  for (std::size_t r = 0; r < rows; ++r) sums[r] += leaves[leaf[r]];
}
