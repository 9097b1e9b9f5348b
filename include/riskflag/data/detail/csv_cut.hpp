#pragma once

// Where the cells of many rows end, found before any of them is understood: 64 bytes at a time, so that no cell waits
// for the one before it, and each column's cells can then be read in a loop of their own.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/data/detail/csv_scan.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// Bit i: an odd number of bits is set in bits 0 to i.
[[nodiscard]] constexpr std::uint64_t prefix_xor(std::uint64_t bits) noexcept {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

/// Cuts some rows into cells ahead of their reading; for delimiters of one byte.
class RowCutter {
 public:
  RowCutter() = default;
  RowCutter(char delimiter, std::size_t cols)
      : delimiter_(delimiter),
        cols_(cols),
        most_rows_(std::clamp<std::size_t>(kCells / cols, 1, 256)),
        stops_(1 + most_rows_ * cols + 64 + 8) {}

  /// Cuts whole rows of `cols` cells from the start p of a row on; returns how many, at most some hundred. Ends before
  /// a row with another number of cells, one that starts with a blank, or one with a quote inside a cell that it does
  /// not open: read_cell decides about those. [p, end) is text up to the end of some row, with a newline and
  /// kCsvPadding readable bytes at `end`. What read_cell would refuse behind a closing quote is a part of the cell
  /// here.
  [[nodiscard]] std::size_t cut(const char* p, const char* end) noexcept {
    const char* const last = end[-1] == '\n' ? end - 1 : end;  // the text's last line end
    stops_[0] = p - 1;
    std::size_t count = 1, rows = 0;
    std::uint64_t inside = 0;  // all ones while inside quotes
    std::uint64_t opens = 1;   // bit 0: a quote here opens a cell
    for (bool more = true; more && p <= last; p += 64) {
      std::uint64_t newlines = match64(p, '\n');
      std::uint64_t stops = match64(p, delimiter_) | newlines;
      const std::uint64_t quotes = match64(p, '"');
      std::uint64_t valid = ~std::uint64_t{0};
      if (last - p < 63) {
        valid = (std::uint64_t{2} << (last - p)) - 1;
        more = false;
      }
      const std::uint64_t may_open = (stops | quotes) << 1 | opens;
      opens = (stops | quotes) >> 63;
      if ((quotes | inside) != 0) {
        const std::uint64_t quoted = prefix_xor(quotes) ^ inside;
        if (const std::uint64_t wrong = quotes & quoted & ~may_open; wrong != 0) {
          valid &= (wrong & (~wrong + 1)) - 1;
          more = false;
        }
        valid &= ~quoted;
        inside = (quoted >> 63) != 0 ? ~std::uint64_t{0} : 0;
      }
      newlines &= valid;
      stops &= valid;
      const std::size_t begin = count;
      count += count_bits(stops);
      // Four at once, without asking whether there are as many.
      for (std::size_t at = begin; at < count; at += 4) {
        for (std::size_t i = 0; i < 4; ++i) {
          stops_[at + i] = p + std::countr_zero(stops | std::uint64_t{1} << 63);
          stops &= stops - 1;
        }
      }
      for (; newlines != 0; newlines &= newlines - 1) {
        const char* const row_end = p + std::countr_zero(newlines);
        const std::size_t want = (rows + 1) * cols_;
        if (want >= count || stops_[want] != row_end) return rows;
        ++rows;
        if (rows == most_rows_) return rows;
        if (static_cast<unsigned char>(row_end[1]) <= ' ' && row_end[1] != delimiter_) return rows;
      }
      if (count > most_rows_ * cols_) return rows;
    }
    return rows;
  }

  /// The first byte of a cell of what was cut last.
  [[nodiscard]] const char* cell_begin(std::size_t row, std::size_t col) const noexcept {
    return stops_[row * cols_ + col] + 1;
  }
  /// The delimiter or newline behind it. Those of the next row's cells stand `cols` further.
  [[nodiscard]] const char* const* cell_stop(std::size_t row, std::size_t col) const noexcept {
    return stops_.data() + row * cols_ + col + 1;
  }

 private:
  static constexpr std::size_t kCells = 2048;  // their text and the columns' lines stay in the first cache

  char delimiter_ = ',';
  std::size_t cols_ = 0;
  std::size_t most_rows_ = 0;
  std::vector<const char*> stops_;  // the first stands before the first cell
};

}  // namespace riskflag::inline v0_1::detail::csv
