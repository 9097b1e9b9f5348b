#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/header_field.hpp>

namespace riskflag::inline v0_1::http {

using Header = HeaderField;

/// One whole request. Every view is valid until the handler returns.
struct Request {
  std::string_view method;  ///< as sent: "POST"
  std::string_view target;  ///< path and query, "/v1/score?explain=3", also of a client that sent a whole URL; or "*"
  std::span<const Header> headers;
  std::string_view body;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< without Content-Length, Connection and Date
  std::string body{};
  std::string header_lines{};  ///< more headers as they are sent, "Name: value\r\n" each; a server's alone
};

/// What a handler keeps with an exchange; derive from it.
class HandlerMemory {
 public:
  HandlerMemory() = default;
  virtual ~HandlerMemory() = default;
  HandlerMemory(const HandlerMemory&) = delete;
  HandlerMemory& operator=(const HandlerMemory&) = delete;
};

/// A request and its answer inside a server, which uses it for one after another: a handler finds the strings of the
/// last answer, emptied, and its own memory as it left it.
struct Exchange {
  Request request;  ///< views valid until the answer is complete
  Response response;
  std::unique_ptr<HandlerMemory> memory;
};

/// Why the server itself answers: the request never reached the handler, or the handler threw.
struct Refusal {
  int status = 400;
  std::string_view code;            ///< "bad_request"
  std::string_view detail;          ///< a sentence
  std::span<const Header> headers;  ///< of the request, when they were read
  std::string_view reason{};        ///< where load or the end is why: connections, in_flight, queue, draining
};

/// "Not Found"; "Unknown" for a status that is not in RFC 9110.
[[nodiscard]] inline std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

}  // namespace riskflag::inline v0_1::http
