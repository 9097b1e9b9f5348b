#include <riskflag/core/exact.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include <riskflag/core/random.hpp>

#include "../sanitized.hpp"

using namespace riskflag;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMin = std::numeric_limits<double>::denorm_min();
constexpr double kMax = std::numeric_limits<double>::max();
constexpr int kInputs = riskflag_test::draws(300000);

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

/// How many ulps of `want` lie between; `want` comes from libm in long double (64 or 113 bits: 0.001 ulp or less off).
double ulps(double got, long double want) {
  const double nearest = static_cast<double>(want);
  if (std::isnan(got) && std::isnan(nearest)) return 0;
  if (std::isinf(got) || std::isinf(nearest) || std::isnan(got) || std::isnan(nearest))
    return bits(got) == bits(nearest) ? 0 : 1e9;
  int exponent = 0;
  (void)std::frexp(nearest, &exponent);
  const long double ulp = std::ldexp(1.0L, std::max(exponent - 53, -1074));
  return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / ulp);
}

/// The largest error of f against want over kInputs inputs made by `input(i)`.
template <class Input, class F, class Want>
double worst(Input input, F f, Want want) {
  double most = 0;
  for (std::uint64_t i = 0; i < kInputs; ++i) {
    const double x = input(i);
    most = std::max(most, ulps(f(x), want(static_cast<long double>(x))));
  }
  return most;
}

const Random random_(2026);
double any_positive(std::uint64_t i) { return std::bit_cast<double>(random_.bits(i) % 0x7ff0000000000000ULL); }
double near_zero(std::uint64_t i) { return std::ldexp(random_.uniform(i) - 0.5, 1 - static_cast<int>(i % 60)); }

}  // namespace

TEST_CASE("mul then add is two roundings, where a fused one would differ") {
  volatile double a = 1.0 + 0x1p-30, b = 1.0 - 0x1p-30, c = -1.0;  // a * b = 1 - 2^-60, which rounds to 1
  CHECK(exact::add(exact::mul(a, b), c) == 0.0);
  CHECK(std::fma(a, b, c) == -0x1p-60);
  CHECK(exact::sub(exact::mul(a, b), 1.0) == 0.0);
}

TEST_CASE("exp is within 0.54 ulp, and 0.76 where results are denormal") {
  const auto want = [](long double x) { return std::exp(x); };
  CHECK(worst([](std::uint64_t i) { return (random_.uniform(i) - 0.5) * 1400; }, exact::exp, want) < 0.54);
  CHECK(worst([](std::uint64_t i) { return (random_.uniform(i) - 0.5) * 4; }, exact::exp, want) < 0.54);
  CHECK(worst(near_zero, exact::exp, want) < 0.54);
  CHECK(worst([](std::uint64_t i) { return -708 - 38 * random_.uniform(i); }, exact::exp, want) < 0.76);
}

TEST_CASE("exp's ends") {
  CHECK(exact::exp(0.0) == 1.0);
  CHECK(exact::exp(-0.0) == 1.0);
  CHECK(exact::exp(kMin) == 1.0);
  CHECK(exact::exp(kInf) == kInf);
  CHECK(bits(exact::exp(-kInf)) == bits(0.0));
  CHECK(is_missing(exact::exp(kMissing)));
  CHECK(is_missing(exact::exp(-kMissing)));
  CHECK(ulps(exact::exp(0x1.62e42fefa39efp+9), std::exp(0x1.62e42fefa39efp+9L)) < 0.54);  // the last finite result
  CHECK(exact::exp(0x1.62e42fefa39f0p+9) == kInf);
  CHECK(bits(exact::exp(-0x1.74910d52d3051p+9)) == bits(kMin));  // the last result above 0
  CHECK(bits(exact::exp(-0x1.74910d52d3052p+9)) == bits(0.0));
  CHECK(exact::exp(1e300) == kInf);
  CHECK(exact::exp(-1e300) == 0.0);
}

