#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/http/address.hpp>
#include <riskflag/http/message.hpp>

namespace riskflag::inline v0_1::http {

struct ClientOptions {
  std::string host = "127.0.0.1";  ///< an address; see numeric_address
  std::uint16_t port = 8080;
  int timeout_ms = 5000;             ///< for all of it: connect, send, receive
  std::size_t max_body = 64u << 20;  ///< bytes of the answer
};

/// One request on a connection of its own, and its whole answer. Throws Error(io) when the server cannot be reached,
/// answers no HTTP or takes longer than the timeout. Blocks; callable from many threads.
[[nodiscard]] inline Response ask(const ClientOptions& options, std::string_view method, std::string_view target,
                                  const std::vector<std::pair<std::string, std::string>>& headers = {},
                                  std::string_view body = {}) {
  namespace asio = boost::asio;
  namespace beast = boost::beast;
  const std::string where = url_of(options.host, options.port) + std::string(target);
  asio::io_context io{1};
  beast::tcp_stream stream(io);
  boost::system::error_code problem;
  auto step = [&](std::string_view doing) {
    io.restart();
    io.run();
    if (problem == beast::error::timeout) {
      fail(ErrorCode::io, where, "no answer within " + std::to_string(options.timeout_ms) + " ms");
    }
    if (problem) fail(ErrorCode::io, where, std::string(doing) + " failed: " + problem.message());
  };

  stream.expires_after(std::chrono::milliseconds(options.timeout_ms));
  stream.async_connect(asio::ip::tcp::endpoint(numeric_address(options.host), options.port),
                       [&](boost::system::error_code ended) { problem = ended; });
  step("connecting");

  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: " + options.host + ":" +
                     std::to_string(options.port) + "\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  asio::async_write(stream, asio::buffer(text), [&](boost::system::error_code ended, std::size_t) { problem = ended; });
  step("sending");

  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(options.max_body);
  if (method == "HEAD") parser.skip(true);
  beast::http::async_read(stream, buffer, parser,
                          [&](boost::system::error_code ended, std::size_t) { problem = ended; });
  step("reading the answer");

  Response answer;
  answer.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get().base()) {
    answer.headers.emplace_back(std::string(field.name_string().data(), field.name_string().size()),
                                std::string(field.value().data(), field.value().size()));
  }
  answer.body = std::move(parser.get().body());
  return answer;
}

}  // namespace riskflag::inline v0_1::http
