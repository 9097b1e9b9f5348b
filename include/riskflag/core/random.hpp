#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <riskflag/core/exact.hpp>

namespace riskflag::inline v0_1 {

/// Counter-based random numbers: draw `i` of stream (seed, stream) is a pure function of the three, on every platform,
/// so rows can be drawn in any order by any thread.
///
/// Philox4x32-10; Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Copying is free; all members
/// are const and thread-safe.
class Random {
 public:
  constexpr Random(std::uint64_t seed, std::uint64_t stream = 0) noexcept : seed_(seed), stream_(stream) {}

  /// 64 uniform bits of draw `counter`.
  [[nodiscard]] std::uint64_t bits(std::uint64_t counter) const noexcept;
  /// Uniform in [0, 1) with 53 bits.
  [[nodiscard]] double uniform(std::uint64_t counter) const noexcept;
  /// Uniform integer in [0, n), n >= 1, without modulo bias beyond 2^-64 (multiply-shift).
  [[nodiscard]] std::uint64_t below(std::uint64_t n, std::uint64_t counter) const noexcept;
  /// Standard normal: inverse distribution function (Wichura, AS 241) of uniform(counter), through exact.hpp. Within
  /// +-8.3; the uniform 0 counts as 2^-54.
  [[nodiscard]] double normal(std::uint64_t counter) const noexcept;
  /// An independent generator for a named use: the only way to split one seed.
  [[nodiscard]] Random split(std::uint64_t use) const noexcept;

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
};

/// Fisher-Yates with draws 0..n-1 of `random`; same permutation everywhere.
void shuffle(std::span<std::uint32_t> values, const Random& random) noexcept;

/// Quantile of the standard normal distribution, 0 < p < 1, to about 1e-16 relative (Wichura, AS 241, PPND16).
[[nodiscard]] double normal_quantile(double p) noexcept;

}  // namespace riskflag::inline v0_1

namespace riskflag::inline v0_1 {

namespace detail {

/// Philox4x32-10: 128 bits that are a pure function of counter and key.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                            std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9;  // the golden ratio, and sqrt(3) - 1 below
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// The block of draw `counter`, as two 64-bit words.
[[nodiscard]] constexpr std::array<std::uint64_t, 2> philox(std::uint64_t seed, std::uint64_t stream,
                                                            std::uint64_t counter) noexcept {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const auto out = philox({low(counter), high(counter), low(stream), high(stream)}, {low(seed), high(seed)});
  return {std::uint64_t{out[1]} << 32 | out[0], std::uint64_t{out[3]} << 32 | out[2]};
}

/// The upper 64 bits of a * b.
[[nodiscard]] constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{a} * b >> 64);
}

/// c[0] + c[1] x + ... by Horner.
template <std::size_t N>
[[nodiscard]] double polynomial(const std::array<double, N>& c, double x) noexcept {
  double y = c[N - 1];
  for (std::size_t i = N - 1; i > 0; --i) y = exact::add(exact::mul(y, x), c[i - 1]);
  return y;
}

}  // namespace detail

inline std::uint64_t Random::bits(std::uint64_t counter) const noexcept {
  return detail::philox(seed_, stream_, counter)[0];
}

inline double Random::uniform(std::uint64_t counter) const noexcept {
  return static_cast<double>(bits(counter) >> 11) * 0x1p-53;  // exact: 53 bits and a power of two
}

inline std::uint64_t Random::below(std::uint64_t n, std::uint64_t counter) const noexcept {
  return detail::multiply_high(bits(counter), n);
}

inline double Random::normal(std::uint64_t counter) const noexcept {
  const double u = uniform(counter);
  return normal_quantile(u > 0 ? u : 0x1p-54);
}

inline Random Random::split(std::uint64_t use) const noexcept {
  // Another key than that of the draws, so that no draw is ever part of a seed.
  const auto words = detail::philox(seed_ ^ 0x53504C4954AA55C3ULL, stream_, use);
  return Random(words[0], words[1]);
}

inline void shuffle(std::span<std::uint32_t> values, const Random& random) noexcept {
  for (std::size_t i = values.size(); i > 1; --i) {
    const std::size_t j = random.below(i, values.size() - i);
    std::swap(values[i - 1], values[j]);
  }
}

inline double normal_quantile(double p) noexcept {
  // Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37 (1988).
  constexpr std::array<double, 8> a = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                       1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                       3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr std::array<double, 8> b = {1.0,
                                       4.2313330701600911252e1,
                                       6.8718700749205790830e2,
                                       5.3941960214247511077e3,
                                       2.1213794301586595867e4,
                                       3.9307895800092710610e4,
                                       2.8729085735721942674e4,
                                       5.2264952788528545610e3};
  constexpr std::array<double, 8> c = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                                       3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                                       2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array<double, 8> d = {1.0,
                                       2.05319162663775882187e0,
                                       1.67638483018380384940e0,
                                       6.89767334985100004550e-1,
                                       1.48103976427480074590e-1,
                                       1.51986665636164571966e-2,
                                       5.47593808499534494600e-4,
                                       1.05075007164441684324e-9};
  constexpr std::array<double, 8> e = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                       2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                       2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array<double, 8> f = {1.0,
                                       5.99832206555887937690e-1,
                                       1.36929880922735805310e-1,
                                       1.48753612908506148525e-2,
                                       7.86869131145613259100e-4,
                                       1.84631831751005468180e-5,
                                       1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};
  const double q = exact::sub(p, 0.5);
  if (q <= 0.425 && q >= -0.425) {
    const double r = exact::sub(0.180625, exact::mul(q, q));
    return exact::div(exact::mul(q, detail::polynomial(a, r)), detail::polynomial(b, r));
  }
  double r = exact::sqrt(-exact::log(q < 0 ? p : exact::sub(1.0, p)));
  double x = 0;
  if (r <= 5) {
    r = exact::sub(r, 1.6);
    x = exact::div(detail::polynomial(c, r), detail::polynomial(d, r));
  } else {
    r = exact::sub(r, 5.0);
    x = exact::div(detail::polynomial(e, r), detail::polynomial(f, r));
  }
  return q < 0 ? -x : x;
}

}  // namespace riskflag::inline v0_1
