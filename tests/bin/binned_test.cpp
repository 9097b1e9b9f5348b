#include <riskflag/bin/binned.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include <riskflag/bin/kernels/find_bins.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/random.hpp>

#include "../train/small_table.hpp"

using namespace riskflag;

TEST_CASE("every kernel finds the bins of the slow path, around every vector width and table size") {
  const Random random(5);
  for (const std::size_t cuts : {0U, 1U, 2U, 3U, 4U, 7U, 8U, 100U, 253U, 254U}) {
    FeatureCuts feature;
    for (std::size_t b = 0; b < cuts; ++b) feature.cuts.push_back(static_cast<double>(b) * 0.25 - 3.0);
    feature.value_bins = static_cast<unsigned>(cuts + 1);
    const kernels::CutTable table = riskflag::detail::cut_table(feature);
    for (const std::size_t n : {0U, 1U, 3U, 4U, 5U, 15U, 16U, 17U, 100U}) {
      std::vector<double> x;
      for (std::size_t i = 0; i < n; ++i) {
        x.push_back(i % 7 == 3   ? kMissing
                    : i % 5 == 1 ? 0.25 * static_cast<double>(random.below(280, i)) - 3.5
                                 : random.normal(i) * 30.0);
      }
      if (n > 2) x[1] = HUGE_VAL, x[2] = -HUGE_VAL;
      std::vector<std::uint8_t> want(n), got(n);
      for (std::size_t i = 0; i < n; ++i) want[i] = feature.bin_of(x[i]);
      for (const CpuLevel level : {CpuLevel::scalar, CpuLevel::avx2, CpuLevel::avx512}) {
        if (level > cpu_level()) continue;
        CAPTURE(name_of(level));
        kernels::find_bins_for(level)(table, x.data(), n, got.data());
        CHECK(got == want);
      }
    }
  }
}

TEST_CASE("columns and tiles hold the same bins, in every layout, from float and double, for any number of threads") {
  for (const std::size_t cols : {1U, 15U, 16U, 17U, 35U}) {
    const SmallTable table = small_table(2500, cols, cols);
    std::vector<double> by_column(table.values.size());
    std::vector<float> floats(table.values.begin(), table.values.end());
    for (std::size_t i = 0; i < table.rows; ++i) {
      for (std::size_t j = 0; j < cols; ++j) by_column[j * table.rows + i] = table.values[i * cols + j];
    }
    Pool pool(3);
    SerialExecutor serial;
    const Binned a = bin_matrix(table.view(), table.features, {}, serial);
    const Binned b =
        bin_matrix(MatrixView<double>::col_major(by_column.data(), table.rows, cols), table.features, {}, pool);
    const Binned c = bin_matrix(MatrixView<float>::row_major(floats.data(), table.rows, cols), table.features,
                                {.max_bin = 200}, pool);
    CHECK(a.cuts().bins == b.cuts().bins);
    std::size_t features_in_tiles = 0;
    for (std::size_t t = 0; t < a.tiles(); ++t) {
      const Binned::Tile tile = a.tile(t);
      REQUIRE(tile.width <= Binned::kTileWidth);
      features_in_tiles += tile.width;
      for (std::size_t k = 0; k < tile.width; ++k) {
        REQUIRE(a.features_in(tile.first + k).size() == 1);
        const std::size_t f = a.features_in(tile.first + k)[0];
        for (std::size_t i = 0; i < table.rows; ++i) {
          REQUIRE(a.column(f)[i] == a.feature(f).bin_of(table.values[i * cols + f]));
          REQUIRE(a.column(f)[i] == tile.cells[i * tile.width + k]);
          REQUIRE(a.column(f)[i] == b.column(f)[i]);
          REQUIRE(c.column(f)[i] == c.feature(f).bin_of(static_cast<double>(floats[i * cols + f])));
        }
      }
    }
    CHECK(features_in_tiles == cols);
  }
}