TEST_CASE("log is within 0.51 ulp") {
  const auto want = [](long double x) { return std::log(x); };
  CHECK(worst(any_positive, exact::log, want) < 0.51);
  CHECK(worst([](std::uint64_t i) { return std::bit_cast<double>((random_.bits(i) >> (12 + i % 50)) | 1); }, exact::log,
              want) < 0.51);
  CHECK(worst([](std::uint64_t i) { return 0.5 + 1.5 * random_.uniform(i); }, exact::log, want) < 0.51);
  CHECK(worst([](std::uint64_t i) { return 1 + near_zero(i); }, exact::log, want) < 0.51);
}

TEST_CASE("log's ends") {
  CHECK(bits(exact::log(1.0)) == bits(0.0));
  CHECK(exact::log(0.0) == -kInf);
  CHECK(exact::log(-0.0) == -kInf);
  CHECK(exact::log(kInf) == kInf);
  CHECK(is_missing(exact::log(-1.0)));
  CHECK(is_missing(exact::log(-kMin)));
  CHECK(is_missing(exact::log(-kInf)));
  CHECK(is_missing(exact::log(kMissing)));
  CHECK(is_missing(exact::log(-kMissing)));
  for (const double x : {kMin, 0x1p-1022, 0x1p-1022 - kMin, kMax, 1 - 0x1p-53, 1 + 0x1p-52}) {
    CAPTURE(x);
    CHECK(ulps(exact::log(x), std::log(static_cast<long double>(x))) < 0.51);
  }
}

TEST_CASE("log1p is within 0.51 ulp, small arguments too") {
  const auto want = [](long double x) { return std::log1p(x); };
  CHECK(worst([](std::uint64_t i) { return std::max(near_zero(i), -1 + 0x1p-53); }, exact::log1p, want) < 0.51);
  CHECK(worst(any_positive, exact::log1p, want) < 0.51);
  CHECK(worst([](std::uint64_t i) { return random_.uniform(i) * 8 - 1; }, exact::log1p, want) < 0.51);
  for (const double x : {0x1p59, 0x1p60, 0x1p53, kMax, kMin, -kMin, 0x1p-54, -0x1p-54, 0x1p-53, -1 + 0x1p-53}) {
    CAPTURE(x);
    CHECK(ulps(exact::log1p(x), std::log1p(static_cast<long double>(x))) < 0.51);
  }
  CHECK(exact::log1p(-1.0) == -kInf);
  CHECK(is_missing(exact::log1p(-1 - 0x1p-52)));
  CHECK(is_missing(exact::log1p(-kInf)));
  CHECK(is_missing(exact::log1p(kMissing)));
  CHECK(is_missing(exact::log1p(-kMissing)));
  CHECK(exact::log1p(kInf) == kInf);
  CHECK(bits(exact::log1p(-0.0)) == bits(-0.0));
}

TEST_CASE("pow is within 0.56 ulp, and 0.78 where results are denormal") {
  double most = 0, most_denormal = 0;
  for (std::uint64_t i = 0; i < kInputs; ++i) {
    const double u = random_.uniform(2 * i), v = random_.uniform(2 * i + 1);
    const int e = static_cast<int>(i % 50);
    const double cases[4][2] = {
        {std::ldexp(u, e - 25), (v - 0.5) * 60},
        {1 + std::ldexp(u - 0.5, -e), std::ldexp(v - 0.5, e + 9)},
        {std::bit_cast<double>(random_.bits(2 * i) >> 1), std::bit_cast<double>(random_.bits(2 * i + 1))},
        {0.5 + u, -(708 + 38 * v) / std::log(0.5 + u)}};
    for (const auto& [x, y] : cases) {
      const double got = exact::pow(x, y);
      const double error = ulps(got, std::pow(static_cast<long double>(x), static_cast<long double>(y)));
      (got < 0x1p-1022 ? most_denormal : most) = std::max(got < 0x1p-1022 ? most_denormal : most, error);
    }
  }
  CHECK(most < 0.56);
  CHECK(most_denormal < 0.78);
}

