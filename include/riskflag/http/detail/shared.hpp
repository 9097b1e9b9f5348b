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
  Handler handler;
  RefusalHandler refusal;
  Screen screen;
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> early{0};      // open connections from before the drain: it waits for these
  std::atomic<std::size_t> in_flight{0};  // requests that the pool has or will have
  asio::thread_pool* pool = nullptr;      // for large bodies

  [[nodiscard]] Response answer(const Request& request) const noexcept {
    try {
      return handler(request);
    } catch (...) {
      return defect(request);
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
  std::string date;
  std::int64_t date_second = -1;
  bool draining = false;
};

}  // namespace riskflag::inline v0_1::http::detail
