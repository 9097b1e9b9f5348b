#pragma once

// Pass 2: cells of whole rows into the columns' own memory.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/data/detail/csv_head.hpp>
#include <riskflag/data/detail/csv_levels.hpp>
#include <riskflag/data/detail/csv_plan.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// A column as one worker sees it during one pass.
struct Slot {
  Mode mode = Mode::skip;
  bool must_compare = false;      ///< simple numbers may be missing tokens, or the rule is not the simple one
  double* numbers = nullptr;      ///< of row 0, as are codes and ends
  std::int32_t* codes = nullptr;  ///< codes or days
  std::uint64_t* ends = nullptr;
  char* bytes = nullptr;        ///< text_fill: all of the column's bytes
  std::uint64_t text_size = 0;  ///< text_measure: of this block so far; text_fill: offset of the next text
  std::size_t max_levels = 0;
  std::atomic<bool>* overflow = nullptr;
  const ColumnPlan* plan = nullptr;
  Levels levels;
  std::uint64_t missing_cells = 0;
  std::uint64_t bad_cells = 0;
};

/// One worker's memory, reused from block to block.
struct Worker {
  std::vector<Slot> slots;
  Buffer buffer;
  std::string scratch;
};

/// Parses regions. Const and shared by all workers; each call writes rows of its own.
class RegionParser {
 public:
  RegionParser(const Bytes& bytes, const Dialect& dialect, std::size_t cols)
      : bytes_(bytes), dialect_(dialect), cols_(cols) {}

