#include <riskflag/core/float32.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include <doctest/doctest.h>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>

using namespace riskflag;

namespace {

/// The modes in which a program linked with -ffast-math runs: operands and results below the least normal number are 0.
class FlushToZero {
 public:
#if defined(__SSE2__)
  FlushToZero() noexcept : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040U); }
  ~FlushToZero() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  FlushToZero() noexcept {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (std::uint64_t{1} << 24U)));
  }
  ~FlushToZero() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  std::uint64_t before_ = 0;
#endif
 public:
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;
};

/// Every exponent of doubles around those of floats, with mantissas at ties and beside them.
std::vector<double> values() {
  std::vector<double> out = {0.0, 5e-324, 1e-310, 1e308, std::numeric_limits<double>::infinity()};
  const Random random(5);
  std::uint64_t at = 0;
  for (int exponent = -160; exponent <= 130; ++exponent) {
    for (int i = 0; i < 40; ++i) {
      const std::uint64_t any = random.bits(at++);
      const int kept = static_cast<int>(any % 30U);  // bits of the mantissa, so that many are halves of floats' steps
      const double mantissa = 1.0 + std::ldexp(std::floor(std::ldexp(random.uniform(at++), kept)), -kept);
      const double x = std::ldexp(mantissa, exponent);
      for (const double each : {x, std::nextafter(x, 0.0), std::nextafter(x, 1e308)}) out.push_back(each);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("invariant: conversions between float and double are the processor's, also where it flushes to zero") {
  std::vector<double> wide;
  std::vector<float> narrow;
  for (const double size : values()) {
    for (const double x : {size, -size}) {
      wide.push_back(x);
      narrow.push_back(static_cast<float>(x));
    }
  }
  REQUIRE(wide.size() > 60000);
  std::vector<float> nearest(wide.size());
  std::vector<double> rounded(wide.size()), back(wide.size());
  const auto convert = [&] {
    for (std::size_t i = 0; i < wide.size(); ++i) {
      nearest[i] = to_float32(wide[i]);
      rounded[i] = rounded_to_float32(wide[i]);
      back[i] = from_float32(narrow[i]);
    }
  };
  const auto check = [&] {
    for (std::size_t i = 0; i < wide.size(); ++i) {
      CAPTURE(wide[i]);
      REQUIRE(std::bit_cast<std::uint32_t>(nearest[i]) == std::bit_cast<std::uint32_t>(narrow[i]));
      REQUIRE(std::bit_cast<std::uint64_t>(back[i]) == std::bit_cast<std::uint64_t>(static_cast<double>(narrow[i])));
      REQUIRE(rounded[i] == static_cast<double>(narrow[i]));
    }
  };
  convert();
  check();
  {
    const FlushToZero flushing;
    convert();
  }
  check();
}

TEST_CASE("a missing value stays missing as a float and as a double") {
  const double missing = kMissing;
  CHECK(is_missing(to_float32(missing)));
  CHECK(is_missing(rounded_to_float32(missing)));
  CHECK(is_missing(from_float32(to_float32(-missing))));
}
