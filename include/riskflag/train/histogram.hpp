#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/kernels/histogram.hpp>

namespace riskflag::inline v0_1::detail {

/// Fills and subtracts histograms of one table: for each stored column kCellStride cells, of which its bins are used.
/// What a feature's own histogram is, cells_of_feature() tells.
///
/// Const and thread-safe.
template <class Cell>
class HistogramMaker {
  static_assert(Binned::Sparse::kStride == kCellStride);

 public:
  static constexpr std::size_t kChunk = 4096;  ///< rows that go through all tiles before others: their cells stay near

  explicit HistogramMaker(const Binned& bins) : bins_(bins) {
    for (std::size_t c = 0; c < bins.stored_columns(); ++c) used_.push_back(bins.stored_bins(c));
    for (std::size_t t = 0; t < bins.tiles(); ++t) {
      if (bins.tile(t).cells != nullptr)
        tiles_.push_back({bins.tile(t), kernels::fill_tile_for<Cell>(bins.tile(t).width)});
    }
    if (bins.sparse().slots != 0) fill_sparse_ = kernels::fill_sparse_for<Cell>(bins.sparse().slots);
  }

  [[nodiscard]] std::size_t cells() const noexcept { return used_.size() * kCellStride; }

  void clear(Cell* histogram) const noexcept { clear(histogram, 0, used_.size()); }
  /// Stored columns [begin, end).
  void clear(Cell* histogram, std::size_t begin, std::size_t end) const noexcept {
    for (std::size_t c = begin; c < end; ++c) std::fill_n(histogram + c * kCellStride, used_[c], Cell{});
    using Sparse = Binned::Sparse;
    const std::size_t first = bins_.sparse().first;
    if (fill_sparse_ == nullptr || begin > first || first >= end) return;
    for (std::size_t turn = 0; turn < Sparse::kTurns; ++turn)
      std::fill_n(histogram + first * kCellStride + Sparse::empty_slot(0, turn), Sparse::kMostSlots, Cell{});
  }
  /// Of all rows that were added: the sum of the first stored column, which is in the tiles.
  [[nodiscard]] Cell total(const Cell* histogram) const noexcept { return kernels::sum_cells(histogram, used_[0]); }

  /// The histogram of `rows` (null: the first n of the table).
  void fill(Cell* histogram, const Cell* cells, const std::uint32_t* rows, std::size_t n) const noexcept {
    clear(histogram);
    add_rows(histogram, cells, rows, 0, n);
    complete(histogram, 0, used_.size(), total(histogram));
  }
  /// Stored columns [begin, end), to which all rows have been added: the usual bins of sparse ones, which are not
  /// listed, get what the others leave of `total`.
  void complete(Cell* histogram, std::size_t begin, std::size_t end, Cell total) const noexcept {
    for (std::size_t c = std::max(begin, bins_.sparse().first); c < end; ++c) {
      Cell* const cells = histogram + c * kCellStride;
      Cell& usual = cells[bins_.sparse().usual[c - bins_.sparse().first]];
      usual = Cell{};
      usual = total - kernels::sum_cells(cells, used_[c]);
    }
  }

  /// Adds the cells of `rows` (null: rows first .. first + n - 1), but for the usual bins of sparse columns; cells are
  /// indexed by row.
  void add_rows(Cell* histogram, const Cell* cells, const std::uint32_t* rows, std::size_t first,
                std::size_t n) const noexcept {
    for (std::size_t at = 0; at < n; at += kChunk) {
      const std::size_t here = std::min(kChunk, n - at);
      const std::uint32_t* const listed = rows != nullptr ? rows + at : nullptr;
      const std::size_t skipped = rows != nullptr ? 0 : first + at;
      for (const Tile& tile : tiles_) {
        tile.fill(histogram + tile.bins.first * kCellStride, tile.bins.cells + skipped * tile.bins.width, listed,
                  cells + skipped, here);
      }
      if (fill_sparse_ != nullptr) {
        fill_sparse_(histogram + bins_.sparse().first * kCellStride, bins_.sparse(), listed, first + at, cells, here);
      }
    }
  }

  /// Stored columns [begin, end): a += b, or a -= b.
  void merge(Cell* a, const Cell* b, std::size_t begin, std::size_t end) const noexcept {
    for (std::size_t c = begin; c < end; ++c) kernels::add_cells(a + c * kCellStride, b + c * kCellStride, used_[c]);
  }
  void subtract(Cell* a, const Cell* b, std::size_t begin, std::size_t end) const noexcept {
    for (std::size_t c = begin; c < end; ++c)
      kernels::subtract_cells(a + c * kCellStride, b + c * kCellStride, used_[c]);
  }

