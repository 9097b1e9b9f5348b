#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <riskflag/core/calendar.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1::audit::detail {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// 1 to 12 for an English month or its first three letters, in any case; 0 for other text.
[[nodiscard]] inline int month_number(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                        "may",       "june",     "july",     "august",
                                                        "september", "october",  "november", "december"};
  for (std::size_t m = 0; m < kMonths.size(); ++m) {
    if (text.size() != 3 && text.size() != kMonths[m].size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < text.size() && same; ++i) same = (text[i] | 0x20) == kMonths[m][i];
    if (same) return static_cast<int>(m) + 1;
  }
  return 0;
}

/// True for a text that people write dates as and that a reader takes for a category: 31/12/2025, 12-31-25, 31.12.2025,
/// 2025/12/31, 31-Dec-2025, Dec-2025, Dec 31 2025, with or without a time of day behind it.
[[nodiscard]] inline bool looks_like_date(std::string_view text) noexcept {
  int numbers[3] = {0, 0, 0};
  std::size_t digits[3] = {0, 0, 0};
  int count = 0, months = 0;
  const auto is_complete = [&] { return count == 3 || (count == 2 && months == 1 && digits[1] == 4); };
  const auto is_separator = [](char c) { return c == '/' || c == '-' || c == '.' || c == ' ' || c == ','; };
  for (std::size_t i = 0; i < text.size();) {
    if (is_complete()) {  // only a time may follow ("T10:00", " 10:00:00Z")
      return (text[i] == 'T' || text[i] == ' ') && i + 1 < text.size() && is_digit(text[i + 1]);
    }
    if (is_digit(text[i])) {
      int value = 0;
      std::size_t length = 0;
      for (; i < text.size() && is_digit(text[i]); ++i, ++length) {
        if (length >= 4) return false;
        value = value * 10 + (text[i] - '0');
      }
      numbers[count] = value;
      digits[count++] = length;
    } else if ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z') {
      std::size_t length = 0;
      while (i + length < text.size() && (text[i + length] | 0x20) >= 'a' && (text[i + length] | 0x20) <= 'z') ++length;
      const int month = month_number(text.substr(i, length));
      if (month == 0 || months == 1) return false;
      numbers[count] = month;
      digits[count++] = 0;  // told by its name
      ++months;
      i += length;
    } else {
      return false;
    }
    if (i == text.size()) break;
    if (is_complete()) continue;
    if (!is_separator(text[i])) return false;
    while (i < text.size() && is_separator(text[i])) ++i;
    if (i == text.size()) return false;
  }
  const auto year = [&](int at) {
    return digits[at] == 4 ? numbers[at] >= 1800 && numbers[at] <= 2200 : digits[at] == 2;
  };
  const auto day = [&](int at) { return digits[at] >= 1 && digits[at] <= 2 && numbers[at] >= 1 && numbers[at] <= 31; };
  const auto month = [&](int at) { return digits[at] <= 2 && numbers[at] >= 1 && numbers[at] <= 12; };
  if (count == 2) return months == 1 && ((digits[0] == 0 && year(1)) || (digits[1] == 0 && year(0)));
  if (count != 3) return false;
  const bool year_first = digits[0] == 4 && year(0) && month(1) && day(2);
  const bool year_last = digits[2] != 0 && year(2) && ((day(0) && month(1)) || (month(0) && day(1)));
  return year_first || year_last;
}

/// A format in which parse_date() reads all of the column's levels; empty where none of the usual ones does, or where
/// two read different days.
[[nodiscard]] inline std::string find_date_format(const Column& column) {
  constexpr std::array<std::string_view, 14> kFormats = {"%d/%m/%Y", "%m/%d/%Y",  "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
                                                         "%Y/%m/%d", "%d/%m/%y",  "%m/%d/%y", "%d-%b-%Y", "%d-%b-%y",
                                                         "%d %b %Y", "%b %d, %Y", "%b-%Y",    "%Y-%b"};
  std::string_view found;
  for (const std::string_view format : kFormats) {
    const auto reads = [&](const std::string& level) { return parse_date(level, format).has_value(); };
    if (column.levels.empty() || !std::all_of(column.levels.begin(), column.levels.end(), reads)) continue;
    if (!found.empty()) return {};
    found = format;
  }
  return std::string(found);
}

}  // namespace riskflag::inline v0_1::audit::detail
