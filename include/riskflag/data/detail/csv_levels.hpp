#pragma once

// A growing dictionary of levels, one for each worker and category column while blocks are parsed.

#include <algorithm>
#include <array>
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
    struct Words {
      std::uint64_t first = 0, second = 0, tag = 0;
    };
    static constexpr std::array<Words, 16> kMasks = [] {
      std::array<Words, 16> masks{};
      for (std::size_t i = 0; i < 16; ++i) {
        masks[i].first = i < 8 ? (std::uint64_t{1} << (8 * i)) - 1 : ~std::uint64_t{0};
        masks[i].second = i < 8 ? 0 : (std::uint64_t{1} << (8 * (i - 8))) - 1;
        masks[i].tag = std::uint64_t{i + 1} << 56;
      }
      return masks;
    }();
    const Words& masks = kMasks[size];
    return {word_of(p) & masks.first, (word_of(p + 8) & masks.second) | masks.tag};
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
  /// Good in its high bits.
  [[nodiscard]] std::uint64_t hash() const noexcept {
    return first * 0x9e3779b97f4a7c15ULL + second * 0xc2b2ae3d27d4eb4fULL;
  }

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
  static constexpr std::int32_t kUnknown = -3;  ///< what a Finder says of a new text

 private:
  struct Slot {
    LevelKey key{};
    std::int32_t code = kUnknown;
    std::int32_t bare = kUnknown;  // the code, where a cell without quotes that has these bytes means this text
  };

 public:
  /// Looks short texts up, for as long as no level is added.
  class Finder {
   public:
    explicit Finder(const Levels& levels) noexcept
        : slots_(levels.slots_.data()), last_(levels.slots_.size() - 1), shift_(levels.shift_) {}
    /// The code of a text; kUnknown when it is new.
    [[nodiscard]] std::int32_t code(const LevelKey& key) const noexcept { return find(key).code; }
    /// The same of all bytes of a cell without quotes, those that read_cell would leave out too: kUnknown then.
    [[nodiscard]] std::int32_t bare_code(const LevelKey& key) const noexcept { return find(key).bare; }

   private:
    [[nodiscard]] const Slot& find(const LevelKey& key) const noexcept {
      for (auto at = static_cast<std::size_t>(key.hash() >> shift_);; at = (at + 1) & last_) {
        const Slot& slot = slots_[at];
        if (slot.key == key || slot.code == kUnknown) return slot;
      }
    }

    const Slot* slots_;
    std::size_t last_;
    int shift_;
  };

  /// From now on code(token) is kMissingCode; before any level.
  void add_missing(std::string_view token) {
    const LevelKey key = LevelKey::of(token);
    if (slots_[find(key, token)].code == kUnknown) put(key, token, kMissingCode);
  }
  /// The code of `text`, new or known; kMissingCode; or kFull when it would be level number `limit` or later.
  [[nodiscard]] std::int32_t code(std::string_view text, std::size_t limit) {
    const LevelKey key = LevelKey::of(text);
    const Slot& slot = slots_[find(key, text)];
    if (slot.code != kUnknown) return slot.code;
    if (texts_.size() >= limit) return kFull;
    const auto code = static_cast<std::int32_t>(texts_.size());
    put(key, text, code);
    return code;
  }

  [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
  /// By code.
  [[nodiscard]] const std::deque<std::string>& texts() const noexcept { return texts_; }

 private:
  [[nodiscard]] std::size_t after(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }
  [[nodiscard]] bool is_text_of(const Slot& slot, std::string_view text) const noexcept {
    if (slot.code >= 0) return texts_[static_cast<std::size_t>(slot.code)] == text;
    return std::find(missing_.begin(), missing_.end(), text) != missing_.end();
  }
  /// The key's slot, or the free one where it would go.
  [[nodiscard]] std::size_t find(const LevelKey& key, std::string_view text) const noexcept {
    for (auto at = static_cast<std::size_t>(key.hash() >> shift_);; at = after(at)) {
      const Slot& slot = slots_[at];
      if (slot.code == kUnknown) return at;
      if (slot.key == key && (!key.is_long() || is_text_of(slot, text))) return at;
    }
  }
  void put(const LevelKey& key, std::string_view text, std::int32_t code) {
    if (4 * (texts_.size() + missing_.size() + 1) > slots_.size()) grow();
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    const bool cut = !text.empty() && (text.front() == '"' || is_blank(text.front()) || is_blank(text.back()));
    slots_[find(key, text)] = {key, code, cut ? kUnknown : code};
    (code >= 0 ? texts_ : missing_).emplace_back(text);
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    --shift_;
    for (const Slot& slot : old) {
      if (slot.code == kUnknown) continue;
      auto at = static_cast<std::size_t>(slot.key.hash() >> shift_);
      while (slots_[at].code != kUnknown) at = after(at);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(8);
  int shift_ = 61;  // 2^(64 - shift_) slots
  std::deque<std::string> texts_;
  std::deque<std::string> missing_;
};

}  // namespace riskflag::inline v0_1::detail::csv
