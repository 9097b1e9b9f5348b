// The scan with AVX2: 32 lanes a register. Included by x86.hpp inside a target region: raw pointers and intrinsics
// only.

/// How many of 16 keys lie below x.
inline std::uint32_t below_of_16(const std::int64_t* keys, __m256i x) {
  const __m256i* at = reinterpret_cast<const __m256i*>(keys);
  const __m256i c0 = _mm256_cmpgt_epi64(x, _mm256_load_si256(at)),
                c1 = _mm256_cmpgt_epi64(x, _mm256_load_si256(at + 1));
  const __m256i c2 = _mm256_cmpgt_epi64(x, _mm256_load_si256(at + 2)),
                c3 = _mm256_cmpgt_epi64(x, _mm256_load_si256(at + 3));
  // Each 64-bit mask narrowed to 16 bits: two bytes of movemask a key.
  const __m256i narrow = _mm256_packs_epi32(_mm256_packs_epi32(c0, c1), _mm256_packs_epi32(c2, c3));
  return static_cast<std::uint32_t>(__builtin_popcount(static_cast<unsigned>(_mm256_movemask_epi8(narrow)))) / 2;
}

/// How many of a search's thresholds lie below `key`: its block among 16, then its place among 16.
inline std::uint32_t rank_of(const std::int64_t* keys, std::uint32_t blocks, std::int64_t key) {
  const __m256i x = _mm256_set1_epi64x(key);
  const std::uint32_t block = blocks > 1 ? below_of_16(keys, x) : 0;
  return 16 * block + below_of_16(keys + 16 + 16 * block, x);
}

typedef std::uint64_t AnswerWords __attribute__((vector_size(32), aligned(8), may_alias));
#include <riskflag/predict/kernels/rank.inl>

#include <riskflag/predict/kernels/rank_avx2.inl>

/// Columns by number, 16 bytes a table: Tables is 4 (up to 64 columns) or 16 (up to 256).
template <int Tables>
struct Columns {
  const std::uint8_t* ranks;
  __m256i t0, t1, t2, t3;
  explicit Columns(const std::uint8_t* from) : ranks(from) {
    t0 = table(from);
    t1 = table(from + 16);
    t2 = table(from + 32);
    t3 = table(from + 48);
  }
  static __m256i table(const std::uint8_t* from) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));
  }
  [[nodiscard]] __m256i at(__m256i column) const {
    // The shuffle looks at the lowest four bits; bits 4 and 5 choose among four shuffles as the sign bits of blends.
    // They are all that matters below 128.
    const __m256i low = Tables == 4 ? column : _mm256_and_si256(column, _mm256_set1_epi8(15));
    const __m256i bit4 = _mm256_slli_epi16(column, 3);
    const __m256i bit5 = _mm256_slli_epi16(column, 2);
    const __m256i first = of_four(t0, t1, t2, t3, low, bit4, bit5);
    if constexpr (Tables == 4) return first;
    const __m256i bit6 = _mm256_slli_epi16(column, 1);
    const __m256i second =
        of_four(table(ranks + 64), table(ranks + 80), table(ranks + 96), table(ranks + 112), low, bit4, bit5);
    const __m256i third =
        of_four(table(ranks + 128), table(ranks + 144), table(ranks + 160), table(ranks + 176), low, bit4, bit5);
    const __m256i fourth =
        of_four(table(ranks + 192), table(ranks + 208), table(ranks + 224), table(ranks + 240), low, bit4, bit5);
    return _mm256_blendv_epi8(_mm256_blendv_epi8(first, second, bit6), _mm256_blendv_epi8(third, fourth, bit6), column);
  }
  static __m256i of_four(__m256i a, __m256i b, __m256i c, __m256i d, __m256i low, __m256i bit4, __m256i bit5) {
    const __m256i ab = _mm256_blendv_epi8(_mm256_shuffle_epi8(a, low), _mm256_shuffle_epi8(b, low), bit4);
    // Another value in GCC's eyes, which would compare one of two uses with zero first.
    __m256i again = bit4;
    __asm__("" : "+x"(again));
    const __m256i cd = _mm256_blendv_epi8(_mm256_shuffle_epi8(c, low), _mm256_shuffle_epi8(d, low), again);
    return _mm256_blendv_epi8(ab, cd, bit5);
  }
};

