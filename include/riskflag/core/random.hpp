#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

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
  /// Standard normal: inverse distribution function (Wichura, AS 241) of uniform(counter), through exact.hpp.
  [[nodiscard]] double normal(std::uint64_t counter) const noexcept;
  /// An independent generator for a named use: the only way to split one seed.
  [[nodiscard]] Random split(std::uint64_t use) const noexcept;

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
};

/// Fisher-Yates with draws 0..n-1 of `random`; same permutation everywhere.
void shuffle(std::span<std::uint32_t> values, const Random& random) noexcept;

}  // namespace riskflag::inline v0_1
