#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::serve {

struct Header {
  std::string_view name, value;
};

/// ASCII letters compare alike, as header names and media types do.
[[nodiscard]] inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (low(a[i]) != low(b[i])) return false;
  }
  return true;
}

/// One whole request, as any server can give it. Views are read during Service::handle only.
struct Request {
  std::string_view method = "GET";
  std::string_view target = "/";  ///< path and query, as sent
  std::span<const Header> headers{};
  std::string_view body{};

  /// The first header of that name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    for (const Header& each : headers) {
      if (equal_ignoring_case(each.name, name)) return trimmed(each.value);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
  [[nodiscard]] std::string_view query() const noexcept {
    const auto at = target.find('?');
    return at == std::string_view::npos ? std::string_view{} : target.substr(at + 1);
  }
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< without Content-Length, which the server knows
  std::string body{};

  /// The first header of that name, or "".
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers) {
      if (equal_ignoring_case(key, name)) return value;
    }
    return {};
  }
};

}  // namespace riskflag::inline v0_1::serve
