#pragma once

// Which requests the challenger answers.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include <riskflag/core/file.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/sha256.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// A share of requests. Those of one routing key go the same way on every server and after every start, and stay with
/// the challenger when the share grows; those without one are drawn. Thread-safe.
class Split {
 public:
  /// `percent` in [0, 100].
  explicit Split(double percent) : percent_(percent), random_(seed()) {}

  [[nodiscard]] double percent() const noexcept { return percent_; }
  [[nodiscard]] bool takes(std::optional<std::string_view> key) const {
    const double place =
        key && !key->empty() ? place_of(*key) : random_.uniform(drawn_.fetch_add(1, std::memory_order_relaxed));
    return place < percent_ / 100;
  }

 private:
  [[nodiscard]] static std::uint64_t seed() {
    std::uint64_t out = 0;
    system_random(&out, sizeof out);
    return out;
  }
  /// In [0, 1): the first eight hex digits of the key's SHA-256, so that anybody can tell where a key goes.
  [[nodiscard]] static double place_of(std::string_view key) {
    std::uint32_t place = 0;
    for (const char c : sha256_hex(key).substr(0, 8)) {
      place = place << 4 | static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return place * 0x1p-32;
  }

  double percent_;
  Random random_;
  mutable std::atomic<std::uint64_t> drawn_{0};
};

}  // namespace riskflag::inline v0_1::serve::detail
