#pragma once

// The trees of a ScanForest side by side, a lane each: the form that a single row is scored in.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <riskflag/core/exact.hpp>
#include <riskflag/predict/detail/flat_array.hpp>
#include <riskflag/predict/scan_forest.hpp>

namespace riskflag::inline v0_1::detail {

/// Deals a forest's trees, which stand in its nodes and leaves, to bundles of lanes. Where sets take more than one
/// table of columns, their features are answered level by level (ScanAnswers): adult's 500 trees of 31 leaves, with
/// seven chunks of 249 columns, are then one chunk of 8. Life: one deal().
class LaneDealer {
 public:
  /// `on_grid`: the leaves' sum is exact in any order, so that trees may be sorted and the rest of a sum bounded.
  LaneDealer(std::size_t outputs, bool on_grid, ScanForest& out) : outputs_(outputs), on_grid_(on_grid), out_(out) {}

  /// Trees that are all symmetric are dealt level by level, unless `may_be_symmetric` is false.
  void deal(bool may_be_symmetric) {
    out_.symmetric = may_be_symmetric && find_levels();
    find_answers();
    out_.row_chunks = out_.chunks.size();
    if (out_.row_answers.size() != 0 && later_chunks_are_sets()) out_.row_chunks = 1;
    for (std::size_t c = 0; c < out_.row_chunks; ++c) {
      make_lanes(c, out_.row_chunks == 1 ? out_.chunks.size() : c + 1);
    }
    fill_answers();
    if (on_grid_) bound_the_rest();
  }

 private:
  /// True when there are questions, and every tree asks one a level: level_nodes and the trees' levels are then filled.
  [[nodiscard]] bool find_levels() {
    for (ScanTree& tree : out_.trees) {
      std::uint32_t levels = 0;
      while ((1U << levels) < tree.leaves) ++levels;
      if ((1U << levels) != tree.leaves) return false;
      tree.first_level = static_cast<std::uint32_t>(out_.level_nodes.size() / 2);
      tree.levels = levels;
      out_.level_nodes.resize(out_.level_nodes.size() + 2 * std::size_t{levels}, 0);
      std::uint8_t* questions = out_.level_nodes.data() + std::size_t{tree.first_level} * 2;
      std::uint32_t asked = 0;  // a bit a level
      const std::uint8_t* node = out_.nodes.data() + std::size_t{tree.first_node} * 4;
      for (std::size_t n = 0; n < tree.nodes; ++n, node += 4) {
        const std::uint32_t half = std::uint32_t{node[3]} - node[2];
        std::uint32_t level = 0;
        while (level < levels && (tree.leaves >> (level + 1)) != half) ++level;
        if (level == levels || node[2] % (2 * half) != 0) return false;
        std::uint8_t* question = questions + std::size_t{2} * level;
        if ((asked >> level & 1U) == 0) {
          question[0] = node[0];
          question[1] = node[1];
          asked |= 1U << level;
        }
        if (question[0] != node[0] || question[1] != node[1]) return false;
      }
    }
    return out_.level_nodes.size() != 0;
  }

  /// Of a chunk's sets of a feature, the levels that any of them takes left.
  [[nodiscard]] std::uint32_t known_levels(const ScanLevels& group) const {
    std::uint32_t known = group.levels;
    for (; known > 0; --known) {
      for (std::uint32_t s = 0; s < group.columns; ++s) {
        if (out_.tables[group.first_table + s * group.span + known - 1] == 0) return known;
      }
    }
    return 0;
  }

  /// Names the features to be answered level by level: all of those in tables, or none where they take no more columns
  /// than one table has, or too much memory.
  void find_answers() {
    if (out_.chunks.size() == 1 && out_.chunks[0].columns <= 64) return;
    std::size_t lines = 0, nodes = 0;
    for (const ScanLevels& group : out_.levels) {
      std::size_t i = 0;
      while (i < out_.row_answers.size() && out_.row_answers[i].feature != group.feature) ++i;
      if (i == out_.row_answers.size()) out_.row_answers.push_back({group.feature, 0, 0});
      ScanAnswers& known = out_.row_answers[i];
      known.levels = std::max(known.levels, known_levels(group));
    }
    for (const ScanAnswers& group : out_.row_answers) lines += group.levels + std::size_t{2};
    for (const ScanTree& tree : out_.trees) nodes += tree.nodes;
    // Lanes are about half full at worst, of the bits of bytes.
    if (out_.row_answers.size() > kScanMaxAnswers || lines * (nodes / 4 + 64) > kScanMaxAnswerBytes) {
      out_.row_answers.shrink(0);
    }
  }

