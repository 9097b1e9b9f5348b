#pragma once

// One kept-alive connection to one server, for clients that talk for long: MLflow, not a health check
// (http/client.hpp).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/http/message.hpp>
#include <riskflag/http/url.hpp>

namespace riskflag::inline v0_1::http {

struct ConnectionOptions {
  int connect_timeout_ms = 10'000;
  int timeout_ms = 120'000;          ///< without a byte going or coming
  std::size_t max_body = 64u << 20;  ///< bytes of an answer that is kept in memory
  std::stop_token stop{};            ///< looked at ten times a second; then Error(cancelled)
};

/// The two sides do not agree, as on a certificate, and would not the next time. Nothing took effect.
class Refused : public Error {
 public:
  Refused(std::string where, std::string message) : Error(ErrorCode::io, std::move(where), std::move(message)) {}
};

/// A request on its way out.
struct Outgoing {
  std::string_view method = "GET";
  std::string target = "/";                                    ///< path and query, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers{};  ///< without Host, Connection and Content-Length
  std::string_view body{};
  ByteSource* upload = nullptr;   ///< instead of `body`: read to its end and sent in blocks
  std::uint64_t upload_size = 0;  ///< bytes that `upload` holds; it is an error if it ends earlier
};

/// Life: 1. made by a Connector, not yet connected; 2. exchange() any number of times, one after another: it connects
/// when it must and keeps the connection where the server does; 3. destroyed. Not for two threads at once.
class Connection {
 public:
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// One request and its whole answer. A body under status 200 goes to `download` if that is given, any other into the
  /// Response. Throws Error(io) when the server cannot be reached, breaks off or is silent too long; whether the
  /// request took effect is then unknown, unless last_attempt_was_sent() is false; Refused is one of them. Nothing is
  /// sent twice.
  virtual Response exchange(const Outgoing& request, ByteSink* download = nullptr) = 0;
  /// False when the last exchange() failed before the first byte of its request left.
  [[nodiscard]] virtual bool last_attempt_was_sent() const noexcept = 0;

 protected:
  Connection() = default;
};

/// How a program reaches a server; http/plain.hpp and http/tls.hpp have one each.
using Connector = std::function<std::unique_ptr<Connection>(const Url&, const ConnectionOptions&)>;

}  // namespace riskflag::inline v0_1::http
