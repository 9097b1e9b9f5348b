#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <riskflag/http/message.hpp>

namespace riskflag::inline v0_1::http {

struct ServerOptions {
  std::string host = "127.0.0.1";       ///< address to bind; see numeric_address
  std::uint16_t port = 8080;            ///< 0: the system picks one, Server::port() says which
  unsigned threads = 0;                 ///< that serve connections, >= 1; 0 = all cores
  std::size_t max_body = 32u << 20;     ///< bytes; a larger body is answered 413
  std::size_t max_header = 16u << 10;   ///< bytes of request line and headers; more is answered 431
  std::size_t max_connections = 10000;  ///< open at once; one more is answered 503 and closed
  std::size_t large_body = 64u << 10;   ///< bytes; larger requests are handled on threads of their own
  int idle_ms = 60000;                  ///< between two requests on one connection; then it is closed
  int header_ms = 10000;                ///< from a request's first byte to the end of its headers; then 408
  int body_ms = 30000;                  ///< from there to the end of its body; then 408
  int write_ms = 30000;                 ///< for one response; then the connection is closed
  int drain_ms = 8000;                  ///< stop(): requests under way may take this long, then they are cut
  std::size_t max_in_flight = 0;  ///< requests above large_body at once, waiting or at work; more are answered 503;
                                  ///< 0 = no limit (smaller ones never wait: they stay in the socket)
  int max_queue_ms = 0;           ///< such a request that waited longer is answered 503 instead; 0 = no limit
};

/// Must be callable from many threads at once. What it throws becomes a refusal with status 500.
using Handler = std::function<Response(const Request&)>;
/// A handler in two steps, for answers that may leave only after something that many of them can share: a write to a
/// log. Both callable from many threads at once; what they throw becomes a refusal with status 500.
struct RoundHandler {
  std::function<bool(Exchange&)> answer;  ///< false: the answer is complete when settle() has had it
  /// All that one thread has answered so while it went through what had arrived.
  std::function<void(std::span<Exchange* const>)> settle;
};
/// Makes the body that goes with a refusal, so that all errors look alike. Must not throw, and be callable from many
/// threads.
using RefusalHandler = std::function<Response(const Refusal&)>;
/// Asked about a request whose client waits for `100 Continue`, before its body is sent (the body is empty here): the
/// final answer for one that would be refused anyway, else nothing. Callable from many threads.
using Screen = std::function<std::optional<Response>(const Request&)>;

}  // namespace riskflag::inline v0_1::http
