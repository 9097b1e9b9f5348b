#pragma once

// Rows from Arrow's C data interface (arrow.apache.org/docs/format/CDataInterface.html): what pyarrow, polars, DuckDB
// and others hand over without a copy. Not part of riskflag/predict.hpp: include it where it is wanted.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/predict/predictor.hpp>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

// As the specification writes them, so that any library's declarations are these.
extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
}

#endif

namespace riskflag::inline v0_1 {
namespace detail {

/// One column of a record batch: where its values and validity bits lie.
struct ArrowColumn {
  char format;
  const unsigned char* values;
  const unsigned char* valid;  ///< nullptr: all are
  std::size_t offset;

  static bool bit(const unsigned char* bits, std::size_t i) noexcept { return ((bits[i / 8] >> (i % 8)) & 1U) != 0; }
  template <class T>
  [[nodiscard]] double at(std::size_t i) const noexcept {
    T value;
    std::memcpy(&value, values + i * sizeof(T), sizeof(T));
    if constexpr (std::is_same_v<T, float>) {
      return from_float32(value);
    } else {
      return static_cast<double>(value);
    }
  }
  /// NaN for null.
  [[nodiscard]] double operator()(std::size_t row) const noexcept {
    const std::size_t i = offset + row;
    if (valid != nullptr && !bit(valid, i)) return kMissing;
    switch (format) {
      case 'b': return bit(values, i) ? 1.0 : 0.0;
      case 'c': return at<std::int8_t>(i);
      case 'C': return at<std::uint8_t>(i);
      case 's': return at<std::int16_t>(i);
      case 'S': return at<std::uint16_t>(i);
      case 'i': return at<std::int32_t>(i);
      case 'I': return at<std::uint32_t>(i);
      case 'l': return at<std::int64_t>(i);
      case 'L': return at<std::uint64_t>(i);
      case 'f': return at<float>(i);
      default: return at<double>(i);
    }
  }
};

inline Result<ArrowColumn> arrow_column(const ArrowSchema& schema, const ArrowArray& array, const std::string& name,
                                        std::size_t first, std::size_t rows) {
  const std::string where = "column " + quoted(name);
  const std::string_view format = schema.format == nullptr ? "" : schema.format;
  if (schema.dictionary != nullptr || format.size() != 1 ||
      std::string_view("bcCsSiIlLfg").find(format[0]) == std::string_view::npos) {
    return Failure{ErrorCode::unsupported, where,
                   "Arrow format " + quoted(format) + (schema.dictionary != nullptr ? " with a dictionary" : "") +
                       "; booleans, integers, float32 and float64 are read, categories as the indices of their levels"};
  }
  const bool fits = array.offset >= 0 && array.length >= 0 && first + rows <= static_cast<std::size_t>(array.length);
  if (!fits || array.n_buffers < 2 || array.buffers == nullptr || (array.buffers[1] == nullptr && rows > 0)) {
    return Failure{ErrorCode::corrupt, where,
                   "has " + std::to_string(array.length) + " values where the batch has " + std::to_string(rows) +
                       " rows, or lacks its buffer"};
  }
  return ArrowColumn{format[0], static_cast<const unsigned char*>(array.buffers[1]),
                     static_cast<const unsigned char*>(array.buffers[0]),
                     static_cast<std::size_t>(array.offset) + first};
}

}  // namespace detail

/// The margins of a record batch (a struct array, format "+s") into `out`, rows x outputs; gives the number of rows.
///
/// Columns are found by name, in any order, others are left alone; nulls are missing values. Nothing is copied but
/// blocks of 64 KiB on their way through the first cache level, and neither structure is released. Fails with
/// `unsupported` for other formats, `not_found` for a feature without a column, `invalid_option` for two columns of one
/// name or an `out` of another size, `corrupt` for an array that contradicts itself; `out` is then untouched.
[[nodiscard]] inline Result<std::size_t> arrow_margins(const Predictor& predictor, const ArrowSchema& schema,
                                                       const ArrowArray& batch, std::span<double> out) {
  if (schema.format == nullptr || std::string_view(schema.format) != "+s") {
    return Failure{
        ErrorCode::unsupported, "batch",
        "Arrow format " + quoted(schema.format == nullptr ? "" : schema.format) + "; \"+s\", a record batch"};
  }
  if (batch.length < 0 || batch.offset < 0 || batch.n_children != schema.n_children) {
    return Failure{ErrorCode::corrupt, "batch", "its array and its schema have different columns"};
  }
  const auto rows = static_cast<std::size_t>(batch.length), first = static_cast<std::size_t>(batch.offset);
  const auto outputs = static_cast<std::size_t>(predictor.outputs());
  if (out.size() != rows * outputs) {
    return Failure{ErrorCode::invalid_option, "out",
                   std::to_string(out.size()) + " places; " + std::to_string(rows * outputs) + " are needed"};
  }
  std::vector<detail::ArrowColumn> columns;
  for (const std::string& name : predictor.feature_names()) {
    std::int64_t found = -1;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
      if (schema.children[i]->name == nullptr || name != schema.children[i]->name) continue;
      if (found >= 0) return Failure{ErrorCode::invalid_option, "column " + quoted(name), "there are two of that name"};
      found = i;
    }
    if (found < 0) return Failure{ErrorCode::not_found, "column " + quoted(name), "the batch does not have it"};
    auto column = detail::arrow_column(*schema.children[found], *batch.children[found], name, first, rows);
    if (!column) return column.failure();
    columns.push_back(*column);
  }
  const auto* const row_valid =
      batch.n_buffers > 0 && batch.buffers != nullptr ? static_cast<const unsigned char*>(batch.buffers[0]) : nullptr;
  constexpr std::size_t kCells = 8192;
  double few[kCells];
  std::vector<double> many(columns.size() > kCells ? columns.size() : 0);
  double* const cells = many.empty() ? few : many.data();
  const std::size_t fitting = columns.empty() ? kCells : many.empty() ? kCells / columns.size() : 1;
  for (std::size_t begin = 0; begin < rows; begin += fitting) {
    const std::size_t count = rows - begin < fitting ? rows - begin : fitting;
    for (std::size_t f = 0; f < columns.size(); ++f) {
      for (std::size_t r = 0; r < count; ++r) {
        const bool is_row = row_valid == nullptr || detail::ArrowColumn::bit(row_valid, first + begin + r);
        cells[f * count + r] = is_row ? columns[f](begin + r) : kMissing;
      }
    }
    predictor.margins(MatrixView<double>::col_major(cells, count, columns.size()),
                      out.subspan(begin * outputs, count * outputs));
  }
  return rows;
}

/// Puts values by name into a row for margin(): the others become missing. Fails with `not_found` for a name that is no
/// feature, `invalid_option` when names and values, or row and features, differ in number; `row` is then unspecified.
[[nodiscard]] inline Result<std::size_t> place_by_name(const Predictor& predictor,
                                                       std::span<const std::string_view> names,
                                                       std::span<const double> values, std::span<double> row) {
  const std::vector<std::string>& features = predictor.feature_names();
  if (names.size() != values.size() || row.size() != features.size()) {
    return Failure{ErrorCode::invalid_option, "row",
                   std::to_string(names.size()) + " names, " + std::to_string(values.size()) + " values, a row of " +
                       std::to_string(row.size()) + "; the model has " + std::to_string(features.size()) + " features"};
  }
  for (double& x : row) x = kMissing;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::size_t f = 0;
    while (f < features.size() && features[f] != names[i]) ++f;
    if (f == features.size()) return Failure{ErrorCode::not_found, quoted(names[i]), "is no feature of the model"};
    row[f] = values[i];
  }
  return names.size();
}

}  // namespace riskflag::inline v0_1
