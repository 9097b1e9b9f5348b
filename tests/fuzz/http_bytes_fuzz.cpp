// Any bytes on a connection are answered with whole HTTP answers, or with its end, and the server goes on.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <riskflag/http.hpp>

namespace {

using namespace riskflag;
namespace asio = boost::asio;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

http::Server& server() {
  static http::Server* const made = [] {
    http::ServerOptions options;
    options.port = 0;
    options.threads = 1;
    options.max_body = 1000;
    options.max_header = 1000;
    options.large_body = 100;
    auto* const out = new http::Server(
        options, [](const http::Request& request) { return http::Response{200, {}, std::string(request.target)}; },
        [](const http::Refusal& refusal) { return http::Response{refusal.status, {}, "refused"}; });
    out->start();
    return out;
  }();
  return *made;
}

/// All that comes back until the connection ends; the bytes are sent, and then no more.
std::string answers_to(std::string_view bytes) {
  static std::uint32_t number = 0;
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.open(asio::ip::tcp::v4());
  // From many addresses: those of one would be used up by connections that have just ended.
  socket.bind({asio::ip::address_v4(0x7f000001 + ++number % 0xffff00), 0});
  socket.connect({asio::ip::address_v4::loopback(), server().port()});
  const timeval limit{5, 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  boost::system::error_code ended;
  asio::write(socket, asio::buffer(bytes.data(), bytes.size()), ended);
  socket.shutdown(asio::ip::tcp::socket::shutdown_send, ended);
  std::string all;
  char block[4096];
  for (;;) {
    const auto got = ::recv(socket.native_handle(), block, sizeof block, 0);
    demand(got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK));  // nobody is kept waiting
    if (got <= 0) return all;
    all.append(block, static_cast<std::size_t>(got));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string all = answers_to({reinterpret_cast<const char*>(data), size});
  constexpr std::string_view kBegin = "HTTP/1.1 ", kLength = "\r\nContent-Length: ";
  for (std::string_view rest = all; !rest.empty();) {
    demand(rest.starts_with(kBegin));
    const auto end = rest.find("\r\n\r\n");
    demand(end != std::string_view::npos);
    const std::string_view head = rest.substr(0, end);
    rest.remove_prefix(end + 4);
    const auto at = head.find(kLength);
    demand((at == std::string_view::npos) == head.starts_with("HTTP/1.1 100 "));
    if (at == std::string_view::npos) continue;
    if (rest.empty() || rest.starts_with(kBegin)) continue;  // of HEAD
    const std::size_t length = std::stoul(std::string(head.substr(at + kLength.size())));
    demand(length <= rest.size());
    rest.remove_prefix(length);
  }
  return 0;
}
