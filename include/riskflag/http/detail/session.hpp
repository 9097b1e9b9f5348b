#pragma once

// One connection, from its first byte to its close; everything on the thread of its Worker.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <riskflag/core/file.hpp>
#include <riskflag/http/detail/request_rules.hpp>
#include <riskflag/http/detail/response_head.hpp>
#include <riskflag/http/detail/shared.hpp>
#include <riskflag/http/message.hpp>
#include <riskflag/http/options.hpp>

namespace riskflag::inline v0_1::http::detail {

namespace beast = boost::beast;

class Session : public std::enable_shared_from_this<Session> {
 public:
  /// Late: accepted while the server drains. Such a connection may still ask whether the server is alive or ready.
  enum class Arrival { early, late };

  Session(Worker& worker, tcp::socket socket, Arrival arrival)
      : worker_(worker), socket_(std::move(socket)), arrival_(arrival) {
    if (arrival_ == Arrival::early) worker_.shared.early.fetch_add(1);
  }

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
    if (arrival_ == Arrival::early) worker_.shared.early.fetch_sub(1);
  }

 private:
  static constexpr int kFirstRequestMs = 300;  // of a connection that was accepted just before a drain
  enum class Step { idle, header, body, handling, writing, lingering, closed };
  using Parser = beast::http::request_parser<beast::http::string_body>;

  [[nodiscard]] const ServerOptions& options() const noexcept { return worker_.shared.options; }
  void set_deadline(int ms) { deadline_ = monotonic_ns() + std::int64_t{ms} * 1'000'000; }
  /// The step's deadline, from the first time that it has to wait: the clock is not asked about what never waits.
  void begin_waiting() {
    if (waiting_for_ == step_) return;
    waiting_for_ = step_;
    set_deadline(step_ == Step::idle     ? options().idle_ms
                 : step_ == Step::header ? options().header_ms
                                         : options().body_ms);
  }

