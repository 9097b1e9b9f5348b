#pragma once

// Splitting one leaf on one thread: rows, the smaller child's histogram, the larger one's by subtraction, both
// searches.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <riskflag/bin/detail/bundles.hpp>
#include <riskflag/train/grower.hpp>

namespace riskflag::inline v0_1::detail {

/// What the whole table's rows say about cuts; most of those with too few rows on a side are out by this alone.
template <class Cell>
void Grower<Cell>::count_table() {
  const auto least = static_cast<std::uint64_t>(least_rows());
  table_known_.ranges.assign(bins_.cols(), CutRange{{0, 0}, {256, 256}});
  if (least <= 1) return;
  for (std::size_t f = 0; f < bins_.cols(); ++f) {
    table_known_.ranges[f] = CutRange::of(bins_.rows_in_bins(f).data(), bins_.feature(f), least);
    if (bins_.feature(f).type == FeatureType::categorical)
      table_known_.counted.push_back({static_cast<std::int32_t>(f), bins_.rows_in_bins(f)});
  }
}

/// The sums liked a split that leaves a side with fewer than min_data_in_leaf rows: count this feature's rows exactly
/// and search again. Gains only fall by this, so the order of splits is that of a search with exact counts everywhere.
template <class Cell>
void Grower<Cell>::count_and_retry(Leaf& leaf) {
  const auto feature = static_cast<std::size_t>(leaf.best.feature);
  const BinCounts counts{leaf.best.feature, count_bins(bins_.column(feature), rows_of(leaf), leaf.count)};
  if (leaf.best.categorical) {
    leaf.known.counted.push_back(counts);
  } else {
    leaf.known.ranges[feature] = CutRange::of(counts.rows.data(), bins_.feature(feature), least_rows());
  }
  leaf.best = search(view(leaf));
}

/// Exact rows of all features.
template <class Cell>
KnownRows Grower<Cell>::counted_rows(const std::uint32_t* rows, std::uint32_t n) const {
  KnownRows out;
  out.ranges.resize(bins_.cols());
  const auto keep = [&](std::uint32_t f, const std::uint32_t* counts) {
    const FeatureCuts& cuts = bins_.feature(f);
    if (cuts.type == FeatureType::categorical) {
      BinCounts& counted = out.counted.emplace_back(BinCounts{static_cast<std::int32_t>(f), {}});
      std::copy_n(counts, cuts.missing_bin() + 1, counted.rows.begin());
    } else {
      out.ranges[f] = CutRange::of(counts, cuts, least_rows());
    }
  };
  std::array<std::uint32_t, Binned::kTileWidth * kCellStride> counts;
  std::array<std::uint32_t, 256> own;
  for (std::size_t t = 0; t < bins_.tiles(); ++t) {
    const Binned::Tile tile = bins_.tile(t);
    if (tile.cells == nullptr) continue;
    for (std::size_t k = 0; k < tile.width; ++k)
      std::fill_n(counts.begin() + static_cast<std::ptrdiff_t>(k * kCellStride), bins_.stored_bins(tile.first + k), 0U);
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint8_t* const bins = tile.cells + std::size_t{rows[i]} * tile.width;
      for (std::size_t k = 0; k < tile.width; ++k) ++counts[k * kCellStride + bins[k]];
    }
    for (std::size_t k = 0; k < tile.width; ++k) {
      for (const std::uint32_t f : bins_.features_in(tile.first + k)) {
        keep(f, bins_of_feature(bins_, f, counts.data() + k * kCellStride, n, own));
      }
    }
  }
  for (std::size_t c = bins_.sparse().first; c < bins_.stored_columns(); ++c) {
    for (const std::uint32_t f : bins_.features_in(c)) {
      std::fill_n(own.begin(), bins_.feature(f).missing_bin() + 1, 0U);
      const std::uint8_t* const column = bins_.column(f);
      for (std::uint32_t i = 0; i < n; ++i) ++own[column[rows[i]]];
      keep(f, own.data());
    }
  }
  return out;
}

/// Fills in the best split of one child of `leaf`; `first`: its rows.
template <class Cell>
void Grower<Cell>::search_child(Leaf& leaf, std::size_t side, int slot, Cell total, std::uint32_t rows,
                                const std::uint32_t* first) const {
  const NodeState state = child_state(leaf, side);
  if (is_tight(rows)) leaf.child_known[side] = counted_rows(first, rows);
  const KnownRows& known = leaf.child_known[side] ? *leaf.child_known[side] : leaf.known;
  leaf.child_best[side] = search(view(slot, total, rows, state, known, leaf.child_unpaid[side]));
}

/// What the child on one side of leaf.best may ask and say, where no other leaf changes it.
template <class Cell>
NodeState Grower<Cell>::child_state(const Leaf& leaf, std::size_t side) const {
  NodeState out;
  out.key = child_key(leaf.state.key, side);
  const auto feature = static_cast<std::uint32_t>(leaf.best.feature);
  if (node_features_.varies()) out.groups = node_features_.groups_below(leaf.state, feature);
  const int sign = monotone_sign(options_, feature);
  const double left = leaf.best.left_output, right = leaf.best.right_output;
  out.bounds = order_ ? bounds_beside(leaf.state.bounds, sign, side, left, right)
                      : bounds_of_side(leaf.state.bounds, sign, side, left, right);
  return out;
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
void Grower<Cell>::expand(Leaf& leaf, int new_slot, bool last) {
  leaf.child_buffer = leaf.all_rows ? 0 : 1 - leaf.buffer;
  std::uint32_t* const out = buffers_[leaf.child_buffer].data() + leaf.begin;
  const FeatureCuts& cuts = bins_.feature(static_cast<std::size_t>(leaf.best.feature));
  const std::array<std::uint8_t, 256> go_left = leaf.best.go_left(cuts);
  leaf.left_count = static_cast<std::uint32_t>(partition_(bins_.column(static_cast<std::size_t>(leaf.best.feature)),
                                                          go_left.data(), rows_of(leaf), 0, leaf.count, out));
  const std::uint32_t counts[2] = {leaf.left_count, leaf.count - leaf.left_count};
  if (counts[0] < least_rows() || counts[1] < least_rows()) {
    count_and_retry(leaf);
    return;
  }
  leaf.expanded = true;
  const int small = counts[0] <= counts[1] ? 0 : 1, large = 1 - small;
  const std::uint32_t* const child_rows[2] = {out, out + counts[0]};
  if (costs_.fall()) pay(leaf);
  for (const std::size_t side : {0U, 1U}) costs_.count_unpaid(child_rows[side], counts[side], leaf.child_unpaid[side]);
  settle_slots(leaf, new_slot, last, small == 0);
  if (leaf.child_slot[small] < 0) return;

  Cell* const histogram = pool_[leaf.child_slot[small]];
  maker_.fill(histogram, cells_.data(), child_rows[small], counts[small]);
  const Cell totals[2] = {leaf.best.left, leaf.total - leaf.best.left};
  if (leaf.child_slot[large] >= 0) {
    maker_.subtract(pool_[leaf.slot], histogram, 0, bins_.stored_columns());
    search_child(leaf, static_cast<std::size_t>(large), leaf.slot, totals[large], counts[large], child_rows[large]);
  }
  leaf.child_best[small] = Split<Cell>{};
  if (may_split(counts[small], leaf.depth + 1, totals[small])) {
    search_child(leaf, static_cast<std::size_t>(small), leaf.child_slot[small], totals[small], counts[small],
                 child_rows[small]);
  }
}

}  // namespace riskflag::inline v0_1::detail
