#pragma once

// What stands before the rows: byte order mark, skipped lines, the delimiter, the header.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/detail/csv_cell.hpp>

namespace riskflag::inline v0_1::detail::csv {

struct Head {
  Dialect dialect;
  std::vector<std::string> names;
  std::size_t data_begin = 0;  ///< offset of the first line after the header
};

/// "','", "a tab", "blanks": for messages.
[[nodiscard]] inline std::string delimiter_text(const Dialect& dialect) {
  if (dialect.collapse) return "blanks";
  if (dialect.delimiter == '\t') return "a tab";
  if (dialect.delimiter == ' ') return "a space";
  if (dialect.delimiter > ' ' && dialect.delimiter < '\x7f') return "'" + std::string(1, dialect.delimiter) + "'";
  return quoted(std::string_view(&dialect.delimiter, 1));
}

[[nodiscard]] inline std::string problem_text(const Cell& cell) {
  if (cell.ending == CellEnd::unclosed)
    return "a quote that opens here is never closed; write a quote inside a cell as \"\"";
  return std::string("after a closing quote stands ") + quoted(std::string_view(cell.next, 1)) +
         "; a quoted cell ends at its quote, and a quote inside it is written \"\"";
}

/// "3 cells, the header has 4; ...": what is wrong with a row of `cells` cells among rows of `cols`.
[[nodiscard]] inline std::string ragged_text(std::size_t cells, std::size_t cols, const Dialect& dialect) {
  return "the row has " + std::to_string(cells) + (cells == 1 ? " cell" : " cells") + ", the first one has " +
         std::to_string(cols) + "; every row needs " + std::to_string(cols) + " (cells are separated by " +
         delimiter_text(dialect) + "; quote a cell that contains it)";
}

/// The row's cells; a problem of the last one is left in `problem`. [p, end) as for read_cell.
struct RowCells {
  std::vector<Cell> cells;
  bool is_whole = true;
};
inline void read_row(const char* p, const char* end, const Dialect& dialect, RowCells& row) {
  row.cells.clear();
  for (;;) {
    row.cells.push_back(read_cell(p, end, dialect));
    const Cell& cell = row.cells.back();
    p = cell.next;
    if (cell.ending == CellEnd::delimiter) continue;
    row.is_whole = cell.ending == CellEnd::row;
    return;
  }
}

/// False when the row may go on behind the end of what is there.
[[nodiscard]] inline bool is_complete(const RowCells& row, const char* end) noexcept {
  const Cell& last = row.cells.back();
  return last.next < end || (last.ending == CellEnd::row && end[-1] == '\n');
}

/// The delimiter that cuts the first rows of [p, end) alike; a comma when none does. Unless the text `is_all`, a row
/// that reaches its end may go on, and is left out.
[[nodiscard]] inline Dialect find_dialect(const char* p, const char* end, bool is_all) {
  constexpr std::size_t kRows = 20;
  constexpr std::array<Dialect, 5> kCandidates = {Dialect{',', false}, Dialect{'\t', false}, Dialect{';', false},
                                                  Dialect{'|', false}, Dialect{' ', true}};
  Dialect best, widest;
  std::size_t best_cells = 1, widest_cells = 1;
  RowCells row;
  for (const Dialect& dialect : kCandidates) {
    if (dialect.collapse && widest_cells > 1) break;  // blanks separate words inside cells too: the last resort
    std::size_t rows = 0, cells = 0;
    bool alike = true;
    const char* at = p;
    while (rows < kRows) {
      at = skip_blank_lines(at, end, dialect);
      if (at >= end) break;
      read_row(at, end, dialect, row);
      if (!row.is_whole || (!is_all && !is_complete(row, end))) break;
      if (rows == 0) cells = row.cells.size();
      alike = alike && row.cells.size() == cells;
      ++rows;
      at = row.cells.back().next;
    }
    if (rows == 0) continue;
    if (alike && cells > best_cells) {
      best = dialect;
      best_cells = cells;
    }
    if (!dialect.collapse && cells > widest_cells) {
      widest = dialect;
      widest_cells = cells;
    }
  }
  return best_cells > 1 ? best : widest;
}

inline void check_name(const std::string& name, bool is_quoted, const std::string& where) {
  if (name.find('\0') != std::string::npos) {
    fail(ErrorCode::parse, where,
         "a NUL byte in the header; accepted is text in UTF-8 (is this a binary file, or UTF-16?)");
  }
  if (!is_quoted && name.find('\r') != std::string::npos) {
    fail(ErrorCode::parse, where, "a carriage return without line feed; lines end in LF or CRLF");
  }
}

/// Letters, digits, points and signs spell numbers and names; quotes and line ends have their own meaning.
[[nodiscard]] constexpr bool may_delimit(char c) noexcept {
  const char lower = static_cast<char>(c | 0x20);
  return !(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '+' && c != '-' && c != '"' &&
         c != '\n' && c != '\r';
}

[[noreturn]] inline void fail_delimiter(char c, const std::string& where) {
  fail(ErrorCode::invalid_option, where,
       quoted(std::string_view(&c, 1)) +
           " cannot separate cells; accepted is any byte but a letter, digit, point, sign, quote or line end");
}

/// Reads the head of a text of which `text` is the beginning (all of it when `is_all`); nullopt when more bytes are
/// needed. A newline and kCsvPadding readable bytes stand behind it.
[[nodiscard]] inline std::optional<Head> parse_head(std::string_view text, bool is_all, const CsvOptions& options,
                                                    const std::string& name) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin;
  const auto where = [&](const char* at) {
    return name + ":" + std::to_string(1 + count_newlines(begin, static_cast<std::size_t>(at - begin)));
  };
  if (text.starts_with("\xEF\xBB\xBF")) p += 3;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    fail(ErrorCode::parse, where(p), "the text is UTF-16; save it as UTF-8");
  }
  for (std::size_t i = 0; i < options.skip_rows; ++i) {
    const auto line = std::string_view(p, static_cast<std::size_t>(end - p)).find('\n');
    if (line == std::string_view::npos) {
      if (!is_all) return std::nullopt;
      p = end;
      break;
    }
    p += line + 1;
  }
  Head head;
  if (!may_delimit(options.delimiter)) fail_delimiter(options.delimiter, name);
  head.dialect = {options.delimiter == 0 ? ',' : options.delimiter, options.collapse_blanks};
  if (options.delimiter == 0 && !options.collapse_blanks) head.dialect = find_dialect(p, end, is_all);
  p = skip_blank_lines(p, end, head.dialect);
  if (p >= end) {
    if (!is_all) return std::nullopt;
    fail(ErrorCode::parse, where(p),
         text.empty() ? "the file is empty; accepted is CSV text with a header and rows"
                      : "there are no rows; accepted is CSV text with a header and rows");
  }
  RowCells row;
  read_row(p, end, head.dialect, row);
  const Cell& last = row.cells.back();
  if (!is_all && !is_complete(row, end)) return std::nullopt;
  if (!row.is_whole)
    fail(ErrorCode::parse, where(last.ending == CellEnd::unclosed ? last.begin - 1 : last.next), problem_text(last));
  if (!options.header) {
    for (std::size_t j = 0; j < row.cells.size(); ++j) head.names.push_back("c" + std::to_string(j));
    head.data_begin = static_cast<std::size_t>(p - begin);
    return head;
  }
  std::unordered_map<std::string, std::size_t> seen;
  std::string scratch;
  for (std::size_t j = 0; j < row.cells.size(); ++j) {
    std::string column(row.cells[j].text(scratch));
    check_name(column, row.cells[j].quoted, where(row.cells[j].begin));
    if (column.empty()) column = "c" + std::to_string(j);
    const auto [at, is_new] = seen.emplace(column, j);
    if (!is_new) {
      fail(ErrorCode::invalid_data, where(p),
           "columns " + std::to_string(at->second + 1) + " and " + std::to_string(j + 1) + " are both named " +
               quoted(column) + "; names are unique");
    }
    head.names.push_back(std::move(column));
  }
  head.data_begin = static_cast<std::size_t>(last.next - begin);
  return head;
}

}  // namespace riskflag::inline v0_1::detail::csv

namespace riskflag::inline v0_1 {

inline void set_delimiter(CsvOptions& options, std::string_view text, const std::string& where) {
  options.collapse_blanks = text == "space";
  if (text == "auto") {
    options.delimiter = 0;
  } else if (text == "tab") {
    options.delimiter = '\t';
  } else if (text == "space") {
    options.delimiter = ' ';
  } else if (text.size() == 1 && detail::csv::may_delimit(text[0])) {
    options.delimiter = text[0];
  } else if (text.size() == 1) {
    detail::csv::fail_delimiter(text[0], where);
  } else {
    fail(ErrorCode::invalid_option, where,
         quoted(text) +
             " is no delimiter; accepted: auto, tab, space or one character (no letter, digit, point, sign, "
             "quote or line end)");
  }
}

}  // namespace riskflag::inline v0_1
