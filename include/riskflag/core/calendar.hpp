#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace riskflag::inline v0_1 {

/// Days since 1970-01-01 of a proleptic Gregorian date; nullopt when there is no such day.
[[nodiscard]] std::optional<std::int32_t> days_from_civil(int year, int month, int day) noexcept;

/// A date as text: "%Y-%m-%d" (the default), or a format of %Y %m %d %H %M %S and literal characters; the whole text must match.
/// ISO 8601 date-times (2026-11-22T10:00:00Z, blank for T) are accepted by the default format; the time of day is dropped.
[[nodiscard]] std::optional<std::int32_t> parse_date(std::string_view text, std::string_view format = "%Y-%m-%d") noexcept;
/// "2026-11-22".
[[nodiscard]] std::string date_text(std::int32_t days);

/// Milliseconds since 1970 now, UTC.
[[nodiscard]] std::int64_t now_ms() noexcept;
/// RFC 3339 UTC with milliseconds: "2026-11-22T10:00:00.123Z".
[[nodiscard]] std::string rfc3339(std::int64_t ms);
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339(std::string_view text) noexcept;

}  // namespace riskflag::inline v0_1
