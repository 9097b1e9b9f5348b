#pragma once

// Splitting one leaf on one thread: rows, the smaller child's histogram, the larger one's by subtraction, both searches.

#include <array>
#include <cstddef>
#include <cstdint>

#include <riskflag/train/grower.hpp>
#include <riskflag/train/kernels/partition.hpp>

namespace riskflag::inline v0_1::detail {

/// The sums liked a split that leaves a side with fewer than min_data_in_leaf rows: count this feature's rows exactly and
/// search again. Gains only fall by this, so the order of splits is that of a search with exact counts everywhere.
template <class Cell>
void Grower<Cell>::count_and_retry(Leaf& leaf) {
  BinCounts counts{leaf.best.feature, {}};
  const std::uint8_t* const column = bins_.column(static_cast<std::size_t>(leaf.best.feature));
  const std::uint32_t* const rows = rows_of(leaf);
  for (std::size_t i = 0; i < leaf.count; ++i) ++counts.rows[column[rows != nullptr ? rows[i] : i]];
  leaf.counted.push_back(counts);
  leaf.best = search_->best(view(leaf.slot, leaf.total, leaf.count, leaf.counted), features_);
}

/// Which histograms the children keep. The parent's becomes the larger child's.
template <class Cell>
void Grower<Cell>::settle_slots(Leaf& leaf, int new_slot, bool last, bool small_is_left) {
  const Cell totals[2] = {leaf.best.left, leaf.total - leaf.best.left};
  const std::uint32_t counts[2] = {leaf.left_count, leaf.count - leaf.left_count};
  const int small = small_is_left ? 0 : 1, large = 1 - small;
  leaf.child_slot[0] = leaf.child_slot[1] = -1;
  if (last) return;
  const bool small_may = may_split(counts[small], leaf.depth + 1, totals[small]);
  const bool large_may = may_split(counts[large], leaf.depth + 1, totals[large]);
  if (small_may || large_may) leaf.child_slot[small] = new_slot;
  if (large_may) leaf.child_slot[large] = leaf.slot;
}

template <class Cell>
void Grower<Cell>::expand(Leaf& leaf, int new_slot, bool last, unsigned worker) {
  leaf.child_buffer = leaf.all_rows ? 0 : 1 - leaf.buffer;
  std::uint32_t* const out = buffers_[leaf.child_buffer].data() + leaf.begin;
  const FeatureCuts& cuts = bins_.feature(static_cast<std::size_t>(leaf.best.feature));
  const std::array<std::uint8_t, 256> go_left = leaf.best.go_left(cuts);
  leaf.left_count = static_cast<std::uint32_t>(kernels::partition_rows(bins_.column(static_cast<std::size_t>(leaf.best.feature)),
                                                                       go_left.data(), rows_of(leaf), 0, leaf.count, out));
  const std::uint32_t counts[2] = {leaf.left_count, leaf.count - leaf.left_count};
  if (counts[0] < least_rows() || counts[1] < least_rows()) {
    count_and_retry(leaf);
    return;
  }
  leaf.expanded = true;
  const int small = counts[0] <= counts[1] ? 0 : 1, large = 1 - small;
  settle_slots(leaf, new_slot, last, small == 0);
  if (leaf.child_slot[small] < 0) return;

  Cell* const histogram = pool_[leaf.child_slot[small]];
  const std::uint32_t* const small_rows = out + (small == 0 ? 0 : counts[0]);
  maker_.clear(histogram);
  maker_.add(histogram, cells_.data(), small_rows, 0, counts[small], workers_[worker].scratch);
  const Cell totals[2] = {leaf.best.left, leaf.total - leaf.best.left};
  if (leaf.child_slot[large] >= 0) {
    maker_.subtract(pool_[leaf.slot], histogram, 0, bins_.cols());
    leaf.child_best[large] = search_->best(view(leaf.slot, totals[large], counts[large]), features_);
  }
  leaf.child_best[small] = may_split(counts[small], leaf.depth + 1, totals[small])
                               ? search_->best(view(leaf.child_slot[small], totals[small], counts[small]), features_)
                               : Split<Cell>{};
}

}  // namespace riskflag::inline v0_1::detail
