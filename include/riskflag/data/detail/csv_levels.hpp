#pragma once

// A growing dictionary of levels, one for each worker and category column while blocks are parsed.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/data/detail/csv_number.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// Text to code, codes by first appearance. Open addressing with linear probing, at most half full.
class Levels {
 public:
  /// The code of `text`, new or known; -1 when it would be level number `limit` or later.
  [[nodiscard]] std::int32_t code(std::string_view text, std::size_t limit) {
    const std::uint64_t hash = hash_of(text);
    if (slots_.empty()) slots_.resize(8);
    std::size_t at = hash & (slots_.size() - 1);
    for (;; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.code < 0) break;
      if (slot.hash == hash && slot.size == text.size() && std::memcmp(slot.data, text.data(), text.size()) == 0) return slot.code;
    }
    if (texts_.size() >= limit) return -1;
    const auto code = static_cast<std::int32_t>(texts_.size());
    texts_.emplace_back(text);
    slots_[at] = {hash, texts_.back().data(), text.size(), code};
    if (texts_.size() * 2 > slots_.size()) grow();
    return code;
  }
  [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
  [[nodiscard]] const std::deque<std::string>& texts() const noexcept { return texts_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    const char* data = nullptr;
    std::size_t size = 0;
    std::int32_t code = -1;
  };
  static std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    return hash ^ (hash >> 32);
  }
  static std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = text.size();
    const char* p = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, p += 8) hash = mix(hash, load8(p));
    std::uint64_t tail = 0;
    for (std::size_t i = 0; i < left; ++i) tail |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
    return mix(hash, tail);
  }
  void grow() {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const Slot& slot : old) {
      if (slot.code < 0) continue;
      std::size_t at = slot.hash & (slots_.size() - 1);
      while (slots_[at].code >= 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::deque<std::string> texts_;  // addresses stay when it grows
};

}  // namespace riskflag::inline v0_1::detail::csv
