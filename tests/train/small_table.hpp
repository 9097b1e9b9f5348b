#pragma once

// Tables for the tests of bin/ and train/: every cell is a function of (seed, row, column).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/feature.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>

struct SmallTable {
  std::size_t rows = 0, cols = 0;
  std::vector<double> values;  ///< row-major
  std::vector<double> labels, weights;
  std::vector<double>
      margins;  ///< to start from, all different: no two sets of rows have equal gradient sums by chance
  std::vector<riskflag::Feature> features;

  [[nodiscard]] riskflag::MatrixView<double> view() const {
    return riskflag::MatrixView<double>::row_major(values.data(), rows, cols);
  }
  [[nodiscard]] std::span<const double> row(std::size_t i) const { return {values.data() + i * cols, cols}; }
};

/// Columns repeat in this order: normal; few integers with a fifth missing; three levels; skewed, mostly zero; twenty
/// levels with some missing; uniform. Labels depend on the first five.
inline SmallTable small_table(std::size_t rows, std::size_t cols, std::uint64_t seed, bool binary = true) {
  using namespace riskflag;
  SmallTable t;
  t.rows = rows;
  t.cols = cols;
  t.values.resize(rows * cols);
  const Random random(seed);
  for (std::size_t j = 0; j < cols; ++j) {
    Feature feature;
    feature.name = "f" + std::to_string(j);
    if (j % 6 == 2 || j % 6 == 4) {
      feature.type = FeatureType::categorical;
      for (int level = 0; level < (j % 6 == 2 ? 3 : 20); ++level) feature.levels.push_back("l" + std::to_string(level));
    }
    t.features.push_back(feature);
  }
  for (std::size_t i = 0; i < rows; ++i) {
    double margin = -1.0;
    for (std::size_t j = 0; j < cols; ++j) {
      const Random cell = random.split(j);
      double& x = t.values[i * cols + j];
      switch (j % 6) {
        case 0: x = cell.normal(i); break;
        case 1: x = cell.uniform(2 * i) < 0.2 ? kMissing : static_cast<double>(cell.below(6, 2 * i + 1)); break;
        case 2: x = static_cast<double>(cell.below(3, i)); break;
        case 3: x = cell.uniform(2 * i) < 0.8 ? 0.0 : exact::exp(cell.normal(2 * i + 1)); break;
        case 4: x = cell.uniform(2 * i) < 0.1 ? kMissing : static_cast<double>(cell.below(20, 2 * i + 1)); break;
        default: x = cell.uniform(i); break;
      }
      if (j == 0) margin += x;
      if (j == 1) margin += is_missing(x) ? 1.0 : exact::mul(0.2, x);
      if (j == 2) margin += x == 1.0 ? 0.7 : 0.0;
      if (j == 3) margin -= exact::mul(0.3, x);
      if (j == 4 && !is_missing(x))
        margin += exact::sub(exact::mul(static_cast<double>(static_cast<int>(x) * 7 % 5), 0.3), 0.6);
    }
    const Random last = random.split(1000);
    t.labels.push_back(binary ? (last.uniform(i) < exact::sigmoid(margin) ? 1.0 : 0.0) : margin + last.normal(i));
    t.margins.push_back(exact::mul(last.split(2).normal(i), 0.5));
    t.weights.push_back(static_cast<double>(last.split(1).below(4, i)) * 0.5);
  }
  return t;
}

/// A table of `small_table(..., false)` with classes 0, 1, ..., classes - 1 for labels: the real label cut at 0, 1, 2,
/// ...
inline void make_classes(SmallTable& t, int classes) {
  for (double& y : t.labels) {
    int k = 0;
    while (k + 1 < classes && y > static_cast<double>(k)) ++k;
    y = static_cast<double>(k);
  }
}

/// Makes the columns from `first` exclude each other: a row keeps one of their cells (or none), the others become what
/// most rows hold: 0, missing, level 0 or a missing level, by column.
inline void make_exclusive(SmallTable& t, std::size_t first, std::uint64_t seed) {
  using namespace riskflag;
  const Random random(seed);
  for (std::size_t i = 0; i < t.rows; ++i) {
    const std::size_t kept = first + random.below(t.cols - first + 1, i);
    for (std::size_t j = first; j < t.cols; ++j) {
      if (j != kept) t.values[i * t.cols + j] = j % 4 < 2 ? 0.0 : kMissing;
    }
  }
}

/// Leaves one cell in twenty of the columns from `first`; the others become 0 or missing, by column.
inline void make_sparse(SmallTable& t, std::size_t first, std::uint64_t seed) {
  using namespace riskflag;
  const Random random(seed);
  for (std::size_t i = 0; i < t.rows; ++i) {
    for (std::size_t j = first; j < t.cols; ++j) {
      if (random.uniform(i * t.cols + j) > 0.05) t.values[i * t.cols + j] = j % 4 < 2 ? 0.0 : kMissing;
    }
  }
}