  [[nodiscard]] bool later_chunks_are_sets() const {
    for (std::size_t c = 0; c < out_.chunks.size(); ++c) {
      if (out_.chunks[c].sets > 0 || (c > 0 && out_.chunks[c].searches > 0)) return false;
    }
    return true;
  }

  /// The tables of a column that is answered level by level; nullptr for another one.
  [[nodiscard]] const ScanLevels* find_answered(std::uint32_t tree, std::uint8_t column) const {
    if (out_.row_answers.size() == 0) return nullptr;
    std::size_t c = 0;
    while (tree >= out_.output_trees[c * (outputs_ + 1) + outputs_]) ++c;
    const ScanLevels* group = out_.levels.data() + out_.chunks[c].first_levels;
    for (std::uint32_t i = 0; i < out_.chunks[c].levels; ++i, ++group) {
      if (column >= group->first_column && column < group->first_column + group->columns) return group;
    }
    return nullptr;
  }

  /// Writes a question to its lane of a step; one that levels answer is kept for fill_answers() instead.
  void write_question(std::uint32_t tree, const std::uint8_t* question, std::uint8_t* step, std::size_t lane) {
    if (const ScanLevels* group = find_answered(tree, question[0])) {
      const auto line = static_cast<std::uint32_t>(static_cast<std::size_t>(step - out_.steps.data()) / 64);
      asked_.push_back({group, static_cast<std::uint32_t>(question[0] - group->first_column),
                        line / (out_.symmetric ? 2 : 3), static_cast<std::uint32_t>(lane)});
      return;
    }
    step[lane] = question[0];
    step[kScanLanes + lane] = question[1];
  }

  void fill_answers() {
    if (out_.row_answers.size() == 0) return;
    const std::size_t words = out_.steps.size() / (out_.symmetric ? kScanLevelBytes : kScanStepBytes);
    out_.answer_words = (words + 7) / 8 * 8 + 8;
    for (ScanAnswers& group : out_.row_answers) {
      group.first_word = static_cast<std::uint32_t>(out_.answers.size());
      out_.answers.resize(out_.answers.size() + (group.levels + std::size_t{2}) * out_.answer_words, 0);
    }
    for (const ScanAnswers& group : out_.row_answers) fill_group(group);
  }

  /// Level by level: the words of one lie side by side.
  void fill_group(const ScanAnswers& group) {
    FlatArray<Asked> own;
    for (const Asked& asked : asked_) {
      if (asked.group->feature == group.feature) own.push_back(asked);
    }
    std::uint64_t* words = out_.answers.data() + group.first_word;
    for (std::size_t level = 0; level < group.levels + std::size_t{2}; ++level, words += out_.answer_words) {
      for (const Asked& asked : own) {
        // Behind the known levels: none of them, and missing. Levels beyond a chunk's own are none of its.
        const std::size_t known = asked.group->levels;
        const std::size_t place = level > group.levels    ? known + 1
                                  : level == group.levels ? known
                                                          : std::min(level, known);
        const std::uint8_t answer =
            out_.tables[asked.group->first_table + std::size_t{asked.set} * asked.group->span + place];
        words[asked.word] |= std::uint64_t{answer} << asked.lane;
      }
    }
  }

  /// Deals the trees of each output into bundles of 256, 128 or 64 lanes: largest first, or, off the grid, in their
  /// order.
  void make_lanes(std::size_t first_chunk, std::size_t last_chunk) {
    out_.output_bundles.push_back(static_cast<std::uint32_t>(out_.bundles.size()));
    for (std::size_t k = 0; k < outputs_; ++k) {
      // Sorted as numbers: fewer nodes than 256 above, the tree's index below.
      FlatArray<std::int64_t> order;
      for (std::size_t c = first_chunk; c < last_chunk; ++c) {
        const std::uint32_t* trees = out_.output_trees.data() + c * (outputs_ + 1) + k;
        for (std::size_t t = trees[0]; t < trees[1]; ++t) {
          order.push_back(static_cast<std::int64_t>(std::uint64_t{kScanMaxLeaves - out_.trees[t].nodes} << 32 | t));
        }
      }
      if (on_grid_) std::sort(order.begin(), order.end());
      for (std::size_t dealt = 0; dealt < order.size();) {
        const std::size_t groups = (order.size() - dealt + kScanLanes - 1) / kScanLanes;
        const std::size_t width = groups >= 3 ? 4 : groups;
        const std::size_t lanes = std::min(width * kScanLanes, order.size() - dealt);
        make_bundle(order.data() + dealt, lanes, width);
        dealt += lanes;
      }
      out_.output_bundles.push_back(static_cast<std::uint32_t>(out_.bundles.size()));
    }
  }

