#pragma once

// Two tables with the same columns become one: training, validation and test files are parts of one frame, so that
// splits, guard and encoders see row numbers of one table.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/data/frame.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// The codes of `column` in terms of `levels`, which has all of its levels and is sorted.
inline void recode(Column& column, const std::vector<std::string>& levels) {
  std::vector<std::int32_t> code_of;
  for (const std::string& level : column.levels) {
    code_of.push_back(
        static_cast<std::int32_t>(std::lower_bound(levels.begin(), levels.end(), level) - levels.begin()));
  }
  for (std::int32_t& code : column.codes) {
    if (code != kMissingCode) code = code_of[static_cast<std::size_t>(code)];
  }
  column.levels = levels;
}

/// A column of `rows` missing cells.
[[nodiscard]] inline Column missing_column(std::string name, ColumnType type, std::size_t rows) {
  Column column;
  column.name = std::move(name);
  column.type = type;
  switch (type) {
    case ColumnType::number: column.numbers.assign(rows, kMissing); break;
    case ColumnType::category: column.codes.assign(rows, kMissingCode); break;
    case ColumnType::date: column.days.assign(rows, kMissingDate); break;
    case ColumnType::text:
      for (std::size_t i = 0; i < rows; ++i) column.texts.push_back(std::nullopt);
      break;
  }
  return column;
}

}  // namespace detail

/// `below` under `above`: the columns of `above`, its rows first. A column that `below` lacks is missing there; one
/// that only `below` has is left out. Dictionaries are joined. Throws Error(schema_mismatch) when a column's types
/// differ.
[[nodiscard]] inline Frame append_rows(const Frame& above, const Frame& below) {
  Frame out;
  for (Column top : above.columns()) {
    const Column* found = below.find(top.name);
    Column more = found != nullptr ? *found : detail::missing_column(top.name, top.type, below.rows());
    if (more.type != top.type) {
      fail(ErrorCode::schema_mismatch, "",
           "column " + quoted(top.name) + " is " + std::string(name_of(top.type)) + " in one file and " +
               std::string(name_of(more.type)) + " in the other");
    }
    if (top.type == ColumnType::category) {
      std::vector<std::string> levels;
      std::set_union(top.levels.begin(), top.levels.end(), more.levels.begin(), more.levels.end(),
                     std::back_inserter(levels));
      detail::recode(top, levels);
      detail::recode(more, levels);
    }
    top.numbers.insert(top.numbers.end(), more.numbers.begin(), more.numbers.end());
    top.codes.insert(top.codes.end(), more.codes.begin(), more.codes.end());
    top.days.insert(top.days.end(), more.days.begin(), more.days.end());
    for (std::size_t i = 0; i < more.texts.size(); ++i) top.texts.push_back(more.texts[i]);
    out.add(std::move(top));
  }
  return out;
}

}  // namespace riskflag::inline v0_1::study
