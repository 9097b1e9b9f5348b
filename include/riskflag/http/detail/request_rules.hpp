#pragma once

// What RFC 9112 asks of a request's head beyond what Beast's parser checks.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <riskflag/core/header_field.hpp>
#include <riskflag/http/message.hpp>

namespace riskflag::inline v0_1::http::detail {

[[nodiscard]] inline std::size_t count_of(std::span<const Header> headers, std::string_view name) {
  std::size_t n = 0;
  for (const Header& header : headers) n += equal_ignoring_case(header.name, name) ? 1u : 0u;
  return n;
}

/// The first header of that name, or "".
[[nodiscard]] inline std::string_view value_of(std::span<const Header> headers, std::string_view name) {
  for (const Header& header : headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

/// A sentence about what Beast lets pass and RFC 9112 does not (no or two Host lines, a body whose end two servers
/// could see in different places), or "". `version` is 10 or 11 for HTTP/1.0 and 1.1.
[[nodiscard]] inline std::string_view head_defect(unsigned version, std::span<const Header> headers) {
  if (version != 11 && version != 10) return "the request's HTTP version is not 1.0 or 1.1";
  const std::size_t hosts = count_of(headers, "host");
  if (hosts > 1) return "the request has more than one Host header";
  if (hosts == 0 && version == 11) return "the request has no Host header, which HTTP/1.1 requires";
  if (const std::size_t codings = count_of(headers, "transfer-encoding"); codings > 0) {
    if (version == 10) return "an HTTP/1.0 request cannot have a Transfer-Encoding header";
    if (codings > 1 || !equal_ignoring_case(value_of(headers, "transfer-encoding"), "chunked")) {
      return "the request's Transfer-Encoding is not accepted; it may only be chunked";
    }
  }
  if (count_of(headers, "content-length") > 1) return "the request has more than one Content-Length header";
  return {};
}

[[nodiscard]] inline bool expects_continue(unsigned version, std::span<const Header> headers) {
  return version == 11 && equal_ignoring_case(value_of(headers, "expect"), "100-continue");
}

/// Turns an absolute-form target ("http://host/path?query", RFC 9112 3.2.2) into its path and query; origin-form and
/// "*" stay. `room` keeps the text where the path was left out. False for any other form.
[[nodiscard]] inline bool to_origin_form(std::string_view& target, std::string& room) {
  if (target.substr(0, 1) == "/" || target == "*") return true;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return false;
  if (!equal_ignoring_case(target.substr(0, scheme), "http") && !equal_ignoring_case(target.substr(0, scheme), "https"))
    return false;
  const std::string_view rest = target.substr(scheme + 3);
  const std::size_t end = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, end);
  // RFC 9110 4.2.4: user information in a request's URI is an error.
  if (authority.empty() || authority.find('@') != std::string_view::npos) return false;
  target = end == std::string_view::npos ? std::string_view("/") : rest.substr(end);
  if (target.front() == '?') {
    room.assign(1, '/').append(target);
    target = room;
  }
  return true;
}

}  // namespace riskflag::inline v0_1::http::detail
