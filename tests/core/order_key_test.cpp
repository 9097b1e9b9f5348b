#include <riskflag/core/order_key.hpp>

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>

using namespace riskflag;

namespace {

std::vector<double> values() {
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<double> x = {0.0, -0.0, 5e-324, -5e-324, 0x1p-1022, -0x1p-1022, 1.0, -1.0, 1e308, -1e308, inf, -inf};
  const Random random(4);
  for (std::uint64_t i = 0; x.size() < 400; ++i) {
    const double any = std::bit_cast<double>(random.bits(i));
    if (!is_missing(any)) x.push_back(any);
  }
  return x;
}

}  // namespace

TEST_CASE("invariant: keys are ordered as the doubles are, and -0 has the key of +0") {
  const auto x = values();
  for (const double a : x) {
    for (const double b : x) {
      REQUIRE((order_key(a) < order_key(b)) == (a < b));
      REQUIRE((order_key(a) == order_key(b)) == (a == b));
    }
  }
}

TEST_CASE("a key reads back as its double, and NaN lies outside the infinities") {
  for (const double a : values()) {
    CHECK(std::bit_cast<std::uint64_t>(from_order_key(order_key(a))) == std::bit_cast<std::uint64_t>(a == 0 ? 0.0 : a));
  }
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(order_key(kMissing) > order_key(inf));
  CHECK(order_key(-kMissing) < order_key(-inf));
}
