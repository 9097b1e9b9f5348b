#pragma once

// What Python hands over, as columns that are read where they lie.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/feature.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/data/column.hpp>

namespace binding {

namespace nb = nanobind;

/// Some neighbouring rows of a column, in somebody else's memory.
struct Piece {
  char format =
      'g';  ///< Arrow's letter: c C s S i I l L (integers of 8 to 64 bits), f, g; and ? for a byte of numpy's bool
  const unsigned char* values = nullptr;
  std::ptrdiff_t stride = 8;            ///< bytes
  const std::uint8_t* valid = nullptr;  ///< Arrow's validity bits; nullptr: all are
  std::size_t first_bit = 0;
  std::size_t rows = 0;

  /// Rows [first, first + count) as doubles, NaN = missing.
  void read(std::size_t first, std::size_t count, double* out) const;
};

/// Numbers; days since 1970-01-01; or indices into `levels`, where what is negative or NaN is missing.
struct TableColumn {
  std::string name;
  riskflag::ColumnType type = riskflag::ColumnType::number;
  std::vector<std::string> levels{};
  std::vector<Piece> pieces{};

  void read(std::size_t first, std::size_t count, double* out) const;
};

/// A table of Python's: numpy, pandas (by column) or a stream of Arrow's. Numbers stay where they are and are kept
/// alive; texts, dictionaries, dates and bits become 8 bytes a cell of our own.
///
/// Life: 1. made; 2. columns are added; 3. read by any number of threads, without the interpreter's lock.
class Table {
 public:
  using Numbers = nb::ndarray<nb::numpy, nb::ro, nb::ndim<1>>;
  using Matrix = nb::ndarray<nb::numpy, nb::ro, nb::ndim<2>>;
  using Codes = nb::ndarray<const std::int32_t, nb::ndim<1>>;

  void add_numbers(std::string name, const Numbers& values);
  void add_category(std::string name, const Codes& codes, std::vector<std::string> levels);
  void add_dates(std::string name, const Numbers& days);
  void add_matrix(const std::vector<std::string>& names, const Matrix& values);
  /// A capsule of __arrow_c_stream__.
  void add_arrow(nb::handle capsule);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] const std::vector<TableColumn>& columns() const noexcept { return columns_; }
  [[nodiscard]] const TableColumn* find(std::string_view name) const noexcept;
  /// The columns as features of a model: levels are those that a row has, sorted by bytes.
  [[nodiscard]] std::vector<riskflag::Feature> features() const;
  /// The whole table in one piece of memory, where it is one of doubles or floats.
  [[nodiscard]] std::optional<riskflag::MatrixView<double>> doubles() const noexcept { return doubles_; }
  [[nodiscard]] std::optional<riskflag::MatrixView<float>> floats() const noexcept { return floats_; }

 private:
  struct Batch;
  struct Merged;
  void add(TableColumn column);
  void add_batch(const std::shared_ptr<Batch>& batch);
  void start_from(const void* schema);

  std::size_t rows_ = 0;
  std::vector<TableColumn> columns_;
  std::vector<std::shared_ptr<void>> memory_;  ///< numpy's arrays, Arrow's batches, and what was made of them
  std::optional<riskflag::MatrixView<double>> doubles_;
  std::optional<riskflag::MatrixView<float>> floats_;
};

/// A table's columns by the names of a model's features, categories as indices of the model's levels (unknown ones as
/// missing values). The table must outlive it. Throws Error(schema_mismatch) for a column that is absent or of another
/// type.
class FeatureReader {
 public:
  FeatureReader(const Table& table, std::span<const riskflag::Feature> features);

  [[nodiscard]] std::size_t rows() const noexcept { return table_.rows(); }
  [[nodiscard]] std::size_t cols() const noexcept { return columns_.size(); }
  /// Rows [first, first + count) column after column, `count` doubles each.
  void read(std::size_t first, std::size_t count, double* out) const;
  /// The same of column `j` alone.
  void read_column(std::size_t j, std::size_t first, std::size_t count, double* out) const;
  /// All rows, column after column; each column is a task of `executor`.
  [[nodiscard]] std::vector<double> read_all(riskflag::Executor& executor) const;
  /// The table itself, where it is one matrix of doubles in the features' order.
  [[nodiscard]] std::optional<riskflag::MatrixView<double>> as_it_lies() const noexcept;

 private:
  struct Source {
    const TableColumn* column;
    bool categorical;
    std::vector<double> level;  ///< the model's index of each of the column's levels
  };
  const Table& table_;
  std::vector<Source> columns_;
  bool in_order_ = true;
};

void bind_table(nb::module_& module);

}  // namespace binding