  /// Parses what has arrived and answers every whole request in it; returns when it waits for the network or the pool.
  void advance() {
    // A client that pipelines without end must not starve its neighbours on this thread.
    for (int served = 0; served < 16; ++served) {
      if (!parser_) await_request();
      if (step_ == Step::idle && !begin_request()) return read_more();
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
        read_head();
        if (const auto reason = head_defect(parser_->get().version(), headers_); !reason.empty()) {
          return refuse(400, "bad_request", reason);
        }
        if (!to_origin_form(request_.target, target_)) {
          return refuse(400, "bad_request", "the request's target is neither a path nor an http URL");
        }
        if (!problem && !parser_->is_done() && expects_continue(parser_->get().version(), headers_)) {
          if (auto refusal = worker_.shared.screened(request_)) {
            begin_exchange().response = std::move(*refusal);
            respond(false);  // the client may send the body or not: nobody could tell where it ends
            return;
          }
          step_ = Step::body;
          begin_waiting();
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

  void await_request() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(options().max_header));
    parser_->body_limit(options().max_body);
    header_seen_ = false;
    headers_.clear();
    step_ = Step::idle;
    if (buffer_.size() == 0 && buffer_.capacity() > 16384) buffer_.shrink_to_fit();
    waiting_for_ = Step::handling;
  }

  /// False while no request line has begun. Empty lines before it are skipped (RFC 9112 2.2): some clients end a body
  /// with one. They do not extend the idle deadline.
  bool begin_request() {
    const auto byte = [this](std::size_t i) { return static_cast<const char*>(buffer_.data().data())[i]; };
    while (buffer_.size() >= 2 && byte(0) == '\r' && byte(1) == '\n') buffer_.consume(2);
    if (buffer_.size() == 0 || (buffer_.size() == 1 && byte(0) == '\r')) return false;
    step_ = Step::header;
    return true;
  }

  /// Points request_ at the parsed head.
  void read_head() {
    const auto& message = parser_->get();
    for (const auto& field : message.base()) {
      headers_.push_back({std::string_view(field.name_string().data(), field.name_string().size()),
                          std::string_view(field.value().data(), field.value().size())});
    }
    request_ = {{message.method_string().data(), message.method_string().size()},
                {message.target().data(), message.target().size()},
                headers_,
                {}};
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
    if (in_body) step_ = Step::body;
    begin_waiting();
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
      self->advance();
    });
  }

  /// True when the answer is on its way (or out) already; false when the pool works on it.
  bool handle() {
    step_ = Step::handling;
    deadline_ = 0;
    asked_ = true;
    request_.body = parser_->get().body();
    if (arrival_ == Arrival::late && request_.method != "GET" && request_.method != "HEAD") {
      return shed("draining", "draining", "the server is about to end; ask another, or again in a moment");
    }
    if (worker_.shared.pool != nullptr && request_.body.size() > options().large_body) return handle_on_pool();
    if (!worker_.shared.answer(begin_exchange())) {
      hold();
      return false;
    }
    return respond(keep_alive());  // asked after the answer is there: a drain may have begun meanwhile
  }

  Exchange& begin_exchange() {
    exchange_ = worker_.take_exchange();
    exchange_->request = request_;
    return *exchange_;
  }

  /// Keeps the answer until all that has arrived on this thread is answered too.
  void hold() {
    worker_.held.push_back(shared_from_this());
    if (worker_.held.size() > 1) return;
    asio::post(worker_.io, [&worker = worker_] {
      worker.settling.swap(worker.held);
      for (const auto& each : worker.settling) worker.exchanges.push_back(each->exchange_.get());
      worker.shared.settle(worker.exchanges);
      worker.exchanges.clear();
      for (const auto& each : worker.settling) {
        if (each->step_ != Step::closed && each->respond(each->keep_alive())) each->advance();
      }
      worker.settling.clear();
    });
  }

  /// The pool's threads answer one after another, so that a batch does not hold up the connections of this thread.
  bool handle_on_pool() {
    auto& in_flight = worker_.shared.in_flight;
    const std::size_t limit = options().max_in_flight;
    if (in_flight.fetch_add(1) >= limit && limit > 0) {
      in_flight.fetch_sub(1);
      return shed("overloaded", "in_flight", "the server has as many large requests at work as it accepts");
    }
    begin_exchange();
    asio::post(*worker_.shared.pool, [self = shared_from_this(), queued = monotonic_ns()] {
      const Shared& shared = self->worker_.shared;
      const std::int64_t limit_ns = std::int64_t{self->options().max_queue_ms} * 1'000'000;
      const bool late = limit_ns > 0 && monotonic_ns() - queued > limit_ns;
      Exchange* const exchange = self->exchange_.get();
      if (late) {
        exchange->response = shared.refuse(
            503, "overloaded", "the request waited for the others longer than is accepted", self->headers_, "queue");
      } else if (!shared.answer(*exchange)) {
        shared.settle({&exchange, 1});
      }
      self->worker_.shared.in_flight.fetch_sub(1);
      asio::post(self->worker_.io, [self] {
        if (self->step_ != Step::closed && self->respond(self->keep_alive())) self->advance();
      });
    });
    return false;
  }

  /// Turns a whole request away for load or for the end; the connection may go on.
  bool shed(std::string_view code, std::string_view reason, std::string_view text) {
    begin_exchange().response = worker_.shared.refuse(503, code, text, headers_, reason);
    return respond(keep_alive());
  }

  [[nodiscard]] bool keep_alive() const {
    return parser_->get().keep_alive() && !worker_.shared.draining.load(std::memory_order_relaxed);
  }

  /// Writes the exchange's response. True when all of it is out and the connection is ready for the next request.
  bool respond(bool keep) {
    const bool head_only = parser_ && parser_->is_header_done() && parser_->get().method() == beast::http::verb::head;
    write_head(head_, exchange_->response, worker_.date, keep ? Connection::keep_alive : Connection::close);
    std::string& body = exchange_->response.body;
    if (head_only) body.clear();
    keep_ = keep;
    const std::array<asio::const_buffer, 2> pieces{asio::buffer(head_), asio::buffer(body)};
    error_code problem;
    const std::size_t sent = socket_.write_some(pieces, problem);
    if (problem && problem != asio::error::would_block && problem != asio::error::try_again) {
      close();
      return false;
    }
    const std::size_t done = problem ? 0 : sent;
    if (done == head_.size() + body.size()) return finish_response();
    step_ = Step::writing;
    set_deadline(options().write_ms);
    const std::size_t in_head = std::min(done, head_.size());
    const std::array<asio::const_buffer, 2> rest{asio::buffer(head_) + in_head, asio::buffer(body) + (done - in_head)};
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
    worker_.give_back(std::move(exchange_));
    if (!keep_) {
      linger();
      return false;
    }
    return true;
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
    begin_exchange().response = worker_.shared.refuse(status, code, text, headers_);
    respond(false);
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
  Request request_;                     // of the parser's memory
  std::string target_;                  // where request_.target had to be put together
  std::string head_;                    // of the response
  std::unique_ptr<Exchange> exchange_;  // while a request is answered
  std::int64_t deadline_ = 0;           // monotonic ns; 0 = none
  std::size_t place_ = 0;               // in worker_.sessions
  Step step_ = Step::idle, waiting_for_ = Step::handling;
  Arrival arrival_;
  bool header_seen_ = false, timed_out_ = false, keep_ = true, asked_ = false;
};

}  // namespace riskflag::inline v0_1::http::detail
