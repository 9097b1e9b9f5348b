#pragma once

// A second CSV reader, written for plainness alone: one byte at a time, everything in strings, strtod for numbers. The
// tests and the fuzz target hold the fast one to it.

#include <clocale>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/data/frame.hpp>

namespace slow {

using Row = std::vector<std::string>;

struct Dialect {
  char delimiter = ',';
  bool collapse = false;  // runs of spaces and tabs are the delimiter
  std::size_t skip = 0;   // lines left out at the top
};

/// All rows, the header first; nullopt when the text is not a table.
inline std::optional<std::vector<Row>> read_rows(std::string_view text, const Dialect& dialect = {}) {
  const auto is_blank = [&](char c) { return (c == ' ' || c == '\t') && (dialect.collapse || c != dialect.delimiter); };
  const auto is_delimiter = [&](char c) { return dialect.collapse ? is_blank(c) : c == dialect.delimiter; };
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  for (std::size_t n = 0; n < dialect.skip; ++n) {
    const std::size_t line = text.find('\n');
    text.remove_prefix(line == std::string_view::npos ? text.size() : line + 1);
  }
  std::vector<Row> rows;
  std::size_t i = 0;
  const auto at_line_end = [&] {
    return i == text.size() || text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] == '\n'));
  };
  const auto pass_line_end = [&] {
    if (i < text.size() && text[i] == '\r') ++i;
    if (i < text.size()) ++i;
  };
  const auto pass_blanks = [&] {
    while (i < text.size() && is_blank(text[i])) ++i;
  };
  while (i < text.size()) {
    const std::size_t line = i;
    pass_blanks();
    if (at_line_end()) {
      pass_line_end();
      continue;
    }
    i = line;
    Row row;
    for (bool more = true; more;) {
      std::string cell;
      pass_blanks();
      if (i < text.size() && text[i] == '"') {
        for (++i;; ++i) {
          if (i == text.size()) return std::nullopt;
          if (text[i] == '"') {
            if (i + 1 == text.size() || text[i + 1] != '"') break;
            ++i;
          }
          cell += text[i];
        }
        ++i;
        if (!dialect.collapse) pass_blanks();
        if (!at_line_end() && !is_delimiter(text[i])) return std::nullopt;
      } else {
        while (!at_line_end() && !is_delimiter(text[i])) cell += text[i++];
        while (!cell.empty() && is_blank(cell.back())) cell.pop_back();
        if (cell.find('\r') != std::string::npos) return std::nullopt;
      }
      if (cell.find('\0') != std::string::npos) return std::nullopt;
      row.push_back(cell);
      if (dialect.collapse) pass_blanks();  // at the end of a row they are not one more cell
      more = !at_line_end();
      if (more && !dialect.collapse) ++i;
    }
    pass_line_end();
    rows.push_back(row);
  }
  for (const Row& row : rows) {
    if (row.size() != rows[0].size()) return std::nullopt;
  }
  return rows;
}

/// The names that the first of these rows gives the columns, or c0, c1, ... without a header; nullopt when two are
/// alike. Afterwards the first row is the header.
inline std::optional<Row> name_columns(std::vector<Row>& rows, bool has_header) {
  if (!has_header) rows.insert(rows.begin(), Row(rows[0].size()));
  Row names = rows[0];
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (names[j].empty()) names[j] = "c" + std::to_string(j);
  }
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) return std::nullopt;
  return names;
}

inline std::optional<double> number(const std::string& cell) {
  if (cell.empty() || cell.find_first_not_of("0123456789+-.eE") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  if (end != cell.c_str() + cell.size() || !std::isfinite(value)) return std::nullopt;
  std::string digits = cell;
  if (digits[0] == '-' || digits[0] == '+') digits.erase(0, 1);
  if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return std::nullopt;
  if (digits.find_first_of(".eE") == std::string::npos) {
    const std::string limit = "9007199254740992";  // 2^53
    if (digits.size() > limit.size() || (digits.size() == limit.size() && digits > limit)) return std::nullopt;
  }
  return value;
}

inline bool is_missing(const std::string& cell) {
  return cell.empty() || cell == "NA" || cell == "NaN" || cell == "null" || cell == "?";
}

/// What type read_csv must find for column j of these rows (the first is the header), dates left out.
inline riskflag::ColumnType type_of(const std::vector<Row>& rows, std::size_t j) {
  std::set<std::string> levels;
  bool numbers = true;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (is_missing(rows[i][j])) continue;
    levels.insert(rows[i][j]);
    numbers = numbers && number(rows[i][j]).has_value();
  }
  if (numbers) return riskflag::ColumnType::number;
  const std::size_t half = std::max<std::size_t>(16, (rows.size() - 1) / 2);
  return levels.size() <= std::min<std::size_t>(1000, half) ? riskflag::ColumnType::category
                                                            : riskflag::ColumnType::text;
}

}  // namespace slow
