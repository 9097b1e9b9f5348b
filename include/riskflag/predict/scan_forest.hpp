#pragma once

// The flat form that is scored by interval scan; built from a Model on load, never saved.
//
// A row's values become ranks: one byte for each column, the number of a feature's thresholds below the value, so that
// "x <= threshold k" is "rank <= k". The leaves of a tree are numbered from left to right; a row's leaf is one byte e
// that starts at 0, and every node, parents first, does
//
//     m = (rank[column] > k) & (e == a);   e = m ? b : e
//
// where a is the first leaf of the node's subtree and b that of its right half: e == a says that the row is at the
// node. No pointers, branches or gathers. For single rows, whose time is that of reading the nodes, they stand by
// rising b, which is then the number of the step and needs no byte, and left subtrees come before their parents: the
// leaves [a, b) are ruled out by a node where x > threshold, so that
//
//     m = (rank[column] > k) & (e >= a);   e = m ? b : e
//
// leaves in e the first leaf that is not ruled out, which is the row's. Categories that would take many columns are
// answered by the step instead: a level's answers to all nodes are known, a bit each. The node's side of missing values
// is in the column: a feature whose nodes disagree has several, which differ in the rank of NaN alone.

#include <cstddef>
#include <cstdint>

#include <riskflag/predict/detail/flat_array.hpp>

namespace riskflag::inline v0_1 {

/// Trees that one step of the single-row form advances at once: one lane each.
inline constexpr std::size_t kScanLanes = 64;
/// A step of one group of lanes: column, rank and a of 64 nodes, 64 bytes each.
inline constexpr std::size_t kScanStepBytes = 3 * kScanLanes;
/// Of symmetric trees: column and rank.
inline constexpr std::size_t kScanLevelBytes = 2 * kScanLanes;
/// Ranks are addressed by one byte.
inline constexpr std::size_t kScanMaxColumns = 256;
/// Leaves are numbered by one byte.
inline constexpr std::size_t kScanMaxLeaves = 256;
/// Models whose trees have more leaves than this on average are walked: a scan asks every question of a tree.
inline constexpr std::size_t kScanMaxMeanLeaves = 1024;
/// Thresholds that one column can rank: 0..255 are the ranks.
inline constexpr std::size_t kScanMaxThresholds = 255;

/// The upper half of a double's bits in an order of its own: smaller probes are of smaller values; equal ones decide
/// nothing.
[[nodiscard]] inline std::int32_t probe_of(std::uint64_t bits) noexcept {
  const auto upper = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits >> 32));
  return upper < 0 ? upper ^ INT32_MAX : upper;
}

/// One search: where a feature's value stands among (up to 255 of) its thresholds.
///
/// Its keys begin at keys[first_key]: 16 pivots, the last key of each block of 16 (INT64_MAX for the last block and
/// beyond), then the blocks, padded with INT64_MAX. Its probes begin at probes[first_probe]: probe_of() of the same
/// keys as a heap of `levels` levels from place 1 on, left child 2 i, padded with INT32_MAX; a multiple of 64 bytes.
/// The same in order, as the keys stand, begins at halves[first_key].
struct ScanSearch {
  std::uint32_t feature;
  std::uint32_t first_key;
  std::uint32_t first_probe;
  std::uint32_t first_fill, fills;
  std::uint8_t blocks;  ///< 1..16
  std::uint8_t levels;  ///< 4..8
  /// 1 when the fills are one or two that only NaN sets apart, as nearly always: written below without a loop; the
  /// second repeats the first when there is one.
  std::uint8_t plain;
  std::uint8_t column[2], missing_rank[2];
};

/// One column that takes a search's rank.
struct ScanFill {
  std::uint8_t column;
  std::uint8_t missing_rank;  ///< what it takes instead when the value is missing
  std::uint8_t zero_is_missing;
};

/// One column that is 0 or 1: the answer of a categorical node (0 = left).
struct ScanSet {
  std::uint32_t feature;
  std::uint32_t first_word, words;  ///< bits of the levels that go left
  std::uint8_t column;
  std::uint8_t missing_rank;
};

