#include <riskflag/data/csv.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "../sanitized.hpp"
#include "read_text.hpp"
#include "slow_csv.hpp"

using namespace riskflag;

namespace {

CsvResult read_blocks(std::string_view text, std::size_t block_bytes, Executor& executor,
                      const CsvOptions& options = {}) {
  MemorySource source(text, "t.csv");
  const detail::csv::Bytes bytes(source);
  return detail::csv::TableReader(bytes, options, executor, block_bytes).read();
}

std::vector<std::string> cells(const Frame& frame, std::string_view column) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < frame.rows(); ++i) out.push_back(frame.column(column).cell_text(i));
  return out;
}

using Strings = std::vector<std::string>;

/// Everything a frame says, cell by cell, numbers by their bits.
std::string contents(const Frame& frame) {
  std::string out;
  for (const Column& column : frame.columns()) {
    out += column.name + "|" + std::string(name_of(column.type)) + "|";
    for (const std::string& level : column.levels) out += level + ";";
    for (std::size_t i = 0; i < frame.rows(); ++i) {
      out += column.type == ColumnType::number ? std::to_string(std::bit_cast<std::uint64_t>(column.numbers[i]))
                                               : column.cell_text(i);
      out += column.is_missing_at(i) ? "!" : ",";
    }
    out += "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("a table with every type comes back typed") {
  const CsvResult result = read_text("n,c,d\n1.5,yes,2026-11-22\n-2,no,1970-01-01\n");
  CHECK(result.frame.rows() == 2);
  CHECK(result.frame.column("n").numbers == std::vector<double>{1.5, -2});
  CHECK(result.frame.column("c").levels == Strings{"no", "yes"});
  CHECK(result.frame.column("c").codes == std::vector<std::int32_t>{1, 0});
  CHECK(result.frame.column("d").type == ColumnType::date);
  CHECK(result.frame.column("d").days == std::vector<std::int32_t>{20779, 0});  // 56 years, 14 leap days, 325 days
  CHECK(result.notes.empty());
  CHECK(result.bytes == 42);
}

TEST_CASE("quotes hold delimiters, line ends and quotes") {
  const Frame frame = read_text("a,b\n\"x,y\",\"1\nz\"\n\"say \"\"hi\"\"\",\"\r\n\"\n").frame;
  CHECK(cells(frame, "a") == Strings{"x,y", "say \"hi\""});
  CHECK(cells(frame, "b") == Strings{"1\nz", "\r\n"});
}

TEST_CASE("the examples of RFC 4180, section 2, read as it says") {
  CsvOptions bare;
  bare.header = false;
  const std::string want = contents(read_text("aaa,bbb,ccc\nzzz,yyy,xxx\n", bare).frame);
  for (const char* text : {"aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n",             // 1: each record on its line
                           "aaa,bbb,ccc\r\nzzz,yyy,xxx",                 // 2: the last one may have no end
                           "\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx"}) {  // 5: quoted or not
    CHECK(contents(read_text(text, bare).frame) == want);
  }
  const Frame named = read_text("field_name,field_name2,field_name3\r\naaa,bbb,ccc\r\nzzz,yyy,xxx\r\n").frame;  // 3
  CHECK(named.column("field_name2").levels == Strings{"bbb", "yyy"});
  const Frame broken = read_text("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx", bare).frame;  // 6: a line end inside
  CHECK(cells(broken, "c1") == Strings{"b\r\nbb", "yyy"});
  const Frame doubled = read_text("\"aaa\",\"b\"\"bb\",\"ccc\"", bare).frame;  // 7: a quote inside
  CHECK(cells(doubled, "c1") == Strings{"b\"bb"});
}

TEST_CASE("LF, CRLF, a byte order mark and no line end at the end read alike") {
  const std::string want = contents(read_text("a,b\n1,x\n2,y\n").frame);
  CHECK(contents(read_text("a,b\r\n1,x\r\n2,y\r\n").frame) == want);
  CHECK(contents(read_text("a,b\n1,x\n2,y").frame) == want);
  CHECK(contents(read_text("a,b\r\n1,x\r\n2,y\r").frame) == want);
  CHECK(contents(read_text("\xEF\xBB\xBF"
                           "a,b\n1,x\n2,y\n")
                     .frame) == want);
  CHECK(contents(read_text("\xEF\xBB\xBF\"a\",b\n1,x\n2,y\n").frame) == want);
}

TEST_CASE("lines of nothing but blanks are not rows, wherever they stand") {
  const std::string want = contents(read_text("a,b\n1,x\n2,y\n").frame);
  CHECK(contents(read_text("\n \na,b\n\n1,x\n \t\r\n\n2,y\n\n\n").frame) == want);
  SerialExecutor serial;
  CHECK(contents(read_blocks("a,b\n\n\n\n\n\n\n\n1,x\n\n\n\n\n\n\n\n\n2,y\n\n\n\n\n\n", 4, serial).frame) == want);
}

TEST_CASE("blanks around unquoted cells are trimmed, those inside quotes stay") {
  const Frame frame = read_text("a , b\n  x\t, \" y \" \n 12 , z \n").frame;
  CHECK(cells(frame, "a") == Strings{"x", "12"});
  CHECK(cells(frame, "b") == Strings{" y ", "z"});
}

TEST_CASE("UTF-8 passes untouched, and so do bytes that are none") {
  const std::string city =
      "Hubli\xC3\xA2\xE2\x82\xAC\xE2\x80\x9C"
      "Dharwad";
  const Frame frame = read_text("\xC3\xA4\n" + city + "\n\xFF\xC3\n").frame;
  CHECK(frame.column(0).name == "\xC3\xA4");
  CHECK(cells(frame, "\xC3\xA4") == Strings{city, "\xFF\xC3"});
}

TEST_CASE("missing tokens are missing, quoted or not, and can be replaced or added for a column") {
  const std::string text = "n,c\n1,a\n,NA\n\"\",NaN\nnull,\"?\"\n-9,none\n";
  const Frame plain = read_text(text).frame;
  CHECK(cells(plain, "n") == Strings{"1", "", "", "", "-9"});
  CHECK(cells(plain, "c") == Strings{"a", "", "", "", "none"});
  CsvOptions added;
  added.column_missing = {{"n", {"-9"}}, {"c", {"none"}}};
  CHECK(cells(read_text(text, added).frame, "n") == Strings{"1", "", "", "", ""});
  CHECK(cells(read_text(text, added).frame, "c") == Strings{"a", "", "", "", ""});
  CsvOptions replaced;
  replaced.missing = {"", "null"};
  CHECK(cells(read_text(text, replaced).frame, "c") == Strings{"a", "NA", "NaN", "?", "none"});
  CsvOptions none;
  none.missing = {};
  CHECK(read_text("a,b\n,1\n", none).frame.column("a").levels == Strings{""});
}

TEST_CASE("delimiters: given, blanks that collapse, and found from the rows") {
  const std::string want = contents(read_text("a,b\n1,x\n2,y\n").frame);
  CsvOptions options;
  options.delimiter = ';';
  CHECK(contents(read_text("a;b\n1;x\n2;y\n", options).frame) == want);
  CsvOptions blanks;
  blanks.collapse_blanks = true;
  CHECK(contents(read_text("a   b\n 1 \t x  \n2 y \r\n", blanks).frame) == want);
  for (const char* ragged : {"a b\n1\n2 3\n", "a b\n1 2\n3", "a b\n1\n2\n"}) {
    CAPTURE(ragged);
    CHECK_THROWS_WITH_AS((void)read_text(ragged, blanks), doctest::Contains("1 cell"), Error);
  }
  for (const char delimiter : {',', '\t', ';', '|', ' '}) {
    CAPTURE(delimiter);
    const std::string d(1, delimiter);
    CHECK(contents(read_text("a" + d + "b\n1" + d + "x\n2" + d + "y\n").frame) == want);
  }
  CHECK(read_text("a;b\n\"x,1\";2\n\"y,3\";4\n").frame.cols() == 2);  // the comma is not in every row
  CHECK(read_text("name\nAnna B\nCarl D\n").frame.cols() == 1);       // blanks do not cut the header
  CHECK(read_text("a\tb c\n1\tx y\n2\ty z\n").frame.column("b c").levels == Strings{"x y", "y z"});
}

TEST_CASE("without a header columns are c0, c1; a name that is absent is c and its position") {
  CsvOptions options;
  options.header = false;
  const Frame frame = read_text("1,x\n2,y\n", options).frame;
  CHECK(frame.rows() == 2);
  CHECK(frame.column(1).name == "c1");
  CHECK(read_text(",a,\"\"\n1,2,3\n").frame.column(0).name == "c0");
  CHECK(read_text(",a,\"\"\n1,2,3\n").frame.column(2).name == "c2");
}

TEST_CASE("skipped lines are left out and still counted") {
  CsvOptions options;
  options.skip_rows = 2;
  CHECK(read_text("|1x3 \"Cross\nmore\na,b\n1,2\n", options).frame.rows() == 1);
  CHECK_THROWS_WITH_AS((void)read_text("x\ny\na,b\n1,2,3\n", options), doctest::Contains("t.csv:4:"), Error);
}

TEST_CASE("a header without rows is a table of no rows; nothing at all is an error") {
  const Frame frame = read_text("a,b\n").frame;
  CHECK(frame.rows() == 0);
  CHECK(frame.cols() == 2);
  CHECK(read_text("a,b").frame.cols() == 2);
  CHECK_THROWS_WITH_AS((void)read_text(""), doctest::Contains("t.csv:1: the file is empty"), Error);
  CHECK_THROWS_WITH_AS((void)read_text("\n \n"), doctest::Contains("there are no rows"), Error);
}

TEST_CASE("100,000 columns, and a level of 10 MB") {
  std::string wide, row;
  for (int j = 0; j < 100000; ++j) {
    wide += (j > 0 ? ",f" : "f") + std::to_string(j);
    row += (j > 0 ? "," : "") + std::to_string(j);
  }
  const Frame frame = read_text(wide + "\n" + row + "\n" + row + "\n").frame;
  CHECK(frame.cols() == 100000);
  CHECK(frame.rows() == 2);
  CHECK(frame.column("f99999").numbers == std::vector<double>{99999, 99999});

  const std::string level(10'000'000, 'x');  // NOLINT(bugprone-string-constructor)
  SerialExecutor serial;
  const CsvResult result = read_blocks("a,b\n1,\"" + level + "\"\n2,y\n3," + level, std::size_t{1} << 20, serial);
  CHECK(result.frame.column("b").levels == Strings{level, "y"});
  CHECK(result.frame.column("b").codes == std::vector<std::int32_t>{0, 1, 0});
}

TEST_CASE("invariant: read_csv gives the same frame for every number of threads and every cut into blocks") {
  std::mt19937_64 random(1);
  std::string text = "n,q,t,d,m\n";
  for (int i = 0; i < 3000; ++i) {
    const std::string quoted_cell = random() % 4 == 0 ? "\"a,\n\"\"b" + std::to_string(random() % 7) + "\"" : "c";
    text += std::to_string(static_cast<double>(random() % 100000) / 64) + "," + quoted_cell + ",id" +
            std::to_string(random()) + ",2026-0" + std::to_string(1 + random() % 9) + "-11," +
            (random() % 3 == 0 ? "" : std::to_string(random() % 5)) + (random() % 50 == 0 ? "\n\n" : "\n");
  }
  SerialExecutor serial;
  const std::string want = contents(read_text(text).frame);
  for (const unsigned threads : {1u, 2u, 7u}) {
    Pool pool(threads);
    for (const std::size_t block : {64u, 65u, 1000u, 4096u, 1000000u}) {
      CAPTURE(threads);
      CAPTURE(block);
      CHECK(contents(read_blocks(text, block, pool).frame) == want);
    }
  }
}

TEST_CASE("random texts read as the slow reader reads them, whole, in tiny blocks and as a stream") {
  std::mt19937_64 random(2);
  SerialExecutor serial;
  const std::string alphabet = ",,,,\n\n\n\"\"\" \t\r0123456789.-+eEabN?A\xC3";
  const slow::Dialect dialects[] = {{','}, {';'}, {'\t'}, {' '}, {' ', true}, {',', false, 1}, {',', true, 2}};
  const int rounds = riskflag_test::draws(30000);
  int tables = 0, refused = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string text;
    const slow::Dialect& dialect = dialects[random() % 2 == 0 ? 0 : random() % std::size(dialects)];
    if (round % 2 == 0) {
      const std::size_t size = 1 + random() % 60;
      for (std::size_t i = 0; i < size; ++i) {
        const char c = alphabet[random() % alphabet.size()];
        text += c == ',' ? dialect.delimiter : c;
      }
    } else {  // a table, with cells that are mostly well-formed
      const std::size_t cols = 1 + random() % 4, rows = 1 + random() % 8;
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < cols; ++j) {
          static const char* const kCells[] = {"1",
                                               "-2.50",
                                               "NA",
                                               "",
                                               "x",
                                               "\"a,b\"",
                                               "\"\"",
                                               "\"q\"\"\"",
                                               "\"l\nm\"",
                                               " 7 ",
                                               "007",
                                               "9007199254740993",
                                               "1e3",
                                               "y\"z",
                                               "\"\n\n\"",
                                               "fifteen_letters",
                                               "\"x\"",
                                               "\" x\"",
                                               "\"x\t\"",
                                               " x",
                                               "x\t",
                                               "\"\"\"x\"\"\"",
                                               "sixteen_letters_",
                                               "\"fifteen_letters\"",
                                               "\"7\"",
                                               "-12345678.12345678",
                                               "0.12345678901234567",
                                               "\"NA\""};
          if (j > 0) text += dialect.delimiter;
          text += kCells[random() % std::size(kCells)];
        }
        text += random() % 5 == 0 ? "\r\n" : random() % 20 == 0 ? "\n \n" : "\n";
      }
    }
    CsvOptions options;
    options.delimiter = dialect.delimiter;
    options.collapse_blanks = dialect.collapse;
    options.skip_rows = dialect.skip;
    options.header = random() % 4 == 0;
    auto want = slow::read_rows(text, dialect);
    CAPTURE(text);
    std::optional<slow::Row> names;
    if (want && !want->empty()) names = slow::name_columns(*want, options.header);
    if (!names) {
      ++refused;
      CHECK_THROWS_AS((void)read_text(text, options), Error);
      CHECK_THROWS_AS((void)read_blocks(text, 1 + random() % 9, serial, options), Error);
      continue;
    }
    ++tables;
    const std::vector<slow::Row>& rows = *want;
    for (const std::size_t block : {std::size_t{1000}, 1 + random() % 9, std::size_t{64}}) {
      CAPTURE(block);
      const Frame frame = read_blocks(text, block, serial, options).frame;
      REQUIRE(frame.cols() == rows[0].size());
      REQUIRE(frame.rows() == rows.size() - 1);
      for (std::size_t j = 0; j < frame.cols(); ++j) {
        const Column& column = frame.column(j);
        REQUIRE(column.name == (*names)[j]);
        REQUIRE(column.type == slow::type_of(rows, j));
        for (std::size_t i = 0; i < frame.rows(); ++i) {
          const std::string& cell = rows[i + 1][j];
          REQUIRE(column.is_missing_at(i) == slow::is_missing(cell));
          if (slow::is_missing(cell)) continue;
          if (column.type == ColumnType::number) {
            REQUIRE(std::bit_cast<std::uint64_t>(column.numbers[i]) ==
                    std::bit_cast<std::uint64_t>(*slow::number(cell)));
          } else {
            REQUIRE(column.cell_text(i) == cell);
          }
        }
      }
    }
    MemorySource source(text, "t.csv");
    CsvRows stream(source, options);
    std::vector<std::string_view> row;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      REQUIRE(stream.next(row) == CsvRows::Next::row);
      REQUIRE(slow::Row(row.begin(), row.end()) == rows[i]);
    }
    REQUIRE(stream.next(row) == CsvRows::Next::end);
  }
  CHECK(tables > rounds / 6);  // both kinds were really met
  CHECK(refused > rounds / 6);
}

TEST_CASE("a stop is obeyed, progress reaches the end, the digest is that of the bytes") {
  std::stop_source stop;
  stop.request_stop();
  CsvOptions stopped;
  stopped.stop = stop.get_token();
  CHECK_THROWS_WITH_AS((void)read_text("a\n1\n", stopped), doctest::Contains("stopped on request"), Error);
  CsvOptions options;
  std::uint64_t last = 0, total = 0, calls = 0;
  options.progress = [&](std::uint64_t done, std::uint64_t of) {
    CHECK(done > last);
    last = done;
    total = of;
    ++calls;
  };
  SerialExecutor serial;
  const CsvResult result = read_blocks("abc\n1\n2\n3\n4\n5\n", 4, serial, options);
  CHECK(calls > 1);
  CHECK(total == 14);
  CHECK(last == 10);  // rows; the header is no part of them
  CHECK(result.sha256 == sha256_hex("abc\n1\n2\n3\n4\n5\n"));
  options.digest = false;
  last = 0;
  CHECK(read_text("a\n1\n", options).sha256.empty());
}
