#pragma once

// Columns made by hand, for the tests of every room that takes a Frame.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/data/column.hpp>

namespace columns {

inline riskflag::Column numbers(std::string name, std::vector<double> values) {
  riskflag::Column column;
  column.name = std::move(name);
  column.numbers = std::move(values);
  return column;
}

inline riskflag::Column categories(std::string name, std::vector<std::string> levels, std::vector<std::int32_t> codes) {
  riskflag::Column column;
  column.name = std::move(name);
  column.type = riskflag::ColumnType::category;
  column.levels = std::move(levels);
  column.codes = std::move(codes);
  return column;
}

}  // namespace columns
