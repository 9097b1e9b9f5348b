#pragma once

// Builds a ScanForest from a checked Model.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/predict/detail/cut_tree.hpp>
#include <riskflag/predict/detail/deal_lanes.hpp>
#include <riskflag/predict/detail/flat_array.hpp>
#include <riskflag/predict/scan_forest.hpp>

namespace riskflag::inline v0_1::detail {

/// Cuts the trees that are too large, deals them to chunks, and builds each chunk's columns, then its trees; LaneDealer
/// makes the form for a single row of them. Life: constructed with a checked model; build() once.
class ScanBuilder {
 public:
  ScanBuilder(const Model& model, ScanForest& out) : model_(model), out_(out), features_(model.features.size()) {}

  /// Trees that are all symmetric are kept as levels, unless this is false.
  bool may_be_symmetric = true;

  /// Fills the forest; or says why this model cannot be scanned (the forest is then of no use).
  [[nodiscard]] std::string build() {
    if (auto why = collect_pieces(); !why.empty()) return why;
    out_.float32_inputs = model_.float32_inputs;
    const std::size_t all = pieces_.size();
    if (!collect(0, all)) {
      // Too many columns: sets are for one chunk each; numeric columns for all of them, where that leaves room.
      const std::size_t most_sets = most_sets_of_a_piece();
      clear_columns();
      collect_keys(0, all);
      shared_ = collect_columns(0, all, true, false) && columns_ <= kScanMaxColumns - most_sets &&
                columns_ <= kScanMaxColumns * 3 / 4;
    }
    if (shared_) number_searches();
    for (std::size_t begin = 0; begin < all || out_.chunks.size() == 0;) {
      std::size_t count = all - begin;
      while (!collect(begin, count)) count = count > 16 ? count - count / 4 : count - 1;
      make_chunk(begin, count);
      begin += count;
      if (all == 0) break;
    }
    out_.halves.push_back(INT32_MAX);  // kernels look at the key after the last one below
    LaneDealer(static_cast<std::size_t>(model_.num_outputs), model_.leaf_grid != 0.0, out_).deal(may_be_symmetric);
    return {};
  }

 private:
  /// What a column does with missing values.
  enum class Kind : std::uint8_t { nan_left, nan_right, none, zero_left, zero_right };
  static Kind kind_of(const Node& node) noexcept {
    if (node.missing == MissingRule::none) return Kind::none;
    if (node.missing == MissingRule::zero) return node.default_left ? Kind::zero_left : Kind::zero_right;
    return node.default_left ? Kind::nan_left : Kind::nan_right;
  }

  struct Column {
    std::size_t slice;  ///< of the feature's thresholds, 255 each
    Kind kind;
    std::uint8_t number;
  };
  struct SetColumn {
    const std::uint32_t* words;  ///< the model's own, without zero words at the end
    std::size_t size;
    bool default_left;
    std::uint8_t number;
  };
  struct FeatureColumns {
    FlatArray<std::int64_t> keys;  ///< of all thresholds, rising, each once
    FlatArray<Column> columns;
    FlatArray<SetColumn> sets;
  };
  /// A tree, or a part of one.
  struct Piece {
    const Tree* tree;
    std::size_t output;
  };

  FeatureColumns& at(const Node& node) { return features_[static_cast<std::size_t>(node.feature)]; }

  [[nodiscard]] std::string collect_pieces() {
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    FlatArray<std::size_t> ends;  // of each tree's pieces in cut_
    std::size_t leaves = 0;
    for (std::size_t t = 0; t < model_.trees.size(); ++t) {
      const Tree& tree = model_.trees[t];
      leaves += tree.leaves.size();
      if (tree.leaves.size() > kScanMaxLeaves) {
        ++out_.cut_trees;
        if (!TreeCutter(tree, kScanMaxLeaves).cut(cut_)) {
          return "tree " + std::to_string(t) + " has " + std::to_string(tree.leaves.size()) +
                 " leaves, and is too deep to be cut into pieces of 256";
        }
      }
      ends.push_back(cut_.size());
    }
    if (leaves > kScanMaxMeanLeaves * model_.trees.size()) {
      return "trees have " + std::to_string(leaves / model_.trees.size()) +
             " leaves on average, and a scan asks every question";
    }
    for (std::size_t t = 0, piece = 0; t < model_.trees.size(); ++t) {
      if (piece == ends[t]) pieces_.push_back({&model_.trees[t], t % outputs});
      for (; piece < ends[t]; ++piece) pieces_.push_back({&cut_[piece], t % outputs});
    }
    return {};
  }

  void clear_columns() {
    for (FeatureColumns& feature : features_) {
      if (!shared_) {
        feature.keys.shrink(0);
        feature.columns.shrink(0);
      }
      feature.sets.shrink(0);
    }
    columns_ = shared_ ? shared_columns_ : 0;
  }

