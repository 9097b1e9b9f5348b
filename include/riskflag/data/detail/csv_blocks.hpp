#pragma once

// Pass 1: where rows start. Blocks are scanned in parallel without knowing whether they start inside quotes, for both
// cases at once (Ge et al., "Speculative distributed CSV data parsing for big data analytics", SIGMOD 2019), then
// resolved front to back. A quote that does not open a cell shows that counting quotes is not enough for this file;
// then one exact scan front to back decides.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <riskflag/core/parallel.hpp>
#include <riskflag/data/detail/csv_bytes.hpp>
#include <riskflag/data/detail/csv_cell.hpp>

namespace riskflag::inline v0_1::detail::csv {

inline constexpr std::uint64_t kNowhere = UINT64_MAX;

/// Rows that one task parses: whole rows in [begin, end), at most `rows` of them.
struct Region {
  std::uint64_t begin = 0, end = 0;
  std::uint64_t rows = 0;
};

struct RowMap {
  std::vector<Region> regions;
  std::uint64_t unclosed_quote = kNowhere;  ///< offset of the quote that is still open at the end of the text
};

/// What one block says, assuming that it starts outside [0] or inside [1] quotes.
struct BlockScan {
  std::array<std::uint64_t, 2> row_ends{};                            ///< newlines outside quotes
  std::array<std::uint64_t, 2> first_row_end = {kNowhere, kNowhere};  ///< offset behind the first of them
  std::array<bool, 2> irregular{};                                    ///< some opening quote does not open a cell
  bool odd_quotes = false;
};

/// True when the quote at text[at] stands where a cell may start; `first` is the first byte that can be looked at.
[[nodiscard]] inline bool opens_cell(const char* first, const char* quote, const Dialect& dialect) noexcept {
  while (quote > first) {
    const char before = *--quote;
    if (before == '\n' || before == '"') return true;
    if (!dialect.collapse && before == dialect.delimiter) return true;
    if (dialect.is_blank(before)) {
      if (dialect.collapse) return true;
      continue;
    }
    return false;
  }
  return false;
}

/// Scans [p, p + size), which stands at `offset` in the file, with one byte before it unless it starts the data.
[[nodiscard]] inline BlockScan scan_block(const char* p, std::size_t size, std::uint64_t offset, bool starts_data,
                                          const Dialect& dialect) noexcept {
  BlockScan scan;
  std::uint64_t inside = 0;  // all ones while inside quotes, for a block that starts outside
  for (std::size_t at = 0; at < size; at += 64) {
    std::uint64_t newlines = match64(p + at, '\n');
    std::uint64_t quotes = match64(p + at, '"');
    if (size - at < 64) {
      const std::uint64_t valid = (std::uint64_t{1} << (size - at)) - 1;
      newlines &= valid;
      quotes &= valid;
    }
    std::uint64_t quoted = inside;
    if (quotes != 0) {
      std::uint64_t prefix = quotes;  // bit i: an odd number of quotes in bits 0 to i
      for (int shift = 1; shift < 64; shift *= 2) prefix ^= prefix << shift;
      quoted ^= prefix;
      // Quotes right behind a delimiter, line end or quote are regular; the others are looked at one by one.
      const char* const first = starts_data ? p : p - 1;
      std::uint64_t before = match64(p + at, '\n') | quotes;
      if (!dialect.collapse) before |= match64(p + at, dialect.delimiter);
      for (std::uint64_t rest = quotes & ~(before << 1); rest != 0; rest &= rest - 1) {
        const auto bit = static_cast<unsigned>(std::countr_zero(rest));
        const bool opens = ((quoted >> bit) & 1) != 0;
        const char* const quote = p + at + bit;
        if (!(starts_data && quote == p) && !opens_cell(first, quote, dialect)) scan.irregular[opens ? 0 : 1] = true;
      }
      inside = (quoted >> 63) != 0 ? ~std::uint64_t{0} : 0;
    }
    if (newlines == 0) continue;
    const std::array<std::uint64_t, 2> ends = {newlines & ~quoted, newlines & quoted};
    for (std::size_t start = 0; start < 2; ++start) {
      if (ends[start] == 0) continue;
      scan.row_ends[start] += count_bits(ends[start]);
      if (scan.first_row_end[start] == kNowhere) {
        scan.first_row_end[start] = offset + at + static_cast<unsigned>(std::countr_zero(ends[start])) + 1;
      }
    }
  }
  scan.odd_quotes = inside != 0;
  return scan;
}

/// The exact scan: knows at every byte whether a quote may open a cell. Feed it the data front to back.
class ExactScan {
 public:
  explicit ExactScan(const Dialect& dialect) noexcept : dialect_(dialect) {}

