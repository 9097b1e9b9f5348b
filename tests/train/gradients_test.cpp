#include <riskflag/train/detail/row_gradients.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/train.hpp>
#include <riskflag/train/objectives/make.hpp>

using namespace riskflag;
using riskflag::detail::RowGradients;

namespace {

std::vector<CpuLevel> levels_here() {
  std::vector<CpuLevel> out;
  for (const CpuLevel level : {CpuLevel::scalar, CpuLevel::avx2, CpuLevel::avx512}) {
    if (level <= cpu_level() && (level == CpuLevel::scalar || cpu_level() != CpuLevel::neon)) out.push_back(level);
  }
  return out;
}

}  // namespace

TEST_CASE("every kernel's log-loss gradients are the scalar ones, to the bit, with and without weights") {
  const Random random(2);
  for (const std::size_t n : {1U, 3U, 4U, 7U, 8U, 9U, 16U, 100U, 1000U}) {
    std::vector<double> scores, labels, weights;
    for (std::size_t i = 0; i < n; ++i) {
      scores.push_back(random.normal(i) * (i % 5 == 0 ? 300.0 : 3.0));
      if (i % 31 == 7) scores.back() = 0.0;
      if (i % 31 == 8) scores.back() = -0.0;
      if (i == 50) scores.back() = -740.0;  // a denormal probability
      if (i == 51) scores.back() = 1e300;
      if (i == 52) scores.back() = -1e300;
      labels.push_back(i % 3 == 0 ? 1.0 : 0.0);
      weights.push_back(random.uniform(i + 5000) * 3.0);
    }
    for (const double* w : {static_cast<const double*>(nullptr), static_cast<const double*>(weights.data())}) {
      std::vector<double> g(n), h(n), g2(n), h2(n);
      kernels::logistic_scalar({scores.data(), labels.data(), w, g.data(), h.data(), n});
      for (const CpuLevel level : levels_here()) {
        CAPTURE(name_of(level));
        kernels::train_kernels(level).logistic({scores.data(), labels.data(), w, g2.data(), h2.data(), n});
        for (std::size_t i = 0; i < n; ++i) {
          CAPTURE(scores[i]);
          REQUIRE(std::bit_cast<std::uint64_t>(g2[i]) == std::bit_cast<std::uint64_t>(g[i]));
          REQUIRE(std::bit_cast<std::uint64_t>(h2[i]) == std::bit_cast<std::uint64_t>(h[i]));
        }
      }
    }
  }
}

TEST_CASE("rows whose probability rounds to 0 or 1 keep a hessian, so that no bin looks empty") {
  const std::vector<double> scores = {800.0, -800.0, 40.0, -50.0, 0.0}, labels(5, 0.0);
  std::vector<double> g(5), h(5);
  kernels::logistic_scalar({scores.data(), labels.data(), nullptr, g.data(), h.data(), 5});
  for (std::size_t i = 0; i < 4; ++i) CHECK(h[i] == 1e-16);
  CHECK(h[4] == 0.25);
}

TEST_CASE("every kernel packs the scalar one's cells, to the bit") {
  const Random random(4);
  for (const std::size_t n : {1U, 4U, 7U, 8U, 9U, 31U, 1000U}) {
    std::vector<double> g, h;
    for (std::size_t i = 0; i < n; ++i) {
      g.push_back(random.normal(i));
      h.push_back(i % 9 == 4 ? 0.0 : i % 9 == 5 ? 1e-12 : random.uniform(i + 1000));
    }
    std::vector<NarrowCell> want(n), got(n);
    const kernels::QuantizeBlock block{g.data(), h.data(), 77, n, 123456.7, 654321.0, 0x12345678U, 0x9abcdef0U};
    kernels::quantize_scalar(block, want.data());
    for (const CpuLevel level : levels_here()) {
      kernels::train_kernels(level).quantize(block, got.data());
      CHECK(got == want);
    }
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(std::abs(static_cast<double>(g_of(want[i])) - g[i] * 123456.7) <= 1.0);
      CHECK(h_of(want[i]) >= (h[i] > 0.0 ? 1 : 0));
    }
  }
}

