#pragma once

// Splitting one large leaf on all threads: a task is a block of rows, or a tile of features.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/train/grower.hpp>

namespace riskflag::inline v0_1::detail {

template <class Cell>
void Grower<Cell>::gather_workers(Cell* histogram, std::size_t begin, std::size_t end) const {
  maker_.clear(histogram, begin, end);
  for (const Worker& worker : workers_) {
    if (worker.used) maker_.merge(histogram, worker.histogram.data(), begin, end);
  }
}

template <class Cell>
void Grower<Cell>::fill_large(Cell* histogram, const std::uint32_t* rows, std::uint32_t n) {
  for (Worker& worker : workers_) worker.used = false;
  parallel_for(executor_, n, kShare, [&](std::size_t begin, std::size_t end, unsigned w) {
    Worker& worker = workers_[w];
    if (!worker.used) {
      worker.histogram.resize(maker_.cells());
      maker_.clear(worker.histogram.data());
      worker.used = true;
    }
    maker_.add_rows(worker.histogram.data(), cells_.data(), rows == nullptr ? nullptr : rows + begin,
                    rows == nullptr ? begin : 0, end - begin);
  });
  executor_.run(bins_.tiles(), [&](std::size_t t, unsigned) {
    const Binned::Tile tile = bins_.tile(t);
    gather_workers(histogram, tile.first, tile.first + tile.width);
  });
  maker_.complete(histogram, 0, bins_.stored_columns(), maker_.total(histogram));
}

template <class Cell>
void Grower<Cell>::expand_large(Leaf& leaf, int new_slot, bool last) {
  // The rows of a block are sent left and right within the block, in the other buffer, and the side that the hessians
  // call smaller is added to histograms while its rows are in the cache.
  const std::size_t blocks = (leaf.count + kShare - 1) / kShare;
  const auto feature = static_cast<std::size_t>(leaf.best.feature);
  const std::array<std::uint8_t, 256> go_left = leaf.best.go_left(bins_.feature(feature));
  const std::uint32_t* const rows = rows_of(leaf);
  const unsigned from = leaf.all_rows ? 1 : leaf.buffer;  // where the rows end up in the end
  std::uint32_t* const home = buffers_[from].data() + leaf.begin;
  std::uint32_t* const blockwise = buffers_[1 - from].data() + leaf.begin;
  const Cell totals[2] = {leaf.best.left, leaf.total - leaf.best.left};
  const bool small_is_left = h_of(totals[0]) <= h_of(totals[1]);
  for (Worker& worker : workers_) worker.used = false;
  std::vector<std::uint32_t> lefts(blocks);
  executor_.run(blocks, [&](std::size_t b, unsigned w) {
    const std::size_t begin = b * kShare, n = std::min<std::size_t>(kShare, leaf.count - begin);
    std::uint32_t* const out = blockwise + begin;
    const std::size_t left = partition_(bins_.column(feature), go_left.data(), rows == nullptr ? nullptr : rows + begin,
                                        static_cast<std::uint32_t>(begin), n, out);
    lefts[b] = static_cast<std::uint32_t>(left);
    if (last) return;
    Worker& worker = workers_[w];
    if (!worker.used) {
      worker.histogram.resize(maker_.cells());
      maker_.clear(worker.histogram.data());
      worker.used = true;
    }
    maker_.add_rows(worker.histogram.data(), cells_.data(), small_is_left ? out : out + left, 0,
                    small_is_left ? left : n - left);
  });
  leaf.left_count = 0;
  for (const std::uint32_t left : lefts) leaf.left_count += left;
  const std::uint32_t counts[2] = {leaf.left_count, leaf.count - leaf.left_count};
  if (counts[0] < least_rows() || counts[1] < least_rows()) {
    count_and_retry(leaf);
    return;
  }
  leaf.expanded = true;
  if (costs_.fall()) pay(leaf);
  for (std::size_t b = 0; b < blocks && costs_.by_row(); ++b) {
    const std::size_t begin = b * kShare, n = std::min<std::size_t>(kShare, leaf.count - begin);
    costs_.count_unpaid(blockwise + begin, lefts[b], leaf.child_unpaid[0]);
    costs_.count_unpaid(blockwise + begin + lefts[b], static_cast<std::uint32_t>(n) - lefts[b], leaf.child_unpaid[1]);
  }
  leaf.child_buffer = from;
  settle_slots(leaf, new_slot, last, small_is_left);

  // Home they go, left ones from the front, right ones from the back; beside it the tiles are finished.
  std::vector<std::uint32_t> left_at(blocks);
  for (std::size_t b = 1; b < blocks; ++b) left_at[b] = left_at[b - 1] + lefts[b - 1];
  const int small = small_is_left ? 0 : 1, large = 1 - small;
  const bool fill = leaf.child_slot[small] >= 0;
  const bool small_may = fill && may_split(counts[small], leaf.depth + 1, totals[small]);
  const std::size_t tiles = fill ? bins_.tiles() : 0;
  std::vector<std::array<Split<Cell>, 2>> tile_best(tiles);
  const NodeState states[2] = {child_state(leaf, 0), child_state(leaf, 1)};
  std::vector<std::uint32_t> own[2];
  const std::span<const std::uint32_t> features[2] = {node_features_.of(states[0], own[0]),
                                                      node_features_.of(states[1], own[1])};
  executor_.run(tiles + blocks, [&](std::size_t task, unsigned) {
    if (task >= tiles) {
      const std::size_t b = task - tiles;
      const std::size_t begin = b * kShare, n = std::min<std::size_t>(kShare, leaf.count - begin);
      const std::uint32_t* const block = blockwise + begin;
      std::copy_n(block, lefts[b], home + left_at[b]);
      const std::size_t right = n - lefts[b], right_before = begin - left_at[b];
      std::copy_n(block + lefts[b], right, home + (leaf.count - right_before - right));
      return;
    }
    const Binned::Tile tile = bins_.tile(task);
    Cell* const histogram = pool_[leaf.child_slot[small]];
    gather_workers(histogram, tile.first, tile.first + tile.width);
    maker_.complete(histogram, tile.first, tile.first + tile.width, totals[small]);
    const auto here = [&](int side) {
      std::vector<std::uint32_t> out;
      for (std::size_t c = tile.first; c < tile.first + tile.width; ++c) {
        for (const std::uint32_t f : bins_.features_in(c)) {
          if (std::binary_search(features[side].begin(), features[side].end(), f)) out.push_back(f);
        }
      }
      std::sort(out.begin(), out.end());
      return out;
    };
    if (leaf.child_slot[large] >= 0) {
      maker_.subtract(pool_[leaf.slot], histogram, tile.first, tile.first + tile.width);
      tile_best[task][static_cast<std::size_t>(large)] = search_->best(
          view(leaf.slot, totals[large], counts[large], states[large], leaf.known, leaf.child_unpaid[large]),
          here(large));
    }
    if (small_may) {
      tile_best[task][static_cast<std::size_t>(small)] =
          search_->best(view(leaf.child_slot[small], totals[small], counts[small], states[small], leaf.known,
                             leaf.child_unpaid[small]),
                        here(small));
    }
  });
  for (const std::size_t side : {0U, 1U}) {
    leaf.child_best[side] = Split<Cell>{};
    Split<Cell>& chosen = leaf.child_best[side];
    for (const auto& tile : tile_best) {
      const Split<Cell>& best = tile[side];
      if (!best.exists()) continue;
      const bool equal = best.gain == chosen.gain && best.feature < chosen.feature;
      if (!chosen.exists() || best.gain > chosen.gain || equal) chosen = best;
    }
  }
}

}  // namespace riskflag::inline v0_1::detail