  /// As if the block were known to start as it does: fills `row_ends[0]`, `first_row_end[0]`.
  [[nodiscard]] BlockScan scan(const char* p, std::size_t size, std::uint64_t offset) noexcept {
    BlockScan out;
    for (std::size_t i = 0; i < size; ++i) {
      const char c = p[i];
      switch (state_) {
        case State::inside:
          if (c == '"') state_ = State::quote_seen;
          continue;
        case State::quote_seen:
          if (c == '"') {
            state_ = State::inside;
            continue;
          }
          state_ = State::cell;
          break;
        case State::cell_start:
          if (c == '"') {
            state_ = State::inside;
            opened_ = offset + i;
            continue;
          }
          if (dialect_.is_blank(c)) continue;
          state_ = State::cell;
          break;
        case State::cell: break;
      }
      if (c == '\n') {
        state_ = State::cell_start;
        if (++out.row_ends[0] == 1) out.first_row_end[0] = offset + i + 1;
      } else if (dialect_.collapse ? dialect_.is_blank(c) : c == dialect_.delimiter) {
        state_ = State::cell_start;
      }
    }
    return out;
  }
  /// Offset of the quote that is open now, or kNowhere.
  [[nodiscard]] std::uint64_t open_quote() const noexcept { return state_ == State::inside ? opened_ : kNowhere; }

 private:
  enum class State { cell_start, cell, inside, quote_seen };
  Dialect dialect_;
  State state_ = State::cell_start;
  std::uint64_t opened_ = kNowhere;
};

/// Rows of [data_begin, bytes.size()), cut into regions of about `block_bytes`. `poll` is called before each block.
template <class Poll>
[[nodiscard]] RowMap map_rows(const Bytes& bytes, std::uint64_t data_begin, const Dialect& dialect,
                              std::size_t block_bytes, Executor& executor, const Poll& poll) {
  const std::uint64_t size = bytes.size() - data_begin;
  const auto blocks = static_cast<std::size_t>((size + block_bytes - 1) / block_bytes);
  const auto begin_of = [&](std::size_t block) { return data_begin + block * block_bytes; };
  const auto end_of = [&](std::size_t block) { return std::min(begin_of(block) + block_bytes, bytes.size()); };
  std::vector<BlockScan> scans(blocks);
  std::vector<Buffer> buffers(executor.concurrency());
  executor.run(blocks, [&](std::size_t block, unsigned worker) {
    poll();
    const std::size_t before = block == 0 ? 0 : 1;
    const char* text = buffers[worker].fill(bytes, begin_of(block) - before, end_of(block));
    scans[block] = scan_block(text + before, static_cast<std::size_t>(end_of(block) - begin_of(block)), begin_of(block),
                              block == 0, dialect);
  });
  // Resolve: each block starts as the one before it ended.
  std::size_t inside = 0;
  bool regular = true;
  for (BlockScan& scan : scans) {
    if (scan.irregular[inside]) regular = false;
    const std::size_t start = inside;
    if (scan.odd_quotes) inside ^= 1;
    scan.row_ends[0] = scan.row_ends[start];
    scan.first_row_end[0] = scan.first_row_end[start];
  }
  RowMap map;
  if (!regular || inside != 0) {
    ExactScan exact(dialect);
    for (std::size_t block = 0; block < blocks; ++block) {
      poll();
      const char* text = buffers[0].fill(bytes, begin_of(block), end_of(block));
      scans[block] = exact.scan(text, static_cast<std::size_t>(end_of(block) - begin_of(block)), begin_of(block));
    }
    map.unclosed_quote = exact.open_quote();
  }
  // A row belongs to the block with the line end before it; the first row to the first region.
  std::uint64_t begin = data_begin;
  std::uint64_t rows = 1;
  bool first = true;
  for (const BlockScan& scan : scans) {
    if (scan.row_ends[0] == 0) continue;
    if (!first) {
      map.regions.push_back({begin, scan.first_row_end[0], rows});
      begin = scan.first_row_end[0];
      rows = 0;
    }
    first = false;
    rows += scan.row_ends[0];
  }
  if (begin < bytes.size()) map.regions.push_back({begin, bytes.size(), rows});
  return map;
}

}  // namespace riskflag::inline v0_1::detail::csv
