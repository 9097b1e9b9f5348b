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
        if (slot.look != Look::none) {
          const char* const next =
              slot.look == Look::code ? short_level(slot, p, is_last, row) : simple_cell(slot, p, is_last, row);
          if (next != nullptr) {
            p = std::min(next, text_end);
            continue;
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
  /// The byte behind the cell that ends at p, blanks not looked for; nullptr when it does not end there. Runs of blanks
  /// are no delimiter byte: they are left to read_cell.
  [[nodiscard]] const char* behind(const char* p, bool is_last) const noexcept {
    if (!is_last) return *p == dialect_.delimiter && !dialect_.collapse ? p + 1 : nullptr;
    if (*p == '\n') return p + 1;
    return *p == '\r' && p[1] == '\n' ? p + 2 : nullptr;
  }

  /// Takes the cell at p when it is a simple number: the byte behind its delimiter or line end, else nullptr.
  [[nodiscard]] const char* simple_cell(Slot& slot, const char* p, bool is_last, std::uint64_t row) const noexcept {
    while (*p == ' ' && dialect_.is_blank(' ')) ++p;
    const bool is_quoted = *p == '"';
    if (is_quoted) ++p;
    double value = 0;
    const char* q = slot.look == Look::number ? short_number(p, value) : nullptr;
    if (q == nullptr || (is_quoted ? *q != '"' : behind(q, is_last) == nullptr)) {
      q = simple_number(p, value);
      // What kind the column's next number will be, this one tells best.
      slot.look = q != nullptr && q - p > 16 ? Look::long_number : Look::number;
      if (q == nullptr || (is_quoted && *q != '"')) return nullptr;
    }
    if (is_quoted) ++q;
    q = behind(q, is_last);
    if (q != nullptr) slot.numbers[row] = value;
    return q;
  }

  /// Takes the cell at p when it is a level known already, short and without blanks around it.
  [[nodiscard]] const char* short_level(Slot& slot, const char* p, bool is_last, std::uint64_t row) const noexcept {
    if (dialect_.collapse) return nullptr;
    const bool is_quoted = *p == '"';
    if (is_quoted) ++p;
    const char stop = is_quoted ? '"' : is_last ? '\n' : dialect_.delimiter;
    const std::uint32_t stops = match16(p, stop, is_quoted ? '"' : '\n');
    if (stops == 0) return nullptr;
    auto size = static_cast<unsigned>(std::countr_zero(stops));
    const char* const next = behind(p + size + (is_quoted ? 1 : 0), is_last);
    if (next == nullptr) return nullptr;
    if (!is_quoted && size > 0) {
      if (is_last && p[size - 1] == '\r') --size;
      if (dialect_.is_blank(*p) || (size > 0 && dialect_.is_blank(p[size - 1]))) return nullptr;
    }
    const std::int32_t code = slot.levels.known_code(LevelKey::of_short(p, size));
    if (code == Levels::kUnknown) return nullptr;
    slot.codes[row] = code;
    slot.missing_cells += code == kMissingCode ? 1 : 0;
    return next;
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
        slot.look = Look::none;
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
