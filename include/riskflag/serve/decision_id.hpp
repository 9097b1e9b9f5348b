#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1::serve {

/// UUIDs of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random bits of the system's. One object serves one
/// request: its ids share the time. The system is asked for the bits of 100 ids at once, which a thread keeps: a call
/// of it costs as much as a score. A child of fork() would repeat its parent's.
class DecisionIds {
 public:
  /// `ms` since 1970.
  explicit DecisionIds(std::int64_t ms) noexcept : ms_(static_cast<std::uint64_t>(ms)) {}

  /// Appends 36 characters.
  void append(std::string& out) {
    std::array<std::uint8_t, 16> id{};
    draw(id.data() + 6);
    for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(ms_ >> (8 * (5 - i)));
    id[6] = static_cast<std::uint8_t>(0x70 | (id[6] & 0x0f));
    id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3f));
    static constexpr auto kHex = [] {
      std::array<char, 512> pairs{};
      for (std::size_t i = 0; i < pairs.size(); ++i)
        pairs[i] = "0123456789abcdef"[(i / 2 >> (i % 2 == 0 ? 4 : 0)) & 15];
      return pairs;
    }();
    char text[36];
    std::size_t at = 0;
    for (std::size_t i = 0; i < id.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
      std::memcpy(text + at, kHex.data() + 2 * std::size_t{id[i]}, 2);
      at += 2;
    }
    out.append(text, sizeof text);
  }
  [[nodiscard]] std::string next() {
    std::string out;
    append(out);
    return out;
  }

 private:
  static void draw(std::uint8_t* ten) {
    struct Drawn {
      std::array<std::uint8_t, 1000> bytes;
      std::size_t left;
    };
    static thread_local Drawn drawn{};
    if (drawn.left == 0) {
      system_random(drawn.bytes.data(), drawn.bytes.size());
      drawn.left = drawn.bytes.size() / 10;
    }
    std::memcpy(ten, drawn.bytes.data() + --drawn.left * 10, 10);
  }
  std::uint64_t ms_;
};

}  // namespace riskflag::inline v0_1::serve
