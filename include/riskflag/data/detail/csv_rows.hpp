#pragma once

// Definitions of CsvRows.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/detail/csv_head.hpp>

namespace riskflag::inline v0_1 {

struct CsvRows::State {
  ByteSource& source;
  detail::csv::Head head{};
  std::string buffer{};  // text [at, filled), then a newline and padding
  std::size_t at = 0, filled = 0;
  bool is_all = false;          // the source has ended
  std::uint64_t next_line = 1;  // physical line of the byte `at`
  std::uint64_t line = 0;
  std::string_view raw{};
  RowProblem problem{};
  detail::csv::RowCells row{};
  std::vector<std::string> scratch{};

  [[nodiscard]] const char* begin() const noexcept { return buffer.data() + at; }
  [[nodiscard]] const char* end() const noexcept { return buffer.data() + filled; }

  /// Reads more behind what is there, at least doubling it, so that a long row is cut a few times only.
  void read_more() {
    constexpr std::size_t kLeast = std::size_t{256} << 10;
    buffer.erase(0, at);
    filled -= at;
    at = 0;
    buffer.resize(filled + std::max(kLeast, filled));
    std::size_t room = buffer.size() - filled;
    while (room > 0 && !is_all) {
      const std::size_t got = source.read(buffer.data() + filled, room);
      is_all = got == 0;
      filled += got;
      room -= got;
      if (got > 0 && std::memchr(buffer.data() + filled - got, '\n', got) != nullptr) break;  // do not wait for a pipe
    }
    buffer.resize(filled);
    buffer.append(1, '\n').append(detail::csv::kCsvPadding, '\0');
  }

  void consume(const char* to) noexcept {
    const auto size = static_cast<std::size_t>(to - begin());
    next_line += detail::csv::count_newlines(begin(), size);
    at += size;
  }

  Next bad_row(std::string message) {
    problem = {line, std::move(message)};
    return Next::problem;
  }

  /// What is wrong with a whole row, if anything.
  [[nodiscard]] std::optional<std::string> find_problem() const {
    if (row.cells.size() != head.names.size()) {
      return detail::csv::ragged_text(row.cells.size(), head.names.size(), head.dialect);
    }
    const std::string_view text = raw;
    if (text.find('\0') != std::string_view::npos) return "a NUL byte; accepted is text in UTF-8";
    if (text.find('\r') == std::string_view::npos) return std::nullopt;
    for (const detail::csv::Cell& cell : row.cells) {
      const std::string_view inside(cell.begin, static_cast<std::size_t>(cell.end - cell.begin));
      if (!cell.quoted && inside.find('\r') != std::string_view::npos) {
        return "a carriage return without line feed; lines end in LF or CRLF, and a cell that holds one is quoted";
      }
    }
    return std::nullopt;
  }

  Next next(std::vector<std::string_view>& cells) {
    using detail::csv::CellEnd;
    for (;;) {
      consume(detail::csv::skip_blank_lines(begin(), end(), head.dialect));
      if (at < filled) {
        detail::csv::read_row(begin(), end(), head.dialect, row);
        if (is_all || detail::csv::is_complete(row, end())) break;
      } else if (is_all) {
        return Next::end;
      }
      read_more();
    }
    line = next_line;
    const detail::csv::Cell& last = row.cells.back();
    const char* row_end = last.next;
    if (!row.is_whole) {
      const std::string message = detail::csv::problem_text(last);
      if (last.ending == CellEnd::after_quote) {
        // The rest of the physical line belongs to the bad row.
        for (;;) {
          const auto offset = static_cast<std::size_t>(row_end - begin());
          const auto* newline =
              static_cast<const char*>(std::memchr(row_end, '\n', static_cast<std::size_t>(end() - row_end)));
          if (newline != nullptr || is_all) {
            row_end = newline != nullptr ? newline + 1 : end();
            break;
          }
          read_more();
          row_end = begin() + offset;
        }
      }
      set_raw(row_end);
      consume(row_end);
      return bad_row(message);
    }
    set_raw(row_end);
    if (auto message = find_problem()) {
      consume(row_end);
      return bad_row(std::move(*message));
    }
    cells.resize(row.cells.size());
    scratch.resize(row.cells.size());
    for (std::size_t j = 0; j < cells.size(); ++j) cells[j] = row.cells[j].text(scratch[j]);
    consume(row_end);
    return Next::row;
  }

  void set_raw(const char* row_end) noexcept {
    raw = {begin(), static_cast<std::size_t>(row_end - begin())};
    if (raw.ends_with('\n')) raw.remove_suffix(1);
    if (raw.ends_with('\r')) raw.remove_suffix(1);
  }
};

inline CsvRows::CsvRows(ByteSource& source, const CsvOptions& options) : state_(new State{source}) {
  // To tell the delimiter takes some rows, unless the text is shorter.
  const std::size_t least = options.delimiter == 0 && !options.collapse_blanks ? std::size_t{64} << 10 : 1;
  std::optional<detail::csv::Head> head;
  do {
    do state_->read_more();
    while (!state_->is_all && state_->filled < least);
    head = detail::csv::parse_head({state_->begin(), state_->filled}, state_->is_all, options, source.name());
  } while (!head);
  state_->head = std::move(*head);
  state_->consume(state_->begin() + state_->head.data_begin);
}
inline CsvRows::~CsvRows() = default;
inline const std::vector<std::string>& CsvRows::header() const noexcept { return state_->head.names; }
inline CsvRows::Next CsvRows::next(std::vector<std::string_view>& cells) { return state_->next(cells); }
inline std::uint64_t CsvRows::line() const noexcept { return state_->line; }
inline std::string_view CsvRows::raw() const noexcept { return state_->raw; }
inline const RowProblem& CsvRows::problem() const noexcept { return state_->problem; }

}  // namespace riskflag::inline v0_1
