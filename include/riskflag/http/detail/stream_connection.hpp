#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/http/connection.hpp>

namespace riskflag::inline v0_1::http::detail {

/// A Connection over any stream that ends in a beast::tcp_stream. `Link` makes and opens the stream:
///     using Stream; static Stream make(io_context&, ...); tcp_stream& lowest(Stream&);
///     template <Done> void async_open(Stream&, Done)  what follows the TCP connect (a TLS handshake, or nothing)
///     string refusal(Stream&, error)                  why one side wants no such connection, or nothing
template <class Link>
class StreamConnection final : public http::Connection {
 public:
  StreamConnection(Url url, ConnectionOptions options, Link link)
      : url_(std::move(url)), options_(std::move(options)), link_(std::move(link)) {}

  Response exchange(const Outgoing& request, ByteSink* download) override {
    sent_ = false;
    where_ = url_.origin() + request.target.substr(0, request.target.find('?'));
    try {
      if (!stream_) open();
      send(request);
      bool keep = false;
      Response answer = receive(download, keep);
      if (!keep) stream_.reset();
      return answer;
    } catch (...) {
      stream_.reset();  // half an exchange is no place to begin another
      throw;
    }
  }
  [[nodiscard]] bool last_attempt_was_sent() const noexcept override { return sent_; }

 private:
  using Code = boost::system::error_code;

  /// Runs what was started, until it ends or the program is told to stop, and throws where it failed.
  void wait(std::string_view doing) {
    run(doing);
    check(doing);
  }
  void run(std::string_view doing) {
    io_.restart();
    while (!io_.stopped()) {
      io_.run_for(std::chrono::milliseconds(100));
      if (!io_.stopped() && options_.stop.stop_requested()) {
        Code ignored;
        link_.lowest(*stream_).socket().close(ignored);
        io_.run();
        fail(ErrorCode::cancelled, where_, "stopped on request while " + std::string(doing));
      }
    }
  }
  void check(std::string_view doing) {
    if (problem_ == boost::beast::http::error::need_buffer) problem_ = {};  // a full block, nothing wrong
    if (problem_ == boost::beast::error::timeout) {
      fail(ErrorCode::io, where_, "no answer in time while " + std::string(doing));
    }
    if (!problem_) return;
    // With TLS 1.3 a server refuses its client after the handshake, when the first request may be on its way.
    if (std::string why = answered_ ? std::string() : link_.refusal(*stream_, problem_); !why.empty()) {
      sent_ = false;
      throw Refused(where_, std::move(why));
    }
    fail(ErrorCode::io, where_, std::string(doing) + " failed: " + problem_.message());
  }
  void expire(int timeout_ms) { link_.lowest(*stream_).expires_after(std::chrono::milliseconds(timeout_ms)); }

  void open() {
    Code problem;
    boost::asio::ip::tcp::resolver resolver(io_);
    const auto found = resolver.resolve(url_.host, std::to_string(url_.port), problem);
    if (problem) fail(ErrorCode::io, where_, "the host's name is not known: " + problem.message());
    stream_.emplace(link_.make(io_, url_));
    answered_ = false;
    expire(options_.connect_timeout_ms);
    link_.lowest(*stream_).async_connect(found, [this](Code ended, const auto&) { problem_ = ended; });
    wait("connecting");
    Code ignored;
    link_.lowest(*stream_).socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    link_.async_open(*stream_, [this](Code ended) { problem_ = ended; });
    wait("agreeing on encryption");
    buffer_.clear();
  }

  void write(std::string_view bytes) {
    expire(options_.timeout_ms);
    boost::asio::async_write(*stream_, boost::asio::buffer(bytes.data(), bytes.size()),
                             [this](Code ended, std::size_t) { problem_ = ended; });
    sent_ = true;
    run("sending");
    if (problem_ && !answered_) {  // what the other side said before it broke off may say why
      const Code broken = problem_;
      char first = 0;
      expire(1000);
      stream_->async_read_some(boost::asio::buffer(&first, 1), [this](Code ended, std::size_t) { problem_ = ended; });
      run("sending");
      if (!problem_ || link_.refusal(*stream_, problem_).empty()) problem_ = broken;
    }
    check("sending");
  }

  void send(const Outgoing& request) {
    const bool v6 = url_.host.find(':') != std::string::npos;
    const bool usual = url_.port == (url_.scheme == "https" ? 443 : 80);
    std::string head = std::string(request.method) + " " + request.target +
                       " HTTP/1.1\r\nHost: " + (v6 ? "[" + url_.host + "]" : url_.host) +
                       (usual ? "" : ":" + std::to_string(url_.port)) + "\r\n";
    for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
    const std::uint64_t size = request.upload != nullptr ? request.upload_size : request.body.size();
    if (size > 0 || request.method != "GET") head += "Content-Length: " + std::to_string(size) + "\r\n";
    head += "\r\n";
    if (request.upload == nullptr) {
      head += request.body;  // one packet for what is small
      write(head);
      return;
    }
    write(head);
    std::string block(std::size_t{256} << 10, '\0');
    for (std::uint64_t left = size; left > 0;) {
      const std::size_t wanted = left < block.size() ? static_cast<std::size_t>(left) : block.size();
      const std::size_t got = request.upload->read(block.data(), wanted);
      if (got == 0) {
        fail(ErrorCode::io, request.upload->name(),
             "the file became shorter while it was sent: " + std::to_string(left) + " bytes are missing");
      }
      write(std::string_view(block).substr(0, got));
      left -= got;
    }
  }

  Response receive(ByteSink* download, bool& keep) {
    namespace beast = boost::beast;
    std::optional<beast::http::response_parser<beast::http::buffer_body>> reader;
    const auto ended = [this](Code code, std::size_t) { problem_ = code; };
    do {  // an interim answer (100, 103) is followed by the real one
      reader.emplace();
      reader->body_limit(boost::none);
      reader->header_limit(std::uint32_t{64} << 10);
      expire(options_.timeout_ms);
      beast::http::async_read_header(*stream_, buffer_, *reader, ended);
      wait("waiting for the answer");
      answered_ = true;
    } while (reader->get().result_int() < 200);
    auto& parser = *reader;
    Response answer;
    answer.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get().base()) {
      answer.headers.emplace_back(std::string(field.name_string().data(), field.name_string().size()),
                                  std::string(field.value().data(), field.value().size()));
    }
    ByteSink* sink = answer.status == 200 ? download : nullptr;
    std::array<char, std::size_t{64} << 10> block;
    while (!parser.is_done()) {
      parser.get().body().data = block.data();
      parser.get().body().size = block.size();
      expire(options_.timeout_ms);
      beast::http::async_read(*stream_, buffer_, parser, ended);
      wait("reading the answer");
      const std::string_view part(block.data(), block.size() - parser.get().body().size);
      if (sink != nullptr) {
        sink->write(part);
      } else {
        if (answer.body.size() + part.size() > options_.max_body) {
          fail(ErrorCode::resource, where_,
               "the answer is longer than the " + std::to_string(options_.max_body) + " bytes that are read here");
        }
        answer.body += part;
      }
    }
    keep = parser.keep_alive();
    return answer;
  }
  Url url_;
  ConnectionOptions options_;
  Link link_;
  boost::asio::io_context io_{1};
  std::optional<typename Link::Stream> stream_;
  boost::beast::flat_buffer buffer_;
  Code problem_;
  std::string where_;
  bool sent_ = false;
  bool answered_ = false;  ///< on this stream
};

}  // namespace riskflag::inline v0_1::http::detail
