#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/http/connection.hpp>
#include <riskflag/http/detail/stream_connection.hpp>

namespace riskflag::inline v0_1::http {

namespace detail {

struct PlainLink {
  using Stream = boost::beast::tcp_stream;
  static Stream make(boost::asio::io_context& io, const Url&) { return Stream(io); }
  static boost::beast::tcp_stream& lowest(Stream& stream) { return stream; }
  template <class Done>
  static void async_open(Stream& stream, Done done) {
    boost::asio::post(stream.get_executor(), [done] { done({}); });
  }
  static std::string refusal(Stream&, const boost::system::error_code&) { return {}; }
};

}  // namespace detail

/// A Connector for http://. Throws Error(unsupported) for https://, which needs http/tls.hpp and OpenSSL.
[[nodiscard]] inline std::unique_ptr<Connection> connect_plain(const Url& url, const ConnectionOptions& options) {
  if (url.scheme != "http") {
    fail(ErrorCode::unsupported, url.origin(),
         "this program was built without encryption; http:// is accepted, or build it with OpenSSL");
  }
  return std::make_unique<detail::StreamConnection<detail::PlainLink>>(url, options, detail::PlainLink{});
}

}  // namespace riskflag::inline v0_1::http
