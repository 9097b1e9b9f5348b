#pragma once

// One connection, from its first byte to its close; everything on the thread of its Worker.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/http/message.hpp>
#include <riskflag/http/options.hpp>

namespace riskflag::inline v0_1::http::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;

class Session;

/// What all sessions share; const but for the counters.
struct Shared {
  ServerOptions options;
  Handler handler;
  RefusalHandler refusal;
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};
  asio::thread_pool* pool = nullptr;  // for large bodies

  /// The refusal's body with the server's own headers; a refusal handler that throws costs the body only.
  [[nodiscard]] Response refuse(int status, std::string_view code, std::string_view text,
                                std::span<const Header> headers) const noexcept {
    try {
      return refusal(Refusal{status, code, text, headers});
    } catch (...) {
      return Response{status, {}, {}};
    }
  }
};

/// One thread's loop: its io_context, its sessions and the date that its responses carry.
struct Worker {
  explicit Worker(Shared& all) : shared(all) {}
  Shared& shared;
  asio::io_context io{1};
  asio::steady_timer timer{io};
  std::vector<std::shared_ptr<Session>> sessions;  // each knows its place
  std::string date;
  std::int64_t date_second = -1;
  bool draining = false;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Worker& worker, tcp::socket socket) : worker_(worker), socket_(std::move(socket)) {}

  void start() {
    place_ = worker_.sessions.size();
    worker_.sessions.push_back(shared_from_this());
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    buffer_.max_size(options().max_header + (std::size_t{64} << 10));
    advance();
  }

  /// Called a few times a second: ends what has outlived its deadline.
  void check(std::int64_t now) {
    if (deadline_ == 0 || now < deadline_) return;
    deadline_ = 0;
    if (step_ == Step::header || step_ == Step::body) {
      timed_out_ = true;  // the read that is cancelled answers 408
      error_code ignored;
      socket_.cancel(ignored);
    } else {
      close();
    }
  }

  /// No further request on this connection; one that never asked may have its first on the way.
  void drain() {
    if (step_ != Step::idle) return;
    if (asked_) return close();
    set_deadline(kFirstRequestMs);
  }

  void close() {
    if (step_ == Step::closed) return;
    step_ = Step::closed;
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    auto& all = worker_.sessions;
    const auto self = std::move(all[place_]);  // keeps *this alive until the end of this function
    if (place_ + 1 != all.size()) {
      all[place_] = std::move(all.back());
      all[place_]->place_ = place_;
    }
    all.pop_back();
    worker_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  static constexpr int kFirstRequestMs = 300;  // of a connection that was accepted just before a drain
  enum class Step { idle, header, body, handling, writing, lingering, closed };
  using Parser = beast::http::request_parser<beast::http::string_body>;

  [[nodiscard]] const ServerOptions& options() const noexcept { return worker_.shared.options; }
  void set_deadline(int ms) { deadline_ = monotonic_ns() + std::int64_t{ms} * 1'000'000; }

  /// Parses what has arrived and answers every whole request in it; returns when it waits for the network or the pool.
  void advance() {
    // A client that pipelines without end must not starve its neighbours on this thread.
    for (int served = 0; served < 16; ++served) {
      if (!parser_) begin_request();
      error_code problem;
      while (buffer_.size() > 0 && !parser_->is_done()) {
        const std::size_t used = parser_->put(buffer_.data(), problem);
        buffer_.consume(used);
        if (problem == beast::http::error::need_more) {
          problem = {};
          break;
        }
        if (problem || used == 0) break;
      }
      if (!header_seen_ && parser_->is_header_done()) {
        header_seen_ = true;
        collect_headers();
        set_deadline(options().body_ms);
        if (const auto reason = header_defect(); !reason.empty()) return refuse(400, "bad_request", reason);
        if (!problem && !parser_->is_done() && expects_continue()) {
          step_ = Step::body;
          return write_continue();
        }
      }
      if (problem) return refuse(problem);
      if (!parser_->is_done()) return read_more();
      if (!handle()) return;
    }
    asio::post(worker_.io, [self = shared_from_this()] {
      if (self->step_ != Step::closed) self->advance();
    });
  }

  void begin_request() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(options().max_header));
    parser_->body_limit(options().max_body);
    header_seen_ = false;
    headers_.clear();
    step_ = Step::idle;
    if (buffer_.size() == 0) {
      if (buffer_.capacity() > 16384) buffer_.shrink_to_fit();
      set_deadline(options().idle_ms);
    } else {
      step_ = Step::header;
      set_deadline(options().header_ms);
    }
  }

  void collect_headers() {
    for (const auto& field : parser_->get().base()) {
      headers_.push_back({std::string_view(field.name_string().data(), field.name_string().size()),
                          std::string_view(field.value().data(), field.value().size())});
    }
  }

  [[nodiscard]] std::size_t count(std::string_view name) const {
    std::size_t n = 0;
    for (const auto& header : headers_) n += beast::iequals(as_beast(header.name), as_beast(name)) ? 1u : 0u;
    return n;
  }
  [[nodiscard]] static beast::string_view as_beast(std::string_view text) { return {text.data(), text.size()}; }

  /// What Beast lets pass and RFC 9112 does not: no or two Host lines, a transfer coding whose end it cannot find.
  [[nodiscard]] std::string_view header_defect() const {
    const auto& message = parser_->get();
    if (message.version() != 11 && message.version() != 10) return "the request's HTTP version is not 1.0 or 1.1";
    const std::size_t hosts = count("host");
    if (hosts > 1) return "the request has more than one Host header";
    if (hosts == 0 && message.version() == 11) return "the request has no Host header, which HTTP/1.1 requires";
    if (const std::size_t codings = count("transfer-encoding"); codings > 0) {
      if (message.version() == 10) return "an HTTP/1.0 request cannot have a Transfer-Encoding header";
      if (codings > 1 || !beast::iequals(message[beast::http::field::transfer_encoding], "chunked")) {
        return "the request's Transfer-Encoding is not accepted; it may only be chunked";
      }
    }
    if (count("content-length") > 1) return "the request has more than one Content-Length header";
    return {};
  }
  [[nodiscard]] bool expects_continue() const {
    return beast::iequals(parser_->get()[beast::http::field::expect], "100-continue") && parser_->get().version() == 11;
  }

  void write_continue() {
    static constexpr std::string_view kLine = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(socket_, asio::buffer(kLine.data(), kLine.size()),
                      [self = shared_from_this()](error_code problem, std::size_t) {
                        if (self->step_ == Step::closed) return;
                        if (problem) return self->close();
                        self->advance();
                      });
  }

  void read_more() {
    const bool in_body = parser_->is_header_done();
    if (in_body) {
      step_ = Step::body;
    } else if (buffer_.size() > 0 && step_ == Step::idle) {
      step_ = Step::header;
      set_deadline(options().header_ms);
    }
    if (step_ == Step::idle && worker_.shared.draining.load(std::memory_order_relaxed)) {
      if (asked_) return close();
      set_deadline(kFirstRequestMs);
    }
    const std::size_t room = buffer_.max_size() - buffer_.size();
    const std::size_t want = std::min<std::size_t>(room, in_body ? std::size_t{64} << 10 : 4096);
    socket_.async_read_some(buffer_.prepare(want), [self = shared_from_this()](error_code problem, std::size_t got) {
      if (self->step_ == Step::closed) return;
      self->buffer_.commit(got);
      if (self->timed_out_) {
        self->timed_out_ = false;
        return self->refuse(408, "request_timeout",
                            self->step_ == Step::body ? "the request's body did not arrive in time"
                                                      : "the request's headers did not arrive in time");
      }
      if (problem) return self->close();
      if (self->step_ == Step::idle) {
        self->step_ = Step::header;
        self->set_deadline(self->options().header_ms);
      }
      self->advance();
    });
  }

  /// True when the answer is on its way (or out) already; false when the pool works on it.
  bool handle() {
    step_ = Step::handling;
    deadline_ = 0;
    asked_ = true;
    if (worker_.shared.pool != nullptr && parser_->get().body().size() > options().large_body) {
      asio::post(*worker_.shared.pool, [self = shared_from_this()] {
        auto answer = std::make_shared<Response>(self->ask());
        asio::post(self->worker_.io, [self, answer] {
          if (self->step_ == Step::closed) return;
          if (self->respond(std::move(*answer), self->keep_alive())) self->advance();
        });
      });
      return false;
    }
    Response answer = ask();
    return respond(std::move(answer),
                   keep_alive());  // asked after the answer is there: a drain may have begun meanwhile
  }

  [[nodiscard]] Response ask() noexcept {
    const auto& message = parser_->get();
    const auto method = message.method_string();
    const auto target = message.target();
    try {
      return worker_.shared.handler(
          Request{{method.data(), method.size()}, {target.data(), target.size()}, headers_, message.body()});
    } catch (...) {
      return worker_.shared.refuse(500, "internal", "the server could not answer; the defect is ours", headers_);
    }
  }

  [[nodiscard]] bool keep_alive() const {
    return parser_->get().keep_alive() && !worker_.shared.draining.load(std::memory_order_relaxed);
  }

  /// Writes the response. True when all of it is out and the connection is ready for the next request.
  bool respond(Response answer, bool keep) {
    const bool head_only = parser_ && parser_->is_header_done() && parser_->get().method() == beast::http::verb::head;
    compose(answer, keep);
    body_ = std::move(answer.body);
    if (head_only) body_.clear();
    keep_ = keep;
    const std::array<asio::const_buffer, 2> pieces{asio::buffer(head_), asio::buffer(body_)};
    error_code problem;
    const std::size_t sent = socket_.write_some(pieces, problem);
    if (problem && problem != asio::error::would_block && problem != asio::error::try_again) {
      close();
      return false;
    }
    const std::size_t done = problem ? 0 : sent;
    if (done == head_.size() + body_.size()) return finish_response();
    step_ = Step::writing;
    set_deadline(options().write_ms);
    const std::size_t in_head = std::min(done, head_.size());
    const std::array<asio::const_buffer, 2> rest{asio::buffer(head_) + in_head, asio::buffer(body_) + (done - in_head)};
    asio::async_write(socket_, rest, [self = shared_from_this()](error_code failed, std::size_t) {
      if (self->step_ == Step::closed) return;
      if (failed) return self->close();
      self->step_ = Step::handling;
      if (self->finish_response()) self->advance();
    });
    return false;
  }

  bool finish_response() {
    parser_.reset();
    body_ = {};
    if (!keep_) {
      linger();
      return false;
    }
    return true;
  }

  void compose(const Response& answer, bool keep) {
    head_.clear();
    head_ += "HTTP/1.1 ";
    append_number(head_, static_cast<std::int64_t>(answer.status));
    head_ += ' ';
    head_ += reason_phrase(answer.status);
    head_ += "\r\nDate: ";
    head_ += worker_.date;
    for (const auto& [name, value] : answer.headers) {
      head_ += "\r\n";
      head_ += name;
      head_ += ": ";
      // A line break in a value would let its author write headers of their own.
      for (const char c : value) head_ += (c == '\r' || c == '\n' || c == '\0') ? ' ' : c;
    }
    if (answer.status != 204 && answer.status != 304) {
      head_ += "\r\nContent-Length: ";
      append_number(head_, static_cast<std::int64_t>(answer.body.size()));
    }
    head_ += keep ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  }

  void refuse(const error_code& problem) {
    using beast::http::error;
    if (problem == error::body_limit) {
      return refuse(
          413, "content_too_large",
          "the request's body is larger than the " + std::to_string(options().max_body) + " bytes accepted here");
    }
    if (problem == error::header_limit || problem == error::buffer_overflow) {
      return refuse(431, "headers_too_large",
                    "the request line and headers are longer than the " + std::to_string(options().max_header) +
                        " bytes accepted here");
    }
    refuse(400, "bad_request", "the request is not well-formed HTTP/1.1: " + problem.message());
  }
  void refuse(int status, std::string_view code, std::string_view text) {
    if (!header_seen_) headers_.clear();
    respond(worker_.shared.refuse(status, code, text, headers_), false);
  }

  /// Closes our side and reads what the client still sends for a moment: a close with unread bytes would reset the
  /// connection and could take our answer with it.
  void linger() {
    error_code problem;
    socket_.shutdown(tcp::socket::shutdown_send, problem);
    if (problem) return close();
    step_ = Step::lingering;
    set_deadline(1000);
    parser_.reset();
    buffer_.clear();
    discard();
  }
  void discard() {
    socket_.async_read_some(buffer_.prepare(16384), [self = shared_from_this()](error_code problem, std::size_t) {
      if (self->step_ == Step::closed) return;
      if (problem) return self->close();
      self->discard();
    });
  }

  Worker& worker_;
  tcp::socket socket_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::vector<Header> headers_;
  std::string head_, body_;
  std::int64_t deadline_ = 0;  // monotonic ns; 0 = none
  std::size_t place_ = 0;      // in worker_.sessions
  Step step_ = Step::idle;
  bool header_seen_ = false, timed_out_ = false, keep_ = true, asked_ = false;
};

}  // namespace riskflag::inline v0_1::http::detail