inline __m256i load(const std::uint8_t* at) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(at)); }
inline void store(std::uint8_t* at, __m256i value) { _mm256_store_si256(reinterpret_cast<__m256i*>(at), value); }

inline void look_up(const std::uint8_t* table, std::uint32_t span, const std::uint8_t* level, std::uint8_t* ranks) {
  if (span > 64) return look_up_one_by_one(table, level, ranks);
  const Columns<4> levels(table);
  store(ranks, levels.at(load(level)));
  store(ranks + 32, levels.at(load(level + 32)));
}

/// Every column's rank, from the searches' ones.
template <int Tables>
inline void fill_row(const ScanView& forest, const std::uint8_t* found, const std::uint8_t* missing,
                     std::uint8_t* ranks) {
  const Columns<Tables> rank_of_search(found), missing_of_search(missing);
  for (std::uint32_t c = 0; c < forest.columns; c += 32) {
    const __m256i search = load(forest.column_facts + c);
    const __m256i instead = load(forest.column_facts + kScanMaxColumns + c);
    store(ranks + c, _mm256_blendv_epi8(rank_of_search.at(search), instead, missing_of_search.at(search)));
  }
}

inline void search_row(const ScanView& forest, const double* row, std::uint8_t* ranks) {
  const std::uint32_t count = forest.search_count;
  if (forest.column_facts == nullptr) return search_row_one_by_one(forest, row, ranks);
  if (count == 0) return;
  alignas(32) std::int32_t probes[kScanMaxColumns], absent[kScanMaxColumns], unsure[8];
  alignas(32) std::uint8_t found[kScanMaxColumns], missing[kScanMaxColumns];
  for (std::uint32_t i = 0; i < count; ++i) probes[i] = upper_half(forest, row[forest.searches[i].feature]);
  for (std::uint32_t i = count; i % 32 != 0; ++i) probes[i] = 0;
  __m256i alone = _mm256_setzero_si256();
  for (std::uint32_t i = 0; i < count; i += 32) {
    for (std::uint32_t j = i; j < i + 32; j += 8) {
      make_eight_probes(probes + j, absent + j, unsure);
      alone = _mm256_or_si256(alone, load_halves(unsure));
    }
    store(missing + i, narrow(absent + i));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const ScanSearch& search = forest.searches[i];
    const std::int32_t* halves = forest.halves + search.first_key;
    const __m256i x = _mm256_set1_epi32(probes[i]);
    const std::uint32_t block =
        search.blocks > 1 ? 8 * twice_below(load_halves(halves), load_halves(halves + 8), x) : 0;
    const __m256i first = load_halves(halves + 16 + block), second = load_halves(halves + 24 + block);
    alone = _mm256_or_si256(alone, _mm256_or_si256(_mm256_cmpeq_epi32(first, x), _mm256_cmpeq_epi32(second, x)));
    found[i] = static_cast<std::uint8_t>(block + twice_below(first, second, x) / 2);
  }
  if (count <= 64) {
    fill_row<4>(forest, found, missing, ranks);
  } else {
    fill_row<16>(forest, found, missing, ranks);
  }
  if (_mm256_testz_si256(alone, alone) == 0) rank_unsure(forest, row, probes, found, ranks);
}

/// e = (x > rank and e == a) ? b : e. x <= rank is min(x, rank) == x; AVX2 compares signed bytes only.
inline __m256i select(__m256i x, __m256i rank, __m256i a, __m256i b, __m256i e) {
  const __m256i not_above = _mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), x);
  const __m256i here = _mm256_andnot_si256(not_above, _mm256_cmpeq_epi8(e, a));
  return _mm256_blendv_epi8(e, b, here);
}

/// Not (x > rank, or the answer is a bit of the 32 at `answer`).
template <bool Answered>
inline __m256i is_left(__m256i x, __m256i rank, const std::uint32_t* answer) {
  const __m256i not_above = _mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), x);
  if constexpr (!Answered) return not_above;
  const __m256i own = _mm256_set1_epi64x(static_cast<std::int64_t>(0x8040201008040201U));
  const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i bits = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<std::int32_t>(*answer)), byte_of);
  return _mm256_andnot_si256(_mm256_cmpeq_epi8(_mm256_and_si256(bits, own), own), not_above);
}

