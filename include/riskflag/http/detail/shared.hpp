#pragma once

// What the connections of a server, and those of one of its threads, have in common.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <riskflag/http/message.hpp>
#include <riskflag/http/options.hpp>

namespace riskflag::inline v0_1::http::detail {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

class Session;

/// Of the server; const but for the counters. None of the calls throws: what a handler throws becomes a 500.
struct Shared {
  ServerOptions options;
  RoundHandler handler;
  RefusalHandler refusal;
  Screen screen;
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> early{0};      // open connections from before the drain: it waits for these
  std::atomic<std::size_t> in_flight{0};  // requests that the pool has or will have
  asio::thread_pool* pool = nullptr;      // for large bodies

  /// False: settle() has to have it.
  [[nodiscard]] bool answer(Exchange& exchange) const noexcept {
    try {
      return handler.answer(exchange);
    } catch (...) {
      exchange.response = defect(exchange.request);
      return true;
    }
  }
  void settle(std::span<Exchange* const> exchanges) const noexcept {
    try {
      handler.settle(exchanges);
    } catch (...) {
      for (Exchange* each : exchanges) each->response = defect(each->request);
    }
  }
  /// What the head alone is refused with, if it is.
  [[nodiscard]] std::optional<Response> screened(const Request& head) const noexcept {
    try {
      return screen ? screen(head) : std::nullopt;
    } catch (...) {
      return defect(head);
    }
  }
  /// A refusal handler that throws costs the body only.
  [[nodiscard]] Response refuse(int status, std::string_view code, std::string_view text,
                                std::span<const Header> headers, std::string_view reason = {}) const noexcept {
    try {
      return refusal(Refusal{status, code, text, headers, reason});
    } catch (...) {
      return Response{status, {}, {}};
    }
  }

 private:
  [[nodiscard]] Response defect(const Request& request) const noexcept {
    return refuse(500, "internal", "the server could not answer; the defect is ours", request.headers);
  }
};

/// Of one thread: its loop, its sessions and the date that its responses carry.
struct Worker {
  explicit Worker(Shared& all) : shared(all) {}
  Shared& shared;
  asio::io_context io{1};
  asio::steady_timer timer{io};
  std::vector<std::shared_ptr<Session>> sessions;  // each knows its place
  std::vector<std::unique_ptr<Exchange>> spare;    // for the next requests
  std::vector<std::shared_ptr<Session>> held;      // answered, not settled
  std::vector<std::shared_ptr<Session>> settling;
  std::vector<Exchange*> exchanges;  // of those
  std::string date;
  std::int64_t date_second = -1;
  bool draining = false;

  [[nodiscard]] std::unique_ptr<Exchange> take_exchange() {
    if (spare.empty()) return std::make_unique<Exchange>();
    auto out = std::move(spare.back());
    spare.pop_back();
    return out;
  }
  void give_back(std::unique_ptr<Exchange> exchange) {
    constexpr std::size_t kMost = 256, kMuch = std::size_t{1} << 16;
    Response& response = exchange->response;
    if (spare.size() >= kMost || response.body.capacity() > kMuch) return;
    response.status = 200;
    response.headers.clear();
    response.header_lines.clear();
    response.body.clear();
    spare.push_back(std::move(exchange));
  }
};

}  // namespace riskflag::inline v0_1::http::detail
