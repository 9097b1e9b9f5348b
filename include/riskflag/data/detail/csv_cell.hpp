#pragma once

// One cell of CSV text: where it begins and ends, and what follows. Every reader of this room cuts text with read_cell,
// so they cannot disagree about the dialect.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <riskflag/data/detail/csv_scan.hpp>

namespace riskflag::inline v0_1::detail::csv {

struct Dialect {
  char delimiter = ',';
  bool collapse = false;  ///< delimiter is a run of spaces and tabs

  [[nodiscard]] constexpr bool is_blank(char c) const noexcept {
    return (c == ' ' || c == '\t') && (collapse || c != delimiter);
  }
};

enum class CellEnd : std::uint8_t {
  delimiter,    ///< another cell of the row follows
  row,          ///< the row ends here (LF, CRLF, or the end of the text)
  unclosed,     ///< the text ends inside quotes
  after_quote,  ///< something else than blanks follows a closing quote
};

struct Cell {
  const char* begin = nullptr;  ///< first byte: after the opening quote if there is one, without outer blanks if not
  const char* end = nullptr;
  const char* next = nullptr;  ///< after the delimiter or line end; at the offending byte for a problem
  CellEnd ending = CellEnd::row;
  bool quoted = false;
  bool escaped = false;  ///< quoted, with doubled quotes inside

  /// The cell's text; `scratch` holds it when doubled quotes must be undone.
  [[nodiscard]] std::string_view text(std::string& scratch) const {
    const std::string_view raw(begin, static_cast<std::size_t>(end - begin));
    if (!escaped) return raw;
    scratch.clear();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      scratch.push_back(raw[i]);
      if (raw[i] == '"') ++i;
    }
    return scratch;
  }
};

/// What stands behind the closing quote or the last blank of a cell.
inline void finish_cell(const char* p, const char* text_end, const Dialect& dialect, Cell& cell) noexcept {
  const char* after = p;
  while (dialect.is_blank(*after) && after < text_end) ++after;
  if (after >= text_end || *after == '\n') {
    cell.ending = CellEnd::row;
    cell.next = after < text_end ? after + 1 : text_end;
  } else if (*after == '\r' && (after + 1 >= text_end || after[1] == '\n')) {
    cell.ending = CellEnd::row;
    cell.next = after + 2 < text_end ? after + 2 : text_end;
  } else if (dialect.collapse && after > p) {
    cell.ending = CellEnd::delimiter;
    cell.next = after;
  } else if (!dialect.collapse && *after == dialect.delimiter) {
    cell.ending = CellEnd::delimiter;
    cell.next = after + 1;
  } else {
    cell.ending = CellEnd::after_quote;
    cell.next = after;
  }
}

/// Cuts the cell that starts at p <= end. [p, end) is text up to the end of some row, with a newline and kCsvPadding
/// readable bytes at `end`.
[[nodiscard]] inline Cell read_cell(const char* p, const char* end, const Dialect& dialect) noexcept {
  Cell cell;
  while (p < end && dialect.is_blank(*p)) ++p;
  if (p < end && *p == '"') {
    cell.quoted = true;
    cell.begin = ++p;
    for (;;) {
      const auto* quote =
          p < end ? static_cast<const char*>(std::memchr(p, '"', static_cast<std::size_t>(end - p))) : nullptr;
      if (quote == nullptr) {
        cell.end = end;
        cell.next = end;
        cell.ending = CellEnd::unclosed;
        return cell;
      }
      if (quote + 1 >= end || quote[1] != '"') {
        cell.end = quote;
        finish_cell(quote + 1, end, dialect, cell);
        return cell;
      }
      cell.escaped = true;
      p = quote + 2;
    }
  }
  cell.begin = p;
  const char* stop = p;
  if (dialect.collapse) {
    while (*stop != '\n' && *stop != ' ' && *stop != '\t') ++stop;
  } else {
    stop = find_either(p, dialect.delimiter, '\n');
  }
  if (stop > end) stop = end;
  const char* last = stop;
  if (stop == end || *stop == '\n') {
    cell.ending = CellEnd::row;
    cell.next = stop < end ? stop + 1 : end;
    if (last > p && last[-1] == '\r') --last;
  } else if (dialect.collapse) {
    // "a  \n": blanks at the end of a row are not one more cell.
    finish_cell(stop, end, dialect, cell);
    if (cell.ending == CellEnd::after_quote) cell.ending = CellEnd::delimiter;
  } else {
    cell.ending = CellEnd::delimiter;
    cell.next = stop + 1;
  }
  while (last > p && dialect.is_blank(last[-1])) --last;
  cell.end = last;
  return cell;
}

/// The first byte of the next line that is not blank, from the start p of a line; `end` when there is none. Blank lines
/// are not rows.
[[nodiscard]] inline const char* skip_blank_lines(const char* p, const char* end, const Dialect& dialect) noexcept {
  for (;;) {
    if (p >= end) return end;
    if (*p != '\n' && *p != '\r' && !dialect.is_blank(*p)) return p;
    const char* q = p;
    while (q < end && dialect.is_blank(*q)) ++q;
    if (q < end && *q == '\r' && (q + 1 == end || q[1] == '\n')) ++q;
    if (q < end && *q != '\n') return p;
    p = q < end ? q + 1 : end;
  }
}

}  // namespace riskflag::inline v0_1::detail::csv
