#include <riskflag/data/csv.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "../sanitized.hpp"
#include "read_text.hpp"

using namespace riskflag;

namespace {

ColumnType type_of(std::string_view text, const CsvOptions& options = {}) {
  return read_text(text, options).frame.column(0).type;
}

/// A column "a" of `rows` cells; cell i is text(i).
template <class Text>
std::string column_of(int rows, const Text& text) {
  std::string out = "a\n";
  for (int i = 0; i < rows; ++i) out.append(text(i)).append("\n");
  return out;
}

}  // namespace

TEST_CASE("invariant: types are those of the whole file, never of a sample") {
  const int rows = riskflag_test::kSanitized ? 100'000 : 500'000;
  const auto number = [](int i) { return std::to_string(i); };
  CHECK(type_of(column_of(rows, number)) == ColumnType::number);
  for (const int bad : {0, 1, 4999, rows - 1}) {
    CAPTURE(bad);
    CHECK(type_of(column_of(rows, [&](int i) -> std::string { return i == bad ? "x" : std::to_string(i % 900); })) ==
          ColumnType::category);
    CHECK(type_of(column_of(rows, [&](int i) -> std::string { return i == bad ? "x" : std::to_string(i); })) ==
          ColumnType::text);
    CHECK(type_of(column_of(rows, [&](int i) { return i == bad ? "x" : "2026-11-22"; })) == ColumnType::category);
  }
  // Dates that come only after more missing cells than any sample holds.
  CHECK(type_of(column_of(300'000, [](int i) { return i < 299'000 ? "NA" : "2026-11-22"; })) == ColumnType::date);
}

TEST_CASE("a column without a value, and one without rows, is a number") {
  CHECK(type_of("a,b\n,1\nNA,2\n") == ColumnType::number);
  CHECK(type_of("a,b\n") == ColumnType::number);
}

TEST_CASE("one leading zero, one integer beyond 2^53 or one date among numbers makes a category") {
  CHECK(type_of("a\n1\n007\n3\n") == ColumnType::category);
  CHECK(type_of("a\n1\n9007199254740993\n3\n") == ColumnType::category);
  CHECK(type_of("a\n1\n2026-11-22\n3\n") == ColumnType::category);
  CHECK(type_of("a\n2026-11-22\n1\n") == ColumnType::category);
  CsvOptions forced;
  forced.types["a"] = ColumnType::number;
  CHECK(read_text("a\n1\n007\n9007199254740993\n", forced).frame.column("a").numbers ==
        std::vector<double>{1, 7, 9007199254740992});
}

TEST_CASE("dates: ISO by itself, any other form when it is given") {
  CHECK(type_of("a\n2026-11-22\n\n2026-02-28T10:00:00Z\n") == ColumnType::date);
  CHECK(type_of("a\n2026-02-30\n2026-11-22\n") == ColumnType::category);  // no such day
  CHECK(type_of("a\n22.11.2026\n") == ColumnType::category);
  CsvOptions options;
  options.date_formats["a"] = "%d.%m.%Y";
  CHECK(read_text("a\n22.11.2026\nNA\n", options).frame.column("a").days ==
        std::vector<std::int32_t>{20779, kMissingDate});
  CHECK_THROWS_WITH_AS((void)read_text("a\n22.11.2026\n31.02.2026\n", options),
                       doctest::Contains("t.csv:3: column \"a\": \"31.02.2026\" is not a date of the form %d.%m.%Y"),
                       Error);
}

TEST_CASE("a category has at most 1,000 levels and half its rows, 16 in short tables") {
  const auto level = [](int levels) { return [levels](int i) { return "l" + std::to_string(i % levels); }; };
  CHECK(type_of(column_of(5000, level(1000))) == ColumnType::category);
  CHECK(type_of(column_of(5000, level(1001))) == ColumnType::text);
  CHECK(type_of(column_of(100, level(50))) == ColumnType::category);
  CHECK(type_of(column_of(100, level(51))) == ColumnType::text);
  CHECK(type_of(column_of(16, level(16))) == ColumnType::category);
  CHECK(type_of(column_of(17, level(17))) == ColumnType::text);
  CsvOptions options;
  options.max_levels = 3;
  CHECK(type_of(column_of(100, level(3)), options) == ColumnType::category);
  const CsvResult result = read_text(column_of(100, level(4)), options);
  CHECK(result.frame.column(0).type == ColumnType::text);
  CHECK(result.frame.column(0).cell_text(5) == "l1");
  REQUIRE(result.notes.size() == 1);
  CHECK(result.notes[0].code == "many_levels");
  CHECK(result.notes[0].column == "a");
}

TEST_CASE("a forced category takes any number of levels, a kept text is text, numbers by force may be categories") {
  CsvOptions options;
  options.types["a"] = ColumnType::category;
  const Frame frame = read_text(column_of(5000, [](int i) { return std::to_string(i); }), options).frame;
  CHECK(frame.column("a").levels.size() == 5000);
  CHECK(frame.column("a").cell_text(4321) == "4321");
  CsvOptions ids;
  ids.keep_text = {"a"};
  const CsvResult kept = read_text("a,b\n1,2\n,3\n007,4\n", ids);
  CHECK(kept.frame.column("a").type == ColumnType::text);
  CHECK(kept.frame.column("a").cell_text(2) == "007");
  CHECK(kept.frame.column("a").is_missing_at(1));
  CHECK(kept.notes.empty());
}

TEST_CASE("a number that is a missing token is missing before it is a number") {
  CsvOptions options;
  options.column_missing["a"] = {"-999", "1e3"};
  const Frame frame = read_text("a,b\n-999,-999\n1e3,1\n1000,2\n", options).frame;
  CHECK(frame.column("a").is_missing_at(0));
  CHECK(frame.column("a").is_missing_at(1));
  CHECK(frame.column("a").numbers[2] == 1000);
  CHECK(frame.column("b").numbers[0] == -999);
}

TEST_CASE("a column that few cells keep from being a number gets a note, one of many words does not") {
  CHECK(read_text(column_of(40, [](int i) -> std::string {
          return i == 7 ? "n/a" : std::to_string(i % 9);
        })).notes.size() == 1);
  CHECK(read_text(column_of(40, [](int i) -> std::string {
          return i == 7 ? "n/a" : std::to_string(i);
        })).notes.size() == 2);  // and too many levels
  CHECK(read_text(column_of(40, [](int i) -> std::string {
          return i % 5 == 0 ? "n/a" : std::to_string(i % 9);
        })).notes.empty());
  CHECK(read_text("a\nx\ny\n").notes.empty());
}
