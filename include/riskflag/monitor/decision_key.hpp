#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace riskflag::inline v0_1::monitor {

/// A decision_id as two numbers, in the order of its text. Being of version 7 (RFC 9562, 5.7) it tells its time.
struct DecisionKey {
  std::uint64_t high = 0, low = 0;

  /// When the decision was made.
  [[nodiscard]] std::int64_t ms() const noexcept { return static_cast<std::int64_t>(high >> 16); }

  friend bool operator==(const DecisionKey&, const DecisionKey&) = default;
  friend auto operator<=>(const DecisionKey&, const DecisionKey&) = default;
};

/// Of 8-4-4-4-12 hex digits; nothing for another text.
[[nodiscard]] inline std::optional<DecisionKey> find_decision_key(std::string_view id) noexcept {
  if (id.size() != 36) return std::nullopt;
  std::uint64_t parts[2] = {0, 0};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const char c = id[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    const char lower = static_cast<char>(c | 32);
    const int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    std::uint64_t& part = parts[digits++ / 16];
    part = part << 4 | static_cast<std::uint64_t>(digit);
  }
  return DecisionKey{parts[0], parts[1]};
}

}  // namespace riskflag::inline v0_1::monitor
