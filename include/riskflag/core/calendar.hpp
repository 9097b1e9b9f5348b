#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace riskflag::inline v0_1 {

/// Days since 1970-01-01 of a proleptic Gregorian date; nullopt when there is no such day.
[[nodiscard]] std::optional<std::int32_t> days_from_civil(int year, int month, int day) noexcept;

/// A date as text: "%Y-%m-%d" (the default), or a format of %Y (four digits), %y (two digits; 69 to 99 are 19xx), %m %d
/// %H %M %S (one or two digits), %b (Jan, JAN or January) and literal characters; the whole text must match. A format
/// without %d gives the first of the month. ISO 8601 date-times (2026-11-22T10:00:00Z, blank for T) are accepted by the
/// default format; the time of day is dropped.
[[nodiscard]] std::optional<std::int32_t> parse_date(std::string_view text,
                                                     std::string_view format = "%Y-%m-%d") noexcept;
/// "2026-11-22".
[[nodiscard]] std::string date_text(std::int32_t days);
/// The day as parse_date() reads it back in that format (a date at midnight): day 20'779 as "%d/%m/%Y" is "22/11/2026".
[[nodiscard]] std::string date_text(std::int32_t days, std::string_view format);

/// Milliseconds since 1970 now, UTC.
[[nodiscard]] std::int64_t now_ms() noexcept;
/// RFC 3339 UTC with milliseconds: "2026-11-22T10:00:00.123Z".
[[nodiscard]] std::string rfc3339(std::int64_t ms);
void append_rfc3339(std::string& out, std::int64_t ms);
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339(std::string_view text) noexcept;

}  // namespace riskflag::inline v0_1

namespace riskflag::inline v0_1 {

inline std::optional<std::int32_t> days_from_civil(int year, int month, int day) noexcept {
  using namespace std::chrono;
  if (year < -30000 || year > 30000 || month < 1 || month > 12 || day < 1) return std::nullopt;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day > 31 ? 32 : day)}};
  if (!date.ok()) return std::nullopt;
  return static_cast<std::int32_t>(sys_days{date}.time_since_epoch().count());
}

namespace detail {

/// Takes `least` to `most` digits off the front of `text`; -1 when there are too few.
[[nodiscard]] inline int take_digits(std::string_view& text, std::size_t least, std::size_t most) noexcept {
  int value = 0;
  std::size_t n = 0;
  for (; n < most && n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n) value = value * 10 + (text[n] - '0');
  if (n < least) return -1;
  text.remove_prefix(n);
  return value;
}

/// Takes a month's English name, whole or its first three letters, in any case; -1 when there is none.
[[nodiscard]] inline int take_month(std::string_view& text) noexcept {
  constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                        "may",       "june",     "july",     "august",
                                                        "september", "october",  "november", "december"};
  const auto begins_with = [&](std::string_view name) {
    if (text.size() < name.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      if ((text[i] | 0x20) != name[i]) return false;
    }
    return true;
  };
  for (std::size_t m = 0; m < kMonths.size(); ++m) {
    for (const std::string_view name : {kMonths[m], kMonths[m].substr(0, 3)}) {
      if (begins_with(name)) {
        text.remove_prefix(name.size());
        return static_cast<int>(m) + 1;
      }
    }
  }
  return -1;
}

struct CivilTime {
  int year = -1, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  [[nodiscard]] bool is_time_of_day() const noexcept {
    return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60;  // 60: a leap second
  }
};

/// Takes what `format` says off the front of `text`; false when it is not there.
[[nodiscard]] inline bool take_format(std::string_view& text, std::string_view format, CivilTime& time) noexcept {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      if (text.empty() || text.front() != format[i]) return false;
      text.remove_prefix(1);
      continue;
    }
    int taken = 0;
    switch (format[++i]) {
      case 'Y': taken = time.year = take_digits(text, 4, 4); break;
      case 'y':
        taken = take_digits(text, 2, 2);
        time.year = taken < 69 ? 2000 + taken : 1900 + taken;  // POSIX strptime
        break;
      case 'm': taken = time.month = take_digits(text, 1, 2); break;
      case 'b': taken = time.month = take_month(text); break;
      case 'd': taken = time.day = take_digits(text, 1, 2); break;
      case 'H': taken = time.hour = take_digits(text, 1, 2); break;
      case 'M': taken = time.minute = take_digits(text, 1, 2); break;
      case 'S': taken = time.second = take_digits(text, 1, 2); break;
      default: return false;
    }
    if (taken < 0) return false;
  }
  return true;
}

/// Takes ".123…" and gives its milliseconds; 0 when there is none, -1 for a point without digits.
[[nodiscard]] inline int take_fraction(std::string_view& text) noexcept {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  int ms = 0;
  std::size_t n = 0;
  for (; n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n) {
    if (n < 3) ms = ms * 10 + (text[n] - '0');
  }
  if (n == 0) return -1;
  for (std::size_t i = n; i < 3; ++i) ms *= 10;
  text.remove_prefix(n);
  return ms;
}

