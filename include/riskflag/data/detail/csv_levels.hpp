#pragma once

// A growing dictionary of levels, one for each worker and category column while blocks are parsed.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/data/column.hpp>
#include <riskflag/data/detail/csv_number.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// Two words that stand for a text. A text of up to 15 bytes is in them, and its length plus one in the last byte, so
/// that equal words are equal texts; of a longer one they are a hash, with a last byte that no short one has.
struct LevelKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  static constexpr std::size_t kShort = 15;
  static constexpr std::uint64_t kLong = std::uint64_t{0xff} << 56;

  [[nodiscard]] bool is_long() const noexcept { return second >= kLong; }
  [[nodiscard]] friend bool operator==(const LevelKey&, const LevelKey&) noexcept = default;

  /// Of the `size` <= kShort bytes at p, 16 of them readable.
  [[nodiscard]] static LevelKey of_short(const char* p, std::size_t size) noexcept {
    static constexpr std::array<std::uint64_t, 16> kMasks = [] {
      std::array<std::uint64_t, 16> masks{};
      for (std::size_t i = 0; i < 16; ++i) masks[i] = i < 8 ? (std::uint64_t{1} << (8 * i)) - 1 : ~std::uint64_t{0};
      return masks;
    }();
    static constexpr std::array<std::uint64_t, 16> kHighMasks = [] {
      std::array<std::uint64_t, 16> masks{};
      for (std::size_t i = 8; i < 16; ++i) masks[i] = (std::uint64_t{1} << (8 * (i - 8))) - 1;
      return masks;
    }();
    return {word_of(p) & kMasks[size], (word_of(p + 8) & kHighMasks[size]) | (std::uint64_t{size + 1} << 56)};
  }
  [[nodiscard]] static LevelKey of(std::string_view text) noexcept {
    if (text.size() <= kShort) {
      std::array<char, 16> bytes{};
      if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
      return of_short(bytes.data(), text.size());
    }
    LevelKey key;
    const char* p = text.data();
    for (std::size_t left = text.size(); left > 8; left -= 8, p += 8) key.first = mix(key.first, word_of(p));
    key.second = (word_of(text.data() + text.size() - 8) ^ text.size()) | kLong;
    return key;
  }
  [[nodiscard]] std::uint64_t hash() const noexcept { return mix(first, second * 0xc2b2ae3d27d4eb4fULL); }

 private:
  static std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
    hash ^= word;
    return (hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15ULL;
  }
};

/// Text to code, codes by first appearance; missing tokens are known from the start, so that one look-up says it all.
/// Open addressing with linear probing, at most a quarter full: nearly every known text lies where its hash says.
class Levels {
 public:
  static constexpr std::int32_t kFull = -2;     ///< what code() says instead of a new level beyond the limit
  static constexpr std::int32_t kUnknown = -3;  ///< what known_code() says of a new text

  /// From now on code(token) is kMissingCode; before any level.
  void add_missing(std::string_view token) {
    const LevelKey key = LevelKey::of(token);
    if (slots_.empty() || slots_[find(key, token)].code == kUnknown) put(key, token, kMissingCode);
  }
  /// The code of `text`, new or known; kMissingCode; or kFull when it would be level number `limit` or later.
  [[nodiscard]] std::int32_t code(std::string_view text, std::size_t limit) {
    const LevelKey key = LevelKey::of(text);
    if (!slots_.empty()) {
      const Slot& slot = slots_[find(key, text)];
      if (slot.code != kUnknown) return slot.code;
    }
    if (texts_.size() >= limit) return kFull;
    const auto code = static_cast<std::int32_t>(texts_.size());
    put(key, text, code);
    return code;
  }
  /// The code of a short text; kUnknown when it is new.
  [[nodiscard]] std::int32_t known_code(const LevelKey& key) const noexcept {
    if (slots_.empty()) return kUnknown;
    for (auto at = static_cast<std::size_t>(key.hash() >> shift_);; at = after(at)) {
      const Slot& slot = slots_[at];
      if (slot.key == key || slot.code == kUnknown) return slot.code;
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
  /// By code.
  [[nodiscard]] const std::deque<std::string>& texts() const noexcept { return texts_; }

 private:
  struct Slot {
    LevelKey key{};
    std::int32_t code = kUnknown;
    std::uint32_t missing = 0;  // which missing token
  };

  [[nodiscard]] std::size_t after(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }
  [[nodiscard]] const std::string& text_of(const Slot& slot) const noexcept {
    return slot.code >= 0 ? texts_[static_cast<std::size_t>(slot.code)] : missing_[slot.missing];
  }
  /// The key's slot, or the free one where it would go.
  [[nodiscard]] std::size_t find(const LevelKey& key, std::string_view text) const noexcept {
    for (auto at = static_cast<std::size_t>(key.hash() >> shift_);; at = after(at)) {
      const Slot& slot = slots_[at];
      if (slot.code == kUnknown) return at;
      if (slot.key == key && (!key.is_long() || text_of(slot) == text)) return at;
    }
  }
  void put(const LevelKey& key, std::string_view text, std::int32_t code) {
    if (4 * (texts_.size() + missing_.size() + 1) > slots_.size()) grow();
    Slot& slot = slots_[find(key, text)];
    slot = {key, code, static_cast<std::uint32_t>(missing_.size())};
    (code >= 0 ? texts_ : missing_).emplace_back(text);
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(std::max<std::size_t>(8, slots_.size() * 2)));
    shift_ = 64 - std::countr_zero(slots_.size());
    for (const Slot& slot : old) {
      if (slot.code == kUnknown) continue;
      auto at = static_cast<std::size_t>(slot.key.hash() >> shift_);
      while (slots_[at].code != kUnknown) at = after(at);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  int shift_ = 64;
  std::deque<std::string> texts_;
  std::deque<std::string> missing_;
};

}  // namespace riskflag::inline v0_1::detail::csv
