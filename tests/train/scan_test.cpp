#include <riskflag/train/kernels/dispatch.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/core/random.hpp>

using namespace riskflag;

TEST_CASE("every kernel finds the scalar scan's cut and gain, to the bit, around every vector width and limit") {
  const Random random(6);
  std::uint64_t draw = 0;
  for (const unsigned bins : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 16U, 17U, 64U, 254U, 255U}) {
    for (int variant = 0; variant < 40; ++variant) {
      std::vector<NarrowCell> cells(kCellStride);
      NarrowCell total = 0;
      for (unsigned b = 0; b <= bins; ++b) {
        // Empty bins: equal gains, of which the lowest cut wins; long runs of them, so that equals stand in one lane
        // too.
        if (random.uniform(draw++) < (variant % 7 == 3 ? 0.9 : 0.3)) continue;
        const auto g = static_cast<std::int32_t>(random.below(variant % 2 == 0 ? 2000 : 8000000, draw)) -
                       (variant % 2 == 0 ? 1000 : 4000000);
        cells[b] = pack(g, static_cast<std::uint32_t>(1 + random.below(variant % 2 == 0 ? 50 : 16000000, draw + 1)));
        draw += 2;
        total += cells[b];
      }
      if (h_of(total) == 0) continue;
      kernels::ScanInput<NarrowCell> in{cells.data(),
                                        0,
                                        bins,
                                        variant % 3 == 0 ? cells[bins] : NarrowCell{},
                                        total,
                                        0.0,
                                        variant % 5 == 0 ? 0.0 : 7.5,
                                        1.0};
      if (variant % 4 == 1) in.min_h = static_cast<double>(h_of(total)) * 0.2;
      if (variant % 4 == 2) {
        in.first = static_cast<unsigned>(random.below(bins, draw++));
        in.end = static_cast<unsigned>(random.below(bins + 1, draw++));
      }
      const kernels::ScanBest want = kernels::scan_scalar(in);
      for (const CpuLevel level : {CpuLevel::avx2, CpuLevel::avx512}) {
        if (level > cpu_level()) continue;
        CAPTURE(name_of(level));
        for (const std::uint32_t rows : {0xffffffffU, 1U}) {  // many rows, few rows: every bin, or those that hold some
          CAPTURE(rows);
          in.rows = rows;
          const kernels::ScanBest got = kernels::train_kernels(level).scan(in);
          CHECK(std::bit_cast<std::uint64_t>(got.gain) == std::bit_cast<std::uint64_t>(want.gain));
          CHECK(got.cut == want.cut);
          // A bar below the best changes nothing; at the best, nothing is above it.
          if (want.gain < 0.0) continue;
          in.floor = std::bit_cast<double>(std::bit_cast<std::uint64_t>(want.gain) - (want.gain > 0.0 ? 1 : 0));
          if (want.gain > 0.0) {
            CHECK(kernels::train_kernels(level).scan(in).gain == want.gain);
            CHECK(kernels::train_kernels(level).scan(in).cut == want.cut);
          }
          in.floor = want.gain;
          CHECK(kernels::train_kernels(level).scan(in).gain <= want.gain);
          in.floor = -1.0;
        }
      }
    }
  }
}

TEST_CASE("every kernel sends rows where the scalar one does, in its order, around every vector width") {
  const Random random(12);
  std::vector<std::uint8_t> column(5000);
  for (std::size_t i = 0; i < column.size(); ++i) column[i] = static_cast<std::uint8_t>(random.below(256, i));
  for (const std::size_t n : {0U, 1U, 255U, 256U, 257U, 263U, 271U, 272U, 1000U, 4999U}) {
    for (const double share : {0.0, 0.02, 0.5, 1.0}) {
      std::uint8_t go_left[256];
      for (std::size_t b = 0; b < 256; ++b) go_left[b] = random.uniform(7000 + b) < share ? 1 : 0;
      std::vector<std::uint32_t> rows;
      for (std::uint32_t i = 0; i < n; ++i) rows.push_back(i);
      if (n <= 1000) {
        for (std::uint32_t& row : rows) row = row * 5 + 3 - row % 3;
      }
      for (const bool listed : {false, true}) {
        const std::uint32_t* const list = listed ? rows.data() : nullptr;
        std::vector<std::uint32_t> want(n + 2, 7), got(n + 2, 7);
        const std::size_t left = kernels::partition_rows(column.data(), go_left, list, 1, n, want.data() + 1);
        for (const CpuLevel level : {CpuLevel::avx2, CpuLevel::avx512}) {
          if (level > cpu_level() || cpu_level() == CpuLevel::neon) continue;
          CHECK(kernels::train_kernels(level).partition(column.data(), go_left, list, 1, n, got.data() + 1) == left);
          CHECK(got == want);  // and nothing is written beside it
        }
      }
    }
  }
}

