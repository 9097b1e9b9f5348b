#pragma once

// Pass 2: cells of whole rows into the columns' own memory.

#include <algorithm>
#include <atomic>
#include <bit>
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
#include <riskflag/data/detail/csv_cut.hpp>
#include <riskflag/data/detail/csv_head.hpp>
#include <riskflag/data/detail/csv_levels.hpp>
#include <riskflag/data/detail/csv_plan.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// The quick way that most cells of a column take; what it does not know goes through read_cell.
enum class Look : std::uint8_t {
  none,
  number,
  code,  ///< a level that is known and short
  cut,   ///< nothing is wanted
};

/// A column as one worker sees it during one pass.
struct Slot {
  Mode mode = Mode::skip;
  Look look = Look::none;
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
  RowCutter cutter;
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
    const Part part{text, text + (end - begin), begin};
    for (const char* p = text; p < part.end;) {
      if (static_cast<unsigned char>(*p) <= ' ') {
        p = skip_blank_lines(p, part.end, dialect_);
        if (p >= part.end) break;
      }
      if (row >= row_limit) fail_changed();
      // A run of blanks is no byte to stop at: read_cell cuts all.
      std::size_t rows = dialect_.collapse ? 0 : worker.cutter.cut(p, part.end);
      if (rows == 0) {
        p = take_row(worker, part, p, row++);
        continue;
      }
      if (rows > row_limit - row) rows = static_cast<std::size_t>(row_limit - row);
      take_rows(worker, part, rows, row);
      p = *worker.cutter.cell_stop(rows - 1, cols_ - 1) + 1;
      row += rows;
    }
    return row;
  }

  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] const Dialect& dialect() const noexcept { return dialect_; }

 private:
  /// The text of one call.
  struct Part {
    const char* text = nullptr;
    const char* end = nullptr;
    std::uint64_t begin = 0;  // offset of the text in the file

    [[nodiscard]] std::uint64_t offset(const char* at) const noexcept {
      return begin + static_cast<std::uint64_t>(at - text);
    }
  };

  /// One row at p, cell by cell; returns what is behind it.
  const char* take_row(Worker& worker, const Part& part, const char* p, std::uint64_t row) const {
    const char* const row_begin = p;
    for (std::size_t j = 0; j < cols_; ++j) {
      const Cell cell = read_cell(p, part.end, dialect_);
      if (cell.ending != (j + 1 == cols_ ? CellEnd::row : CellEnd::delimiter)) fail_row(part, row_begin);
      p = cell.next;
      take(worker.slots[j], cell, row, part.offset(cell.begin), worker.scratch);
    }
    return p;
  }

  /// The rows that were cut, column by column. The first of several wrong cells is the one that a reader of the text
  /// meets first.
  void take_rows(Worker& worker, const Part& part, std::size_t rows, std::uint64_t row) const {
    try {
      for (std::size_t j = 0; j < cols_; ++j) take_column(worker, part, j, rows, row);
    } catch (const Error&) {
      // Their room is full already: the cells are only cut again.
      for (Slot& slot : worker.slots) {
        if (slot.mode == Mode::text_fill) slot.mode = Mode::skip;
      }
      for (std::size_t i = 0; i < rows; ++i) take_row(worker, part, worker.cutter.cell_begin(i, 0), row + i);
      throw;
    }
  }

  void take_column(Worker& worker, const Part& part, std::size_t j, std::size_t rows, std::uint64_t row) const {
    const RowCutter& cutter = worker.cutter;
    Slot& slot = worker.slots[j];
    const bool is_last = j + 1 == cols_;
    for (std::size_t i = 0; i < rows; ++i) {
      i = is_last ? look<true>(slot, cutter, j, i, rows, row) : look<false>(slot, cutter, j, i, rows, row);
      if (i == rows) break;
      const Cell cell = read_cell(cutter.cell_begin(i, j), part.end, dialect_);
      if (cell.ending != (is_last ? CellEnd::row : CellEnd::delimiter)) fail_row(part, cutter.cell_begin(i, 0));
      take(slot, cell, row + i, part.offset(cell.begin), worker.scratch);
    }
  }

  /// Takes the cells of column j from row i on that the column's quick way understands all of; returns the first row
  /// that it does not, with which nothing is done.
  template <bool is_last>
  [[nodiscard]] std::size_t look(Slot& slot, const RowCutter& cutter, std::size_t j, std::size_t i, std::size_t rows,
                                 std::uint64_t row) const noexcept {
    const auto each = [&](const auto& takes) {
      const std::size_t cols = cols_;
      for (const char* const* stop = cutter.cell_stop(i, j); i < rows; ++i, stop += cols) {
        const char* const begin = stop[-1] + 1;
        const char* end = *stop;
        if (is_last && end > begin && end[-1] == '\r') --end;
        if (!takes(begin, end, row + i)) break;
      }
      return i;
    };
    switch (slot.look) {
      case Look::none: break;
      case Look::number: {
        double* const numbers = slot.numbers;
        return each(
            [&](const char* p, const char* end, std::uint64_t at) { return look_at_number(p, end, numbers[at]); });
      }
      case Look::code: {
        const Levels::Finder known(slot.levels);
        std::int32_t* const codes = slot.codes;
        std::uint64_t missing = 0;
        i = each([&](const char* p, const char* end, std::uint64_t at) {
          const std::int32_t code = look_up(known, p, end);
          if (code == Levels::kUnknown) return false;
          codes[at] = code;
          missing += code == kMissingCode ? 1 : 0;
          return true;
        });
        slot.missing_cells += missing;
        return i;
      }
      case Look::cut:
        return each([&](const char* p, const char*, std::uint64_t) { return *p != '"' && !dialect_.is_blank(*p); });
    }
    return i;
  }

  /// The number [p, end) when a quick way understands all of it; else false, and nothing is done.
  [[nodiscard]] bool look_at_number(const char* p, const char* end, double& out) const noexcept {
    if (*p == '"') {
      if (end - p < 2 || end[-1] != '"' || p[1] == ' ') return false;  // blanks inside quotes are the cell's
      ++p;
      --end;
    }
    return tiny_number(p, end, out) || look_at_long_number(p, end, out);
  }
  [[nodiscard]] bool look_at_long_number(const char* p, const char* end, double& out) const noexcept {
    while (*p == ' ' && dialect_.is_blank(' ')) ++p;
    return (end - p > 17 ? long_number(p, end, out) : short_number(p, end, out) || long_number(p, end, out)) ||
           simple_number(p, out) == end;
  }

  /// The code of a category's cell [p, end): a level or missing token that is known already and short; else
  /// kUnknown. Blanks around it are part of no bare level, so nobody looks for them.
  [[nodiscard]] static std::int32_t look_up(const Levels::Finder& known, const char* p, const char* end) noexcept {
    auto size = static_cast<std::size_t>(end - p);
    if (*p != '"') return size > LevelKey::kShort ? Levels::kUnknown : known.bare_code(LevelKey::of_short(p, size));
    if (size < 2 || size > LevelKey::kShort + 2 || end[-1] != '"') return Levels::kUnknown;
    ++p;
    size -= 2;
    if ((match16(p, '"', '"') & ((1U << size) - 1)) != 0) return Levels::kUnknown;
    return known.code(LevelKey::of_short(p, size));
  }

  [[noreturn]] void fail_changed() const {
    fail(ErrorCode::io, bytes_.name(), "the file changed while it was read; read it when nobody writes it");
  }

  /// Says what is wrong with the row at row_begin.
  [[noreturn]] void fail_row(const Part& part, const char* row_begin) const {
    RowCells row;
    read_row(row_begin, part.end, dialect_, row);
    const auto where = [&](const char* at) { return bytes_.where(part.offset(at)); };
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
    if (slot.mode == Mode::skip) return;
    const ColumnPlan& plan = *slot.plan;
    const std::string_view text = cell.text(scratch);
    if (slot.mode == Mode::category) {
      const std::size_t known = slot.levels.size();
      const std::int32_t code = slot.levels.code(text, slot.max_levels);
      if (slot.levels.size() != known || code == Levels::kFull) check_text(text, cell, slot, offset);
      if (code == Levels::kFull) {
        slot.overflow->store(true, std::memory_order_relaxed);
        slot.mode = Mode::skip;
        slot.look = Look::cut;
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
