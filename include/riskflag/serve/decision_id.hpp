#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1::serve {

/// UUIDs of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random bits of the system's. One object serves one
/// request: its ids share the time, and the system is asked once for up to 25 of them.
class DecisionIds {
 public:
  DecisionIds() : ms_(static_cast<std::uint64_t>(now_ms())) {}

  /// Appends 36 characters.
  void append(std::string& out) {
    std::array<std::uint8_t, 16> id{};
    if (left_ == 0) refill();
    std::memcpy(id.data() + 6, random_.data() + (--left_ * 10), 10);
    for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(ms_ >> (8 * (5 - i)));
    id[6] = static_cast<std::uint8_t>(0x70 | (id[6] & 0x0f));
    id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3f));
    static constexpr char kHex[] = "0123456789abcdef";
    char text[36];
    std::size_t at = 0;
    for (std::size_t i = 0; i < id.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
      text[at++] = kHex[id[i] >> 4];
      text[at++] = kHex[id[i] & 0x0f];
    }
    out.append(text, sizeof text);
  }
  [[nodiscard]] std::string next() {
    std::string out;
    append(out);
    return out;
  }

 private:
  // The first draw is small: most requests hold one row.
  void refill() {
    left_ = first_ ? 2 : random_.size() / 10;
    first_ = false;
    system_random(random_.data(), left_ * 10);
  }
  std::uint64_t ms_;
  std::array<std::uint8_t, 250> random_{};
  std::size_t left_ = 0;
  bool first_ = true;
};

}  // namespace riskflag::inline v0_1::serve
