#include <riskflag/data/csv.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using namespace riskflag;

namespace {

/// Hands out a few bytes at a time, as a pipe does.
class DrippingSource final : public ByteSource {
 public:
  DrippingSource(std::string_view bytes, std::size_t step) : bytes_(bytes), step_(step) {}
  std::size_t read(char* buffer, std::size_t size) override {
    const std::size_t count = std::min({size, step_, bytes_.size()});
    std::memcpy(buffer, bytes_.data(), count);
    bytes_.remove_prefix(count);
    return count;
  }
  const std::string& name() const noexcept override { return name_; }

 private:
  std::string_view bytes_;
  std::size_t step_;
  std::string name_ = "pipe";
};

/// "line:cell|cell" for a row, "line!message" for a problem.
std::vector<std::string> everything(ByteSource& source, const CsvOptions& options = {}) {
  CsvRows rows(source, options);
  std::vector<std::string> out;
  std::vector<std::string_view> cells;
  for (;;) {
    const CsvRows::Next next = rows.next(cells);
    if (next == CsvRows::Next::end) return out;
    std::string text = std::to_string(rows.line());
    if (next == CsvRows::Next::problem) {
      CHECK(rows.problem().line == rows.line());
      text += "!" + rows.problem().message.substr(0, rows.problem().message.find_first_of(",;"));
    } else {
      for (const std::string_view cell : cells) text += "|" + std::string(cell);
    }
    out.push_back(text);
  }
}

}  // namespace

TEST_CASE("rows stream with their lines; a bad one is a value and the next one is read") {
  const std::string text =
      "a,b\r\n1,\"x\ny\"\n\n2\n\"q\"z,9\n3,w\ry\n4,\"\"\"\"\n" + std::string("5,\0\n", 4) + "6,end";
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    CAPTURE(step);
    DrippingSource source(text, step);
    CHECK(everything(source) ==
          std::vector<std::string>{"2|1|x\ny", "5!the row has 1 cell", "6!after a closing quote stands \"z\"",
                                   "7!a carriage return without line feed", "8|4|\"", "9!a NUL byte", "10|6|end"});
  }
}

TEST_CASE("a quote that is never closed ends the stream with a problem at its row") {
  MemorySource source("a,b\n1,2\n3,\"x\n4,5\n");
  CHECK(everything(source) == std::vector<std::string>{"2|1|2", "3!a quote that opens here is never closed"});
}

TEST_CASE("raw() is the row as it stands, without its line end") {
  MemorySource source("a,b\n1, \"x\"\r\n");
  CsvRows rows(source, {});
  std::vector<std::string_view> cells;
  REQUIRE(rows.next(cells) == CsvRows::Next::row);
  CHECK(rows.raw() == "1, \"x\"");
  CHECK(cells == std::vector<std::string_view>{"1", "x"});
  CHECK(rows.header() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("rows longer than any buffer stream too") {
  const std::string big(3'000'000, 'x');
  const std::string text = "a,b\n1,\"" + big + "\"\n2,y\n";
  DrippingSource source(text, 10'000);
  CsvOptions options;
  options.delimiter = ',';
  CHECK(everything(source, options) == std::vector<std::string>{"2|1|" + big, "3|2|y"});
}

TEST_CASE("a row is handed out before the next one arrives") {
  // A program at the other end of a pipe waits for the answer to this row before it writes another.
  struct OneRow final : ByteSource {
    int reads = 0;
    std::string label = "pipe";
    std::size_t read(char* buffer, std::size_t) override {
      const std::string_view part = reads == 0 ? "a,b\n" : "1,2\n";
      REQUIRE(reads < 2);
      ++reads;
      std::memcpy(buffer, part.data(), part.size());
      return part.size();
    }
    const std::string& name() const noexcept override { return label; }
  } source;
  CsvOptions options;
  options.delimiter = ',';
  CsvRows rows(source, options);
  std::vector<std::string_view> cells;
  CHECK(rows.next(cells) == CsvRows::Next::row);
  CHECK(cells == std::vector<std::string_view>{"1", "2"});
}

TEST_CASE("without a header the first row is a row; an empty stream is refused as read_csv refuses it") {
  MemorySource source("1,2\n3,4\n");
  CsvOptions options;
  options.header = false;
  CHECK(everything(source, options) == std::vector<std::string>{"1|1|2", "2|3|4"});
  MemorySource empty("");
  CHECK_THROWS_WITH_AS(CsvRows(empty, {}), doctest::Contains("the file is empty"), Error);
}