/// One node of 32 trees; a step holds 64, in two halves. Few: no leaf has a number above 127, so that e - a has the
/// sign that says whether e < a.
template <int Tables, bool Few, bool Answered>
inline __m256i advance(const Columns<Tables>& columns, const std::uint8_t* step, const std::uint32_t* answer, __m256i b,
                       __m256i e) {
  const __m256i x = columns.at(load(step));
  const __m256i not_above = is_left<Answered>(x, load(step + 64), answer);
  if constexpr (Few) {
    return _mm256_blendv_epi8(b, e, _mm256_or_si256(not_above, _mm256_sub_epi8(e, load(step + 128))));
  }
  const __m256i inside = _mm256_cmpeq_epi8(_mm256_max_epu8(e, load(step + 128)), e);
  return _mm256_blendv_epi8(e, b, _mm256_andnot_si256(not_above, inside));
}

template <int Tables, int Width, bool Few, bool Answered>
inline void walk_bundle(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                        const std::uint32_t* answers, std::uint8_t* leaf) {
  const Columns<Tables> columns(ranks);
  const std::uint8_t* first = forest.steps + std::size_t{bundle.first_line} * 64;
  // Four registers of lanes at a time: two groups of 64, or the one there is.
  for (int pair = 0; pair < Width; pair += 2) {
    __m256i e0 = _mm256_setzero_si256(), e1 = e0, e2 = e0, e3 = e0, b = e0;
    const std::uint8_t* step = first + static_cast<std::size_t>(pair) * kScanStepBytes;
    const std::uint32_t* answer = Answered ? answers + 2 * static_cast<std::size_t>(pair) : answers;
    for (std::uint32_t s = 0; s < bundle.steps; ++s, step += Width * kScanStepBytes) {
      b = _mm256_add_epi8(b, _mm256_set1_epi8(1));
      e0 = advance<Tables, Few, Answered>(columns, step, answer, b, e0);
      e1 = advance<Tables, Few, Answered>(columns, step + 32, Answered ? answer + 1 : answer, b, e1);
      if constexpr (Width > 1) {
        const std::uint8_t* next = step + kScanStepBytes;
        e2 = advance<Tables, Few, Answered>(columns, next, Answered ? answer + 2 : answer, b, e2);
        e3 = advance<Tables, Few, Answered>(columns, next + 32, Answered ? answer + 3 : answer, b, e3);
      }
      if constexpr (Answered) answer += std::size_t{2} * Width;
    }
    std::uint8_t* out = leaf + static_cast<std::size_t>(pair) * kScanLanes;
    store(out, e0);
    store(out + 32, e1);
    if constexpr (Width > 1) store(out + 64, e2);
    if constexpr (Width > 1) store(out + 96, e3);
  }
}

/// Symmetric trees: a level of 32 of them at a time.
template <int Tables, bool Answered>
inline void walk_levels(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                        const std::uint32_t* answers, std::uint8_t* leaf) {
  const Columns<Tables> columns(ranks);
  const __m256i one = _mm256_set1_epi8(1);
  for (std::size_t lane = 0; lane < bundle.width * kScanLanes; lane += 32) {
    const std::uint8_t* step =
        forest.steps + std::size_t{bundle.first_line} * 64 + lane / kScanLanes * kScanLevelBytes + lane % kScanLanes;
    const std::uint32_t* answer = Answered ? answers + lane / 32 : answers;
    __m256i e = _mm256_setzero_si256();
    for (std::uint32_t s = 0; s < bundle.steps; ++s, step += bundle.width * kScanLevelBytes) {
      const __m256i x = columns.at(load(step));
      const __m256i not_above = is_left<Answered>(x, load(step + 64), answer);
      if constexpr (Answered) answer += std::size_t{2} * bundle.width;
      e = _mm256_add_epi8(_mm256_add_epi8(e, e), _mm256_add_epi8(one, not_above));
    }
    store(leaf + lane, e);
  }
}

template <int Tables, int Width, bool Answered>
inline void walk_width(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                       const std::uint32_t* answers, std::uint8_t* leaf) {
  if (bundle.steps < 128) return walk_bundle<Tables, Width, true, Answered>(forest, bundle, ranks, answers, leaf);
  walk_bundle<Tables, Width, false, Answered>(forest, bundle, ranks, answers, leaf);
}

