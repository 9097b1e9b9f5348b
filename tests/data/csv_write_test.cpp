#include <riskflag/data/csv.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "columns.hpp"

using namespace riskflag;

namespace {

struct StringSink final : ByteSink {
  std::string text;
  void write(std::string_view bytes) override { text += bytes; }
};

std::string written(const Frame& frame) {
  StringSink sink;
  write_csv(frame, sink);
  return sink.text;
}

}  // namespace

TEST_CASE("cells are quoted when they must be, and only then") {
  CHECK(csv_cell("plain text") == "plain text");
  CHECK(csv_cell("") == "");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("say \"hi\"") == "\"say \"\"hi\"\"\"");
  CHECK(csv_cell("two\nlines") == "\"two\nlines\"");
  CHECK(csv_cell("a\r") == "\"a\r\"");
  CHECK(csv_cell(" a") == "\" a\"");
  CHECK(csv_cell("a\t") == "\"a\t\"");
  CHECK(csv_cell("\xEF\xBB\xBFx") == "\"\xEF\xBB\xBFx\"");
}

TEST_CASE("a table is written as one would write it by hand") {
  Frame frame;
  frame.add(columns::numbers("n", {1.5, kMissing, -0.0}));
  Column category;
  category.name = "c,d";
  category.type = ColumnType::category;
  category.levels = {"no", "yes, \"sir\""};
  category.codes = {1, kMissingCode, 0};
  frame.add(category);
  Column date;
  date.name = "day";
  date.type = ColumnType::date;
  date.days = {0, 20779, kMissingDate};
  frame.add(date);
  CHECK(written(frame) == "n,\"c,d\",day\n1.5,\"yes, \"\"sir\"\"\",1970-01-01\n,,2026-11-22\n-0,no,\n");
}

TEST_CASE("invariant: what write_csv wrote reads back to the same bits") {
  std::mt19937_64 random(4);
  Frame frame;
  std::vector<double> numbers = {0.0,
                                 -0.0,
                                 1e308,
                                 5e-324,
                                 9007199254740992.0,
                                 9007199254740994.0,
                                 1e16,
                                 123456789012345680.0,
                                 1e22,
                                 -1.0,
                                 kMissing,
                                 std::numeric_limits<double>::max(),
                                 0.1,
                                 1e-300};
  for (int i = 0; i < 5000; ++i) {
    const double x = std::bit_cast<double>(random());
    numbers.push_back(is_finite(x) ? x : kMissing);
  }
  Column texts, category, days;
  texts.name = "text\n\"x\"";
  texts.type = ColumnType::text;
  category.name = " blanks ";
  category.type = ColumnType::category;
  days.name = "day";
  days.type = ColumnType::date;
  category.levels = {"\t", " a ", "\"", "a\r\nb", "x,y"};
  const std::string alphabet = "ab,\"\n\r \t;|\xC3\xA4";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::string text = "-";  // never empty, which would be missing
    for (std::size_t k = random() % 8; k > 0; --k) text += alphabet[random() % alphabet.size()];
    texts.texts.push_back(random() % 9 == 0 ? std::nullopt : std::optional<std::string_view>(text));
    category.codes.push_back(static_cast<std::int32_t>(random() % 6) - 1);
    days.days.push_back(random() % 9 == 0 ? kMissingDate : static_cast<std::int32_t>(random() % 80000) - 30000);
  }
  frame.add(columns::numbers("n", numbers));
  frame.add(texts);
  frame.add(category);
  frame.add(days);
  SerialExecutor serial;
  const std::string text = written(frame);
  MemorySource source(text);
  CsvOptions options;
  options.types = {{" blanks ", ColumnType::category}, {"day", ColumnType::date}, {"text\n\"x\"", ColumnType::text}};
  const Frame back = read_csv(source, options, serial).frame;
  REQUIRE(back.rows() == frame.rows());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double got = back.column("n").numbers[i];
    REQUIRE((is_missing(numbers[i]) ? is_missing(got)
                                    : std::bit_cast<std::uint64_t>(got) == std::bit_cast<std::uint64_t>(numbers[i])));
  }
  CHECK(back.column(1).texts == frame.column(1).texts);
  CHECK(back.column(2).levels == frame.column(2).levels);
  CHECK(back.column(2).codes == frame.column(2).codes);
  CHECK(back.column(3).days == frame.column(3).days);
}

TEST_CASE("a table of one column keeps its missing cells as rows") {
  Frame frame;
  frame.add(columns::numbers("n", {kMissing, 1, kMissing}));
  CHECK(written(frame) == "n\n\"\"\n1\n\"\"\n");
  SerialExecutor serial;
  const std::string text = written(frame);
  MemorySource source(text);
  CHECK(read_csv(source, {}, serial).frame.rows() == 3);
}