  /// Parses the rows of [begin, end) into rows [row, row_limit); returns the row after the last.
  std::uint64_t parse(Worker& worker, std::uint64_t begin, std::uint64_t end, std::uint64_t row,
                      std::uint64_t row_limit) const {
    const char* const text = worker.buffer.fill(bytes_, begin, end);
    const char* const text_end = text + (end - begin);
    const bool skip_spaces = dialect_.is_blank(' ');
    const int delimiter = dialect_.collapse ? 256 : dialect_.delimiter;  // 256: no byte; runs of blanks go to read_cell
    for (const char* p = text; p < text_end;) {
      if (static_cast<unsigned char>(*p) <= ' ') {
        p = skip_blank_lines(p, text_end, dialect_);
        if (p >= text_end) break;
      }
      if (row >= row_limit) fail_changed();
      const char* const row_begin = p;
      for (std::size_t j = 0; j < cols_; ++j) {
        Slot& slot = worker.slots[j];
        const bool is_last = j + 1 == cols_;
        if (slot.mode == Mode::number && !slot.must_compare) {
          const char* q = p;
          while (skip_spaces && *q == ' ') ++q;
          const bool is_quoted = *q == '"';
          double value = 0;
          q = simple_number(q + (is_quoted ? 1 : 0), value);
          if (q != nullptr && is_quoted) q = *q == '"' ? q + 1 : nullptr;
          if (q != nullptr) {
            if (!is_last && *q == delimiter) {
              slot.numbers[row] = value;
              p = q + 1;
              continue;
            }
            if (is_last && (*q == '\n' || (*q == '\r' && q[1] == '\n'))) {
              slot.numbers[row] = value;
              p = std::min(q + (*q == '\n' ? 1 : 2), text_end);
              continue;
            }
          }
        }
        const Cell cell = read_cell(p, text_end, dialect_);
        const auto offset = begin + static_cast<std::uint64_t>(cell.begin - text);
        if (cell.ending != (is_last ? CellEnd::row : CellEnd::delimiter)) {
          fail_row(text, text_end, row_begin, begin);
        }
        p = cell.next;
        if (slot.mode != Mode::skip) take(slot, cell, row, offset, worker.scratch);
      }
      ++row;
    }
    return row;
  }

  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] const Dialect& dialect() const noexcept { return dialect_; }

 private:
  [[noreturn]] void fail_changed() const {
    fail(ErrorCode::io, bytes_.name(), "the file changed while it was read; read it when nobody writes it");
  }

  /// Says what is wrong with the row at row_begin.
  [[noreturn]] void fail_row(const char* text, const char* text_end, const char* row_begin, std::uint64_t begin) const {
    RowCells row;
    read_row(row_begin, text_end, dialect_, row);
    const auto where = [&](const char* at) { return bytes_.where(begin + static_cast<std::uint64_t>(at - text)); };
    const Cell& last = row.cells.back();
    if (!row.is_whole) {
      const bool unclosed = last.ending == CellEnd::unclosed;
      fail(ErrorCode::parse, where(unclosed ? last.begin - 1 : last.next), problem_text(last));
    }
    fail(ErrorCode::parse, where(row_begin), ragged_text(row.cells.size(), cols_, dialect_));
  }

  void check_text(std::string_view text, const Cell& cell, const Slot& slot, std::uint64_t offset) const {
    const auto nul = text.find('\0');
    if (nul != std::string_view::npos) {
      fail(ErrorCode::parse, bytes_.where(offset),
           "column " + quoted(slot.plan->name) +
               ": a NUL byte; accepted is text in UTF-8 (is this a binary file, or UTF-16?)");
    }
    if (!cell.quoted && text.find('\r') != std::string_view::npos) {
      fail(ErrorCode::parse, bytes_.where(offset),
           "column " + quoted(slot.plan->name) +
               ": a carriage return without line feed; lines end in LF or CRLF, and a cell "
               "that holds one is quoted");
    }
  }

  void bad_cell(Slot& slot, std::string_view text, const Cell& cell, std::uint64_t offset) const {
    check_text(text, cell, slot, offset);
    if (slot.plan->forced) fail(ErrorCode::schema_mismatch, bytes_.where(offset), slot.plan->problem(text));
    ++slot.bad_cells;
  }

  void take(Slot& slot, const Cell& cell, std::uint64_t row, std::uint64_t offset, std::string& scratch) const {
    const ColumnPlan& plan = *slot.plan;
    const std::string_view text = cell.text(scratch);
    if (slot.mode == Mode::category) {
      const std::size_t known = slot.levels.size();
      const std::int32_t code =
          cell.escaped ? slot.levels.code(text, slot.max_levels) : slot.levels.code_in_buffer(text, slot.max_levels);
      if (slot.levels.size() != known || code == Levels::kFull) check_text(text, cell, slot, offset);
      if (code == Levels::kFull) {
        slot.overflow->store(true, std::memory_order_relaxed);
        slot.mode = Mode::skip;
        return;
      }
      slot.codes[row] = code;
      if (code == kMissingCode) ++slot.missing_cells;
      return;
    }
    std::optional<double> number;
    // Most numbers that are not simple have many digits; no need to ask the tokens first when none looks like one.
    if (slot.mode == Mode::number && !plan.numeric_tokens) number = number_cell(text, plan.rule());
    const bool missing = !number && plan.is_missing_text(text);
    if (missing) ++slot.missing_cells;
    switch (slot.mode) {
      case Mode::skip:
      case Mode::category: break;
      case Mode::number:
        if (!missing && plan.numeric_tokens) number = number_cell(text, plan.rule());
        if (!missing && !number) bad_cell(slot, text, cell, offset);
        slot.numbers[row] = number.value_or(kMissing);
        break;
      case Mode::date: {
        const auto days = missing ? std::nullopt : parse_date(text, plan.date_format);
        if (!missing && !days) bad_cell(slot, text, cell, offset);
        slot.codes[row] = days.value_or(kMissingDate);
        break;
      }
      case Mode::text_measure:
        if (missing) break;
        check_text(text, cell, slot, offset);
        slot.text_size += text.size();
        if (!number_cell(text, NumberRule::inferred)) ++slot.bad_cells;
        break;
      case Mode::text_fill:
        if (!missing) {
          std::memcpy(slot.bytes + slot.text_size, text.data(), text.size());
          slot.text_size += text.size();
        }
        slot.ends[row] = slot.text_size | (missing ? TextPool::kMissingBit : 0);
        break;
    }
  }

  const Bytes& bytes_;
  Dialect dialect_;
  std::size_t cols_;
};

}  // namespace riskflag::inline v0_1::detail::csv
