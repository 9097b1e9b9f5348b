#pragma once

// Builds a PlaneForest from a ScanForest.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <riskflag/core/exact.hpp>
#include <riskflag/predict/detail/flat_array.hpp>
#include <riskflag/predict/plane_forest.hpp>
#include <riskflag/predict/scan_forest.hpp>

namespace riskflag::inline v0_1::detail {

/// Life: constructed with a finished scan of leaves on `grid`; build() once.
class PlaneBuilder {
 public:
  PlaneBuilder(const ScanForest& scan, std::size_t outputs, double grid, PlaneForest& out)
      : scan_(scan), outputs_(outputs), grid_(grid), out_(out) {
    number_.resize(kScanMaxColumns * 256, 0);
  }

  /// Leaves the forest without a grid when there are more trees than a kernel sums.
  void build() {
    for (std::size_t c = 0; c < scan_.chunks.size(); ++c) {
      find_pairs(scan_.chunks[c]);
      for (std::size_t k = 0; k < outputs_; ++k) {
        out_.output_tiles.push_back(static_cast<std::uint32_t>(out_.tiles.size()));
        const std::uint32_t* trees = scan_.output_trees.data() + c * (outputs_ + 1) + k;
        if (!sort_trees(trees[0], trees[1])) return;
        for (std::size_t begin = 0; begin < order_.size();) begin = make_tile(begin);
      }
      out_.output_tiles.push_back(static_cast<std::uint32_t>(out_.tiles.size()));
    }
    out_.grid = grid_;
  }

 private:
  /// A leaf in steps of the grid.
  [[nodiscard]] std::int64_t steps(double leaf) const { return static_cast<std::int64_t>(exact::div(leaf, grid_)); }
  [[nodiscard]] std::int64_t least(const ScanTree& tree) const {
    std::int64_t low = steps(scan_.leaves[tree.first_leaf]);
    for (std::size_t i = 1; i < tree.leaves; ++i) low = std::min(low, steps(scan_.leaves[tree.first_leaf + i]));
    return low;
  }

  void find_pairs(const ScanChunk& chunk) {
    for (std::size_t i = 0; i < chunk.searches; ++i) {
      const ScanSearch& search = scan_.searches[chunk.first_search + i];
      // Ranks are no more than 16 a block.
      const std::uint8_t pairs = search.blocks < 4 ? 3 : 4;
      for (std::size_t f = 0; f < search.fills; ++f) pairs_[scan_.fills[search.first_fill + f].column] = pairs;
    }
    for (std::size_t i = 0; i < chunk.sets; ++i) pairs_[scan_.sets[chunk.first_set + i].column] = 1;
    for (std::size_t i = 0; i < chunk.levels; ++i) {
      const ScanLevels& group = scan_.levels[chunk.first_levels + i];
      for (std::size_t s = 0; s < group.columns; ++s) pairs_[group.first_column + s] = 1;
    }
  }

  /// Trees alike in the width and bytes of their tables side by side.
  [[nodiscard]] bool sort_trees(std::size_t begin, std::size_t end) {
    order_.shrink(0);
    std::int64_t constant = 0;
    if (end - begin > kPlaneMaxTrees) return false;
    for (std::size_t t = begin; t < end; ++t) {
      const ScanTree& tree = scan_.trees[t];
      const std::int64_t low = least(tree);
      constant += low;
      std::int64_t range = 0;
      for (std::size_t i = 0; i < tree.leaves; ++i) {
        range = std::max(range, steps(scan_.leaves[tree.first_leaf + i]) - low);
      }
      std::int64_t bytes = 0;
      while (range >> (8 * bytes) != 0) ++bytes;
      const std::int64_t width = tree.leaves <= 32 ? 0 : tree.leaves <= 64 ? 1 : tree.leaves <= 128 ? 2 : 3;
      if (bytes > 0) order_.push_back(width << 40 | bytes << 32 | static_cast<std::int64_t>(t));
    }
    out_.constants.push_back(constant);
    std::sort(order_.begin(), order_.end());
    return true;
  }
  [[nodiscard]] const ScanTree& tree_at(std::size_t i) const {
    return scan_.trees[static_cast<std::size_t>(order_[i] & 0xffffffff)];
  }

