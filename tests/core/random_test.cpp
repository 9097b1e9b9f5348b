#include <riskflag/core/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("philox gives Random123's known answers") {
  // kat_vectors of Random123 1.14: philox4x32, 10 rounds
  using Counter = std::array<std::uint32_t, 4>;
  CHECK(detail::philox({0, 0, 0, 0}, {0, 0}) == Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(detail::philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(detail::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("bits lays counter, stream and seed out as philox's words") {
  CHECK(Random(0, 0).bits(0) == 0xe169c58d6627e8d5ULL);
  CHECK(Random(0x299f31d0a4093822ULL, 0x0370734413198a2eULL).bits(0x85a308d3243f6a88ULL) == 0x94fdccebd16cfe09ULL);
}

TEST_CASE("uniform is in [0, 1), below in [0, n), and both spread evenly") {
  const Random random(3);
  std::array<int, 10> tenths{}, sevenths{};
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const double u = random.uniform(i);
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    ++tenths[static_cast<std::size_t>(u * 10)];
    const std::uint64_t d = random.below(7, i);
    REQUIRE(d < 7);
    ++sevenths[d];
  }
  for (const int count : tenths) CHECK(std::abs(count - 10000) < 500);  // 5 standard deviations
  for (std::size_t d = 0; d < 7; ++d) CHECK(std::abs(sevenths[d] - 100000 / 7) < 560);
  CHECK(random.below(1, 99) == 0);
}

TEST_CASE("normal_quantile is the inverse of the normal distribution") {
  // scipy.special.ndtri of the same; 1e-300 takes the third branch
  CHECK(normal_quantile(0.975) == doctest::Approx(1.9599639845400545).epsilon(1e-15));
  CHECK(normal_quantile(0.5) == 0.0);
  CHECK(normal_quantile(0.25) == doctest::Approx(-0.67448975019608174).epsilon(1e-15));
  CHECK(normal_quantile(1e-10) == doctest::Approx(-6.3613409024040557).epsilon(1e-15));
  CHECK(normal_quantile(1e-300) == doctest::Approx(-37.0470962993612).epsilon(1e-15));
  for (int i = 1; i < 200; ++i) {
    const double x = -9 + 0.045 * i;  // the slow path: erfc of libm
    CHECK(normal_quantile(0.5 * std::erfc(-x / std::sqrt(2.0))) == doctest::Approx(x).epsilon(1e-13));
  }
}

TEST_CASE("normal draws have mean 0, variance 1 and are finite") {
  const Random random(8, 1);
  double sum = 0, squares = 0;
  constexpr int kDraws = 200000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double x = random.normal(i);
    REQUIRE(std::abs(x) < 9);
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / kDraws) < 0.01);
  CHECK(std::abs(squares / kDraws - 1) < 0.02);
}

TEST_CASE("streams and splits do not repeat each other") {
  std::set<std::uint64_t> seen;
  const Random root(42);
  std::size_t draws = 0;
  for (std::uint64_t use = 0; use < 50; ++use) {
    for (const Random& random : {Random(42, use), root.split(use), root.split(use).split(use)}) {
      for (std::uint64_t i = 0; i < 50; ++i, ++draws) seen.insert(random.bits(i));
    }
  }
  CHECK(seen.size() == draws);
}

TEST_CASE("shuffle is the permutation that Fisher-Yates makes of the draws") {
  const Random random(9);
  std::vector<std::uint32_t> values(100), want(100);
  std::iota(values.begin(), values.end(), 0u);
  std::iota(want.begin(), want.end(), 0u);
  shuffle(values, random);
  for (std::uint64_t k = 0; k < 99; ++k) std::swap(want[99 - k], want[random.below(100 - k, k)]);
  CHECK(values == want);
  std::sort(values.begin(), values.end());
  for (std::uint32_t i = 0; i < 100; ++i) CHECK(values[i] == i);
}

TEST_CASE("shuffle puts every value everywhere equally often") {
  std::array<std::array<int, 4>, 4> count{};
  for (std::uint64_t seed = 0; seed < 24000; ++seed) {
    std::array<std::uint32_t, 4> v = {0, 1, 2, 3};
    shuffle(v, Random(seed));
    for (std::size_t i = 0; i < 4; ++i) ++count[i][v[i]];
  }
  for (const auto& row : count) {
    for (const int c : row) CHECK(std::abs(c - 6000) < 340);  // 5 standard deviations
  }
}
