#pragma once

// Eigen in and out, without a copy. No Eigen type is stored or stands in another header's signature (its alignment
// follows the consumer's -m flags), and no fitted number comes out of an Eigen reduction.

#include <cstddef>

#include <Eigen/Core>

#include <riskflag/core/matrix_view.hpp>
#include <riskflag/prep/pipeline.hpp>

namespace riskflag::inline v0_1::prep {

using EigenStride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
/// A table seen by Eigen: column-major with any strides, read only, unaligned.
template <class T>
using EigenTable = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>, Eigen::Unaligned, EigenStride>;

/// Any view as an Eigen map of the same cells; valid as long as the cells are. Strides may not be negative.
template <class T>
[[nodiscard]] EigenTable<T> eigen_view(MatrixView<T> view) {
  return {view.data(), static_cast<Eigen::Index>(view.rows()), static_cast<Eigen::Index>(view.cols()),
          EigenStride(view.col_stride(), view.row_stride())};
}

/// Prepared features as an Eigen map.
[[nodiscard]] inline EigenTable<double> eigen_view(const FeatureMatrix& matrix) { return eigen_view(matrix.view()); }

/// An Eigen matrix, array, block or map (row-major or column-major, any strides) as a view of the same cells; valid as
/// long as they are. An expression that has no cells in memory (a sum, say) does not compile: evaluate it first.
template <class Derived>
[[nodiscard]] MatrixView<typename Derived::Scalar> matrix_view(const Eigen::DenseBase<Derived>& table) {
  static_assert((Derived::Flags & Eigen::DirectAccessBit) != 0, "evaluate the expression into a matrix first");
  const Derived& cells = table.derived();
  const auto outer = static_cast<std::ptrdiff_t>(cells.outerStride());
  const auto inner = static_cast<std::ptrdiff_t>(cells.innerStride());
  return {cells.data(), static_cast<std::size_t>(cells.rows()), static_cast<std::size_t>(cells.cols()),
          Derived::IsRowMajor ? outer : inner, Derived::IsRowMajor ? inner : outer};
}

}  // namespace riskflag::inline v0_1::prep
