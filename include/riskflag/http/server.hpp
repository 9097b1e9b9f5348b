#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <riskflag/http/message.hpp>
#include <riskflag/http/options.hpp>

namespace riskflag::inline v0_1::http {

namespace detail {
class ServerState;
}

/// HTTP/1.1 on TCP: keep-alive, pipelining, chunked bodies, `Expect: 100-continue`, HEAD, deadlines on every step.
///
/// Life: 1. constructed: bound and listening (connections wait); 2. start(): threads accept and answer; 3. stop(), from
/// any thread: idle connections are closed, requests under way get their answer with `Connection: close`; as long as
/// one is under way, new connections are accepted for GET and HEAD (is it ready?) and anything else is refused with
/// 503; 4. wait(): returns when all threads have ended. The destructor does 3 and 4. Handles no signals: that is the
/// program's.
class Server {
 public:
  /// Throws Error(resource) when the port is in use or the system refuses, Error(invalid_option) for a bad host or
  /// limit.
  Server(ServerOptions options, Handler handler, RefusalHandler refusal, Screen screen = {});
  Server(ServerOptions options, RoundHandler handler, RefusalHandler refusal, Screen screen = {});
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
