// Ranks of values, one at a time: included once for every instruction set, inside its namespace and target region.
// Needs ScanView and its parts, order_key, is_missing, rounded_to_float32, and the including kernel's rank_of(keys,
// blocks, key), rank_rows and AnswerWords, a vector of words aligned like one.

/// True for what is no level because it is too small: below 0 for XGBoost's models, up to -1 for the others, which cut
/// -0.5 to 0.
inline bool is_below_levels(const ScanView& forest, std::int64_t key) {
  return key <= (forest.float32_inputs != 0 ? -1 : order_key(-1.0));
}

/// 0 when the level goes left, 1 when it goes right. `x` is not missing.
inline std::uint8_t set_rank(const ScanView& forest, const ScanSet& set, double x) {
  if (set.words == 0 || is_below_levels(forest, order_key(x))) return 1;
  if (order_key(x) >= order_key(static_cast<double>(set.words) * 32.0)) return 1;
  const std::uint64_t level = static_cast<std::uint64_t>(static_cast<std::int64_t>(x));
  return ((forest.words[set.first_word + level / 32] >> (level % 32)) & 1U) != 0 ? std::uint8_t{0} : std::uint8_t{1};
}

inline double as_seen(const ScanView& forest, double x) {
  return forest.float32_inputs != 0 && !is_missing(x) ? rounded_to_float32(x) : x;
}

/// Columns of a search beyond the plain ones.
inline void fill_columns(const ScanView& forest, const ScanSearch& search, bool missing, bool zero, std::uint8_t rank,
                         std::uint8_t* ranks, std::size_t stride) {
  const ScanFill* fill = forest.fills + search.first_fill;
  for (std::uint32_t i = 0; i < search.fills; ++i) {
    const bool absent = missing || (zero && fill[i].zero_is_missing != 0);
    ranks[fill[i].column * stride] = absent ? fill[i].missing_rank : rank;
  }
}

inline bool is_in_zero_band(std::int64_t key) { return key >= order_key(-kZeroBand) && key <= order_key(kZeroBand); }

inline void rank_value(const ScanView& forest, const ScanSearch& search, double raw, std::uint8_t* ranks,
                       std::size_t stride) {
  const double x = as_seen(forest, raw);
  const std::int64_t key = order_key(x);
  const std::uint8_t rank = static_cast<std::uint8_t>(rank_of(forest.keys + search.first_key, search.blocks, key));
  // All ones when missing: no branch, because which values are missing cannot be predicted.
  const std::uint8_t missing = static_cast<std::uint8_t>(0 - static_cast<int>(is_missing(x)));
  const std::uint8_t kept = static_cast<std::uint8_t>(rank & ~missing);
  if (search.plain != 0) {
    ranks[search.column[0] * stride] = static_cast<std::uint8_t>(kept | (search.missing_rank[0] & missing));
    ranks[search.column[1] * stride] = static_cast<std::uint8_t>(kept | (search.missing_rank[1] & missing));
  } else {
    fill_columns(forest, search, missing != 0, is_in_zero_band(key), rank, ranks, stride);
  }
}

inline void rank_set(const ScanView& forest, const ScanSet& set, double raw, std::uint8_t* rank) {
  const double x = as_seen(forest, raw);
  *rank = is_missing(x) ? set.missing_rank : set_rank(forest, set, x);
}

/// The place of a value in tables of that many levels.
inline std::uint32_t level_of(const ScanView& forest, std::uint32_t levels, double raw) {
  const double x = as_seen(forest, raw);
  if (is_missing(x)) return levels + 1U;
  const std::int64_t key = order_key(x);
  if (is_below_levels(forest, key) || key >= order_key(static_cast<double>(levels))) return levels;
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(x));
}

/// ranks[r] = table[level[r]] for kScanRowStep rows: the kernel's own.
inline void look_up(const std::uint8_t* table, std::uint32_t span, const std::uint8_t* level, std::uint8_t* ranks);

inline void look_up_one_by_one(const std::uint8_t* table, const std::uint8_t* level, std::uint8_t* ranks) {
  for (std::size_t r = 0; r < kScanRowStep; ++r) ranks[r] = table[level[r]];
}

/// All sets of a feature for up to kScanRowStep rows.
inline void rank_levels(const ScanView& forest, const ScanLevels& group, const double* column,
                        std::ptrdiff_t row_stride, std::size_t rows, std::uint8_t* ranks, std::size_t stride) {
  alignas(64) std::uint8_t level[kScanRowStep] = {};
  for (std::size_t r = 0; r < rows; ++r) {
    level[r] =
        static_cast<std::uint8_t>(level_of(forest, group.levels, column[static_cast<std::ptrdiff_t>(r) * row_stride]));
  }
  const std::uint8_t* table = forest.tables + group.first_table;
  std::uint8_t* out = ranks + group.first_column * stride;
  for (std::uint32_t c = 0; c < group.columns; ++c)
    look_up(table + c * group.span, group.span, level, out + c * stride);
}

/// All searches for one row: the kernel's own. It may write all 256 ranks.
inline void search_row(const ScanView& forest, const double* row, std::uint8_t* ranks);

inline void search_row_one_by_one(const ScanView& forest, const double* row, std::uint8_t* ranks) {
  for (std::uint32_t i = 0; i < forest.search_count; ++i) {
    rank_value(forest, forest.searches[i], row[forest.searches[i].feature], ranks, 1);
  }
}

