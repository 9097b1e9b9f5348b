#pragma once

#include <cstddef>
#include <string_view>

namespace riskflag::inline v0_1 {

/// One header of an HTTP message: http/ reads it off a socket, serve/ looks at it, and neither knows the other.
struct HeaderField {
  std::string_view name, value;
};

/// ASCII letters compare alike, as header names and media types do.
[[nodiscard]] inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (low(a[i]) != low(b[i])) return false;
  }
  return true;
}

}  // namespace riskflag::inline v0_1
