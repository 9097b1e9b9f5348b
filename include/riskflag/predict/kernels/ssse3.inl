// The scan with SSSE3, which shuffles bytes: 16 lanes a register. Included by x86.hpp inside a target region: raw
// pointers and intrinsics only. For CPUs before Haswell, and for Windows, where GCC's wider registers are not to be
// had.

/// How many of a search's thresholds lie below `key`: without comparisons of 64 bits, for the few values whose upper
/// half does not tell.
inline std::uint32_t rank_of(const std::int64_t* keys, std::uint32_t blocks, std::int64_t key) {
  std::uint32_t rank = 0;
  for (std::uint32_t i = 0; i < 16 * blocks; ++i) rank += keys[16 + i] < key ? 1U : 0U;
  return rank;
}

typedef std::uint64_t AnswerWords __attribute__((vector_size(16), aligned(8), may_alias));
#include <riskflag/predict/kernels/rank.inl>
//
#include <riskflag/predict/kernels/bytes.inl>

inline __m128i load_16(const void* at) { return _mm_load_si128(static_cast<const __m128i*>(at)); }

/// How many of 16 sorted halves lie below x; `equal` collects those that equal it.
inline std::uint32_t below_of_16(const std::int32_t* halves, __m128i x, __m128i& equal) {
  const __m128i h0 = load_16(halves), h1 = load_16(halves + 4), h2 = load_16(halves + 8), h3 = load_16(halves + 12);
  const __m128i low = _mm_packs_epi32(_mm_cmpgt_epi32(x, h0), _mm_cmpgt_epi32(x, h1));
  const __m128i high = _mm_packs_epi32(_mm_cmpgt_epi32(x, h2), _mm_cmpgt_epi32(x, h3));
  equal = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi32(x, h0), _mm_cmpeq_epi32(x, h1)),
                       _mm_or_si128(_mm_cmpeq_epi32(x, h2), _mm_cmpeq_epi32(x, h3)));
  // Sorted: those below come first.
  const auto below = static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
  return static_cast<std::uint32_t>(__builtin_ctz(~below));
}

/// rank_value() by the value's upper half, where that tells.
inline void rank_half(const ScanView& forest, const ScanSearch& search, double raw, std::uint8_t* ranks,
                      std::size_t stride) {
  const double value = as_seen(forest, raw);
  std::uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const auto upper = static_cast<std::int32_t>(bits >> 32);
  const __m128i x = _mm_set1_epi32(upper ^ ((upper >> 31) & INT32_MAX));
  const std::int32_t* halves = forest.halves + search.first_key;
  __m128i equal;
  const std::uint32_t block = search.blocks > 1 ? 16 * below_of_16(halves, x, equal) : 0;
  const auto rank = static_cast<std::uint8_t>(block + below_of_16(halves + 16 + block, x, equal));
  const bool absent = is_missing(value);
  if (search.plain == 0 || (!absent && _mm_movemask_epi8(equal) != 0)) {
    return rank_value(forest, search, raw, ranks, stride);
  }
  const auto missing = static_cast<std::uint8_t>(0 - static_cast<int>(absent));
  const auto kept = static_cast<std::uint8_t>(rank & ~missing);
  for (int i = 0; i < 2; ++i) {
    ranks[search.column[i] * stride] = static_cast<std::uint8_t>(kept | (search.missing_rank[i] & missing));
  }
}

inline void search_row(const ScanView& forest, const double* row, std::uint8_t* ranks) {
  for (std::uint32_t i = 0; i < forest.search_count; ++i) {
    rank_half(forest, forest.searches[i], row[forest.searches[i].feature], ranks, 1);
  }
}

inline void rank_rows(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride,
                      std::size_t rows, std::uint8_t* ranks, std::size_t stride) {
  for (std::uint32_t i = 0; i < forest.search_count; ++i) {
    const ScanSearch& search = forest.searches[i];
    const double* column = cells + static_cast<std::ptrdiff_t>(search.feature) * col_stride;
    for (std::size_t r = 0; r < rows; ++r) {
      rank_half(forest, search, column[static_cast<std::ptrdiff_t>(r) * row_stride], ranks + r, stride);
    }
  }
}

/// 64 columns by number. Numbers beyond a table's 16 become such as a shuffle gives 0 for.
struct Columns {
  __m128i t0, t1, t2, t3;
  explicit Columns(const std::uint8_t* ranks)
      : t0(load_16(ranks)), t1(load_16(ranks + 16)), t2(load_16(ranks + 32)), t3(load_16(ranks + 48)) {}
  static __m128i of_table(__m128i table, __m128i column, int number) {
    const __m128i own = _mm_xor_si128(column, _mm_set1_epi8(static_cast<char>(16 * number)));
    return _mm_shuffle_epi8(table, _mm_adds_epu8(own, _mm_set1_epi8(0x70)));
  }
  [[nodiscard]] __m128i at(__m128i column) const {
    return _mm_or_si128(_mm_or_si128(of_table(t0, column, 0), of_table(t1, column, 1)),
                        _mm_or_si128(of_table(t2, column, 2), of_table(t3, column, 3)));
  }
};

inline void look_up(const std::uint8_t* table, std::uint32_t span, const std::uint8_t* level, std::uint8_t* ranks) {
  if (span > 64) return look_up_one_by_one(table, level, ranks);
  const Columns levels(table);
  for (std::size_t r = 0; r < kScanRowStep; r += 16) {
    _mm_store_si128(reinterpret_cast<__m128i*>(ranks + r), levels.at(load_16(level + r)));
  }
}

