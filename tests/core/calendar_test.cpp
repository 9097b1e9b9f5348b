#include <riskflag/core/calendar.hpp>

#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("days_from_civil counts from 1970 and knows leap years") {
  CHECK(days_from_civil(1970, 1, 1) == 0);
  CHECK(days_from_civil(1969, 12, 31) == -1);
  CHECK(days_from_civil(2000, 3, 1) == 11017);  // date -d 2000-03-01 +%s / 86400
  CHECK(days_from_civil(2026, 11, 22) == 20779);
  CHECK(days_from_civil(2000, 2, 29));
  CHECK_FALSE(days_from_civil(1900, 2, 29));
  CHECK_FALSE(days_from_civil(2023, 2, 29));
  CHECK_FALSE(days_from_civil(2023, 0, 1));
  CHECK_FALSE(days_from_civil(2023, 13, 1));
  CHECK_FALSE(days_from_civil(2023, 4, 31));
  CHECK_FALSE(days_from_civil(2023, 4, 0));
  CHECK_FALSE(days_from_civil(2023, 4, 257));  // not 1 modulo 256
  CHECK_FALSE(days_from_civil(100000, 1, 1));
}

TEST_CASE("every day from 1899 to 2101 follows the one before, and reads back from its text") {
  std::int32_t want = *days_from_civil(1899, 1, 1);
  for (int year = 1899; year <= 2101; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= 31; ++day) {
        const auto days = days_from_civil(year, month, day);
        if (!days) continue;
        REQUIRE(*days == want++);
        REQUIRE(parse_date(date_text(*days)) == days);
        for (const char* format : {"%d/%m/%Y", "%b %d, %Y", "%Y%m%d", "%Y-%m-%d %H:%M:%S"})
          REQUIRE(parse_date(date_text(*days, format), format) == days);
      }
    }
  }
}

TEST_CASE("parse_date takes its format and nothing else") {
  CHECK(parse_date("2026-11-22") == 20779);
  CHECK(parse_date("2026-1-2") == days_from_civil(2026, 1, 2));
  CHECK(parse_date("22.11.2026", "%d.%m.%Y") == 20779);
  CHECK(parse_date("11/22/26", "%m/%d/%y") == 20779);
  CHECK(parse_date("20261122", "%Y%m%d") == 20779);
  CHECK(parse_date("Dec-2015", "%b-%Y") == days_from_civil(2015, 12, 1));
  CHECK(parse_date("1 december 2015", "%d %b %Y") == days_from_civil(2015, 12, 1));
  CHECK(parse_date("2026-11-22 23:59:59", "%Y-%m-%d %H:%M:%S") == 20779);
  for (const char* bad : {"", "2026", "2026-11", "2026-11-", "2026-11-31", "26-11-22", "2026-11-22x", " 2026-11-22",
                          "2026/11/22", "2026-11-222", "-2026-11-22", "2026-+1-22", "2026-11-22T", "2026-11-22T25:00",
                          "2026-11-22T10", "2026-11-22T10:00:00.", "2026-11-22T10:00:00Zx", "2026-11-22T10:00+25:00"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_date(bad));
  }
  CHECK_FALSE(parse_date("2026-11-22", "%Q"));
  CHECK_FALSE(parse_date("2026-11-22%", "%Y-%m-%d%z"));
}

TEST_CASE("the default format drops an ISO 8601 time of day") {
  for (const char* text : {"2026-11-22T10:00:00Z", "2026-11-22 10:00:00", "2026-11-22T10:00",
                           "2026-11-22t10:00:00.123456+05:30", "2026-11-22T23:59:60Z", "2026-11-22T23:30:00-08:00"}) {
    CAPTURE(text);
    CHECK(parse_date(text) == 20779);  // the date as written, not as UTC has it
  }
}

TEST_CASE("RFC 3339 times are written with milliseconds and read with any offset") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(rfc3339(1795341600123) == "2026-11-22T10:00:00.123Z");
  CHECK(parse_rfc3339("2026-11-22T10:00:00.123Z") == 1795341600123);
  CHECK(parse_rfc3339("2026-11-22T11:30:00.1239+01:30") == 1795341600123);
  CHECK(parse_rfc3339("1969-12-31T23:59:59.9Z") == -100);
  for (const char* bad :
       {"", "2026-11-22", "2026-11-22T10:00:00", "2026-11-22T10:00Z", "2026-11-22T24:00:00Z", "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:00ZZ", "2026-02-30T10:00:00Z", "2026-11-22T1:00:00:00Z"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
  const std::int64_t now = now_ms();
  CHECK(parse_rfc3339(rfc3339(now)) == now);
  CHECK(now > 1700000000000);
}