TEST_CASE("pow's special values are those of libm") {
  const double values[] = {0.0,   -0.0,   1.0,         -1.0,        2.0,      -2.0,       3.0,         -3.0,
                           0.5,   -0.5,   1.5,         -1.5,        kInf,     -kInf,      kMin,        -kMin,
                           kMax,  -kMax,  kMissing,    0x1p53,      -0x1p53,  0x1p52 + 1, -0x1p52 - 1, 0x1p53 - 1,
                           1e300, -1e300, 1 + 0x1p-52, 1 - 0x1p-53, 0x1p-1022};
  for (const double x : values) {
    for (const double y : values) {
      CAPTURE(x);
      CAPTURE(y);
      const long double want = std::pow(static_cast<long double>(x), static_cast<long double>(y));
      const double got = exact::pow(x, y);
      CHECK(ulps(got, want) < 0.76);
      if (!std::isnan(got)) CHECK(std::signbit(got) == std::signbit(want));
    }
  }
  CHECK(exact::pow(10.0, 2.0) == 100.0);
  CHECK(exact::pow(2.0, -1074.0) == kMin);
  CHECK(bits(exact::pow(2.0, -1075.0)) == bits(0.0));  // half way: to even
}

TEST_CASE("pow(x, 1) is x") {
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const double x = any_positive(i);
    REQUIRE(bits(exact::pow(x, 1.0)) == bits(x));
  }
}

TEST_CASE("sigmoid is within 3 ulp, symmetric, and reaches its ends") {
  const auto want = [](long double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(worst([](std::uint64_t i) { return (random_.uniform(i) - 0.5) * 80; }, exact::sigmoid, want) < 3);
  CHECK(worst([](std::uint64_t i) { return -700 - 45 * random_.uniform(i); }, exact::sigmoid, want) < 3);
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const double x = random_.normal(i) * 5;
    REQUIRE(std::abs(exact::sigmoid(-x) - (1 - exact::sigmoid(x))) <= 0x1p-52);
  }
  CHECK(exact::sigmoid(0.0) == 0.5);
  CHECK(exact::sigmoid(-0.0) == 0.5);
  CHECK(exact::sigmoid(kInf) == 1.0);
  CHECK(bits(exact::sigmoid(-kInf)) == bits(0.0));
  CHECK(exact::sigmoid(40.0) == 1.0);
  CHECK(bits(exact::sigmoid(-745.0)) == bits(kMin));
  CHECK(is_missing(exact::sigmoid(kMissing)));
  CHECK(is_missing(exact::sigmoid(-kMissing)));
}

TEST_CASE("sigmoid never falls where the margin rises") {
  double last = 0;
  for (int i = -4000; i <= 4000; ++i) {
    const double p = exact::sigmoid(i / 100.0);
    REQUIRE(p >= last);
    last = p;
  }
}

TEST_CASE("logit is within 4 ulp and undoes sigmoid") {
  const auto want = [](long double p) {
    return p > 0.25L && p < 0.75L ? std::log1p((2 * p - 1) / (1 - p)) : std::log(p / (1 - p));
  };
  CHECK(worst([](std::uint64_t i) { return std::ldexp(random_.uniform(i) + 0x1p-54, -static_cast<int>(i % 1000) / 3); },
              exact::logit, want) < 4);
  CHECK(worst([](std::uint64_t i) { return 0.5 + near_zero(i) / 4; }, exact::logit, want) < 4);
  for (std::uint64_t i = 0; i < 10000; ++i) {
    const double x = random_.normal(i) * 2;
    REQUIRE(exact::logit(exact::sigmoid(x)) == doctest::Approx(x).epsilon(1e-11));
  }
  CHECK(exact::logit(0.5) == 0.0);
  CHECK(exact::logit(0.0) == -kInf);
  CHECK(exact::logit(-0.0) == -kInf);
  CHECK(exact::logit(1.0) == kInf);
  for (const double outside : {-0.1, 1.1, -kMin, kInf, -kInf, kMissing}) CHECK(is_missing(exact::logit(outside)));
}

TEST_CASE("sqrt and div are the correctly rounded ones") {
  CHECK(exact::sqrt(2.0) == 0x1.6a09e667f3bcdp+0);
  CHECK(is_missing(exact::sqrt(-1.0)));
  CHECK(exact::div(1.0, 3.0) == 0x1.5555555555555p-2);
  CHECK(exact::div(1.0, 0.0) == kInf);
}
