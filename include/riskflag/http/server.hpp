#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <riskflag/http/message.hpp>

namespace riskflag::inline v0_1::http {

struct ServerOptions {
  std::string host = "127.0.0.1";                   ///< address to bind; see numeric_address
  std::uint16_t port = 8080;                        ///< 0: the system picks one, Server::port() says which
  unsigned threads = 0;                             ///< that serve connections, >= 1; 0 = all cores
  std::size_t max_body = 32u << 20;                 ///< bytes; a larger body is answered 413
  std::size_t max_header = 16u << 10;               ///< bytes of request line and headers; more is answered 431
  std::size_t max_connections = 10000;              ///< open at once; one more is answered 503 and closed
  std::size_t large_body = 64u << 10;               ///< bytes; larger requests are handled on threads of their own
  int idle_ms = 60000;                              ///< between two requests on one connection; then it is closed
  int header_ms = 10000;                            ///< from a request's first byte to the end of its headers; then 408
  int body_ms = 30000;                              ///< from there to the end of its body; then 408
  int write_ms = 30000;                             ///< for one response; then the connection is closed
  int drain_ms = 8000;                              ///< stop(): requests under way may take this long, then they are cut
};

/// Must be callable from many threads at once. What it throws becomes a refusal with status 500.
using Handler = std::function<Response(const Request&)>;
/// Makes the body that goes with a refusal, so that all errors look alike. Must not throw, and be callable from many threads.
using RefusalHandler = std::function<Response(const Refusal&)>;

namespace detail {
class ServerState;
}

/// HTTP/1.1 on TCP: keep-alive, pipelining, chunked bodies, `Expect: 100-continue`, HEAD, deadlines on every step.
///
/// Life: 1. constructed: bound and listening (connections wait); 2. start(): threads accept and answer; 3. stop(), from any
/// thread: no new connections, idle ones are closed, those with a request under way get their answer with
/// `Connection: close`; 4. wait(): returns when all threads have ended. The destructor does 3 and 4.
/// Handles no signals: that is the program's.
class Server {
 public:
  /// Throws Error(resource) when the port is in use or the system refuses, Error(invalid_option) for a bad host or limit.
  Server(ServerOptions options, Handler handler, RefusalHandler refusal);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;  ///< the one that was bound
  [[nodiscard]] std::string url() const;              ///< "http://127.0.0.1:8080"
  void start();
  void stop() noexcept;
  void wait();
  /// Connections open now; for tests and metrics.
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  std::unique_ptr<detail::ServerState> state_;
};

}  // namespace riskflag::inline v0_1::http

#include <riskflag/http/detail/server.hpp>
