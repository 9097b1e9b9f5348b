#include <riskflag/prep/eigen_view.hpp>

#include <vector>

#include <Eigen/Core>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;

TEST_CASE("row-major, column-major and strided views are seen by Eigen cell by cell, without a copy") {
  const std::vector<double> cells = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const MatrixView<double> views[] = {MatrixView<double>::row_major(cells.data(), 3, 4),
                                      MatrixView<double>::col_major(cells.data(), 4, 3),
                                      MatrixView<double>(cells.data() + 1, 2, 2, 6, 3)};
  for (const MatrixView<double>& view : views) {
    const auto map = prep::eigen_view(view);
    REQUIRE(map.rows() == static_cast<Eigen::Index>(view.rows()));
    REQUIRE(map.cols() == static_cast<Eigen::Index>(view.cols()));
    CHECK(map.data() == view.data());
    for (std::size_t i = 0; i < view.rows(); ++i) {
      for (std::size_t j = 0; j < view.cols(); ++j) {
        CHECK(map(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) == view(i, j));
      }
    }
  }
}

TEST_CASE("Eigen matrices of either order, blocks of them and maps come back as views of the same cells") {
  Eigen::MatrixXd columns(3, 4);
  columns << 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = columns.cast<float>();
  const auto same = [](const auto& view, const auto& table) {
    REQUIRE(view.rows() == static_cast<std::size_t>(table.rows()));
    REQUIRE(view.cols() == static_cast<std::size_t>(table.cols()));
    for (Eigen::Index i = 0; i < table.rows(); ++i) {
      for (Eigen::Index j = 0; j < table.cols(); ++j) {
        CHECK(view(static_cast<std::size_t>(i), static_cast<std::size_t>(j)) == table(i, j));
        CHECK(&view(static_cast<std::size_t>(i), static_cast<std::size_t>(j)) == &table.coeffRef(i, j));
      }
    }
  };
  same(prep::matrix_view(columns), columns);
  same(prep::matrix_view(rows), rows);
  const auto block = columns.block(1, 1, 2, 3);
  same(prep::matrix_view(block), block);
  const auto map = prep::eigen_view(MatrixView<double>::row_major(columns.data(), 4, 3));
  same(prep::matrix_view(map), map);
}

TEST_CASE("prepared features are an Eigen table") {
  const prep::Fitted fitted =
      prep_test::fit("", prep_test::frame({prep_test::number("x", {1, 2}), prep_test::number("y", {3, 4})}));
  const auto table = prep::eigen_view(fitted.train);
  CHECK(table(0, 1) == 3);
  CHECK((table.col(0) + table.col(1)).sum() == 10);
}
