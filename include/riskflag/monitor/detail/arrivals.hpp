#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace riskflag::inline v0_1::monitor::detail {

/// A queue of fixed room: many threads put in without waiting for one another, one at a time takes out. Vyukov's
/// bounded queue: a place's turn says whether it is free for the round, or full.
template <class T>
class Arrivals {
 public:
  /// `room` is a power of two.
  explicit Arrivals(std::size_t room) : places_(room), mask_(room - 1) {
    for (std::size_t i = 0; i < room; ++i) places_[i].turn.store(i, std::memory_order_relaxed);
  }

  /// False when there is no room. From any thread.
  [[nodiscard]] bool put(const T& value) noexcept {
    std::uint64_t at = next_.load(std::memory_order_relaxed);
    for (;;) {
      Place& place = places_[at & mask_];
      const std::uint64_t turn = place.turn.load(std::memory_order_acquire);
      if (turn == at) {
        if (!next_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) continue;
        place.value = value;
        place.turn.store(at + 1, std::memory_order_release);
        return true;
      }
      if (turn < at) return false;  // of the round before, not taken out yet
      at = next_.load(std::memory_order_relaxed);
    }
  }

  /// False when nothing is there, or what comes next is still being put in. From one thread at a time.
  [[nodiscard]] bool take(T& value) noexcept {
    Place& place = places_[taken_ & mask_];
    if (place.turn.load(std::memory_order_acquire) != taken_ + 1) return false;
    value = place.value;
    place.turn.store(taken_ + mask_ + 1, std::memory_order_release);
    ++taken_;
    return true;
  }

 private:
  struct Place {
    std::atomic<std::uint64_t> turn{0};
    T value{};
  };
  std::vector<Place> places_;
  std::uint64_t mask_;
  alignas(64) std::atomic<std::uint64_t> next_{0};
  alignas(64) std::uint64_t taken_ = 0;
};

}  // namespace riskflag::inline v0_1::monitor::detail
