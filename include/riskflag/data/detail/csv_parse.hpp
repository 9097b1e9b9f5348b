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
#include <riskflag/data/detail/csv_head.hpp>
#include <riskflag/data/detail/csv_levels.hpp>
#include <riskflag/data/detail/csv_plan.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// The quick way that most cells of a column take; what it does not know goes through read_cell.
enum class Look : std::uint8_t {
  none,
  number,       ///< short_number, as most of the column's numbers are short
  long_number,  ///< simple_number
  code,         ///< a level that is known and short
  cut,          ///< nothing is wanted
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
    const bool has_stops = !dialect_.collapse;  // a run of blanks is no byte to stop at: read_cell cuts all
    Stops stops(dialect_.delimiter, text);
    for (const char* p = text; p < text_end;) {
      if (static_cast<unsigned char>(*p) <= ' ') {
        p = skip_blank_lines(p, text_end, dialect_);
        if (p >= text_end) break;
        if (has_stops) stops.move_to(p);
      }
      if (row >= row_limit) fail_changed();
      const char* const row_begin = p;
      for (std::size_t j = 0; j < cols_; ++j) {
        Slot& slot = worker.slots[j];
        const bool is_last = j + 1 == cols_;
        if (has_stops) {
          const char* const stop = stops.next();
          if ((*stop == '\n') == is_last &&
              look(slot, p, is_last && stop > p && stop[-1] == '\r' ? stop - 1 : stop, row)) {
            stops.pass();
            p = stop + 1;
            continue;
          }
        }
        const Cell cell = read_cell(p, text_end, dialect_);
        const auto offset = begin + static_cast<std::uint64_t>(cell.begin - text);
        if (cell.ending != (is_last ? CellEnd::row : CellEnd::delimiter)) {
          fail_row(text, text_end, row_begin, begin);
        }
        p = cell.next;
        if (has_stops) stops.move_to(p);
        if (slot.mode != Mode::skip) take(slot, cell, row, offset, worker.scratch);
      }
      ++row;
    }
    return row;
  }

  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] const Dialect& dialect() const noexcept { return dialect_; }

 private:
  /// Takes the cell [p, end) when the column's quick way understands all of it; else false, and nothing is done.
  [[nodiscard]] bool look(Slot& slot, const char* p, const char* end, std::uint64_t row) const noexcept {
    switch (slot.look) {
      case Look::none: return false;
      case Look::cut: return *p != '"' && !dialect_.is_blank(*p);
      case Look::code: return look_up(slot, p, end, row);
      case Look::number:
      case Look::long_number: break;
    }
    while (*p == ' ' && dialect_.is_blank(' ')) ++p;
    if (*p == '"' && end > p + 1 && end[-1] == '"') {
      ++p;
      --end;
    }
    double value = 0;
    if (slot.look == Look::long_number || short_number(p, value) != end) {
      // What kind the column's next number will be, this one tells best.
      slot.look = end - p > 16 ? Look::long_number : Look::number;
      if (simple_number(p, value) != end) return false;
    }
    slot.numbers[row] = value;
    return true;
  }

  /// The same for a category: the text is a level known already, short and without blanks around it.
  [[nodiscard]] bool look_up(Slot& slot, const char* p, const char* end, std::uint64_t row) const noexcept {
    auto size = static_cast<std::size_t>(end - p);
    if (*p == '"') {
      if (size < 2 || size > LevelKey::kShort + 2 || end[-1] != '"') return false;
      ++p;
      size -= 2;
      if ((match16(p, '"', '"') & ((1U << size) - 1)) != 0) return false;
    } else {
      if (size > LevelKey::kShort) return false;
      if (size > 0 && (dialect_.is_blank(*p) || dialect_.is_blank(end[-1]))) return false;
    }
    const std::int32_t code = slot.levels.known_code(LevelKey::of_short(p, size));
    if (code == Levels::kUnknown) return false;
    slot.codes[row] = code;
    slot.missing_cells += code == kMissingCode ? 1 : 0;
    return true;
  }

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
