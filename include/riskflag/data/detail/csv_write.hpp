#pragma once

// Definitions of write_csv.

#include <cstddef>
#include <string>
#include <string_view>

#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>

namespace riskflag::inline v0_1 {

inline std::string csv_cell(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const bool plain = text.find_first_of(",\"\r\n") == std::string_view::npos &&
                     (text.empty() || (!is_blank(text.front()) && !is_blank(text.back()))) &&
                     !text.starts_with("\xEF\xBB\xBF");
  if (plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    out.push_back(c);
    if (c == '"') out.push_back('"');
  }
  out.push_back('"');
  return out;
}

namespace detail::csv {

inline void append_cell(std::string& out, const Column& column, std::size_t row) {
  if (column.is_missing_at(row)) return;
  if (column.type != ColumnType::number) {
    out += csv_cell(column.cell_text(row));
    return;
  }
  const std::size_t begin = out.size();
  append_number(out, column.numbers[row]);
  // An integer beyond 2^53 reads as text; with a point it is a number again.
  if (out.size() - begin > 15 && out.find_first_not_of("-0123456789", begin) == std::string::npos) out += ".0";
}

}  // namespace detail::csv

inline void write_csv(const Frame& frame, ByteSink& sink) {
  constexpr std::size_t kBuffer = std::size_t{1} << 16;
  std::string out;
  const auto end_row = [&](std::size_t begin) {
    if (out.size() == begin) out += "\"\"";  // an empty line would not be a row
    out.push_back('\n');
    if (out.size() < kBuffer) return;
    sink.write(out);
    out.clear();
  };
  for (std::size_t j = 0; j < frame.cols(); ++j) {
    if (j > 0) out.push_back(',');
    out += csv_cell(frame.column(j).name);
  }
  end_row(0);
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    const std::size_t begin = out.size();
    for (std::size_t j = 0; j < frame.cols(); ++j) {
      if (j > 0) out.push_back(',');
      detail::csv::append_cell(out, frame.column(j), row);
    }
    end_row(begin);
  }
  sink.write(out);
}

}  // namespace riskflag::inline v0_1
