#include <riskflag/http.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>

using namespace riskflag;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

http::Response echo(const http::Request& request) {
  if (request.target == "/throw") throw std::runtime_error("planted");
  if (request.target == "/slow") std::this_thread::sleep_for(300ms);
  if (request.target == "/big") return {200, {}, std::string(8u << 20, 'b')};
  if (request.target == "/split") return {200, {{"X-Header", "a\r\nX-Planted: yes"}}, {}};
  std::string names;
  for (const auto& header : request.headers) names += std::string(header.name) + ";";
  return {200,
          {{"Content-Type", "text/plain"}, {"X-Names", names}},
          std::string(request.method) + " " + std::string(request.target) + " " + std::string(request.body)};
}

http::Response refuse(const http::Refusal& refusal) {
  return {refusal.status,
          {{"Content-Type", "application/problem+json"}},
          std::string(refusal.code) + (refusal.reason.empty() ? "" : " " + std::string(refusal.reason))};
}

http::ServerOptions quick() {
  http::ServerOptions options;
  options.port = 0;
  options.threads = 2;
  options.idle_ms = 2000;
  options.header_ms = 400;
  options.body_ms = 400;
  options.write_ms = 20000;
  options.drain_ms = 2000;
  options.max_body = 1u << 20;
  options.max_header = 4096;
  options.large_body = 1000;
  return options;
}

struct Running {
  http::Server server;
  explicit Running(http::ServerOptions options = quick()) : server(std::move(options), echo, refuse) { server.start(); }
};

