#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace riskflag::inline v0_1::monitor {

/// `size` counters that many threads add to without waiting for one another: each thread has a stripe of cache lines of
/// its own (of kStripes; threads beyond that share), and a total is the sum over the stripes.
///
/// All calls are thread-safe. A total that is read while others add is a value that the counter had at some time
/// between the call and its return; each counter never decreases.
class Counters {
 public:
  static constexpr std::size_t kStripes = 16;

  explicit Counters(std::size_t size) : size_(size), lines_each_((size + kInLine - 1) / kInLine) {
    lines_ = std::vector<Line>(kStripes * lines_each_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void add(std::size_t counter, std::uint64_t by = 1) noexcept {
    at(stripe(), counter).fetch_add(by, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t total(std::size_t counter) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t s = 0; s < kStripes; ++s) {
      sum += lines_[s * lines_each_ + counter / kInLine].counts[counter % kInLine].load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  static constexpr std::size_t kInLine = 8;
  struct alignas(64) Line {
    std::array<std::atomic<std::uint64_t>, kInLine> counts{};
  };
  [[nodiscard]] std::atomic<std::uint64_t>& at(std::size_t stripe, std::size_t counter) noexcept {
    return lines_[stripe * lines_each_ + counter / kInLine].counts[counter % kInLine];
  }
  [[nodiscard]] static std::size_t stripe() noexcept {
    // Each thread has one of its own; such addresses have many equal low bits, but the product's high bits differ.
    static thread_local const char here = 0;
    return static_cast<std::size_t>(
        (static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&here)) * 0x9E3779B97F4A7C15u) >> 60);
  }

  std::size_t size_, lines_each_;
  std::vector<Line> lines_;
};
static_assert(Counters::kStripes == 16, "stripe() gives four bits");

}  // namespace riskflag::inline v0_1::monitor
