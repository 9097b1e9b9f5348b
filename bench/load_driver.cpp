// An open loop of HTTP requests for bench/compare_serving.py: each is due at its own time, whether or not those before
// it were answered, and its latency counts from that time (a closed loop as wrk's asks less of a server that stalls,
// and does not see what waited).
//
//     load_driver PORT PATH RATE SECONDS BODIES [CONNECTIONS=64]
//
// BODIES has one JSON body a line, sent in turn. Spins between two requests: it wants a processor of its own. Prints
// one JSON object: sent, failed (no status 200), rate (answers a second), and the latency's p50, p99, p99_9 and max in
// milliseconds.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

struct Plan {
  asio::ip::tcp::endpoint server;
  std::vector<std::string> requests;  // whole, ready to send
  double rate = 1, seconds = 1;
  std::size_t connections = 64;
};

class OpenLoop {
 public:
  explicit OpenLoop(const Plan& plan) : plan_(plan) {
    latencies_.reserve(static_cast<std::size_t>(plan.rate * plan.seconds) + 1);
    for (std::size_t i = 0; i < plan.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(io_));
      free_.push_back(connections_.back().get());
    }
  }

  void run() {
    start_ = Clock::now();
    const auto total = static_cast<std::size_t>(plan_.rate * plan_.seconds);
    while (latencies_.size() + failed_ < total) {
      while (next_ < total && !free_.empty() && due(next_) <= Clock::now()) send(next_++);
      io_.poll();
      if (Clock::now() > due(total) + std::chrono::seconds(60))
        throw std::runtime_error("answers are missing after a minute");
    }
    took_ = std::chrono::duration<double>(Clock::now() - start_).count();
  }

  void print() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      if (latencies_.empty()) return 0.0;
      return latencies_[std::min(latencies_.size() - 1,
                                 static_cast<std::size_t>(std::ceil(share * static_cast<double>(latencies_.size()))))];
    };
    std::printf(
        "{\"sent\":%zu,\"failed\":%zu,\"rate\":%.1f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"p99_9_ms\":%.4f,\"max_ms\":%.4f}"
        "\n",
        next_, failed_, static_cast<double>(latencies_.size()) / took_, at(0.5), at(0.99), at(0.999),
        latencies_.empty() ? 0.0 : latencies_.back());
  }

 private:
  struct Connection {
    explicit Connection(asio::io_context& io) : socket(io) {}
    asio::ip::tcp::socket socket;
    boost::beast::flat_buffer buffer{};
    http::response<http::string_body> answer{};
  };

  [[nodiscard]] Clock::time_point due(std::size_t k) const {
    return start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(k) / plan_.rate));
  }

  void send(std::size_t k) {
    Connection* connection = free_.back();
    free_.pop_back();
    connection->answer = {};
    if (!connection->socket.is_open()) {  // not before it is needed: an idle one stops a server that has one worker
      connection->socket.connect(plan_.server);
      connection->socket.set_option(asio::ip::tcp::no_delay(true));
    }
    asio::async_write(connection->socket, asio::buffer(plan_.requests[k % plan_.requests.size()]),
                      [this, k, connection](const boost::system::error_code& error, std::size_t) {
                        if (error) return again(k, connection, error);
                        http::async_read(connection->socket, connection->buffer, connection->answer,
                                         [this, k, connection](const boost::system::error_code& failure, std::size_t) {
                                           if (failure) return again(k, connection, failure);
                                           answered(k, connection);
                                         });
                      });
  }

  /// A server may close a connection that was idle while a request is on its way.
  void again(std::size_t k, Connection* connection, const boost::system::error_code& why) {
    if (++lost_ > 100) throw boost::system::system_error(why);
    connection->socket.close();
    connection->buffer.clear();
    free_.push_back(connection);
    send(k);
  }

  void answered(std::size_t k, Connection* connection) {
    if (connection->answer.result() == http::status::ok) {
      latencies_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - due(k)).count());
    } else {
      ++failed_;
    }
    if (!connection->answer.keep_alive()) connection->socket.close();
    free_.push_back(connection);
  }

  const Plan& plan_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> open_{io_.get_executor()};  // between requests too
  std::vector<std::unique_ptr<Connection>> connections_{};
  std::vector<Connection*> free_{};
  std::vector<double> latencies_{};  // milliseconds
  std::size_t next_ = 0, failed_ = 0, lost_ = 0;
  Clock::time_point start_{};
  double took_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 6) throw std::runtime_error("usage: load_driver PORT PATH RATE SECONDS BODIES [CONNECTIONS=64]");
  Plan plan;
  plan.server = {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::atoi(argv[1]))};
  plan.rate = std::atof(argv[3]);
  plan.seconds = std::atof(argv[4]);
  if (argc > 6) plan.connections = static_cast<std::size_t>(std::atoi(argv[6]));
  std::ifstream bodies(argv[5]);
  for (std::string body; std::getline(bodies, body);) {
    plan.requests.push_back("POST " + std::string(argv[2]) +
                            " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  if (plan.requests.empty() || !(plan.rate > 0) || !(plan.seconds > 0))
    throw std::runtime_error("no body, rate or seconds");
  OpenLoop loop(plan);
  loop.run();
  loop.print();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "load_driver: %s\n", error.what());
  return 1;
}
