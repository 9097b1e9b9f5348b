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

/// Text to code, codes by first appearance; missing tokens are known from the start, so that one look-up says it all.
/// Open addressing with linear probing, at most half full; texts of up to 16 bytes are compared as two words.
class Levels {
 public:
  static constexpr std::int32_t kFull = -2;  ///< what code() says instead of a new level beyond the limit

  /// From now on code(token) is kMissingCode; before any level.
  void add_missing(std::string_view token) {
    const Key key = key_of(token, padded(token).data());
    if (slots_.empty() || slots_[find(key)].code == kFree) put(key, kMissingCode);
  }
  /// The code of `text`, new or known; kMissingCode; or kFull when it would be level number `limit` or later.
  [[nodiscard]] std::int32_t code(std::string_view text, std::size_t limit) {
    return text.size() <= 16 ? code_of(key_of(text, padded(text).data()), limit)
                             : code_of(key_of(text, text.data()), limit);
  }
  /// The same for a text with 16 readable bytes behind its begin.
  [[nodiscard]] std::int32_t code_in_buffer(std::string_view text, std::size_t limit) {
    return code_of(key_of(text, text.data()), limit);
  }

  [[nodiscard]] std::size_t size() const noexcept { return levels_; }
  /// By code.
  [[nodiscard]] const std::deque<std::string>& texts() const noexcept { return texts_; }

 private:
  static constexpr std::int32_t kFree = -3;
  struct Key {
    std::uint64_t first = 0;  // up to 16 bytes: the text itself; else its hash
    std::uint64_t second = 0;
    std::string_view text;
  };
  struct Slot {
    std::uint64_t first = 0, second = 0;
    const char* data = nullptr;
    std::uint32_t size = 0;
    std::int32_t code = kFree;
  };
  static std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    return hash ^ (hash >> 32);
  }
  static std::array<char, 16> padded(std::string_view text) noexcept {
    std::array<char, 16> bytes{};
    std::memcpy(bytes.data(), text.data(), std::min<std::size_t>(text.size(), 16));
    return bytes;
  }
  /// `bytes`: the text's, 16 of them readable.
  static Key key_of(std::string_view text, const char* bytes) noexcept {
    static constexpr std::array<std::uint64_t, 9> kMasks = {
        0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, 0xffffffffffffffff};
    Key key;
    key.text = text;
    if (text.size() <= 16) {
      key.first = word_of(bytes) & kMasks[std::min<std::size_t>(text.size(), 8)];
      key.second = word_of(bytes + 8) & kMasks[std::max<std::size_t>(text.size(), 8) - 8];
      return key;
    }
    std::size_t left = text.size();
    for (; left > 8; left -= 8, bytes += 8) key.first = mix(key.first, word_of(bytes));
    key.second = word_of(text.data() + text.size() - 8);
    return key;
  }
  /// Eight bytes, the first one lowest on every platform.
  static std::uint64_t word_of(const char* bytes) noexcept {
    if constexpr (std::endian::native == std::endian::little) return load8(bytes);
    std::uint64_t word = 0;
    for (unsigned i = 0; i < 8; ++i)
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return word;
  }
  [[nodiscard]] std::size_t home(std::uint64_t first, std::uint64_t second, std::size_t size) const noexcept {
    return mix(first + size, second * 0xc2b2ae3d27d4eb4fULL) & (slots_.size() - 1);
  }
  /// The key's slot, or the free one where it would go.
  [[nodiscard]] std::size_t find(const Key& key) const noexcept {
    std::size_t at = home(key.first, key.second, key.text.size());
    for (;; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.code == kFree) return at;
      if (slot.first != key.first || slot.second != key.second || slot.size != key.text.size()) continue;
      if (slot.size <= 16 || std::memcmp(slot.data, key.text.data(), slot.size) == 0) return at;
    }
  }
  [[nodiscard]] std::int32_t code_of(const Key& key, std::size_t limit) {
    if (slots_.empty()) slots_.resize(8);
    const Slot& slot = slots_[find(key)];
    if (slot.code != kFree) return slot.code;
    if (levels_ >= limit || key.text.size() > UINT32_MAX) return kFull;
    const auto code = static_cast<std::int32_t>(levels_++);
    put(key, code);
    return code;
  }
  void put(const Key& key, std::int32_t code) {
    if (slots_.size() < 8 || (used_ + 1) * 2 > slots_.size()) grow();
    auto& texts = code >= 0 ? texts_ : missing_;
    texts.emplace_back(key.text);
    slots_[find(key)] = {key.first, key.second, texts.back().data(), static_cast<std::uint32_t>(key.text.size()), code};
    ++used_;
  }
  void grow() {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(std::max<std::size_t>(8, slots_.size() * 2)));
    for (const Slot& slot : old) {
      if (slot.code == kFree) continue;
      std::size_t at = home(slot.first, slot.second, slot.size);
      while (slots_[at].code != kFree) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t levels_ = 0, used_ = 0;
  std::deque<std::string> texts_;  // addresses stay when it grows
  std::deque<std::string> missing_;
};

}  // namespace riskflag::inline v0_1::detail::csv
