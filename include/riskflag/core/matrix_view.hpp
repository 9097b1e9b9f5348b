#pragma once

#include <cstddef>

namespace riskflag::inline v0_1 {

/// A rows x cols table that somebody else owns: row-major, column-major or strided. NaN = missing. Copying is free.
///
/// Strides count elements, not bytes, and are 64 bits wide: rows x cols may exceed 2^32.
template <class T>
class MatrixView {
 public:
  constexpr MatrixView() noexcept = default;
  constexpr MatrixView(const T* data, std::size_t rows, std::size_t cols, std::ptrdiff_t row_stride,
                       std::ptrdiff_t col_stride) noexcept
      : data_(data), rows_(rows), cols_(cols), row_stride_(row_stride), col_stride_(col_stride) {}

  /// Rows one after another, as C, numpy and most vectors of vectors flattened keep them.
  [[nodiscard]] static constexpr MatrixView row_major(const T* data, std::size_t rows, std::size_t cols) noexcept {
    return {data, rows, cols, static_cast<std::ptrdiff_t>(cols), 1};
  }
  /// Columns one after another, as Eigen's default, Fortran and Arrow keep them.
  [[nodiscard]] static constexpr MatrixView col_major(const T* data, std::size_t rows, std::size_t cols) noexcept {
    return {data, rows, cols, 1, static_cast<std::ptrdiff_t>(rows)};
  }

  [[nodiscard]] constexpr std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] constexpr std::size_t cols() const noexcept { return cols_; }
  [[nodiscard]] constexpr std::ptrdiff_t row_stride() const noexcept { return row_stride_; }
  [[nodiscard]] constexpr std::ptrdiff_t col_stride() const noexcept { return col_stride_; }
  [[nodiscard]] constexpr const T* data() const noexcept { return data_; }

  /// Address of row i's first cell; its cells lie col_stride() apart.
  [[nodiscard]] constexpr const T* row(std::size_t i) const noexcept {
    return data_ + static_cast<std::ptrdiff_t>(i) * row_stride_;
  }
  /// Address of column j's first cell; its cells lie row_stride() apart.
  [[nodiscard]] constexpr const T* col(std::size_t j) const noexcept {
    return data_ + static_cast<std::ptrdiff_t>(j) * col_stride_;
  }
  [[nodiscard]] constexpr const T& operator()(std::size_t i, std::size_t j) const noexcept {
    return row(i)[static_cast<std::ptrdiff_t>(j) * col_stride_];
  }
  /// Rows [first, first + count) of the same table.
  [[nodiscard]] constexpr MatrixView rows_from(std::size_t first, std::size_t count) const noexcept {
    return {row(first), count, cols_, row_stride_, col_stride_};
  }

 private:
  const T* data_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::ptrdiff_t row_stride_ = 0;
  std::ptrdiff_t col_stride_ = 0;
};

}  // namespace riskflag::inline v0_1