TEST_CASE("one-hot columns share a stored column a field; columns of which one row holds two stay apart") {
  constexpr std::size_t kRows = 1000, kCols = 31;
  std::vector<double> x(kRows * kCols);
  const Random random(6);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t field = 0; field < 3; ++field) x[i * kCols + field * 10 + random.below(10, i * 3 + field)] = 1.0;
    x[i * kCols + 30] = random.normal(i);
  }
  std::vector<Feature> features(kCols);
  SerialExecutor serial;
  const auto view = MatrixView<double>::row_major(x.data(), kRows, kCols);
  const Binned bins = bin_matrix(view, features, {}, serial);
  REQUIRE(bins.stored_columns() == 4);
  for (std::size_t f = 0; f < 30; ++f) {
    CHECK(bins.place(f).column == f / 10);
    CHECK(bins.place(f).is_shared);
    CHECK(bins.place(f).most_frequent == 0);
    CHECK(bins.place(f).first == 1 + f % 10);
    CHECK(bins.place(f).others == 1);
    CHECK(bins.rows_in_bins(f)[0] + bins.rows_in_bins(f)[1] == kRows);
  }
  CHECK(bins.stored_bins(0) == 11);
  CHECK_FALSE(bins.place(30).is_shared);
  CHECK(bins.stored_bins(3) == bins.feature(30).missing_bin() + 1);
  const Binned::Tile tile = bins.tile(0);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t field = 0; field < 3; ++field) {
      const auto level = static_cast<std::size_t>(tile.cells[i * tile.width + field]) - 1;
      REQUIRE(level < 10);
      REQUIRE(x[i * kCols + field * 10 + level] == 1.0);
    }
  }
  for (std::size_t j = 0; j < 10; ++j) x[999 * kCols + j] = j < 2 ? 1.0 : 0.0;  // one row holds two levels
  const Binned broken = bin_matrix(view, features, {}, serial);
  CHECK(broken.stored_columns() == 5);
  CHECK(broken.place(1).column != broken.place(0).column);
}

TEST_CASE("in long tables columns of few bins are joined, a stored bin for each combination; short tables go without") {
  for (const std::size_t rows : {std::size_t{1000}, std::size_t{20000}}) {
    const Random random(8);
    std::vector<double> x(rows * 5);
    for (std::size_t i = 0; i < rows; ++i) {
      const Random row = random.split(i);
      x[i * 5] = row.normal(0);
      x[i * 5 + 1] = static_cast<double>(row.below(2, 1));                                     // 2 bins
      x[i * 5 + 2] = row.uniform(2) < 0.3 ? kMissing : static_cast<double>(row.below(20, 3));  // 21 with the missing
      x[i * 5 + 3] = static_cast<double>(row.below(6, 4));                                     // 6: 252 in all
      x[i * 5 + 4] = static_cast<double>(row.below(2, 5));                                     // has no room there
    }
    SerialExecutor serial;
    const Binned bins =
        bin_matrix(MatrixView<double>::row_major(x.data(), rows, 5), std::vector<Feature>(5), {}, serial);
    if (rows == 1000) {
      CHECK(bins.stored_columns() == 5);
      continue;
    }
    REQUIRE(bins.stored_columns() == 3);
    CHECK(bins.stored_bins(1) == 252);
    CHECK_FALSE(bins.place(4).is_shared);
    const unsigned steps[3] = {1, 2, 42};
    for (const std::size_t f : {1U, 2U, 3U}) {
      CHECK(bins.place(f).column == 1);
      CHECK(bins.place(f).is_shared);
      CHECK(bins.place(f).step == steps[f - 1]);
    }
    CHECK(bins.place(2).bins == 21);
    const Binned::Tile tile = bins.tile(0);
    for (std::size_t i = 0; i < rows; ++i) {
      REQUIRE(tile.cells[i * tile.width + 1] == bins.column(1)[i] + 2U * bins.column(2)[i] + 42U * bins.column(3)[i]);
    }
  }
}

TEST_CASE("validation rows are binned by the training rows' cuts, unseen levels and all") {
  const SmallTable table = small_table(500, 6, 3);
  SerialExecutor serial;
  const Binned bins = bin_matrix(table.view(), table.features, {}, serial);
  SmallTable other = small_table(100, 6, 4);
  other.values[2] = 17.0;  // no level of f2
  const Binned valid = bin_like(bins.cuts(), other.view(), serial);
  CHECK_FALSE(valid.has_tiles());
  CHECK(valid.column(2)[0] == bins.feature(2).unseen_bin());
  for (std::size_t f = 0; f < 6; ++f) {
    for (std::size_t i = 0; i < other.rows; ++i) REQUIRE(valid.column(f)[i] == bins.feature(f).bin_of(other.row(i)[f]));
  }
  CHECK_THROWS_AS((void)bin_like(bins.cuts(), MatrixView<double>::row_major(other.values.data(), 100, 5), serial),
                  Error);
}