/// The ranks of 16 columns: from registers, or, beyond 64 columns, from memory.
template <bool Few>
inline __m128i ranks_at(const Columns& columns, const std::uint8_t* ranks, const std::uint8_t* column) {
  if constexpr (Few) return columns.at(load_16(column));
  alignas(16) std::uint8_t x[16];
  for (std::size_t i = 0; i < 16; ++i) x[i] = ranks[column[i]];
  return load_16(x);
}

/// Not (x > rank, or the answer is a bit of the 16 lowest).
template <bool Answered>
inline __m128i is_left(__m128i x, __m128i rank, std::uint64_t answer) {
  const __m128i not_above = _mm_cmpeq_epi8(_mm_min_epu8(x, rank), x);
  if constexpr (!Answered) return not_above;
  const __m128i own = _mm_set1_epi64x(static_cast<std::int64_t>(0x8040201008040201U));
  const __m128i bits =
      _mm_shuffle_epi8(_mm_cvtsi32_si128(static_cast<int>(answer & 0xffff)), _mm_set_epi64x(0x0101010101010101, 0));
  return _mm_andnot_si128(_mm_cmpeq_epi8(_mm_and_si128(bits, own), own), not_above);
}

/// 16 lanes on their way.
template <bool Few, bool Answered>
inline __m128i advance(const Columns& columns, const std::uint8_t* ranks, const std::uint8_t* step,
                       std::uint64_t answer, bool symmetric, __m128i b, __m128i e) {
  const __m128i left = is_left<Answered>(ranks_at<Few>(columns, ranks, step), load_16(step + 64), answer);
  if (symmetric) return _mm_add_epi8(_mm_add_epi8(e, e), _mm_add_epi8(_mm_set1_epi8(1), left));
  const __m128i inside = _mm_cmpeq_epi8(_mm_max_epu8(e, load_16(step + 128)), e);
  // No leaf before this step has a number of b or more.
  return _mm_max_epu8(e, _mm_and_si128(_mm_andnot_si128(left, inside), b));
}

/// 32 trees of a bundle, from `lane` on: one register's latency hides behind the other.
template <bool Few, bool Answered>
inline void walk_lanes(const ScanView& forest, const ScanBundle& bundle, const Columns& columns,
                       const std::uint8_t* ranks, const std::uint64_t* answers, std::size_t lane, std::uint8_t* leaf) {
  const bool symmetric = forest.symmetric != 0;
  const std::size_t step_bytes = symmetric ? kScanLevelBytes : kScanStepBytes;
  std::size_t at = std::size_t{bundle.first_line} * 64 + lane / kScanLanes * step_bytes + lane % kScanLanes;
  if constexpr (Answered) answers += lane / kScanLanes;
  const __m128i one = _mm_set1_epi8(1);
  __m128i e0 = _mm_setzero_si128(), e1 = e0, b = e0;
  for (std::uint32_t s = 0; s < bundle.steps; ++s, at += bundle.width * step_bytes) {
    const std::uint8_t* step = forest.steps + at;  // none, and no address, where all trees are leaves
    std::uint64_t answer = 0;
    if constexpr (Answered) {
      answer = *answers >> lane % kScanLanes;
      answers += bundle.width;
    }
    b = _mm_add_epi8(b, one);
    e0 = advance<Few, Answered>(columns, ranks, step, answer, symmetric, b, e0);
    e1 = advance<Few, Answered>(columns, ranks, step + 16, answer >> 16, symmetric, b, e1);
  }
  _mm_store_si128(reinterpret_cast<__m128i*>(leaf + lane), e0);
  _mm_store_si128(reinterpret_cast<__m128i*>(leaf + lane + 16), e1);
}

template <bool Few, bool Answered>
inline void walk_bundle(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                        const std::uint64_t* answers, std::uint8_t* leaf) {
  const Columns columns(ranks);
  for (std::size_t lane = 0; lane < bundle.width * kScanLanes; lane += 32) {
    walk_lanes<Few, Answered>(forest, bundle, columns, ranks, answers, lane, leaf);
  }
}

inline void row_leaves(const ScanView& forest, const ScanBundle& bundle, const std::uint8_t* ranks,
                       const std::uint32_t* answers, std::uint8_t* leaf) {
  if (forest.answer_count != 0) {
    const BundleAnswers own(forest, bundle, answers);
    if (forest.columns <= 64) return walk_bundle<true, true>(forest, bundle, ranks, own.words, leaf);
    return walk_bundle<false, true>(forest, bundle, ranks, own.words, leaf);
  }
  if (forest.columns <= 64) return walk_bundle<true, false>(forest, bundle, ranks, nullptr, leaf);
  walk_bundle<false, false>(forest, bundle, ranks, nullptr, leaf);
}

/// Planes of 128 rows.
typedef __m128i Plane;
inline constexpr std::size_t kPickWidth = 64;
#include <riskflag/predict/kernels/planes.inl>
//
#include <riskflag/predict/kernels/planes_bytes.inl>

/// 16 leaves' bytes.
inline Plane piece(const std::uint8_t* table) { return load_16(table); }

/// Where leaves are in a piece, as for Columns::of_table().
inline Plane place(Plane number, int piece) {
  return _mm_adds_epu8(_mm_xor_si128(number, _mm_set1_epi8(static_cast<char>(16 * piece))), _mm_set1_epi8(0x70));
}

inline Plane pick(Plane piece, Plane place) { return _mm_shuffle_epi8(piece, place); }

#include <riskflag/predict/kernels/planes_pick.inl>