template <int Tables, bool Answered>
inline void walk_any(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                     const std::uint32_t* answers, std::uint8_t* leaf) {
  if (forest.symmetric != 0) return walk_levels<Tables, Answered>(forest, bundle, ranks, answers, leaf);
  if (bundle.width == 4) return walk_width<Tables, 4, Answered>(forest, bundle, ranks, answers, leaf);
  if (bundle.width == 2) return walk_width<Tables, 2, Answered>(forest, bundle, ranks, answers, leaf);
  walk_width<Tables, 1, Answered>(forest, bundle, ranks, answers, leaf);
}

inline void row_leaves(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                       const std::uint32_t* answers, std::uint8_t* leaf) {
  if (forest.answer_count != 0) {
    const BundleAnswers own(forest, bundle, answers);
    std::uint32_t halves[sizeof own.words / 4];
    __builtin_memcpy(halves, own.words, bundle.steps * bundle.width * sizeof own.words[0]);
    if (forest.columns <= 64) return walk_any<4, true>(forest, bundle, ranks, halves, leaf);
    return walk_any<16, true>(forest, bundle, ranks, halves, leaf);
  }
  if (forest.columns <= 64) return walk_any<4, false>(forest, bundle, ranks, nullptr, leaf);
  walk_any<16, false>(forest, bundle, ranks, nullptr, leaf);
}

/// One tree for Registers x 32 rows.
template <int Registers>
inline void walk_rows(const std::uint8_t* node, std::uint32_t nodes, const std::uint8_t* ranks, std::size_t stride,
                      std::uint8_t* leaf) {
  __m256i e0 = _mm256_setzero_si256(), e1 = e0, e2 = e0, e3 = e0, e4 = e0, e5 = e0, e6 = e0, e7 = e0;
  for (std::uint32_t n = 0; n < nodes; ++n, node += 4) {
    const std::uint8_t* x = ranks + node[0] * stride;
    const __m256i rank = _mm256_set1_epi8(static_cast<char>(node[1]));
    const __m256i a = _mm256_set1_epi8(static_cast<char>(node[2]));
    const __m256i b = _mm256_set1_epi8(static_cast<char>(node[3]));
    e0 = select(load(x), rank, a, b, e0);
    e1 = select(load(x + 32), rank, a, b, e1);
    if constexpr (Registers > 2) e2 = select(load(x + 64), rank, a, b, e2);
    if constexpr (Registers > 2) e3 = select(load(x + 96), rank, a, b, e3);
    if constexpr (Registers > 4) e4 = select(load(x + 128), rank, a, b, e4);
    if constexpr (Registers > 4) e5 = select(load(x + 160), rank, a, b, e5);
    if constexpr (Registers > 4) e6 = select(load(x + 192), rank, a, b, e6);
    if constexpr (Registers > 4) e7 = select(load(x + 224), rank, a, b, e7);
  }
  store(leaf, e0);
  store(leaf + 32, e1);
  if constexpr (Registers > 2) store(leaf + 64, e2);
  if constexpr (Registers > 2) store(leaf + 96, e3);
  if constexpr (Registers > 4) store(leaf + 128, e4);
  if constexpr (Registers > 4) store(leaf + 160, e5);
  if constexpr (Registers > 4) store(leaf + 192, e6);
  if constexpr (Registers > 4) store(leaf + 224, e7);
}

inline void tree_leaves(const ScanView& forest, const ScanTree& tree, const std::uint8_t* ranks, std::size_t rows,
                        std::size_t stride, std::uint8_t* leaf) {
  if (forest.symmetric != 0) return level_leaves(forest, tree, ranks, rows, stride, leaf);
  const std::uint8_t* node = forest.nodes + std::size_t{tree.first_node} * 4;
  std::size_t r = 0;
  for (; r + 256 <= rows; r += 256) walk_rows<8>(node, tree.nodes, ranks + r, stride, leaf + r);
  for (; r + 128 <= rows; r += 128) walk_rows<4>(node, tree.nodes, ranks + r, stride, leaf + r);
  for (; r < rows; r += 64) walk_rows<2>(node, tree.nodes, ranks + r, stride, leaf + r);
}