  [[nodiscard]] std::size_t most_sets_of_a_piece() {
    std::size_t most = 0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      clear_columns();
      (void)collect_columns(i, 1, false, true);
      if (columns_ > most) most = columns_;
    }
    return most;
  }

  /// The columns of these pieces together; false when they are too many.
  [[nodiscard]] bool collect(std::size_t begin, std::size_t count) {
    clear_columns();
    if (!shared_) collect_keys(begin, count);
    return collect_columns(begin, count, !shared_, true);
  }

  void collect_keys(std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count; ++i) {
      for (const Node& node : pieces_[i].tree->nodes) {
        if (!node.categorical) at(node).keys.push_back(order_key(node.threshold));
      }
    }
    for (FeatureColumns& feature : features_) {
      std::sort(feature.keys.begin(), feature.keys.end());
      std::size_t kept = 0;
      for (const std::int64_t key : feature.keys) {
        if (kept == 0 || feature.keys[kept - 1] != key) feature.keys[kept++] = key;
      }
      feature.keys.shrink(kept);
    }
  }

  /// False when there are too many.
  [[nodiscard]] bool collect_columns(std::size_t begin, std::size_t count, bool numeric, bool sets) {
    for (std::size_t i = begin; i < begin + count; ++i) {
      const Tree& tree = *pieces_[i].tree;
      for (const Node& node : tree.nodes) {
        FeatureColumns& feature = at(node);
        if (node.categorical) {
          if (!sets) continue;
          const SetColumn wanted = set_of(tree, node);
          if (find_set(feature, wanted) != nullptr) continue;
          feature.sets.push_back(wanted);
        } else {
          if (!numeric) continue;
          // Searched for only where there are several: most of the time that loading takes here.
          const std::size_t slice =
              feature.keys.size() <= kScanMaxThresholds ? 0 : key_index(feature, node) / kScanMaxThresholds;
          if (find_column(feature, slice, kind_of(node)) != nullptr) continue;
          feature.columns.push_back({slice, kind_of(node), 0});
        }
        if (++columns_ > kScanMaxColumns) return false;
      }
    }
    return true;
  }

  static std::size_t key_index(const FeatureColumns& feature, const Node& node) {
    return static_cast<std::size_t>(
        std::lower_bound(feature.keys.begin(), feature.keys.end(), order_key(node.threshold)) - feature.keys.begin());
  }
  static const Column* find_column(const FeatureColumns& feature, std::size_t slice, Kind kind) {
    for (const Column& column : feature.columns) {
      if (column.slice == slice && column.kind == kind) return &column;
    }
    return nullptr;
  }
  static SetColumn set_of(const Tree& tree, const Node& node) {
    const auto& words = tree.category_sets[node.category_set];
    std::size_t size = words.size();
    while (size > 0 && words[size - 1] == 0) --size;
    return {words.data(), size, node.default_left, 0};
  }
  static const SetColumn* find_set(const FeatureColumns& feature, const SetColumn& wanted) {
    for (const SetColumn& set : feature.sets) {
      if (set.default_left != wanted.default_left || set.size != wanted.size) continue;
      bool same = true;
      for (std::size_t i = 0; i < set.size; ++i) same = same && set.words[i] == wanted.words[i];
      if (same) return &set;
    }
    return nullptr;
  }

  std::uint8_t next_number() noexcept { return static_cast<std::uint8_t>(next_number_++); }

  /// Numbers and writes the numeric columns.
  void number_searches() {
    next_number_ = 0;
    for (std::size_t f = 0; f < features_.size(); ++f) {
      for (std::size_t slice = 0; slice * kScanMaxThresholds < features_[f].keys.size(); ++slice) make_search(f, slice);
    }
    shared_columns_ = shared_ ? next_number_ : 0U;
  }

  void make_chunk(std::size_t begin, std::size_t count) {
    ScanChunk chunk{};
    chunk.first_search = static_cast<std::uint32_t>(shared_ ? 0 : out_.searches.size());
    if (!shared_) {
      number_searches();
    } else {
      next_number_ = shared_columns_;
    }
    // Shared searches are the first chunk's.
    const bool has_searches = !shared_ || out_.chunks.size() == 0;
    chunk.searches = has_searches ? static_cast<std::uint32_t>(out_.searches.size()) - chunk.first_search : 0;
    chunk.first_set = static_cast<std::uint32_t>(out_.sets.size());
    chunk.first_levels = static_cast<std::uint32_t>(out_.levels.size());
    for (std::size_t f = 0; f < features_.size(); ++f) make_sets(f);
    chunk.sets = static_cast<std::uint32_t>(out_.sets.size()) - chunk.first_set;
    chunk.levels = static_cast<std::uint32_t>(out_.levels.size()) - chunk.first_levels;
    chunk.columns = next_number_;
    make_facts(chunk);
    out_.chunks.push_back(chunk);
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    out_.output_trees.push_back(static_cast<std::uint32_t>(out_.trees.size()));
    for (std::size_t k = 0; k < outputs; ++k) {
      for (std::size_t i = begin; i < begin + count; ++i) {
        if (pieces_[i].output == k) make_tree(*pieces_[i].tree);
      }
      out_.output_trees.push_back(static_cast<std::uint32_t>(out_.trees.size()));
    }
  }

  void make_facts(ScanChunk& chunk) {
    chunk.first_facts = static_cast<std::uint32_t>(out_.column_facts.size());
    chunk.plain = true;
    out_.column_facts.resize(chunk.first_facts + 2 * kScanMaxColumns, 0);
    for (std::size_t i = 0; i < chunk.searches; ++i) {
      const ScanSearch& search = out_.searches[chunk.first_search + i];
      chunk.plain = chunk.plain && search.plain != 0;
      for (int c = 0; c < 2; ++c) {
        std::uint8_t* facts = out_.column_facts.data() + chunk.first_facts + search.column[c];
        facts[0] = static_cast<std::uint8_t>(i);
        facts[kScanMaxColumns] = search.missing_rank[c];
      }
    }
  }

  void make_sets(std::size_t f) {
    FeatureColumns& feature = features_[f];
    std::size_t words = 0;
    for (SetColumn& set : feature.sets) {
      set.number = next_number();
      if (set.size > words) words = set.size;
    }
    if (feature.sets.size() == 0) return;
    if (32 * words + 2 <= 256) return make_levels(f, static_cast<std::uint16_t>(32 * words));
    for (const SetColumn& set : feature.sets) {
      out_.sets.push_back({static_cast<std::uint32_t>(f), static_cast<std::uint32_t>(out_.words.size()),
                           static_cast<std::uint32_t>(set.size), set.number,
                           static_cast<std::uint8_t>(set.default_left ? 0 : 1)});
      out_.words.append(set.words, set.size);
    }
  }

  void make_levels(std::size_t f, std::uint16_t levels) {
    const FlatArray<SetColumn>& sets = features_[f].sets;
    ScanLevels group{};
    group.feature = static_cast<std::uint32_t>(f);
    group.levels = levels;
    group.span = static_cast<std::uint16_t>((levels + 2 + 63) / 64 * 64);
    group.first_column = sets[0].number;
    group.columns = static_cast<std::uint16_t>(sets.size());
    const auto answer = [&](const SetColumn& set, std::size_t level) {
      if (level > levels) return static_cast<std::uint8_t>(set.default_left ? 0 : 1);
      const bool left = level / 32 < set.size && ((set.words[level / 32] >> (level % 32)) & 1U) != 0;
      return static_cast<std::uint8_t>(left ? 0 : 1);
    };
    group.first_table = static_cast<std::uint32_t>(out_.tables.size());
    for (const SetColumn& set : sets) {
      for (std::size_t level = 0; level < group.span; ++level) out_.tables.push_back(answer(set, level));
    }
    group.first_byte = static_cast<std::uint32_t>(out_.tables.size());
    for (std::size_t level = 0; level < levels + std::size_t{2}; ++level) {
      for (const SetColumn& set : sets) out_.tables.push_back(answer(set, level));
    }
    out_.tables.resize((out_.tables.size() + 63) / 64 * 64, 0);
    out_.levels.push_back(group);
  }

  void make_search(std::size_t f, std::size_t slice) {
    FeatureColumns& feature = features_[f];
    const std::int64_t* own = feature.keys.data() + slice * kScanMaxThresholds;
    const std::size_t count = std::min(kScanMaxThresholds, feature.keys.size() - slice * kScanMaxThresholds);
    const std::size_t blocks = (count + 15) / 16;
    ScanSearch search{};
    search.feature = static_cast<std::uint32_t>(f);
    search.first_key = static_cast<std::uint32_t>(out_.keys.size());
    search.first_fill = static_cast<std::uint32_t>(out_.fills.size());
    search.blocks = static_cast<std::uint8_t>(blocks);
    search.plain = 1;
    constexpr std::int64_t kAbove = std::numeric_limits<std::int64_t>::max();
    for (std::size_t b = 0; b < 16; ++b) out_.keys.push_back(b + 1 < blocks ? own[16 * b + 15] : kAbove);
    for (std::size_t i = 0; i < 16 * blocks; ++i) out_.keys.push_back(i < count ? own[i] : kAbove);
    for (std::size_t i = search.first_key; i < out_.keys.size(); ++i) {
      out_.halves.push_back(out_.keys[i] == kAbove ? INT32_MAX : probe_of_key(out_.keys[i]));
    }
    make_probes(search, own, count);
    std::size_t zero_rank = 0;
    while (zero_rank < count && own[zero_rank] < order_key(0.0)) ++zero_rank;
    for (Column& column : feature.columns) {
      if (column.slice != slice) continue;
      column.number = next_number();
      const bool left = column.kind == Kind::nan_left || column.kind == Kind::zero_left;
      const bool zero = column.kind == Kind::zero_left || column.kind == Kind::zero_right;
      const auto missing = static_cast<std::uint8_t>(column.kind == Kind::none ? zero_rank : left ? 0 : count);
      out_.fills.push_back({column.number, missing, static_cast<std::uint8_t>(zero ? 1 : 0)});
      ++search.fills;
      if (zero || search.fills > 2) search.plain = 0;
      for (std::uint32_t i = search.fills - 1; i < 2; ++i) {
        search.column[i] = column.number;
        search.missing_rank[i] = missing;
      }
    }
    out_.searches.push_back(search);
  }

  static std::int32_t probe_of_key(std::int64_t key) {
    return probe_of(detail::bit_cast<std::uint64_t>(from_order_key(key)));
  }

  void make_probes(ScanSearch& search, const std::int64_t* keys, std::size_t count) {
    search.first_probe = static_cast<std::uint32_t>(out_.probes.size());
    search.levels = 4;
    while ((std::size_t{1} << search.levels) <= count) ++search.levels;
    const std::size_t size = std::size_t{1} << search.levels;
    out_.probes.resize(out_.probes.size() + size, 0);
    std::int32_t* heap = out_.probes.data() + search.first_probe;
    for (std::size_t level = 0; level < search.levels; ++level) {
      const std::size_t width = std::size_t{1} << level;
      for (std::size_t i = 0; i < width; ++i) {
        const std::size_t place = (2 * i + 1) * size / width / 2 - 1;
        heap[width + i] = place < count ? probe_of_key(keys[place]) : INT32_MAX;
      }
    }
  }

  /// The node's column and rank, as kernels ask for them.
  void push_question(const Tree& tree, const Node& node) {
    const FeatureColumns& feature = at(node);
    if (node.categorical) {
      out_.nodes.push_back(find_set(feature, set_of(tree, node))->number);
      out_.nodes.push_back(0);
    } else {
      const std::size_t index = key_index(feature, node);
      out_.nodes.push_back(find_column(feature, index / kScanMaxThresholds, kind_of(node))->number);
      out_.nodes.push_back(static_cast<std::uint8_t>(index % kScanMaxThresholds));
    }
  }

  void make_tree(const Tree& tree) {
    const std::size_t nodes = tree.nodes.size();
    // Leaves below each node, children first; then the first leaf of each subtree, parents first.
    FlatArray<std::uint32_t> below, first;
    below.resize(nodes, 0);
    first.resize(nodes, 0);
    const auto count = [&](std::int32_t child) { return child < 0 ? 1U : below[static_cast<std::size_t>(child)]; };
    for (std::size_t i = nodes; i-- > 0;) below[i] = count(tree.nodes[i].left) + count(tree.nodes[i].right);
    const std::size_t first_leaf = out_.leaves.size();
    out_.trees.push_back({static_cast<std::uint32_t>(out_.nodes.size() / 4), static_cast<std::uint32_t>(nodes),
                          static_cast<std::uint32_t>(first_leaf), static_cast<std::uint32_t>(tree.leaves.size()), 0,
                          0});
    out_.leaves.resize(first_leaf + tree.leaves.size(), tree.leaves[0]);
    const auto place = [&](std::int32_t child, std::uint32_t leaf) {
      if (child < 0) {
        out_.leaves[first_leaf + leaf] = tree.leaves[static_cast<std::size_t>(~child)];
      } else {
        first[static_cast<std::size_t>(child)] = leaf;
      }
    };
    for (std::size_t i = 0; i < nodes; ++i) {
      const Node& node = tree.nodes[i];
      const std::uint32_t right = first[i] + count(node.left);
      push_question(tree, node);
      out_.nodes.push_back(static_cast<std::uint8_t>(first[i]));
      out_.nodes.push_back(static_cast<std::uint8_t>(right));
      place(node.left, first[i]);
      place(node.right, right);
    }
  }

  const Model& model_;
  ScanForest& out_;
  std::vector<FeatureColumns> features_;
  std::vector<Tree> cut_;
  FlatArray<Piece> pieces_;
  bool shared_ = false;  ///< one set of numeric columns serves several chunks
  std::size_t columns_ = 0;
  std::uint32_t shared_columns_ = 0, next_number_ = 0;
};

}  // namespace riskflag::inline v0_1::detail
