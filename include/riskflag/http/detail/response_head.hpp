#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include <riskflag/core/text.hpp>
#include <riskflag/http/message.hpp>

namespace riskflag::inline v0_1::http::detail {

/// "Sun, 22 Nov 2026 10:00:00 GMT"; names are fixed by RFC 9110, so no locale is asked.
[[nodiscard]] inline std::string http_date(std::int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t when = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  auto two = [](int x) { return std::string{static_cast<char>('0' + x / 10 % 10), static_cast<char>('0' + x % 10)}; };
  return std::string(kDays[parts.tm_wday]) + ", " + two(parts.tm_mday) + " " + kMonths[parts.tm_mon] + " " +
         std::to_string(parts.tm_year + 1900) + " " + two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" +
         two(parts.tm_sec) + " GMT";
}

enum class Connection { keep_alive, close };

/// Writes the status line and headers of `answer` into `out`, whose old content goes.
inline void write_head(std::string& out, const Response& answer, std::string_view date, Connection connection) {
  out.clear();
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::int64_t>(answer.status));
  out += ' ';
  out += reason_phrase(answer.status);
  out += "\r\nDate: ";
  out += date;
  for (const auto& [name, value] : answer.headers) {
    out += "\r\n";
    out += name;
    out += ": ";
    // A line break in a value would let its author write headers of their own.
    for (const char c : value) out += (c == '\r' || c == '\n' || c == '\0') ? ' ' : c;
  }
  out += "\r\n";
  out += answer.header_lines;
  if (answer.status != 204 && answer.status != 304) {
    out += "Content-Length: ";
    append_number(out, static_cast<std::int64_t>(answer.body.size()));
    out += "\r\n";
  }
  out += connection == Connection::keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
}

}  // namespace riskflag::inline v0_1::http::detail