  [[nodiscard]] std::size_t make_tile(std::size_t begin) {
    for (std::size_t i = 0; i < number_.size(); ++i) number_[i] = 0;
    std::size_t tests = 0, end = begin;
    for (; end < order_.size(); ++end) {
      const ScanTree& tree = tree_at(end);
      if (tests + tree.nodes > kPlaneMaxTests && end % 16 == begin % 16) break;
      const std::uint8_t* node = scan_.nodes.data() + std::size_t{tree.first_node} * 4;
      for (std::size_t n = 0; n < tree.nodes; ++n, node += 4) {
        std::uint16_t& seen = number_[node[0] * std::size_t{256} + node[1]];
        tests += seen == 0 ? 1U : 0U;
        seen = 1;
      }
    }
    PlaneTile tile{};
    tile.first_column = static_cast<std::uint32_t>(out_.columns.size());
    tile.first_low = static_cast<std::uint32_t>(out_.lows.size());
    tile.first_group = static_cast<std::uint32_t>(out_.groups.size());
    number_tests();
    tile.columns = static_cast<std::uint32_t>(out_.columns.size()) - tile.first_column;
    while (begin < end) {
      std::size_t count = 1;
      while (count < 16 && begin + count < end && order_[begin + count] >> 40 == order_[begin] >> 40) ++count;
      make_group(begin, count);
      begin += count;
    }
    tile.groups = static_cast<std::uint32_t>(out_.groups.size()) - tile.first_group;
    out_.tiles.push_back(tile);
    out_.most_tests = std::max(out_.most_tests, tests);
    return end;
  }

  void number_tests() {
    std::uint16_t next = 0;
    for (std::size_t c = 0; c < kScanMaxColumns; ++c) {
      PlaneColumn column{static_cast<std::uint8_t>(c), pairs_[c], {0, 0, 0, 0}};
      const unsigned shift = 2U * (pairs_[c] - 1U);
      const std::uint16_t first = next;
      for (std::size_t rank = 0; rank < 256; ++rank) {
        std::uint16_t& number = number_[c * 256 + rank];
        if (number == 0) continue;
        number = next++;
        ++column.count[rank >> shift];
        out_.lows.push_back(static_cast<std::uint8_t>(rank & ((std::size_t{1} << shift) - 1)));
      }
      if (next != first) out_.columns.push_back(column);
    }
  }

  void make_group(std::size_t begin, std::size_t count) {
    PlaneGroup group{};
    group.first_tree = static_cast<std::uint32_t>(out_.trees.size());
    group.trees = static_cast<std::uint32_t>(count);
    group.first_table = static_cast<std::uint32_t>(out_.tables.size() / 64);
    group.width = static_cast<std::uint16_t>(32 << (order_[begin] >> 40));
    group.bytes = static_cast<std::uint16_t>((order_[begin + count - 1] >> 32) & 0xff);
    const std::size_t one = std::size_t{4} * group.width;
    out_.tables.resize(out_.tables.size() + (count + 3) / 4 * group.bytes * one, 0);
    for (std::size_t i = 0; i < count; ++i) {
      const ScanTree& tree = tree_at(begin + i);
      const std::int64_t low = least(tree);
      group.constant += low;
      std::uint8_t* table =
          out_.tables.data() + std::size_t{group.first_table} * 64 + i / 4 * group.bytes * one + i % 4 * group.width;
      for (std::size_t leaf = 0; leaf < tree.leaves; ++leaf) {
        const std::int64_t above = steps(scan_.leaves[tree.first_leaf + leaf]) - low;
        for (std::size_t b = 0; b < group.bytes; ++b) {
          table[b * one + leaf] = static_cast<std::uint8_t>(above >> (8 * b) & 0xff);
        }
      }
      out_.trees.push_back({static_cast<std::uint32_t>(out_.nodes.size()), static_cast<std::uint16_t>(tree.nodes),
                            static_cast<std::uint16_t>(tree.leaves), tree.first_leaf});
      if (scan_.symmetric) {
        out_.trees[out_.trees.size() - 1].nodes = static_cast<std::uint16_t>(tree.levels);
        const std::uint8_t* level = scan_.level_nodes.data() + std::size_t{tree.first_level} * 2;
        for (std::size_t l = 0; l < tree.levels; ++l, level += 2) {
          out_.nodes.push_back({number_[level[0] * std::size_t{256} + level[1]], 0, 0});
        }
        continue;
      }
      const std::uint8_t* node = scan_.nodes.data() + std::size_t{tree.first_node} * 4;
      for (std::size_t n = 0; n < tree.nodes; ++n, node += 4) {
        out_.nodes.push_back({number_[node[0] * std::size_t{256} + node[1]], node[2], node[3]});
      }
    }
    out_.groups.push_back(group);
  }

  const ScanForest& scan_;
  std::size_t outputs_;
  double grid_;
  PlaneForest& out_;
  FlatArray<std::int64_t> order_;    ///< width, bytes and number of each tree
  FlatArray<std::uint16_t> number_;  ///< of each column's and rank's test
  std::uint8_t pairs_[kScanMaxColumns] = {};
};

}  // namespace riskflag::inline v0_1::detail