/// All sets of one categorical feature in a chunk: their columns lie side by side and are read from a table, as long as
/// its levels, and the answers for "no such level" and "missing" after them, fit a byte.
struct ScanLevels {
  std::uint32_t feature;
  std::uint32_t first_byte;   ///< in tables: [level][column], `columns` bytes a level
  std::uint32_t first_table;  ///< in tables: [column][level], `span` bytes a column
  std::uint16_t levels;       ///< 0..levels - 1 are known; `levels` = none of them, `levels` + 1 = missing
  std::uint16_t span;         ///< levels + 2, rounded up to 64
  std::uint16_t first_column, columns;
};

/// Categorical features that a row can be answered for level by level, and bytes of all their answers.
inline constexpr std::size_t kScanMaxAnswers = 64;
inline constexpr std::size_t kScanMaxAnswerBytes = 4 * 1024 * 1024;

/// One categorical feature of the single-row form: for each level, then for "no such level" and "missing", the nodes
/// at which it goes right, a bit a lane and a word a step and group, `answer_words` words a level.
struct ScanAnswers {
  std::uint32_t feature;
  std::uint32_t levels;  ///< 0..levels - 1 are known
  std::uint32_t first_word;
};

/// Trees whose questions need no more than 256 columns together, most often all of them. Ranks are made for one chunk
/// after another; a chunk without searches uses those of the first, and its own sets take the columns after them.
struct ScanChunk {
  std::uint32_t first_search, searches;
  std::uint32_t first_set, sets;
  std::uint32_t first_levels, levels;
  std::uint32_t columns;
  /// When all its searches are plain: in column_facts, of 256 columns each the number of its search, then of each its
  /// rank when missing.
  std::uint32_t first_facts;
  bool plain;
};

/// One tree of the batch form: nodes of 4 bytes {column, rank, a, b}, leaves from left to right.
struct ScanTree {
  std::uint32_t first_node, nodes;
  std::uint32_t first_leaf, leaves;
  std::uint32_t first_level, levels;  ///< of a symmetric forest: in level_nodes
};

/// Up to four groups of 64 trees of one output, walked side by side in the single-row form. Step s holds the node of
/// every lane whose b is s + 1: `width` times kScanStepBytes. Lanes without it hold one that changes nothing, as do
/// those whose node is answered level by level.
struct ScanBundle {
  std::uint32_t first_line;  ///< of 64 bytes, in steps
  std::uint32_t steps;
  std::uint32_t width;       ///< 4, 2 or 1 groups
  std::uint32_t first_leaf;  ///< in lane_leaves
  std::uint32_t stride;      ///< in lane_leaves, from one lane's leaves to the next one's
  /// Between these lies what the output's later bundles add; exact for leaves on a grid.
  double rest_low = 0.0, rest_high = 0.0;
};

/// All of the above as plain pointers, for kernels.
struct ScanView {
  const ScanSearch* searches;
  const ScanFill* fills;
  const std::int64_t* keys;
  const std::int32_t* probes;
  const ScanSet* sets;
  const std::uint32_t* words;
  const ScanLevels* levels;
  const std::uint8_t* tables;
  const ScanTree* trees;
  const std::uint8_t* nodes;
  const std::uint8_t* level_nodes;
  const double* leaves;
  const ScanBundle* bundles;
  const std::uint8_t* steps;
  const std::int32_t* halves;
  const std::uint8_t* column_facts;
  const ScanAnswers* row_answers;
  const std::uint64_t* answers;
  std::uint32_t search_count, set_count, levels_count, columns, float32_inputs, symmetric, answer_count, answer_words;
};

