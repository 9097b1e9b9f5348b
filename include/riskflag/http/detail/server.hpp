#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/http/address.hpp>
#include <riskflag/http/detail/response_head.hpp>
#include <riskflag/http/detail/session.hpp>
#include <riskflag/http/detail/shared.hpp>
#include <riskflag/http/server.hpp>

namespace riskflag::inline v0_1::http {
namespace detail {

/// The acceptor on the first worker's loop, the workers, and the pool for large bodies.
class ServerState {
 public:
  ServerState(ServerOptions options, RoundHandler handler, RefusalHandler refusal, Screen screen) {
    check(options);
    shared_.options = std::move(options);
    shared_.handler = std::move(handler);
    shared_.refusal = std::move(refusal);
    shared_.screen = std::move(screen);
    unsigned threads = shared_.options.threads;
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>(shared_));
    retry_ = std::make_unique<asio::steady_timer>(workers_.front()->io);
    listen();
  }

  ~ServerState() {
    stop();
    wait();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const ServerOptions& options() const noexcept { return shared_.options; }
  [[nodiscard]] std::size_t connections() const noexcept { return shared_.connections.load(std::memory_order_relaxed); }

  void start() {
    if (started_) return;
    started_ = true;
    pool_ = std::make_unique<asio::thread_pool>(workers_.size());
    shared_.pool = pool_.get();
    accept();
    try {
      for (auto& worker : workers_) {
        tick(*worker);
        threads_.emplace_back([&io = worker->io] { io.run(); });
      }
    } catch (const std::system_error& error) {
      stop();
      wait();
      fail(ErrorCode::resource, "threads",
           std::to_string(workers_.size()) + " could not be started (" + error.what() + "); fewer are accepted");
    }
  }

  void stop() noexcept {
    if (!started_ || shared_.draining.exchange(true)) return;
    drain_end_.store(monotonic_ns() + std::int64_t{shared_.options.drain_ms} * 1'000'000);
    try {
      // On the acceptor's own thread: what it accepted before reaches its worker ahead of the drain.
      asio::post(workers_.front()->io, [this] {
        accept_the_backlog();
        for (auto& worker : workers_) {
          asio::post(worker->io, [w = worker.get()] {
            const auto all = w->sessions;
            for (const auto& session : all) session->drain();
            w->draining = true;
          });
        }
      });
    } catch (...) {  // out of memory: the drain's deadline ends everything
    }
  }

  void wait() {
    const std::lock_guard guard(join_);
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    if (pool_) pool_->join();
  }

 private:
  static void check(const ServerOptions& options) {
    auto positive = [](std::string_view name, auto value) {
      if (value < 1)
        fail(ErrorCode::invalid_option, std::string(name), std::to_string(value) + " is not accepted; at least 1 is");
    };
    positive("max_body", options.max_body);
    positive("max_connections", options.max_connections);
    positive("idle_ms", options.idle_ms);
    positive("header_ms", options.header_ms);
    positive("body_ms", options.body_ms);
    positive("write_ms", options.write_ms);
    if (options.max_queue_ms < 0) fail(ErrorCode::invalid_option, "max_queue_ms", "a negative time is not accepted");
    if (options.drain_ms < 0) fail(ErrorCode::invalid_option, "drain_ms", "a negative time is not accepted");
    if (options.max_header < 256 || options.max_header > (1u << 20)) {
      fail(ErrorCode::invalid_option, "max_header",
           std::to_string(options.max_header) + " is not accepted; 256 to 1048576 bytes are");
    }
    if (options.threads > 4096)
      fail(ErrorCode::invalid_option, "threads", std::to_string(options.threads) + " is not accepted; 0 to 4096 are");
  }

  void listen() {
    const auto& options = shared_.options;
    const tcp::endpoint endpoint(numeric_address(options.host), options.port);
    const std::string where = url_of(options.host, options.port);
    error_code problem;
    acceptor_ = std::make_unique<tcp::acceptor>(workers_.front()->io);
    acceptor_->open(endpoint.protocol(), problem);
    if (!problem) acceptor_->set_option(tcp::acceptor::reuse_address(true), problem);
    if (!problem) acceptor_->bind(endpoint, problem);
    if (!problem) acceptor_->listen(4096, problem);
    if (problem == asio::error::address_in_use) {
      fail(ErrorCode::resource, where,
           "port " + std::to_string(options.port) +
               " is in use by another program; stop it, or choose another port (0 picks a free one)");
    }
    if (problem) fail(ErrorCode::resource, where, "cannot listen there: " + problem.message());
    acceptor_->non_blocking(true, problem);
    port_ = acceptor_->local_endpoint().port();
  }

  void accept() {
    Worker& worker = *workers_[next_++ % workers_.size()];
    acceptor_->async_accept(worker.io, [this, &worker](error_code problem, tcp::socket socket) {
      if (!acceptor_->is_open()) return;
      if (problem == asio::error::no_descriptors || problem == asio::error::no_memory ||
          problem == asio::error::no_buffer_space) {
        // Out of descriptors: at once would spin, the connection stays in the backlog meanwhile.
        retry_->expires_after(std::chrono::milliseconds(100));
        retry_->async_wait([this](error_code ended) {
          if (!ended && acceptor_->is_open()) accept();
        });
        return;
      }
      if (!problem) {
        begin(worker, std::move(socket), shared_.draining.load() ? Session::Arrival::late : Session::Arrival::early);
      }
      accept();
    });
  }

  /// Who has connected already is not reset by a drain.
  void accept_the_backlog() {
    for (error_code problem; !problem;) {
      Worker& worker = *workers_[next_++ % workers_.size()];
      tcp::socket socket(worker.io);
      acceptor_->accept(socket, problem);
      if (!problem) begin(worker, std::move(socket), Session::Arrival::early);
    }
  }

  void begin(Worker& worker, tcp::socket socket, Session::Arrival arrival) {
    if (shared_.connections.fetch_add(1, std::memory_order_relaxed) >= shared_.options.max_connections) {
      shared_.connections.fetch_sub(1, std::memory_order_relaxed);
      return turn_away(std::move(socket));
    }
    auto session = std::make_shared<Session>(worker, std::move(socket), arrival);
    asio::post(worker.io, [session] { session->start(); });
  }

  /// One attempt without waiting: a client above the limit gets a sentence if its buffer takes it.
  void turn_away(tcp::socket socket) {
    Response answer =
        shared_.refuse(503, "overloaded", "the server has as many connections as it accepts", {}, "connections");
    std::string text;
    write_head(text, answer, workers_.front()->date, Connection::close);
    text += answer.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  /// Ten times a second: deadlines, the date, and the end of a drain.
  void tick(Worker& worker) {
    const std::int64_t unix_seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    if (unix_seconds != worker.date_second) {
      worker.date_second = unix_seconds;
      worker.date = http_date(unix_seconds);
    }
    const std::int64_t now = monotonic_ns();
    const bool cut = shared_.draining.load() && now >= drain_end_.load();
    const bool over = cut || (worker.draining && shared_.early.load() == 0);
    const auto all = worker.sessions;  // check() and close() change the list
    for (const auto& session : all) over ? session->close() : session->check(now);
    if (over) {
      if (&worker == workers_.front().get()) {
        error_code ignored;
        acceptor_->close(ignored);
        retry_->cancel();
      }
      worker.io.stop();
      return;
    }
    worker.timer.expires_after(std::chrono::milliseconds(shared_.draining.load() ? 10 : 100));
    worker.timer.async_wait([this, &worker](error_code ended) {
      if (!ended) tick(worker);
    });
  }

  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<asio::steady_timer> retry_;
  std::unique_ptr<asio::thread_pool> pool_;
  std::vector<std::thread> threads_;
  std::mutex join_;
  std::atomic<std::int64_t> drain_end_{0};
  std::size_t next_ = 0;
  std::uint16_t port_ = 0;
  bool started_ = false;
};

}  // namespace detail

inline Server::Server(ServerOptions options, Handler handler, RefusalHandler refusal, Screen screen)
    : Server(std::move(options),
             RoundHandler{[handle = std::move(handler)](Exchange& exchange) {
                            exchange.response = handle(exchange.request);
                            return true;
                          },
                          {}},
             std::move(refusal), std::move(screen)) {}
inline Server::Server(ServerOptions options, RoundHandler handler, RefusalHandler refusal, Screen screen)
    : state_(std::make_unique<detail::ServerState>(std::move(options), std::move(handler), std::move(refusal),
                                                   std::move(screen))) {}
inline Server::~Server() = default;
inline std::uint16_t Server::port() const noexcept { return state_->port(); }
inline std::string Server::url() const { return url_of(state_->options().host, state_->port()); }
inline void Server::start() { state_->start(); }
inline void Server::stop() noexcept { state_->stop(); }
inline void Server::wait() { state_->wait(); }
inline std::size_t Server::connections() const noexcept { return state_->connections(); }

}  // namespace riskflag::inline v0_1::http
