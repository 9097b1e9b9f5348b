#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/train/grower.hpp>
#include <riskflag/train/kernels/partition.hpp>

namespace riskflag::inline v0_1::detail {

/// Adds a new tree's leaves to the scores of rows that it was not grown on, by sending blocks of rows down all its
/// splits.
template <class Cell>
void score_rows(const Binned& bins, std::span<const MadeSplit<Cell>> splits, std::span<const double> leaves,
                std::span<double> scores, Executor& executor) {
  if (splits.empty()) {
    if (!leaves.empty()) {
      for (double& score : scores) score += leaves[0];
    }
    return;
  }
  constexpr std::size_t kBlock = 4096;
  struct Range {
    std::uint32_t begin, end;
    unsigned buffer;
  };
  struct Scratch {
    std::array<std::vector<std::uint32_t>, 2> rows;
    std::vector<Range> ranges;
  };
  std::vector<std::array<std::uint8_t, 256>> go_left;
  for (const MadeSplit<Cell>& made : splits)
    go_left.push_back(made.split.go_left(bins.feature(static_cast<std::size_t>(made.split.feature))));
  std::vector<Scratch> scratch(executor.concurrency());
  for (Scratch& s : scratch) {
    for (auto& rows : s.rows) rows.resize(kBlock);
    s.ranges.resize(splits.size());
  }
  parallel_for(executor, bins.rows(), kBlock, [&](std::size_t begin, std::size_t end, unsigned worker) {
    Scratch& s = scratch[worker];
    s.ranges[0] = {0, static_cast<std::uint32_t>(end - begin), 2};
    for (std::size_t k = 0; k < splits.size(); ++k) {
      const Range range = s.ranges[k];
      if (range.begin == range.end) {
        for (const std::int32_t child : {splits[k].left, splits[k].right}) {
          if (child >= 0) s.ranges[static_cast<std::size_t>(child)] = range;
        }
        continue;
      }
      const unsigned to = range.buffer == 0 ? 1 : 0;
      std::uint32_t* const out = s.rows[to].data() + range.begin;
      const auto feature = static_cast<std::size_t>(splits[k].split.feature);
      const std::size_t n = range.end - range.begin;
      const auto left = static_cast<std::uint32_t>(
          kernels::partition_rows(bins.column(feature), go_left[k].data(),
                                  range.buffer == 2 ? nullptr : s.rows[range.buffer].data() + range.begin,
                                  static_cast<std::uint32_t>(begin), n, out));
      const Range children[2] = {{range.begin, range.begin + left, to}, {range.begin + left, range.end, to}};
      for (const std::size_t side : {0U, 1U}) {
        const std::int32_t child = side == 0 ? splits[k].left : splits[k].right;
        if (child >= 0) {
          s.ranges[static_cast<std::size_t>(child)] = children[side];
          continue;
        }
        const double leaf = leaves[static_cast<std::size_t>(~child)];
        const std::uint32_t* const rows = s.rows[to].data();
        for (std::uint32_t i = children[side].begin; i < children[side].end; ++i) scores[rows[i]] += leaf;
      }
    }
  });
}

}  // namespace riskflag::inline v0_1::detail
