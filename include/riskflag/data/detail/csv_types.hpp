#pragma once

// A first belief about types from the first rows, which saves passes and decides nothing; and notes about columns that
// are not numbers because of few cells.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/data/csv.hpp>
#include <riskflag/data/detail/csv_blocks.hpp>
#include <riskflag/data/detail/csv_parse.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// Moves the plans' modes as far as the first rows prove: a cell that is no number makes its column no number column.
inline void believe_sample(const Bytes& bytes, std::uint64_t data_begin, const Dialect& dialect,
                           std::vector<ColumnPlan>& plans, std::size_t max_levels) {
  constexpr std::uint64_t kBytes = std::uint64_t{256} << 10;
  constexpr std::size_t kRows = 4096;
  struct Seen {
    bool number = false, date = false, other = false;
    Levels levels;
  };
  Buffer buffer;
  const std::uint64_t size = std::min(kBytes, bytes.size() - data_begin);
  const bool is_all = data_begin + size == bytes.size();
  const char* p = buffer.fill(bytes, data_begin, data_begin + size);
  const char* const end = p + size;
  std::vector<Seen> seen(plans.size());
  RowCells row;
  std::string scratch;
  for (std::size_t count = 0; count < kRows; ++count) {
    p = skip_blank_lines(p, end, dialect);
    if (p >= end) break;
    read_row(p, end, dialect, row);
    p = row.cells.back().next;
    if (!row.is_whole || row.cells.size() != plans.size() || (!is_all && p >= end)) break;
    for (std::size_t j = 0; j < plans.size(); ++j) {
      if (plans[j].forced) continue;
      const std::string_view text = row.cells[j].text(scratch);
      if (plans[j].is_missing_text(text)) continue;
      Seen& column = seen[j];
      if (!column.other) {
        if (number_cell(text, NumberRule::inferred)) {
          column.number = true;
        } else if (parse_date(text, plans[j].date_format)) {
          column.date = true;
        } else {
          column.other = true;
        }
      }
      if (column.other || column.date) (void)column.levels.code(text, max_levels + 1);
    }
  }
  for (std::size_t j = 0; j < plans.size(); ++j) {
    if (plans[j].forced) continue;
    if (seen[j].other || (seen[j].number && seen[j].date)) {
      plans[j].mode = seen[j].levels.size() > max_levels ? Mode::text_measure : Mode::category;
    } else if (seen[j].date) {
      plans[j].mode = Mode::date;
    }
  }
}

/// Present cells of a finished column that are not numbers.
[[nodiscard]] inline std::uint64_t cells_not_numbers(const Column& column, const ColumnPlan& plan) {
  if (column.type == ColumnType::text) return plan.bad_cells;
  std::vector<std::uint8_t> is_number;
  for (const std::string& level : column.levels) is_number.push_back(number_cell(level, NumberRule::inferred) ? 1 : 0);
  if (std::find(is_number.begin(), is_number.end(), 1) == is_number.end()) return column.codes.size();
  std::uint64_t count = 0;
  for (const std::int32_t code : column.codes)
    count += code >= 0 && is_number[static_cast<std::size_t>(code)] == 0 ? 1U : 0U;
  return count;
}

/// One note for each inferred column that at most a tenth of its present cells keep from being a number, with the first
/// of them: usually a typing error or a missing token that the options do not know.
inline void explain_text_columns(const RegionParser& parser, const std::vector<ColumnPlan>& plans,
                                 const std::vector<Column>& columns, const std::vector<Region>& regions,
                                 std::vector<CsvNote>& notes) {
  std::vector<std::uint64_t> bad(plans.size(), 0);
  std::size_t wanted = 0;
  for (std::size_t j = 0; j < plans.size(); ++j) {
    if (plans[j].forced || columns[j].type == ColumnType::number || columns[j].type == ColumnType::date) continue;
    const std::uint64_t present = columns[j].size() - plans[j].missing_cells;
    const std::uint64_t count = cells_not_numbers(columns[j], plans[j]);
    if (count == 0 || count * 10 > present) continue;
    bad[j] = count;
    ++wanted;
  }
  std::vector<CsvNote> found(plans.size());
  Buffer buffer;
  RowCells row;
  std::string scratch;
  for (std::size_t i = 0; i < regions.size() && wanted > 0; ++i) {
    const char* const text = buffer.fill(parser.bytes(), regions[i].begin, regions[i].end);
    const char* const end = text + (regions[i].end - regions[i].begin);
    for (const char* p = skip_blank_lines(text, end, parser.dialect()); p < end && wanted > 0;
         p = skip_blank_lines(row.cells.back().next, end, parser.dialect())) {
      read_row(p, end, parser.dialect(), row);
      for (std::size_t j = 0; j < plans.size(); ++j) {
        if (bad[j] == 0) continue;
        const std::string_view cell = row.cells[j].text(scratch);
        if (plans[j].is_missing_text(cell) || number_cell(cell, NumberRule::inferred)) continue;
        const std::uint64_t offset = regions[i].begin + static_cast<std::uint64_t>(row.cells[j].begin - text);
        const std::uint64_t present = columns[j].size() - plans[j].missing_cells;
        found[j] = {"text_column", plans[j].name,
                    "column " + quoted(plans[j].name) + " is not a number because of " + std::to_string(bad[j]) +
                        " of its " + std::to_string(present) + " cells; the first is " + quoted(cell) + " (" +
                        parser.bytes().where(offset) + "); correct it, or name it as a missing token"};
        bad[j] = 0;
        --wanted;
      }
    }
  }
  for (CsvNote& note : found) {
    if (!note.code.empty()) notes.push_back(std::move(note));
  }
}

}  // namespace riskflag::inline v0_1::detail::csv