/// Takes "Z", "+01:00" or "+0100" and gives its minutes; nullopt when neither is there.
[[nodiscard]] inline std::optional<int> take_offset(std::string_view& text) noexcept {
  if (text.empty()) return std::nullopt;
  const char sign = text.front();
  if (sign != 'Z' && sign != 'z' && sign != '+' && sign != '-') return std::nullopt;
  text.remove_prefix(1);
  if (sign == 'Z' || sign == 'z') return 0;
  const int hours = take_digits(text, 2, 2);
  if (!text.empty() && text.front() == ':') text.remove_prefix(1);
  const int minutes = take_digits(text, 2, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
}

/// A value of at least 0.
inline void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  char digits[20];
  std::size_t n = 0;
  for (; n < width || value != 0; value /= 10) digits[n++] = static_cast<char>('0' + value % 10);
  while (n > 0) out += digits[--n];
}

inline void append_date(std::string& out, std::int32_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const int year = static_cast<int>(date.year());
  if (year < 0) out += '-';
  append_padded(out, year < 0 ? -year : year, 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
}

}  // namespace detail

inline std::optional<std::int32_t> parse_date(std::string_view text, std::string_view format) noexcept {
  detail::CivilTime time;
  if (!detail::take_format(text, format, time)) return std::nullopt;
  if (!text.empty() && format == "%Y-%m-%d") {  // an ISO 8601 time of day
    if (text.front() != 'T' && text.front() != 't' && text.front() != ' ') return std::nullopt;
    text.remove_prefix(1);
    if (!detail::take_format(text, "%H:%M", time)) return std::nullopt;
    if (!text.empty() && text.front() == ':') {
      if (!detail::take_format(text, ":%S", time) || detail::take_fraction(text) < 0) return std::nullopt;
    }
    if (!text.empty() && !detail::take_offset(text)) return std::nullopt;
  }
  if (!text.empty() || !time.is_time_of_day()) return std::nullopt;
  return days_from_civil(time.year, time.month, time.day);
}

inline std::string date_text(std::int32_t days) {
  std::string out;
  detail::append_date(out, days);
  return out;
}

inline std::string date_text(std::int32_t days, std::string_view format) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const unsigned month = static_cast<unsigned>(date.month());
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    switch (format[++i]) {
      case 'Y': detail::append_padded(out, static_cast<int>(date.year()), 4); break;
      case 'y': detail::append_padded(out, static_cast<int>(date.year()) % 100, 2); break;
      case 'm': detail::append_padded(out, month, 2); break;
      case 'b': out += kMonths.substr(std::size_t{month - 1} * 3, 3); break;
      case 'd': detail::append_padded(out, static_cast<unsigned>(date.day()), 2); break;
      default: out += "00";  // the time of day, which a date does not keep
    }
  }
  return out;
}

inline std::int64_t now_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

inline std::string rfc3339(std::int64_t ms) {
  std::string out;
  append_rfc3339(out, ms);
  return out;
}

inline void append_rfc3339(std::string& out, std::int64_t ms) {
  constexpr std::int64_t kDay = 86400000;
  const std::int64_t days = (ms >= 0 ? ms : ms - (kDay - 1)) / kDay;
  const std::int64_t in_day = ms - days * kDay;
  detail::append_date(out, static_cast<std::int32_t>(days));
  out += 'T';
  detail::append_padded(out, in_day / 3600000, 2);
  out += ':';
  detail::append_padded(out, in_day / 60000 % 60, 2);
  out += ':';
  detail::append_padded(out, in_day / 1000 % 60, 2);
  out += '.';
  detail::append_padded(out, in_day % 1000, 3);
  out += 'Z';
}

inline std::optional<std::int64_t> parse_rfc3339(std::string_view text) noexcept {
  detail::CivilTime time;
  if (text.size() < 20 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return std::nullopt;
  std::string_view date = text.substr(0, 10), rest = text.substr(11);
  if (!detail::take_format(date, "%Y-%m-%d", time) || !date.empty()) return std::nullopt;
  if (rest[2] != ':' || rest[5] != ':') return std::nullopt;
  if (!detail::take_format(rest, "%H:%M:%S", time) || !time.is_time_of_day()) return std::nullopt;
  const int ms = detail::take_fraction(rest);
  const auto offset = detail::take_offset(rest);
  const auto days = days_from_civil(time.year, time.month, time.day);
  if (ms < 0 || !offset || !rest.empty() || !days) return std::nullopt;
  const std::int64_t minutes = (std::int64_t{*days} * 24 + time.hour) * 60 + time.minute - *offset;
  return (minutes * 60 + time.second) * 1000 + ms;
}

}  // namespace riskflag::inline v0_1