/// Owner of what a ScanView points into.
struct ScanForest {
  detail::FlatArray<ScanSearch> searches;
  detail::FlatArray<ScanFill> fills;
  detail::FlatArray<std::int64_t> keys;
  detail::FlatArray<std::int32_t> probes, halves;
  detail::FlatArray<std::uint8_t> column_facts;
  detail::FlatArray<ScanSet> sets;
  detail::FlatArray<std::uint32_t> words;
  detail::FlatArray<ScanLevels> levels;
  detail::FlatArray<std::uint8_t> tables;
  detail::FlatArray<ScanChunk> chunks;
  detail::FlatArray<ScanTree> trees;  ///< by chunk, then by output, then in the model's order
  /// Output k of chunk c has trees [output_trees[c * (outputs + 1) + k], the next one).
  detail::FlatArray<std::uint32_t> output_trees;
  detail::FlatArray<std::uint8_t> nodes;
  detail::FlatArray<std::uint8_t> level_nodes;
  detail::FlatArray<double> leaves;
  detail::FlatArray<ScanBundle> bundles;
  detail::FlatArray<std::uint32_t> output_bundles;  ///< like output_trees, of the first row_chunks chunks
  detail::FlatArray<std::uint8_t> steps;
  detail::FlatArray<double> lane_leaves;  ///< leaves of each lane's tree, once more; 0.0 in lanes without one
  std::size_t cut_trees = 0;              ///< of the model's trees, in several pieces here
  detail::FlatArray<ScanAnswers> row_answers;
  detail::FlatArray<std::uint64_t> answers;
  std::size_t answer_words = 0;  ///< a multiple of 8, and 8 more than there are
  std::size_t row_chunks = 0;    ///< whose bundles have all trees: 1 where the others only differ in sets
  bool float32_inputs = false;
  /// Every tree asks one question a level, on every branch: level_nodes has them, {column, rank} from the root down, a
  /// row's leaf has the answers as its bits, and bundles hold levels: columns and ranks, 64 bytes each.
  bool symmetric = false;

  /// Of any chunk; at least 1.
  [[nodiscard]] std::size_t most_columns() const noexcept {
    std::size_t most = 1;
    for (const ScanChunk& chunk : chunks) most = chunk.columns > most ? chunk.columns : most;
    return most;
  }

  /// Asks for the first line of every page that a row's steps and leaves lie on, of a forest that a second cache level
  /// holds: a processor's own prefetching ends with a page. A fifth of the time of a row that finds the caches cold.
  void touch_pages() const noexcept {
    constexpr std::size_t kPage = 4096, kMost = std::size_t{1} << 20;
    if (steps.size() + lane_leaves.size() * sizeof(double) > kMost) return;
    for (std::size_t i = 0; i < steps.size(); i += kPage) __builtin_prefetch(steps.data() + i);
    for (std::size_t i = 0; i < lane_leaves.size(); i += kPage / sizeof(double)) {
      __builtin_prefetch(lane_leaves.data() + i);
    }
  }

  /// What a single row is scored with: chunk `c`, without the sets that are answered level by level.
  [[nodiscard]] ScanView row_view(std::size_t c) const noexcept {
    ScanView out = view(chunks[c]);
    if (row_answers.size() == 0) return out;
    if (chunks[c].sets == 0 && chunks[c].levels > 0) out.columns = out.levels[0].first_column;
    out.levels_count = 0;
    out.answer_count = static_cast<std::uint32_t>(row_answers.size());
    return out;
  }

  /// The view of one chunk: valid while the forest lives and does not change.
  [[nodiscard]] ScanView view(const ScanChunk& chunk) const noexcept {
    return {searches.data() + chunk.first_search,
            fills.data(),
            keys.data(),
            probes.data(),
            sets.data() + chunk.first_set,
            words.data(),
            levels.data() + chunk.first_levels,
            tables.data(),
            trees.data(),
            nodes.data(),
            level_nodes.data(),
            leaves.data(),
            bundles.data(),
            steps.data(),
            halves.data(),
            chunk.plain ? column_facts.data() + chunk.first_facts : nullptr,
            row_answers.data(),
            answers.data(),
            chunk.searches,
            chunk.sets,
            chunk.levels,
            chunk.columns,
            float32_inputs ? 1U : 0U,
            symmetric ? 1U : 0U,
            0,
            static_cast<std::uint32_t>(answer_words)};
  }
};

}  // namespace riskflag::inline v0_1
