#pragma once

#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::http {

/// The numeric address of `host`: an IPv4 or IPv6 literal (in brackets or not), or "localhost", which is 127.0.0.1.
/// Throws Error(invalid_option) for anything else: a server binds to an address, not to a name that may move.
[[nodiscard]] inline boost::asio::ip::address numeric_address(std::string_view host) {
  if (lower_ascii(host) == "localhost") return boost::asio::ip::address_v4::loopback();
  std::string literal(host);
  if (literal.size() > 2 && literal.front() == '[' && literal.back() == ']')
    literal = literal.substr(1, literal.size() - 2);
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(literal, problem);
  if (problem) {
    fail(ErrorCode::invalid_option, "host",
         quoted(host) +
             " is not an address; an IPv4 or IPv6 address such as 127.0.0.1 or ::1, or localhost, is accepted");
  }
  return address;
}

/// True when only this machine can reach `host`. Throws as numeric_address does.
[[nodiscard]] inline bool is_loopback(std::string_view host) {
  const auto address = numeric_address(host);
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

/// "http://127.0.0.1:8080"; IPv6 in brackets.
[[nodiscard]] inline std::string url_of(std::string_view host, unsigned port) {
  const auto address = numeric_address(host);
  const std::string text = address.to_string();
  return "http://" + (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

}  // namespace riskflag::inline v0_1::http