 private:
  struct Tile {
    Binned::Tile bins;
    kernels::FillTile<Cell> fill;
  };
  const Binned& bins_;
  std::vector<std::size_t> used_;
  std::vector<Tile> tiles_;
  kernels::FillSparse<Cell> fill_sparse_ = nullptr;
};

/// a[b] = the sum over the combinations of a joined column that hold bin b of the feature at `place`.
template <class Sum>
inline void sum_combinations(const Binned::Place& place, std::size_t stored_bins, const Sum* stored, Sum* a) noexcept {
  const std::size_t bins = place.bins, step = place.step;
  std::fill_n(a, bins, Sum{});
  if (step == 1) {
    for (std::size_t at = 0; at < stored_bins; at += bins) {
      if constexpr (sizeof(Sum) >= sizeof(NarrowCell)) {
        kernels::add_cells(a, stored + at, bins);
      } else {
        for (std::size_t b = 0; b < bins; ++b) a[b] += stored[at + b];
      }
    }
    return;
  }
  std::size_t b = 0;
  for (std::size_t at = 0; at < stored_bins; at += step) {
    if constexpr (sizeof(Sum) >= sizeof(NarrowCell)) {
      if (step >= 16) {
        a[b] += kernels::sum_cells(stored + at, step);
        b = b + 1 == bins ? 0 : b + 1;
        continue;
      }
    }
    Sum sum{};
    for (std::size_t k = 0; k < step; ++k) sum += stored[at + k];
    a[b] += sum;
    b = b + 1 == bins ? 0 : b + 1;
  }
}

/// Sums of one feature, bin by bin: where they stand in those of its stored column, or in `own`, where a shared
/// column's are spread out. The most frequent bin holds what the others leave of the total: sums are integers, so it is
/// the very sum that a column of its own would give.
template <class Sum>
[[nodiscard]] inline const Sum* bins_of_feature(const Binned& bins, std::size_t f, const Sum* stored, Sum total,
                                                std::array<Sum, 256>& own) noexcept {
  const Binned::Place place = bins.place(f);
  if (!place.is_shared) return stored;
  if (place.step != 0) {
    sum_combinations(place, bins.stored_bins(place.column), stored, own.data());
    for (std::size_t b = place.bins; b <= bins.feature(f).missing_bin(); ++b) own[b] = Sum{};
    return own.data();
  }
  stored += place.first;
  own[bins.feature(f).missing_bin()] = Sum{};  // where no row is missing
  unsigned b = 0;
  for (unsigned k = 0; k < place.others; ++k, ++b) {
    if (b == place.most_frequent) ++b;
    own[b] = stored[k];
    total -= stored[k];
  }
  own[place.most_frequent] = total;
  return own.data();
}

/// The cells of one feature in a leaf's histogram.
template <class Cell>
[[nodiscard]] inline const Cell* cells_of_feature(const Binned& bins, std::size_t f, const Cell* histogram, Cell total,
                                                  std::array<Cell, 256>& own) noexcept {
  return bins_of_feature(bins, f, histogram + std::size_t{bins.place(f).column} * kCellStride, total, own);
}

/// Histograms that leaves hold while they wait to be split; given back and used again.
template <class Cell>
class HistogramPool {
 public:
  explicit HistogramPool(std::size_t cells) : cells_(cells) {}

  [[nodiscard]] int take() {
    if (free_.empty()) {
      slots_.push_back(std::make_unique_for_overwrite<Cell[]>(cells_));
      return static_cast<int>(slots_.size()) - 1;
    }
    const int slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give_back(int& slot) {
    if (slot >= 0) free_.push_back(slot);
    slot = -1;
  }
  void give_back_all() {
    free_.clear();
    for (std::size_t slot = slots_.size(); slot-- > 0;) free_.push_back(static_cast<int>(slot));
  }
  [[nodiscard]] Cell* operator[](int slot) const noexcept { return slots_[static_cast<std::size_t>(slot)].get(); }

 private:
  std::size_t cells_;
  std::vector<std::unique_ptr<Cell[]>> slots_;
  std::vector<int> free_;
};

}  // namespace riskflag::inline v0_1::detail
