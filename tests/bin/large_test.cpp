// Tables of more than 2^32 cells: addresses alone, of which hardly any is ever touched.

#include <riskflag/bin.hpp>

#include <doctest/doctest.h>

#include <sys/mman.h>

#include <cstddef>
#include <string>
#include <vector>

#include <riskflag/core/random.hpp>

using namespace riskflag;

TEST_CASE("cuts come from the sampled rows of a table of more than 2^32 cells, in both orders") {
  constexpr std::size_t kRows = 70'000'000, kCols = 64;
  static_assert(kRows * kCols > std::size_t{1} << 32);
  const BinOptions options{.max_bin = 7, .min_data_in_bin = 1, .sample_rows = 100};
  const std::vector<std::size_t> sampled = detail::sampled_rows(kRows, 100, options.seed);
  REQUIRE(sampled.back() * kCols > std::size_t{1} << 32);
  std::vector<Feature> features(kCols);
  for (std::size_t f = 0; f < kCols; ++f) features[f].name = "f" + std::to_string(f);
  std::vector<float> few(100 * kCols);
  const Random random(5);
  for (std::size_t i = 0; i < few.size(); ++i) few[i] = static_cast<float>(random.normal(i));
  SerialExecutor serial;
  const Cuts want = make_cuts(MatrixView<float>::row_major(few.data(), 100, kCols), features, options, serial);
  for (const bool by_row : {true, false}) {
    const std::size_t bytes = kRows * kCols * sizeof(float);
    void* const memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      MESSAGE("skipped: 18 GB of addresses are not to be had here");
      return;
    }
    auto* const cells = static_cast<float*>(memory);
    for (std::size_t k = 0; k < sampled.size(); ++k) {
      for (std::size_t f = 0; f < kCols; ++f)
        cells[by_row ? sampled[k] * kCols + f : f * kRows + sampled[k]] = few[k * kCols + f];
    }
    const auto x =
        by_row ? MatrixView<float>::row_major(cells, kRows, kCols) : MatrixView<float>::col_major(cells, kRows, kCols);
    const Cuts got = make_cuts(x, features, options, serial);
    CHECK(got.bins == want.bins);
    ::munmap(memory, bytes);
  }
}
