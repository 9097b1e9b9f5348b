#pragma once

// Which rows train, choose and judge.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/data/split.hpp>
#include <riskflag/study/options.hpp>
#include <riskflag/study/table.hpp>

namespace riskflag::inline v0_1::study {

/// The parts of a table, and what cross-validation needs to cut its folds the same way.
struct Parts {
  Split split;                          ///< rows of Table::frame
  std::vector<std::uint64_t> groups{};  ///< one a row, kind group alone
  std::vector<std::int64_t> times{};    ///< one a row, kind time alone
};

namespace detail {

/// A number as an integer of the same order (of the doubles' bits; -0 as +0).
[[nodiscard]] inline std::int64_t order_of(double x) noexcept {
  const auto bits = std::bit_cast<std::int64_t>(x == 0 ? 0.0 : x);
  return bits >= 0 ? bits : static_cast<std::int64_t>(0x8000000000000000ULL - static_cast<std::uint64_t>(bits));
}

[[nodiscard]] inline std::vector<std::int64_t> read_times(const Frame& frame, const std::string& name,
                                                          const std::string& where) {
  const Column& column = frame.column(name);
  if (column.type != ColumnType::date && column.type != ColumnType::number) {
    fail(ErrorCode::invalid_data, where,
         "--time-by: column " + quoted(name) + " is a " + std::string(name_of(column.type)) +
             " column; a date or a number orders rows");
  }
  std::vector<std::int64_t> times(column.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (column.is_missing_at(i)) {
      fail(ErrorCode::invalid_data, where,
           "--time-by: column " + quoted(name) + " is missing in data row " + std::to_string(i + 1));
    }
    times[i] = column.type == ColumnType::date ? column.days[i] : order_of(column.numbers[i]);
  }
  return times;
}

template <class T>
[[nodiscard]] std::vector<T> gather(std::span<const T> values, std::span<const std::uint32_t> rows) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(rows.size());
  for (const std::uint32_t row : rows) out.push_back(values[row]);
  return out;
}

[[nodiscard]] inline std::vector<std::uint32_t> row_range(std::size_t first, std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(first));
  return rows;
}

}  // namespace detail

/// The split options that `options` ask for: one seed, no fraction where a file of its own or the folds take the part's
/// place.
[[nodiscard]] inline SplitOptions split_options(const StudyOptions& options) {
  SplitOptions split;
  split.kind = options.parts.kind;
  split.seed = options.seed;
  split.test_fraction = options.parts.test_data.empty() ? options.parts.test_fraction : 0;
  split.valid_fraction = options.parts.valid_data.empty() && options.parts.cv == 0 ? options.parts.valid_fraction : 0;
  return split;
}

/// Deals the table's rows to parts. Throws what split_rows throws, and Error(invalid_option) for a group or time split
/// without its columns.
[[nodiscard]] inline Parts make_parts(const Table& table, const Schema& schema, const StudyOptions& options,
                                      std::span<const double> labels) {
  Parts parts;
  const PartOptions& wanted = options.parts;
  if (wanted.kind == SplitKind::group) {
    std::vector<std::string> columns = wanted.group_by;
    if (columns == std::vector<std::string>{"fields"}) {
      columns.clear();
      for (const std::size_t f : schema.features()) columns.push_back(schema.fields[f].name);
    }
    if (columns.empty()) {
      fail(ErrorCode::invalid_option, "--split group", "needs --group-by COL,... (or --group-by fields: all features)");
    }
    parts.groups = group_ids(table.frame, columns);
  }
  if (wanted.kind == SplitKind::time) {
    if (wanted.time_by.empty()) fail(ErrorCode::invalid_option, "--split time", "needs --time-by COL");
    parts.times = detail::read_times(table.frame, wanted.time_by, options.data);
  }
  const std::size_t n = table.data_rows;
  parts.split = split_rows(n, split_options(options), labels.first(n),
                           std::span(parts.groups).first(parts.groups.empty() ? 0 : n),
                           std::span(parts.times).first(parts.times.empty() ? 0 : n));
  if (table.valid_rows > 0) parts.split.valid = detail::row_range(n, table.valid_rows);
  if (table.test_rows > 0) parts.split.test = detail::row_range(n + table.valid_rows, table.test_rows);
  return parts;
}

}  // namespace riskflag::inline v0_1::study
