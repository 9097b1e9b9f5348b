#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::http {

/// "https://user:secret@host:5000/prefix", taken apart.
struct Url {
  std::string scheme = "http";  ///< "http" or "https"
  std::string host{};           ///< a name or an address, without brackets
  std::uint16_t port = 80;
  std::string path{};  ///< without a slash at its end; empty for the root
  std::string user{}, password{};

  /// "http://host:5000": what may be shown and compared. No user, no password.
  [[nodiscard]] std::string origin() const {
    const bool v6 = host.find(':') != std::string::npos;
    return scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

namespace detail {

[[nodiscard]] inline int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace detail

/// `text` as one segment of a path or one value of a query: all but A-Z a-z 0-9 - . _ ~ as %XX (RFC 3986, 2.3).
[[nodiscard]] inline std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
  return out;
}

/// The bytes that %XX stand for; a % that two hex digits do not follow stays as it is.
[[nodiscard]] inline std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = detail::hex_digit(text[i + 1]), low = detail::hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

/// Throws Error(usage), `where` in front, for anything but http:// or https:// with a host; a query or fragment is
/// refused too. The message never repeats a user or a password.
[[nodiscard]] inline Url parse_url(std::string_view text, std::string_view where) {
  const auto refuse = [&](const std::string& why) {
    const std::size_t at = text.rfind('@');  // what stands before it may be a secret
    fail(ErrorCode::usage, std::string(where),
         quoted(at == std::string_view::npos ? text : text.substr(at + 1)) + " " + why +
             "; http://HOST:PORT or https://HOST:PORT is accepted");
  };
  Url url;
  const std::size_t colon = text.find("://");
  url.scheme = colon == std::string_view::npos ? std::string() : lower_ascii(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") refuse("is no http:// or https:// address");
  std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) refuse("has a query or a fragment");
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    url.path = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  while (url.path.ends_with('/')) url.path.pop_back();
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = rest.substr(0, at);
    const std::size_t split = who.find(':');
    url.user = percent_decoded(who.substr(0, split));
    if (split != std::string_view::npos) url.password = percent_decoded(who.substr(split + 1));
    rest = rest.substr(at + 1);
  }
  url.port = url.scheme == "https" ? 443 : 80;
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) refuse("has an address without its closing bracket");
    url.host = rest.substr(1, end - 1);
    rest = rest.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') refuse("has something behind its bracket");
    if (!rest.empty()) port = rest.substr(1);
  } else {
    const std::size_t end = rest.find(':');
    url.host = rest.substr(0, end);
    if (end != std::string_view::npos) port = rest.substr(end + 1);
  }
  if (url.host.empty()) refuse("names no host");
  for (const char c : url.host) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) refuse("has a blank or control character in its host");
  }
  if (!port.empty()) {
    const auto number = parse_integer(port);
    if (!number || *number < 1 || *number > 65535) refuse("has no port between 1 and 65535");
    url.port = static_cast<std::uint16_t>(*number);
  }
  return url;
}

}  // namespace riskflag::inline v0_1::http