/// Ranks again, in whole keys, the values of a row whose upper half does not tell: it equals the next key's, or is that
/// of infinity, which some NaN share. `probes` and `found` are the searches' own.
inline void rank_unsure(const ScanView& forest, const double* row, const std::int32_t* probes,
                        const std::uint8_t* found, std::uint8_t* ranks) {
  for (std::uint32_t i = 0; i < forest.search_count; ++i) {
    const ScanSearch& search = forest.searches[i];
    const bool infinite = probes[i] == 0x7ff00000 || probes[i] == (static_cast<std::int32_t>(0xfff00000U) ^ INT32_MAX);
    if (infinite || forest.halves[search.first_key + 16U + found[i]] == probes[i]) {
      rank_value(forest, search, row[search.feature], ranks, 1);
    }
  }
}

inline void rank_row(const ScanView& forest, const double* row, std::uint8_t* ranks, std::uint32_t* answers) {
  search_row(forest, row, ranks);
  for (std::uint32_t i = 0; i < forest.set_count; ++i) {
    rank_set(forest, forest.sets[i], row[forest.sets[i].feature], ranks + forest.sets[i].column);
  }
  for (std::uint32_t i = 0; i < forest.levels_count; ++i) {
    const ScanLevels& group = forest.levels[i];
    const std::uint32_t level = level_of(forest, group.levels, row[group.feature]);
    __builtin_memcpy(ranks + group.first_column, forest.tables + group.first_byte + level * group.columns,
                     group.columns);
  }
  for (std::uint32_t i = 0; i < forest.answer_count; ++i) {
    const ScanAnswers& group = forest.row_answers[i];
    answers[i] = group.first_word + level_of(forest, group.levels, row[group.feature]) * forest.answer_words;
  }
}

/// The answers of a row's levels to the nodes of one bundle; whole vectors are read and written.
struct BundleAnswers {
  alignas(64) std::uint64_t words[(kScanMaxLeaves - 1) * 4 + 8];
  BundleAnswers(const ScanView& forest, const ScanBundle& bundle, const std::uint32_t* answers) {
    const std::uint64_t* first = forest.answers + bundle.first_line / (forest.symmetric != 0 ? 2 : 3);
    for (std::uint32_t w = 0; w < bundle.steps * bundle.width; w += sizeof(AnswerWords) / sizeof *words) {
      AnswerWords all = {};
      for (std::uint32_t i = 0; i < forest.answer_count; ++i) {
        all |= *reinterpret_cast<const AnswerWords*>(first + answers[i] + w);
      }
      *reinterpret_cast<AnswerWords*>(words + w) = all;
    }
  }
};

/// 16 rows of a block.
typedef std::uint8_t Sixteen __attribute__((vector_size(16)));

/// Leaf numbers of one tree of a symmetric forest for a block: a bit a level.
inline void level_leaves(const ScanView& forest, const ScanTree& tree, const std::uint8_t* ranks, std::size_t rows,
                         std::size_t stride, std::uint8_t* leaf) {
  for (std::size_t r = 0; r < rows; r += sizeof(Sixteen)) {
    const std::uint8_t* question = forest.level_nodes + std::size_t{tree.first_level} * 2;
    Sixteen e = {};
    for (std::uint32_t level = 0; level < tree.levels; ++level, question += 2) {
      Sixteen x;
      __builtin_memcpy(&x, ranks + question[0] * stride + r, sizeof x);
      e = e + e - reinterpret_cast<Sixteen>(x > Sixteen{} + question[1]);
    }
    __builtin_memcpy(leaf + r, &e, sizeof e);
  }
}

/// All searches for up to kScanRowStep rows: the kernel's own. It may write all kScanRowStep ranks of a column.
inline void rank_rows(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride,
                      std::size_t rows, std::uint8_t* ranks, std::size_t stride);

inline void rank_one_by_one(const ScanView& forest, const ScanSearch& search, const double* cells,
                            std::ptrdiff_t row_stride, std::ptrdiff_t col_stride, std::size_t rows, std::uint8_t* ranks,
                            std::size_t stride) {
  const double* column = cells + static_cast<std::ptrdiff_t>(search.feature) * col_stride;
  for (std::size_t r = 0; r < rows; ++r) {
    rank_value(forest, search, column[static_cast<std::ptrdiff_t>(r) * row_stride], ranks + r, stride);
  }
}

inline void rank_rows_one_by_one(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride,
                                 std::ptrdiff_t col_stride, std::size_t rows, std::uint8_t* ranks, std::size_t stride) {
  for (std::uint32_t i = 0; i < forest.search_count; ++i) {
    rank_one_by_one(forest, forest.searches[i], cells, row_stride, col_stride, rows, ranks, stride);
  }
}

inline void rank_block(const ScanView& forest, const double* cells, std::ptrdiff_t row_stride,
                       std::ptrdiff_t col_stride, std::size_t rows, std::size_t stride, std::uint8_t* ranks) {
  // 64 rows at a time stay in the first cache level while their columns are read one after another.
  for (std::size_t begin = 0; begin < rows; begin += kScanRowStep) {
    const std::size_t count = rows - begin < kScanRowStep ? rows - begin : kScanRowStep;
    const double* first = cells + static_cast<std::ptrdiff_t>(begin) * row_stride;
    rank_rows(forest, first, row_stride, col_stride, count, ranks + begin, stride);
    for (std::uint32_t i = 0; i < forest.levels_count; ++i) {
      const ScanLevels& group = forest.levels[i];
      const double* column = first + static_cast<std::ptrdiff_t>(group.feature) * col_stride;
      rank_levels(forest, group, column, row_stride, count, ranks + begin, stride);
    }
    for (std::uint32_t i = 0; i < forest.set_count; ++i) {
      const ScanSet& set = forest.sets[i];
      const double* column = first + static_cast<std::ptrdiff_t>(set.feature) * col_stride;
      for (std::size_t r = 0; r < count; ++r) {
        rank_set(forest, set, column[static_cast<std::ptrdiff_t>(r) * row_stride],
                 ranks + begin + set.column * stride + r);
      }
    }
  }
}
