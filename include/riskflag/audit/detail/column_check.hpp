#pragma once

// What is wrong with one column by itself. Each check looks at a sample first and at the whole column only when the
// sample gives it reason to, which keeps the guard below 20 ns a cell.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/audit/detail/date_shape.hpp>
#include <riskflag/audit/detail/lookup.hpp>
#include <riskflag/audit/detail/row_groups.hpp>
#include <riskflag/audit/detail/sample.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1::audit::detail {

struct Key {
  std::uint64_t distinct = 0;
  double share = 0;  ///< distinct values per row that has one
};

/// What some cells of a column say about its being a key.
struct KeyCells {
  std::uint64_t present = 0, distinct = 0;
  double low = 0, high = 0;
  bool rising = true, falling = true;
  [[nodiscard]] double share() const { return static_cast<double>(distinct) / static_cast<double>(present); }
};

/// Counts the cells of `looked` rows (row_at(i) for i < looked); nullopt as soon as more than `spared` of them repeat
/// another, or one is no whole number.
template <class RowAt>
[[nodiscard]] std::optional<KeyCells> count_distinct(const Column& column, std::size_t looked, std::size_t spared,
                                                     const RowAt& row_at) {
  KeyCells out;
  HashNumbers seen;
  seen.reset(looked);
  double before = 0;
  for (std::size_t i = 0; i < looked; ++i) {
    const std::size_t row = row_at(i);
    if (column.is_missing_at(row)) continue;
    if (column.type == ColumnType::number) {
      const double x = column.numbers[row];
      if (x != std::floor(x) || std::abs(x) > 9e15) return std::nullopt;
      out.low = out.present == 0 ? x : std::min(out.low, x);
      out.high = out.present == 0 ? x : std::max(out.high, x);
      out.rising = out.rising && (out.present == 0 || x > before);
      out.falling = out.falling && (out.present == 0 || x < before);
      before = x;
    }
    ++out.present;
    (void)seen.number(cell_bits(column, row));
    if (out.present - seen.size() > spared) return std::nullopt;
  }
  out.distinct = seen.size();
  return out;
}

/// The key-likeness of a category, text or whole-number column; nullopt when it is nothing of the kind. Whole numbers
/// that are spread out over more than four times their count are as likely amounts as numbers of something: only a
/// thousand of them nearly without repetition are called a key.
[[nodiscard]] inline std::optional<Key> find_key(const Column& column, double wanted) {
  const std::size_t rows = column.size();
  if (rows < 20 || column.type == ColumnType::date) return std::nullopt;
  if (column.type == ColumnType::category &&
      static_cast<double>(column.levels.size()) < wanted * static_cast<double>(rows) / 2) {
    return std::nullopt;
  }
  const auto spared = [](std::size_t looked, double share) {
    return static_cast<std::size_t>((1 - share) * static_cast<double>(looked));
  };
  // A sample has at least the column's share of distinct values, but for its own chance; a larger one tells whole
  // numbers of many values from keys before all are looked up in a table that no cache holds.
  for (const std::size_t want : {std::size_t{1000}, std::size_t{32768}}) {
    if (want >= rows) break;
    const std::vector<std::uint32_t> sample = pick(rows, want, 30);
    const double least = wanted - 0.02;
    const auto cells =
        count_distinct(column, want, spared(want, least), [&](std::size_t i) -> std::size_t { return sample[i]; });
    if (!cells || 2 * cells->present < want || cells->share() < least) return std::nullopt;
  }
  const auto cells = count_distinct(column, rows, spared(rows, wanted), [](std::size_t i) { return i; });
  if (!cells || 2 * cells->present < rows) return std::nullopt;
  const bool counted = column.type != ColumnType::number || cells->rising || cells->falling ||
                       cells->high - cells->low < 4 * static_cast<double>(cells->present);
  if (cells->share() < (counted ? wanted : 0.9999) || (!counted && cells->present < 1000)) return std::nullopt;
  return Key{cells->distinct, cells->share()};
}

/// Share of the rows that hold the commonest value when that is at least `wanted`.
[[nodiscard]] inline std::optional<double> find_constant(const Column& column, double wanted) {
  const std::size_t rows = column.size();
  if (rows < 2) return std::nullopt;
  const auto allowed = static_cast<std::size_t>((1 - wanted) * static_cast<double>(rows));
  for (const std::size_t candidate : {std::size_t{0}, rows / 2, rows - 1}) {
    const std::uint64_t value = cell_bits(column, candidate);
    std::size_t others = 0;
    for (std::size_t i = 0; i < rows && others <= allowed; ++i) others += cell_bits(column, i) != value ? 1 : 0;
    if (others <= allowed) return static_cast<double>(rows - others) / static_cast<double>(rows);
  }
  return std::nullopt;
}

/// Share of the cells of a category or text column that are written as dates, when that is at least `wanted`.
[[nodiscard]] inline std::optional<double> find_dates(const Column& column, double wanted) {
  double dates = 0, present = 0;
  if (column.type == ColumnType::category) {
    bool any = false;
    std::vector<char> is_date(column.levels.size());
    for (std::size_t level = 0; level < is_date.size(); ++level) {
      is_date[level] = looks_like_date(column.levels[level]) ? 1 : 0;
      any = any || is_date[level] != 0;
    }
    if (!any) return std::nullopt;
    for (const std::int32_t code : column.codes) {
      if (code == kMissingCode) continue;
      present += 1;
      dates += is_date[static_cast<std::size_t>(code)];
    }
  } else if (column.type == ColumnType::text) {
    const std::size_t step = column.size() / 4096 + 1;
    for (std::size_t i = 0; i < column.size(); i += step) {
      const auto text = column.texts[i];
      if (!text) continue;
      present += 1;
      dates += looks_like_date(*text) ? 1 : 0;
    }
  }
  if (present == 0 || dates < wanted * present) return std::nullopt;
  return dates / present;
}

/// Share of the rows on which a two-valued column says the label, where the two agree nearly everywhere.
[[nodiscard]] inline std::optional<double> find_binary_copy(const Column& column, const LookupTable& table,
                                                            std::span<const double> labels, double wanted) {
  if (table.distinct() != 2 || table.uppers().size() != 2) return std::nullopt;
  if (std::abs(table.means()[0] - table.means()[1]) < 2 * wanted - 1) return std::nullopt;
  const bool second_is_positive = table.means()[1] > table.means()[0];
  std::size_t agree = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::int64_t key = cell_key(column, i);
    const bool second = key == table.uppers()[1];
    if (!second && key != table.uppers()[0]) continue;
    agree += (second == second_is_positive) == (labels[i] > 0.5) ? 1 : 0;
  }
  const double share = static_cast<double>(agree) / static_cast<double>(labels.size());
  return share >= wanted ? std::optional<double>(share) : std::nullopt;
}

/// Share of the rows on which a number column equals a numeric target.
[[nodiscard]] inline std::optional<double> find_numeric_copy(const Column& column, std::span<const double> labels,
                                                             double wanted) {
  if (column.type != ColumnType::number) return std::nullopt;
  const auto allowed = static_cast<std::size_t>((1 - wanted) * static_cast<double>(labels.size()));
  std::size_t others = 0;
  for (std::size_t i = 0; i < labels.size() && others <= allowed; ++i) {
    others += canonical_bits(column.numbers[i]) != canonical_bits(labels[i]) ? 1 : 0;
  }
  if (others > allowed) return std::nullopt;
  return static_cast<double>(labels.size() - others) / static_cast<double>(labels.size());
}

}  // namespace riskflag::inline v0_1::audit::detail