TEST_CASE("every kernel's sums and least gradient are the scalar ones, to the bit, zeros left out of the least") {
  const Random random(9);
  for (const std::size_t n : {1U, 7U, 8U, 9U, 16U, 23U, 1000U}) {
    std::vector<double> g, h;
    for (std::size_t i = 0; i < n; ++i) {
      g.push_back(i % 6 == 1 ? 0.0 : random.normal(i));
      h.push_back(random.uniform(i + 2000));
    }
    const kernels::GradientSums want = kernels::sum_scalar(g.data(), h.data(), n);
    CHECK(want.least_g > 0.0);
    for (const CpuLevel level : levels_here()) {
      CAPTURE(name_of(level));
      const kernels::GradientSums got = kernels::train_kernels(level).sum(g.data(), h.data(), n);
      CHECK(std::bit_cast<std::uint64_t>(got.g) == std::bit_cast<std::uint64_t>(want.g));
      CHECK(std::bit_cast<std::uint64_t>(got.h) == std::bit_cast<std::uint64_t>(want.h));
      CHECK(got.least_g == want.least_g);
    }
  }
}

TEST_CASE("rounding is unbiased: many rows of one gradient sum to what they should") {
  constexpr std::size_t kRows = 200000;
  const std::vector<double> g(kRows, 0.3), h(kRows, 2.4);
  std::vector<NarrowCell> cells(kRows);
  kernels::quantize_scalar({g.data(), h.data(), 0, kRows, 1.0, 1.0, 17, 99}, cells.data());
  double sum_g = 0, sum_h = 0;
  for (const NarrowCell c : cells) sum_g += static_cast<double>(g_of(c)), sum_h += static_cast<double>(h_of(c));
  CHECK(std::abs(sum_g / kRows - 0.3) < 0.005);  // five standard deviations; to nearest would give 0
  CHECK(std::abs(sum_h / kRows - 2.4) < 0.006);
}

TEST_CASE("no subset of rows leaves its half of the cell, and heavy tails take two integers") {
  SerialExecutor serial;
  TrainOptions options;
  const auto objective = riskflag::detail::make_objective(options, CpuLevel::scalar);
  const std::size_t n = 10000;
  std::vector<double> scores(n), labels(n), weights(n, 1.0);
  for (std::size_t i = 0; i < n; ++i) {
    scores[i] = Random(1).normal(i);
    labels[i] = i % 2 == 0 ? 1.0 : 0.0;
  }
  RowGradients rows(n, *objective, CpuLevel::scalar);
  rows.compute(scores, labels, weights, Random(1), serial);
  CHECK_FALSE(rows.is_wide());
  std::int64_t positive = 0, negative = 0, h = 0;
  for (const NarrowCell c : rows.narrow()) {
    (g_of(c) > 0 ? positive : negative) += g_of(c);
    h += h_of(c);
  }
  CHECK(positive < (std::int64_t{1} << 31));
  CHECK(negative > -(std::int64_t{1} << 31));
  CHECK(h < (std::int64_t{1} << 32));
  CHECK(h > (std::int64_t{1} << 32) - 40000);  // and little of the room is wasted

  for (std::size_t i = 0; i < n; ++i) weights[i] = i % 50 == 0 ? 1e6 : 1e-6;
  rows.compute(scores, labels, weights, Random(1), serial);
  CHECK(rows.is_wide());
  double exact = 0;
  std::int64_t wide = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i % 50 == 0) continue;  // the light rows, which 32 bits would round to nothing
    exact += rows.g()[i];
    wide += rows.wide()[i].g;
  }
  CHECK(static_cast<double>(wide) * rows.unit_g() == doctest::Approx(exact).epsilon(1e-6));
}
