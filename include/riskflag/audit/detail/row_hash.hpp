#pragma once

// One 64-bit number a row that is equal for equal rows. Columns are walked in blocks of rows, so that the running
// hashes stay in the first-level cache. Folded multiplication as in wyhash; two different rows of n collide with
// probability about n^2 / 2^65 (3e-8 for a million rows), which no share in a finding can show.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1::audit::detail {

inline constexpr std::uint64_t kMissingCell = 0x7ff8000000000000ULL;

[[nodiscard]] constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t x = a ^ 0x2d358dccaa6c78a5ULL, y = b ^ 0x8bb84b93962eacc9ULL;
  return (x * y) ^ riskflag::detail::multiply_high(x, y);
}

/// The bits of a number, one pattern for each value: -0 is 0, every NaN the same.
[[nodiscard]] constexpr std::uint64_t canonical_bits(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  if (is_missing(x)) return kMissingCell;
  return bits == 0x8000000000000000ULL ? 0 : bits;
}

[[nodiscard]] inline std::uint64_t text_bits(std::string_view text) noexcept {
  std::uint64_t hash = text.size();
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t take = text.size() < 8 ? text.size() : 8;
    for (std::size_t i = 0; i < take; ++i) word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    hash = fold(word, hash);
    text.remove_prefix(take);
  }
  return hash;
}

/// A cell as 64 bits: equal for equal cells of one column, and only for them (text: but for collisions).
[[nodiscard]] inline std::uint64_t cell_bits(const Column& column, std::size_t row) noexcept {
  switch (column.type) {
    case ColumnType::number: return canonical_bits(column.numbers[row]);
    case ColumnType::category:
      return column.codes[row] == kMissingCode ? kMissingCell : static_cast<std::uint64_t>(column.codes[row]);
    case ColumnType::date:
      return column.days[row] == kMissingDate ? kMissingCell : static_cast<std::uint64_t>(column.days[row]);
    case ColumnType::text: {
      const auto text = column.texts[row];
      return text ? text_bits(*text) : kMissingCell;
    }
  }
  return kMissingCell;
}

/// Mixes rows [begin, end) of a column into their hashes.
inline void add_cells(const Column& column, std::size_t begin, std::size_t end,
                      std::span<std::uint64_t> hashes) noexcept {
  switch (column.type) {
    case ColumnType::number:
      for (std::size_t i = begin; i < end; ++i) hashes[i] = fold(canonical_bits(column.numbers[i]), hashes[i]);
      return;
    case ColumnType::category:
      for (std::size_t i = begin; i < end; ++i)
        hashes[i] = fold(static_cast<std::uint64_t>(column.codes[i]), hashes[i]);
      return;
    case ColumnType::date:
      for (std::size_t i = begin; i < end; ++i) hashes[i] = fold(static_cast<std::uint64_t>(column.days[i]), hashes[i]);
      return;
    case ColumnType::text:
      for (std::size_t i = begin; i < end; ++i) hashes[i] = fold(cell_bits(column, i), hashes[i]);
      return;
  }
}

/// The hash of every row over those columns.
[[nodiscard]] inline std::vector<std::uint64_t> row_hashes(std::size_t rows, std::span<const Column* const> columns,
                                                           Executor& executor) {
  constexpr std::size_t kBlock = 2048;
  std::vector<std::uint64_t> hashes(rows);
  parallel_for(executor, rows, 16 * kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t block = begin; block < end; block += kBlock) {
      const std::size_t last = block + kBlock < end ? block + kBlock : end;
      for (const Column* column : columns) add_cells(*column, block, last, hashes);
    }
  });
  return hashes;
}

}  // namespace riskflag::inline v0_1::audit::detail
