#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1 {

/// A table: named columns of equal length. A plain value: copies are deep, const access is safe from many threads.
class Frame {
 public:
  [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return columns_.size(); }

  /// Column i; i < cols().
  [[nodiscard]] const Column& column(std::size_t i) const noexcept { return columns_[i]; }
  /// The column of that name, or nullptr.
  [[nodiscard]] const Column* find(std::string_view name) const {
    const auto it = index_.find(std::string(name));
    return it == index_.end() ? nullptr : &columns_[it->second];
  }
  /// The column of that name; throws not_found, with those there are, the nearest first.
  [[nodiscard]] const Column& column(std::string_view name) const { return columns_[position(name)]; }
  /// Index of the column of that name; throws not_found.
  [[nodiscard]] std::size_t position(std::string_view name) const {
    const auto it = index_.find(std::string(name));
    if (it != index_.end()) return it->second;
    std::vector<std::string_view> names;
    names.reserve(columns_.size());
    for (const Column& column : columns_) names.push_back(column.name);
    fail(ErrorCode::not_found, "", "there is no column " + quoted(name) + what_there_is(name, names));
  }

  /// Appends a column. Throws already_exists for a name that is there, invalid_data for another number of rows or for a
  /// category code outside its levels.
  void add(Column column) {
    if (index_.contains(column.name)) {
      fail(ErrorCode::already_exists, "",
           "the frame has a column " + quoted(column.name) + " already; names are unique");
    }
    if (!columns_.empty() && column.size() != rows_) {
      fail(ErrorCode::invalid_data, "",
           "column " + quoted(column.name) + " has " + std::to_string(column.size()) + " rows, the frame has " +
               std::to_string(rows_));
    }
    if (column.type == ColumnType::category) check_codes(column);
    rows_ = column.size();
    index_.emplace(column.name, columns_.size());
    columns_.push_back(std::move(column));
  }
  /// Removes the column of that name and hands it back; throws not_found. A frame without columns has no rows.
  Column remove(std::string_view name) {
    const std::size_t i = position(name);
    Column out = std::move(columns_[i]);
    columns_.erase(columns_.begin() + static_cast<std::ptrdiff_t>(i));
    index_.clear();
    for (std::size_t j = 0; j < columns_.size(); ++j) index_.emplace(columns_[j].name, j);
    if (columns_.empty()) rows_ = 0;
    return out;
  }

  /// Those rows, in that order, repeats allowed; every index < rows(). Categories keep their whole dictionary, so codes
  /// mean the same in every part of a table.
  [[nodiscard]] Frame take(std::span<const std::uint32_t> rows) const;

 private:
  static void check_codes(const Column& column) {
    static_assert(kMissingCode == -1);
    const auto levels = static_cast<std::int64_t>(column.levels.size());
    const auto is_wrong = [&](std::int32_t code) {
      return std::uint64_t{static_cast<std::uint32_t>(code) + 1U} > static_cast<std::uint64_t>(levels);
    };
    bool wrong = false;  // without a branch a code: a long column costs a pass of its own
    for (const std::int32_t code : column.codes) wrong |= is_wrong(code);
    if (!wrong) return;
    for (const std::int32_t code : column.codes) {
      if (is_wrong(code)) {
        fail(ErrorCode::invalid_data, "",
             "column " + quoted(column.name) + " has code " + std::to_string(code) + " among " +
                 std::to_string(levels) + " levels");
      }
    }
  }

  std::vector<Column> columns_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t rows_ = 0;
};

/// Those rows of one column; see Frame::take.
[[nodiscard]] inline Column take_rows(const Column& column, std::span<const std::uint32_t> rows) {
  const auto gather = [&](const auto& from, auto& to) {
    to.reserve(rows.size());
    for (const std::uint32_t row : rows) to.push_back(from[row]);
  };
  Column out;
  out.name = column.name;
  out.type = column.type;
  out.levels = column.levels;
  switch (column.type) {
    case ColumnType::number: gather(column.numbers, out.numbers); break;
    case ColumnType::category: gather(column.codes, out.codes); break;
    case ColumnType::date: gather(column.days, out.days); break;
    case ColumnType::text:
      for (const std::uint32_t row : rows) out.texts.push_back(column.texts[row]);
      break;
  }
  return out;
}

inline Frame Frame::take(std::span<const std::uint32_t> rows) const {
  for (const std::uint32_t row : rows) {
    if (row >= rows_) {
      fail(ErrorCode::invalid_data, "",
           "row " + std::to_string(row) + " of a frame with " + std::to_string(rows_) + " rows");
    }
  }
  Frame out;
  for (const Column& column : columns_) out.add(take_rows(column, rows));
  return out;
}

}  // namespace riskflag::inline v0_1
