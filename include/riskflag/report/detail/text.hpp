#pragma once

// Numbers and names as the report writes them. Everything that comes from the caller goes through escaped().

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::report::detail {

/// Fit to stand in HTML and SVG text and in double-quoted attributes. Control bytes and invalid UTF-8 become U+FFFD,
/// for XML has no way to write them; tabs and newlines stay.
[[nodiscard]] inline std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (byte == '&') {
      out += "&amp;";
    } else if (byte == '<') {
      out += "&lt;";
    } else if (byte == '>') {
      out += "&gt;";
    } else if (byte == '"') {
      out += "&quot;";
    } else if (byte == '\'') {
      out += "&#39;";
    } else if (byte >= 0x80) {
      length = riskflag::utf8_length(text);
      out += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
      if (length == 0) length = 1;
    } else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
      out += "\xef\xbf\xbd";
    } else {
      out += static_cast<char>(byte);
    }
    text.remove_prefix(length);
  }
  return out;
}

/// At most `limit` characters, the last an ellipsis when some are left out; invalid bytes count as one each.
[[nodiscard]] inline std::string shortened(std::string_view text, std::size_t limit) {
  std::size_t at = 0, kept = 0;
  for (std::size_t count = 0; at < text.size(); ++count) {
    if (count + 1 == limit) kept = at;
    if (count == limit) return std::string(text.substr(0, kept)) + "\xe2\x80\xa6";
    const std::size_t length = riskflag::utf8_length(text.substr(at));
    at += length == 0 ? 1 : length;
  }
  return std::string(text);
}

[[nodiscard]] inline std::string fixed(double x, int digits) {
  if (!is_finite(x)) return "\xe2\x80\x93";  // en dash
  std::array<char, 512> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::fixed, digits);
  std::string text(buffer.data(), end.ptr);
  if (text.starts_with("-") && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);  // no "-0.000"
  return text;
}

/// "12.3 %" of 0.123, with a narrow no-break space.
[[nodiscard]] inline std::string percent(double share, int digits = 1) {
  return is_finite(share) ? fixed(100 * share, digits) + "\xe2\x80\xaf%" : fixed(share, 0);
}

/// "1,234,567".
[[nodiscard]] inline std::string grouped(double count) {
  std::string text = fixed(count, 0);
  for (std::size_t end = text.size(); end > (text.starts_with("-") ? 4U : 3U);) {
    end -= 3;
    text.insert(end, ",");
  }
  return text;
}

/// Up to four digits that matter: "0.8712", "0.5", "12.35", "1.2e-07", "1,234".
[[nodiscard]] inline std::string readable(double x) {
  const double size = std::abs(x);
  if (!is_finite(x)) return fixed(x, 0);
  if (x == std::floor(x) && size < 1e12) return grouped(x);
  if (size >= 10000 && size < 1e12) return grouped(x);
  if (size < 1e-4 || size >= 1e12) {
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::scientific, 1);
    return {buffer.data(), end.ptr};
  }
  std::string text = fixed(x, size >= 1000 ? 1 : size >= 10 ? 2 : 4);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

[[nodiscard]] inline std::string plural(double count, std::string_view one) {
  return grouped(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

}  // namespace riskflag::inline v0_1::report::detail