  void make_bundle(const std::int64_t* order, std::size_t lanes, std::size_t width) {
    const auto index_of = [&](std::size_t lane) { return static_cast<std::uint32_t>(order[lane] & 0xffffffff); };
    const auto tree_of = [&](std::size_t lane) { return out_.trees[index_of(lane)]; };
    std::uint32_t steps = 0, nodes = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const ScanTree tree = tree_of(lane);
      nodes = std::max(nodes, tree.nodes);
      steps = std::max(steps, out_.symmetric ? tree.levels : tree.nodes);
    }
    const std::size_t first_byte = out_.steps.size();
    const std::size_t first_leaf = out_.lane_leaves.size();
    const std::size_t stride = (std::size_t{nodes} + 8) / 8 * 8;
    out_.bundles.push_back({static_cast<std::uint32_t>(first_byte / 64), steps, static_cast<std::uint32_t>(width),
                            static_cast<std::uint32_t>(first_leaf), static_cast<std::uint32_t>(stride)});
    // Nodes that change nothing, where a lane has none: no rank is above 255.
    for (std::size_t i = 0; i < steps * width; ++i) {
      out_.steps.resize(out_.steps.size() + 64, 0);
      out_.steps.resize(out_.steps.size() + 64, 255);
      if (!out_.symmetric) out_.steps.resize(out_.steps.size() + 64, 0);
    }
    out_.lane_leaves.resize(first_leaf + width * kScanLanes * stride, 0.0);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const ScanTree tree = tree_of(lane);
      double* leaves = out_.lane_leaves.data() + first_leaf + lane * stride;
      // The last one again behind it: bounds need not know where a tree ends.
      for (std::size_t i = 0; i < stride; ++i) {
        leaves[i] = out_.leaves[tree.first_leaf + (i < tree.leaves ? i : tree.leaves - 1)];
      }
      if (out_.symmetric) {
        // Questions that are never true come first where a tree has fewer levels.
        const std::size_t first = steps - tree.levels;
        for (std::size_t l = 0; l < tree.levels; ++l) {
          std::uint8_t* step =
              out_.steps.data() + first_byte + ((first + l) * width + lane / kScanLanes) * kScanLevelBytes;
          const std::uint8_t* question = out_.level_nodes.data() + std::size_t{2} * (tree.first_level + l);
          write_question(index_of(lane), question, step, lane % kScanLanes);
        }
        continue;
      }
      for (std::size_t n = 0; n < tree.nodes; ++n) {
        const std::uint8_t* node = out_.nodes.data() + (tree.first_node + n) * 4;
        std::uint8_t* step =
            out_.steps.data() + first_byte + ((node[3] - std::size_t{1}) * width + lane / kScanLanes) * kScanStepBytes;
        write_question(index_of(lane), node, step, lane % kScanLanes);
        step[2 * kScanLanes + lane % kScanLanes] = node[2];
      }
    }
  }

  void bound_the_rest() {
    for (std::size_t k = 0; k < outputs_; ++k) {
      double low = 0.0, high = 0.0;
      for (std::size_t c = out_.row_chunks; c-- > 0;) {
        const std::uint32_t* bundles = out_.output_bundles.data() + c * (outputs_ + 1) + k;
        for (std::uint32_t b = bundles[1]; b-- > bundles[0];) {
          ScanBundle& bundle = out_.bundles[b];
          bundle.rest_low = low;
          bundle.rest_high = high;
          const double* leaves = out_.lane_leaves.data() + bundle.first_leaf;
          for (std::size_t i = 0; i < bundle.width * kScanLanes; ++i, leaves += bundle.stride) {
            double least = leaves[0], most = leaves[0];
            for (std::size_t j = 1; j < bundle.stride; ++j) {
              least = std::min(least, leaves[j]);
              most = std::max(most, leaves[j]);
            }
            low = exact::add(low, least);
            high = exact::add(high, most);
          }
        }
      }
    }
  }

  /// A node that levels answer.
  struct Asked {
    const ScanLevels* group;
    std::uint32_t set, word, lane;
  };

  std::size_t outputs_;
  bool on_grid_;
  ScanForest& out_;
  FlatArray<Asked> asked_;
};

}  // namespace riskflag::inline v0_1::detail