/// A blocking connection that says exactly what it is told.
struct Raw {
  asio::io_context io;
  asio::ip::tcp::socket socket{io};
  explicit Raw(const http::Server& server) {
    socket.connect({asio::ip::address_v4::loopback(), server.port()});
    const timeval limit{10, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  void send(std::string_view text) { asio::write(socket, asio::buffer(text.data(), text.size())); }
  /// Everything until the server closes (or ten seconds).
  std::string rest() {
    std::string all;
    char block[4096];
    for (;;) {
      const auto got = ::recv(socket.native_handle(), block, sizeof block, 0);
      if (got <= 0) return all;
      all.append(block, static_cast<std::size_t>(got));
    }
  }
  /// Until `end` has come.
  std::string until(std::string_view end) {
    std::string all;
    char c = 0;
    while (all.find(end) == std::string::npos && ::recv(socket.native_handle(), &c, 1, 0) == 1) all += c;
    return all;
  }
};

std::string answer_to(const http::Server& server, std::string_view text) {
  Raw raw(server);
  raw.send(text);
  return raw.rest();
}

bool starts_with(const std::string& text, std::string_view begin) { return text.substr(0, begin.size()) == begin; }
std::size_t count_of(const std::string& text, std::string_view piece) {
  std::size_t n = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a request reaches the handler whole, and its answer comes back") {
  Running running;
  const auto answer = http::ask({.port = running.server.port()}, "POST", "/v1/score?x=1", {{"X-A", "b"}}, "hello");
  CHECK(answer.status == 200);
  CHECK(answer.body == "POST /v1/score?x=1 hello");
}

TEST_CASE("three pipelined requests are answered in order on one connection") {
  Running running;
  const auto all =
      answer_to(running.server,
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(count_of(all, "HTTP/1.1 200 OK") == 3);
  CHECK(all.find("GET /1 ") < all.find("POST /2 abc"));
  CHECK(all.find("POST /2 abc") < all.find("GET /3 "));
  CHECK(count_of(all, "Connection: keep-alive") == 2);
  CHECK(count_of(all, "Connection: close") == 1);
}

TEST_CASE("two hundred pipelined requests get two hundred answers") {
  Running running;
  std::string text;
  for (int i = 0; i < 199; ++i) text += "GET /n HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto all = answer_to(running.server, text + "GET /n HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(count_of(all, "HTTP/1.1 200 OK") == 200);
}

TEST_CASE("a chunked body arrives whole, byte by byte too") {
  Running running;
  const std::string text =
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: "
      "close\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n";
  CHECK(answer_to(running.server, text).find("POST /c abcde") != std::string::npos);
  Raw raw(running.server);
  raw.socket.set_option(asio::ip::tcp::no_delay(true));
  for (const char c : text) raw.send(std::string_view(&c, 1));
  CHECK(raw.rest().find("POST /c abcde") != std::string::npos);
}

TEST_CASE("a body above large_body is handled on another thread with the same answer") {
  Running running;
  const std::string body(200000, 'x');
  CHECK(http::ask({.port = running.server.port()}, "POST", "/", {}, body).body == "POST / " + body);
}

TEST_CASE("Expect: 100-continue is answered before the body is sent") {
  Running running;
  Raw raw(running.server);
  raw.send("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  CHECK(raw.until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send("body");
  CHECK(raw.rest().find("POST /e body") != std::string::npos);
}

TEST_CASE("a client that expects 100 Continue is told at once what its head alone is refused for") {
  http::Server server(quick(), echo, refuse, [](const http::Request& head) -> std::optional<http::Response> {
    if (head.target == "/throw") throw std::runtime_error("planted");
    if (head.target == "/e") return std::nullopt;
    return http::Response{404, {}, std::string(head.method) + " " + std::string(head.target)};
  });
  server.start();
  const auto head = [](const std::string& target, const std::string& length) {
    return "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\nExpect: 100-continue\r\n\r\n";
  };
  const auto refused = answer_to(server, head("/nothing", "4"));  // the body is never sent
  CHECK(starts_with(refused, "HTTP/1.1 404 "));
  CHECK(refused.find("Connection: close") != std::string::npos);
  CHECK(refused.substr(refused.size() - 13) == "POST /nothing");
  CHECK(starts_with(answer_to(server, head("/throw", "4")), "HTTP/1.1 500 "));
  CHECK(starts_with(answer_to(server, head("/e", "99999999")), "HTTP/1.1 413 "));
  Raw raw(server);
  raw.send(head("/e", "4"));
  CHECK(raw.until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send("body");
  CHECK(raw.until("POST /e body").find("200 OK") != std::string::npos);
}

TEST_CASE("a target that is a whole URL reaches the handler as path and query") {
  Running running;
  const auto ask = [&](const std::string& target) {
    const auto all = answer_to(running.server, "GET " + target + " HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n");
    return all.substr(all.find("\r\n\r\n") + 4);
  };
  CHECK(ask("http://a:8080/v1/score?x=1") == "GET /v1/score?x=1 ");
  CHECK(ask("HTTPS://a/") == "GET / ");
  CHECK(ask("http://[::1]:80") == "GET / ");
  CHECK(ask("http://a?x") == "GET /?x ");
  CHECK(ask("*") == "GET * ");
}

TEST_CASE("empty lines before a request line are skipped, between requests too") {
  Running running;
  const auto all = answer_to(running.server,
                             "\r\n\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\n"
                             "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(count_of(all, "HTTP/1.1 200 OK") == 2);
  CHECK(all.find("GET /2 ") != std::string::npos);
  Raw split(running.server);
  split.socket.set_option(asio::ip::tcp::no_delay(true));
  for (const std::string piece : {"\r", "\n", "\r", "\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}) {
    split.send(piece);
    std::this_thread::sleep_for(20ms);
  }
  CHECK(split.rest().find("GET /3 ") != std::string::npos);
}

TEST_CASE("empty lines do not keep an idle connection open, nor get it an answer") {
  auto options = quick();
  options.idle_ms = 300;
  Running running(options);
  Raw raw(running.server);
  const auto t0 = std::chrono::steady_clock::now();
  std::atomic<bool> stop{false};
  std::thread trickle([&] {
    while (!stop) {
      boost::system::error_code ignored;
      asio::write(raw.socket, asio::buffer("\r\n", 2), ignored);
      std::this_thread::sleep_for(50ms);
    }
  });
  CHECK(raw.rest().empty());
  CHECK(std::chrono::steady_clock::now() - t0 < 3s);
  stop = true;
  trickle.join();
}

TEST_CASE("HEAD has the length of the body but not the body") {
  Running running;
  const auto all = answer_to(running.server, "HEAD /h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(all.find("Content-Length: 8\r\n") != std::string::npos);  // "HEAD /h "
  CHECK(all.substr(all.size() - 4) == "\r\n\r\n");
}

TEST_CASE("HTTP/1.0 needs no Host and is closed after its answer") {
  Running running;
  const auto all = answer_to(running.server, "GET /old HTTP/1.0\r\n\r\n");
  CHECK(starts_with(all, "HTTP/1.1 200 OK"));
  CHECK(all.find("Connection: close") != std::string::npos);
}

TEST_CASE("invariant: malformed and ambiguous requests are answered 400 and the connection is closed") {
  Running running;
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string tls_hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const std::string& text :
       std::vector<std::string>{"GET / HTTP/1.1\r\n\r\n",                        // no Host
                                "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",  // two
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: "
                                "chunked\r\n\r\n0\r\n\r\n",  // smuggling
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
                                "4\r\n\r\n0\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nGET /smuggled "
                                "HTTP/1.1\r\nHost: a\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: "
                                "chunked\r\n\r\n0\r\n\r\n",
                                "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n",
                                "GET / HTTP/2.7\r\nHost: a\r\n\r\n",
                                "GET /\r\n\r\n",
                                "\r\n\r\n\r\n\r\nrubbish\r\n\r\n",
                                "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n",
                                "GET / HTTP/1.1\nHost: a\n\n",  // bare LF
                                "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
                                "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
                                "GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
                                "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
                                "GET http://me@a/x HTTP/1.1\r\nHost: a\r\n\r\n",
                                "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
                                "GET / HTTP/1.1\r\n: a\r\n\r\n",
                                "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1, '\0') + "\r\n\r\n",
                                tls_hello,
                                chunked + "zz\r\n",
                                chunked + "3\r\nabcX\r\n0\r\n\r\n",
                                chunked + "ffffffffffffffffff\r\n",
                                chunked + "-3\r\nabc\r\n"}) {
    CAPTURE(text);
    const auto all = answer_to(running.server, text);
    CHECK(starts_with(all, "HTTP/1.1 400 Bad Request\r\n"));
    CHECK(count_of(all, "HTTP/1.1 ") == 1);
    CHECK(all.find("Connection: close") != std::string::npos);
  }
  CHECK(http::ask({.port = running.server.port()}, "GET", "/alive").status == 200);
}

TEST_CASE("headers above the limit are answered 431, a body above it 413, whether declared or chunked") {
  Running running;
  CHECK(starts_with(answer_to(running.server, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
                    "HTTP/1.1 431 "));
  CHECK(starts_with(answer_to(running.server, "GET /" + std::string(100000, 'x')), "HTTP/1.1 431 "));
  CHECK(starts_with(answer_to(running.server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n"),
                    "HTTP/1.1 413 "));
  CHECK(starts_with(
      answer_to(running.server,
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\nExpect: 100-continue\r\n\r\n"),
      "HTTP/1.1 413 "));
  Raw raw(running.server);
  raw.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  try {
    for (int i = 0; i < 32; ++i) raw.send(chunk);
  } catch (const boost::system::system_error&) {  // the server may close before all is sent
  }
  CHECK(starts_with(raw.rest(), "HTTP/1.1 413 "));
}

TEST_CASE("slow headers and slow bodies are answered 408 at their deadline, and trickling does not extend it") {
  Running running;
  for (const std::string begin : {"GET / HTT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"}) {
    CAPTURE(begin);
    const auto t0 = std::chrono::steady_clock::now();
    Raw raw(running.server);
    raw.send(begin);
    std::atomic<bool> stop{false};
    std::thread trickle([&] {
      while (!stop) {
        std::this_thread::sleep_for(50ms);
        boost::system::error_code ignored;
        asio::write(raw.socket, asio::buffer("x", 1), ignored);
      }
    });
    const std::string all = raw.until("\r\n\r\n");
    stop = true;
    trickle.join();
    const auto waited = std::chrono::steady_clock::now() - t0;
    CHECK(starts_with(all, "HTTP/1.1 408 "));
    CHECK(waited >= 350ms);
    CHECK(waited < 3s);
  }
}

TEST_CASE("an idle connection is closed without an answer at its deadline") {
  auto options = quick();
  options.idle_ms = 200;
  Running running(options);
  Raw raw(running.server);
  CHECK(raw.rest().empty());
}

TEST_CASE("a client that reads nothing of a big answer is cut off, and the others are served") {
  auto options = quick();
  options.write_ms = 300;
  Running running(options);
  Raw deaf(running.server);
  deaf.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(http::ask({.port = running.server.port()}, "GET", "/alive").status == 200);
  for (int i = 0; i < 100 && running.server.connections() > 0; ++i) std::this_thread::sleep_for(50ms);
  CHECK(running.server.connections() == 0);
}

TEST_CASE("an answer greater than every buffer between arrives whole") {
  Running running;
  CHECK(http::ask({.port = running.server.port(), .timeout_ms = 30000}, "GET", "/big").body.size() == (8u << 20));
}

TEST_CASE("what a handler throws becomes a 500, and a line break in a header value no second header") {
  Running running;
  const auto failed = http::ask({.port = running.server.port()}, "GET", "/throw");
  CHECK(failed.status == 500);
  CHECK(failed.body == "internal");
  const auto all = answer_to(running.server, "GET /split HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(all.find("\r\nX-Planted") == std::string::npos);
}

TEST_CASE("a thousand connections at once are all answered") {
  Running running;
  std::vector<std::unique_ptr<Raw>> all;
  for (int i = 0; i < 400; ++i)
    all.push_back(std::make_unique<Raw>(running.server));  // two descriptors each: epoll and socket
  asio::io_context io;
  std::vector<asio::ip::tcp::socket> more;
  for (int i = 0; i < 600; ++i) {
    asio::ip::tcp::socket socket(io);
    boost::system::error_code problem;
    socket.connect({asio::ip::address_v4::loopback(), running.server.port()}, problem);
    if (problem) break;  // this process may be out of descriptors; what is connected must be answered
    more.push_back(std::move(socket));
  }
  const std::string_view ask = "GET /many HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  for (auto& raw : all) raw->send(ask);
  for (auto& socket : more) asio::write(socket, asio::buffer(ask.data(), ask.size()));
  for (auto& raw : all) CHECK(raw->rest().find("GET /many") != std::string::npos);
  for (auto& socket : more) {
    std::string text;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(text), end);
    CHECK(text.find("GET /many") != std::string::npos);
  }
}

TEST_CASE("a connection above the limit is answered 503 and closed") {
  auto options = quick();
  options.max_connections = 1;
  Running running(options);
  Raw first(running.server);
  first.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(first.until("GET /a ").find("200 OK") != std::string::npos);
  Raw second(running.server);
  CHECK(starts_with(second.rest(), "HTTP/1.1 503 "));
}

TEST_CASE("a port in use is an error with a sentence") {
  Running running;
  auto options = quick();
  options.port = running.server.port();
  try {
    http::Server second(options, echo, refuse);
    FAIL_CHECK("two servers listen on one port");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::resource);
    CHECK(std::string(error.what()).find("in use") != std::string::npos);
  }
}

TEST_CASE("stop() answers what is under way, closes idle connections and then refuses new ones") {
  auto running = std::make_unique<Running>();
  Raw busy(running->server), idle(running->server);
  idle.send("GET /i HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(idle.until("GET /i ").find("200 OK") != std::string::npos);
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(100ms);
  const auto port = running->server.port();
  running->server.stop();
  const std::string answer = busy.rest();
  CHECK(starts_with(answer, "HTTP/1.1 200 OK"));
  CHECK(answer.find("Connection: close") != std::string::npos);
  CHECK(idle.rest().empty());
  running->server.wait();
  CHECK_THROWS_AS(static_cast<void>(http::ask({.port = port, .timeout_ms = 500}, "GET", "/")), Error);
}

TEST_CASE("while a request is under way, a stopped server still says that it drains, and refuses other work") {
  Running running;
  Raw busy(running.server);
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  running.server.stop();
  std::this_thread::sleep_for(50ms);
  const http::ClientOptions here{.port = running.server.port()};
  CHECK(http::ask(here, "GET", "/readyz").body == "GET /readyz ");
  const auto refused = http::ask(here, "POST", "/v1/score", {}, "x");
  CHECK(refused.status == 503);
  CHECK(refused.body == "draining draining");
  CHECK(starts_with(busy.rest(), "HTTP/1.1 200 OK"));
  running.server.wait();
  CHECK(running.server.connections() == 0);
}

TEST_CASE("large requests above max_in_flight are refused at once, those that waited too long when their turn comes") {
  auto options = quick();
  options.max_in_flight = 4;
  options.max_queue_ms = 400;
  options.threads = 1;  // one pool thread, 300 ms a request: turns at 0, 300, 600, 900 ms
  Running running(options);
  const std::string post = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x');
  std::vector<std::unique_ptr<Raw>> four;
  for (int i = 0; i < 4; ++i) {
    four.push_back(std::make_unique<Raw>(running.server));
    four.back()->send(post);
    std::this_thread::sleep_for(20ms);
  }
  Raw fifth(running.server);
  const auto t0 = std::chrono::steady_clock::now();
  fifth.send(post + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string all = fifth.until("GET /next ");
  CHECK(starts_with(all, "HTTP/1.1 503 "));
  CHECK(all.find("overloaded in_flight") != std::string::npos);
  CHECK(all.find("HTTP/1.1 200 OK") !=
        std::string::npos);  // small ones are answered beside them, on the same connection
  CHECK(std::chrono::steady_clock::now() - t0 < 250ms);
  CHECK(starts_with(four[0]->until("\r\n\r\n"), "HTTP/1.1 200 "));
  CHECK(starts_with(four[1]->until("\r\n\r\n"), "HTTP/1.1 200 "));
  CHECK(four[2]->until("queue").find("HTTP/1.1 503 ") == 0);
  CHECK(four[3]->until("queue").find("HTTP/1.1 503 ") == 0);
  CHECK(http::ask({.port = running.server.port()}, "POST", "/", {}, std::string(2000, 'y')).status == 200);
}

TEST_CASE("answers that wait are settled together, and leave only then") {
  std::atomic<int> rounds{0};
  auto options = quick();
  options.threads = 1;
  http::RoundHandler handler;
  handler.answer = [](http::Exchange& exchange) {
    if (exchange.request.target == "/slow") std::this_thread::sleep_for(300ms);  // the others arrive meanwhile
    exchange.response.body = std::string(exchange.request.target) + " not settled";
    exchange.response.header_lines = "X-Line: yes\r\n";
    return exchange.request.target == "/whole";
  };
  handler.settle = [&](std::span<http::Exchange* const> all) {
    ++rounds;
    for (http::Exchange* each : all) {
      if (each->request.target == "/throw") throw std::runtime_error("planted");
      each->response.body = std::string(each->request.target) + " settled";
    }
  };
  http::Server server(options, handler, refuse);
  server.start();
  const auto request = [](std::string path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  };
  Raw slow(server), one(server), two(server);
  for (Raw* each : {&one, &two}) {  // accepted before
    each->send("GET /whole HTTP/1.1\r\nHost: a\r\n\r\n");
    each->until(" not settled");
  }
  slow.send(request("/slow"));
  std::this_thread::sleep_for(50ms);
  one.send(request("/one"));
  two.send(request("/two"));
  CHECK(slow.rest().ends_with("\r\n\r\n/slow settled"));
  CHECK(one.rest().ends_with("\r\n\r\n/one settled"));
  CHECK(two.rest().ends_with("\r\n\r\n/two settled"));
  CHECK(rounds.load() == 2);
  CHECK(answer_to(server, request("/whole"))
            .ends_with("\r\nX-Line: yes\r\nContent-Length: 18\r\nConnection: close\r\n\r\n/whole not settled"));
  CHECK(starts_with(answer_to(server, request("/throw")), "HTTP/1.1 500 "));
  // Large bodies are settled where they are answered.
  const auto large = http::ask({.port = server.port()}, "POST", "/large", {}, std::string(2000, 'y'));
  CHECK(large.body == "/large settled");
  // Pipelined requests wait for one another.
  CHECK(count_of(answer_to(server, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + request("/b")), " settled") == 2);
}

TEST_CASE("stop() cuts what does not end within drain_ms") {
  auto options = quick();
  options.drain_ms = 200;
  options.header_ms = 60000;
  Running running(options);
  Raw raw(running.server);
  raw.send("GET / HTT");
  std::this_thread::sleep_for(50ms);
  const auto t0 = std::chrono::steady_clock::now();
  running.server.stop();
  running.server.wait();
  CHECK(std::chrono::steady_clock::now() - t0 < 2s);
}

TEST_CASE("a server that was never started, and one that is stopped twice, end quietly") {
  {
    http::Server server(quick(), echo, refuse);
  }
  Running running;
  running.server.stop();
  running.server.stop();
  running.server.wait();
  running.server.wait();
}

TEST_CASE("loopback addresses are told from others, and names are refused") {
  CHECK(http::is_loopback("127.0.0.1"));
  CHECK(http::is_loopback("127.8.9.1"));
  CHECK(http::is_loopback("localhost"));
  CHECK(http::is_loopback("::1"));
  CHECK(http::is_loopback("[::1]"));
  CHECK(http::is_loopback("::ffff:127.0.0.1"));
  CHECK_FALSE(http::is_loopback("0.0.0.0"));
  CHECK_FALSE(http::is_loopback("::"));
  CHECK_FALSE(http::is_loopback("192.168.0.1"));
  CHECK_THROWS_AS(static_cast<void>(http::is_loopback("example.org")), Error);
  CHECK(http::url_of("::1", 80) == "http://[::1]:80");
}
