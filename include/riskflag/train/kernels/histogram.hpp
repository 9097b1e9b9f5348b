#pragma once

// Adds rows to the histograms of one tile. Plain integer code: vector versions (gathers with conflict detection) were
// measured 1.6 to 3.7 times slower by others, see shared notes in docs/decisions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <riskflag/bin/binned.hpp>
#include <riskflag/train/cell.hpp>

namespace riskflag::inline v0_1::kernels {

/// Eight words at a time; both kinds of cell are one or two of them, added word by word.
typedef std::uint64_t CellWords __attribute__((vector_size(64), aligned(8), may_alias));

/// a[i] += b[i].
template <class Cell>
inline void add_cells(Cell* a, const Cell* b, std::size_t n) noexcept {
  constexpr std::size_t kStep = sizeof(CellWords) / sizeof(Cell);
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) *reinterpret_cast<CellWords*>(a + i) += *reinterpret_cast<const CellWords*>(b + i);
  for (; i < n; ++i) a[i] += b[i];
}
/// a[i] -= b[i].
template <class Cell>
inline void subtract_cells(Cell* a, const Cell* b, std::size_t n) noexcept {
  constexpr std::size_t kStep = sizeof(CellWords) / sizeof(Cell);
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) *reinterpret_cast<CellWords*>(a + i) -= *reinterpret_cast<const CellWords*>(b + i);
  for (; i < n; ++i) a[i] -= b[i];
}

/// The sum of n cells.
template <class Cell>
[[nodiscard]] inline Cell sum_cells(const Cell* a, std::size_t n) noexcept {
  Cell sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) add_cells(sums, a + i, 8);
  for (; i < n; ++i) sums[0] += a[i];
  for (std::size_t k = 1; k < 8; ++k) sums[0] += sums[k];
  return sums[0];
}

/// Adds cell[row] to bin cells[row * width + k] of histogram k, for each of n rows. `rows` lists them; null: rows 0 ..
/// n
/// - 1.
template <class Cell>
using FillTile = void (*)(Cell* histogram, const std::uint8_t* cells, const std::uint32_t* rows, const Cell* cell,
                          std::size_t n) noexcept;

template <class Cell, std::size_t... K>
inline void add_row(Cell* histogram, const std::uint8_t* bins, Cell cell, std::index_sequence<K...>) noexcept {
  ((histogram[K * kCellStride + bins[K]] += cell), ...);
}

template <class Cell, std::size_t Width>
inline void fill_tile(Cell* histogram, const std::uint8_t* cells, const std::uint32_t* rows, const Cell* cell,
                      std::size_t n) noexcept {
  constexpr std::make_index_sequence<Width> kColumns{};
  if (rows == nullptr) {
    for (std::size_t i = 0; i < n; ++i) add_row(histogram, cells + i * Width, cell[i], kColumns);
    return;
  }
  // Rows whose lines arrive while others are added. Cells are read where they stand: gathering them first, in a loop of
  // its own, waits for memory with nothing else to do (half of a sparse leaf's time on Zen 3).
  constexpr std::size_t kAhead = 32;
  std::size_t i = 0;
  for (; i + kAhead < n; ++i) {
    __builtin_prefetch(cells + std::size_t{rows[i + kAhead]} * Width);
    __builtin_prefetch(cell + rows[i + kAhead]);
    add_row(histogram, cells + std::size_t{rows[i]} * Width, cell[rows[i]], kColumns);
  }
  for (; i < n; ++i) add_row(histogram, cells + std::size_t{rows[i]} * Width, cell[rows[i]], kColumns);
}

/// Adds cell[row] to each cell that a row's entries name. `rows` null: rows first .. first + n - 1.
template <class Cell>
using FillSparse = void (*)(Cell* histogram, const Binned::Sparse& sparse, const std::uint32_t* rows, std::size_t first,
                            const Cell* cell, std::size_t n) noexcept;

template <class Cell, std::size_t... S>
inline void add_slots(Cell* histogram, const Binned::Sparse& sparse, const std::uint32_t* slots, Cell cell,
                      std::index_sequence<S...>) noexcept {
  if (slots[sizeof...(S) - 1] != Binned::Sparse::kListed) [[likely]] {
    ((histogram[slots[S]] += cell), ...);
    return;
  }
  const std::uint32_t* const end = sparse.listed.data() + sparse.begin[std::size_t{slots[0]} + 1];
  for (const std::uint32_t* at = sparse.listed.data() + sparse.begin[slots[0]]; at != end; ++at) histogram[*at] += cell;
}

template <class Cell, std::size_t Slots>
inline void fill_sparse(Cell* histogram, const Binned::Sparse& sparse, const std::uint32_t* rows, std::size_t first,
                        const Cell* cell, std::size_t n) noexcept {
  constexpr std::make_index_sequence<Slots> kSlots{};
  const std::uint32_t* const entries = sparse.entries.data();
  if (rows == nullptr) {
    for (std::size_t i = first; i < first + n; ++i) add_slots(histogram, sparse, entries + i * Slots, cell[i], kSlots);
    return;
  }
  constexpr std::size_t kAhead = 32;
  std::size_t i = 0;
  for (; i + kAhead < n; ++i) {
    __builtin_prefetch(entries + std::size_t{rows[i + kAhead]} * Slots);
    add_slots(histogram, sparse, entries + std::size_t{rows[i]} * Slots, cell[rows[i]], kSlots);
  }
  for (; i < n; ++i) add_slots(histogram, sparse, entries + std::size_t{rows[i]} * Slots, cell[rows[i]], kSlots);
}

template <class Cell, std::size_t... S>
[[nodiscard]] constexpr std::array<FillSparse<Cell>, sizeof...(S)> fill_sparse_table(
    std::index_sequence<S...>) noexcept {
  return {fill_sparse<Cell, S + 1>...};
}

/// The kernel for rows of `slots` slots, 1 to Binned::Sparse::kMostSlots.
template <class Cell>
[[nodiscard]] inline FillSparse<Cell> fill_sparse_for(std::size_t slots) noexcept {
  static constexpr auto kTable = fill_sparse_table<Cell>(std::make_index_sequence<Binned::Sparse::kMostSlots>{});
  return kTable[slots - 1];
}

template <class Cell, std::size_t... W>
[[nodiscard]] constexpr std::array<FillTile<Cell>, sizeof...(W)> fill_tile_table(std::index_sequence<W...>) noexcept {
  return {fill_tile<Cell, W + 1>...};
}

/// The kernel for tiles of `width` columns, 1 to Binned::kTileWidth.
template <class Cell>
[[nodiscard]] inline FillTile<Cell> fill_tile_for(std::size_t width) noexcept {
  static constexpr auto kTable = fill_tile_table<Cell>(std::make_index_sequence<Binned::kTileWidth>{});
  return kTable[width - 1];
}

}  // namespace riskflag::inline v0_1::kernels