TEST_CASE("the gain of a cut is the textbook's, by hand") {
  // left: G = 6, H = 4; right: G = -2, H = 3; l2 = 1: 36/5 + 4/4
  std::vector<NarrowCell> cells(kCellStride);
  cells[0] = pack(6, 4);
  cells[1] = pack(-2, 3);
  const kernels::ScanInput<NarrowCell> in{cells.data(), 0, 1, 0, cells[0] + cells[1], 0.0, 1.0, 1.0};
  CHECK(kernels::scan_scalar(in).gain == doctest::Approx(36.0 / 5 + 1.0));
  kernels::ScanInput<NarrowCell> l1 = in;
  l1.l1 = 1.0;  // 5^2/5 + 1^2/4
  CHECK(kernels::scan_scalar(l1).gain == doctest::Approx(5.0 + 0.25));
}

TEST_CASE("no kernel leaves out a flag that gains more than the bar, and all leave out the same ones") {
  const Random random(8);
  std::uint64_t draw = 0;
  std::size_t left_out = 0;
  for (const unsigned n : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 10U, 33U, 63U, 64U}) {
    for (int variant = 0; variant < 40; ++variant) {
      std::vector<NarrowCell> cells(n + 8);
      NarrowCell total = pack(static_cast<std::int32_t>(random.below(4000, draw)) - 2000, 5000);
      for (unsigned k = 0; k < n; ++k, draw += 3) {
        if (random.uniform(draw) < 0.2) continue;  // a flag that no row of the leaf holds
        cells[k] = pack(static_cast<std::int32_t>(random.below(2000, draw + 1)) - 1000,
                        static_cast<std::uint32_t>(1 + random.below(90, draw + 2)));
        total += cells[k];
      }
      kernels::FlagScan in{cells.data(), n, total, variant % 5 == 0 ? 0.0 : 7.5, variant % 4 == 1 ? 30.0 : 1.0, -1.0};
      // Bars: none, each flag's own gain (which it does not exceed), and a little less.
      std::vector<double> gains;
      for (unsigned k = 0; k < n; ++k) {
        const kernels::ScanInput<NarrowCell> alone{cells.data() + k, 0, 1, {}, total, 0.0, in.l2, in.min_h};
        gains.push_back(kernels::scan_scalar(alone).gain);
      }
      for (unsigned bar = 0; bar <= n; ++bar) {
        if (bar < n && gains[bar] <= 0.0) continue;
        for (const unsigned less : {0U, 1U}) {
          in.floor = bar == n ? -1.0 : std::bit_cast<double>(std::bit_cast<std::uint64_t>(gains[bar]) - less);
          const std::uint64_t want = kernels::flags_above_scalar(in);
          for (unsigned k = 0; k < n; ++k) {
            if (gains[k] > in.floor) CHECK(((want >> k) & 1) == 1);
            if (gains[k] < 0.99 * in.floor) CHECK(((want >> k) & 1) == 0);
            left_out += ((want >> k) & 1) == 0 ? 1 : 0;
          }
          for (const CpuLevel level : {CpuLevel::avx2, CpuLevel::avx512}) {
            if (level > cpu_level() || cpu_level() == CpuLevel::neon) continue;
            CAPTURE(name_of(level));
            CHECK(kernels::train_kernels(level).flags_above(in) == want);
          }
        }
      }
    }
  }
  CHECK(left_out > 1000);
}
