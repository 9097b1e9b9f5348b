#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace riskflag;

namespace {

/// The whole sentence of the error, and its code.
std::string refusal(std::string_view text, const CsvOptions& options = {}, ErrorCode code = ErrorCode::parse) {
  SerialExecutor serial;
  MemorySource source(text, "train.csv");
  try {
    (void)read_csv(source, options, serial);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "nothing was refused";
}

CsvResult read_train(std::string_view text, const CsvOptions& options = {}) {
  SerialExecutor serial;
  MemorySource source(text, "train.csv");
  return read_csv(source, options, serial);
}

}  // namespace

TEST_CASE("a ragged row says its line, what it has and what is needed") {
  CHECK(refusal("a,b,c\n1,2,3\n4,5\n") ==
        "train.csv:3: the row has 2 cells, the first one has 3; every row needs 3 (cells are separated by ','; quote a "
        "cell that "
        "contains it)");
  CHECK(refusal("a,b\n\n\"x\ny\",2\n1,2,3\n").starts_with("train.csv:5: the row has 3 cells, the first one has 2;"));
  CHECK(refusal("a\tb\n1\t2\t\n").starts_with("train.csv:2: the row has 3 cells"));
}

TEST_CASE("an error in the last pass leaves the texts before it where they are") {
  // Column a is written in the second pass, in which b has just been found to be text: its last cell has a NUL.
  CsvOptions options;
  options.keep_text = {"a"};
  options.max_levels = 1;
  std::string text = "a,b\n";
  for (int i = 0; i < 9000; ++i) text += "some longer text,x\n";
  text += "t,y\nt,z\nt,a";
  text += '\0';
  text += "b\n";
  CHECK(refusal(text, options).starts_with("train.csv:9004: "));
}

TEST_CASE("a blank inside quotes keeps a cell from being a number, wherever it stands") {
  for (const int before : {1, 20'000}) {
    CAPTURE(before);
    std::string text = "a\n";
    for (int i = 0; i < before; ++i) text += "1\n";
    text += "\" 12\"\n";
    CHECK(read_train(text).frame.column(0).type == ColumnType::category);
    CsvOptions forced;
    forced.types = {{"a", ColumnType::number}};
    CHECK(refusal(text, forced, ErrorCode::schema_mismatch)
              .starts_with("train.csv:" + std::to_string(before + 2) + ": column \"a\": \" 12\""));
  }
}

TEST_CASE("of several wrong cells the text's first one is named, and its row before a ragged one") {
  CsvOptions options;
  options.types = {{"a", ColumnType::number}, {"b", ColumnType::number}};
  const auto where = [&](std::string_view text) {
    return refusal(text, options, ErrorCode::schema_mismatch).substr(0, 27);
  };
  CHECK(where("a,b\n1,2\n3,x\ny,4\n") == "train.csv:3: column \"b\": \"x");
  CHECK(where("a,b\n1,2\n3,4\ny,x\n") == "train.csv:4: column \"a\": \"y");
  CHECK(where("a,b\n1,2\n3,x\n5\ny,4\n") == "train.csv:3: column \"b\": \"x");
  CHECK(refusal("a,b\n1,2\n5\n3,x\n", options).starts_with("train.csv:3: the row has 1 cell"));
  CHECK(refusal("a,b\n1,2\n3,\"4\"z\ny,4\n", options).starts_with("train.csv:3: "));
}

TEST_CASE("every refusal says file and line, what was found, and what would be accepted") {
  using namespace std::string_literals;
  const std::string duplicate = refusal("a,a\n1,2\n", {}, ErrorCode::invalid_data);
  for (const std::string& text : {refusal(""), refusal("\n"), refusal("a,b\n1\n"), refusal("a,b\n1,\"2\n"),
                                  refusal("a,b\n1,\"2\"3\n"), refusal("a,b\n1,\0\n"s), refusal("a\0,b\n1,2\n"s),
                                  refusal("a,b\n1,x\ry\n"), refusal("a,b\r1,2\r"), duplicate}) {
    CAPTURE(text);
    REQUIRE(text.starts_with("train.csv:"));
    CHECK(text.find_first_not_of("0123456789", 10) == text.find(": ", 10));
    CHECK(text.find_first_of(";") != std::string::npos);  // found; accepted
  }
}

TEST_CASE("an unclosed quote says where it opens, not where the text ends") {
  CHECK(refusal("a,b\n1,2\n3,\"x\n4,5\n6,7\n") ==
        "train.csv:3: a quote that opens here is never closed; write a quote inside a cell as \"\"");
  CHECK(refusal("a,\"b\n1,2\n").starts_with("train.csv:1: a quote that opens here is never closed"));
}

TEST_CASE("text behind a closing quote is refused") {
  CHECK(refusal("a,b\n\"x\"y,2\n")
            .starts_with("train.csv:2: after a closing quote stands \"y\"; a quoted cell ends at its quote"));
}

TEST_CASE("a NUL byte is refused with its line, in the header, in numbers and in text") {
  using namespace std::string_literals;
  CHECK(refusal("a\0,b\n1,2\n"s).starts_with("train.csv:1: a NUL byte in the header"));
  CHECK(refusal("a,b\n1,2\n3\0,4\n"s).starts_with("train.csv:3: column \"a\": a NUL byte"));
  CHECK(refusal("a,b\nx,2\ny\0,4\n"s).starts_with("train.csv:3: column \"a\": a NUL byte"));
  CsvOptions options;
  options.keep_text = {"a"};
  CHECK(refusal("a,b\nx,2\n\"y\0\",4\n"s, options).starts_with("train.csv:3: column \"a\": a NUL byte"));
  CHECK(refusal("\xFF\xFE"
                "a\0,\0"s)
            .starts_with("train.csv:1: the text is UTF-16; save it as UTF-8"));
}

TEST_CASE("a carriage return alone is no line end") {
  CHECK(refusal("a,b\r1,2\r3,4\r")
            .starts_with("train.csv:1: a carriage return without line feed; lines end in LF or CRLF"));
  CHECK(refusal("a,b\n1,x\ry\n").starts_with("train.csv:2: column \"b\": a carriage return without line feed"));
}

TEST_CASE("a carriage return in quotes belongs to the cell, in the header too") {
  CHECK(read_train("\"a\rb\",c\n\"x\ry\",2\n").frame.column("a\rb").levels == std::vector<std::string>{"x\ry"});
}

TEST_CASE("a delimiter that numbers, names, quotes or line ends are made of is refused") {
  for (const char delimiter : {'.', '-', '+', '5', 'e', 'X', '"', '\n', '\r'}) {
    CAPTURE(delimiter);
    CsvOptions options;
    options.delimiter = delimiter;
    CHECK(refusal("a,b\n1,2\n", options, ErrorCode::invalid_option)
              .ends_with("letter, digit, point, sign, quote or line end"));
    MemorySource source("a,b\n1,2\n", "train.csv");
    CHECK_THROWS_AS((void)CsvRows(source, options), Error);
  }
}

TEST_CASE("set_delimiter refuses what the reader would refuse, with its sentence") {
  for (const std::string text : {".", "-", "+", "5", "e", "X", "\"", "\n", "\r"}) {
    CAPTURE(text);
    CsvOptions options;
    options.delimiter = text[0];
    const std::string of_reader = refusal("a,b\n1,2\n", options, ErrorCode::invalid_option);
    try {
      set_delimiter(options, text, "train.csv");
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid_option);
      CHECK(error.what() == of_reader);
    }
  }
  CsvOptions options;
  set_delimiter(options, "|", "--delimiter");
  CHECK(options.delimiter == '|');
  CHECK_THROWS_AS(set_delimiter(options, "||", "--delimiter"), Error);
}

TEST_CASE("a message about a delimiter that is no character of its own can be printed") {
  CsvOptions options;
  options.delimiter = '\xA7';
  const std::string message = refusal(
      "a\xA7"
      "b\n1\n",
      options);
  CHECK(message.starts_with("train.csv:2: the row has 1 cell, the first one has 2;"));
  CHECK(is_utf8(message));
}

TEST_CASE("two columns of one name are refused, and so is a name that an unnamed column gets") {
  CHECK(refusal("a,b,a\n1,2,3\n", {}, ErrorCode::invalid_data) ==
        "train.csv:1: columns 1 and 3 are both named \"a\"; names are unique");
  CHECK(refusal(",c0\n1,2\n", {}, ErrorCode::invalid_data)
            .starts_with("train.csv:1: columns 1 and 2 are both named \"c0\""));
}

TEST_CASE("a bad cell in line 200,001 of a column that is forced is named with line, column and cell") {
  std::string text = "id,age\n";
  for (int line = 2; line <= 250'000; ++line) text += std::to_string(line) + (line == 200'001 ? ",3O\n" : ",30\n");
  CsvOptions options;
  options.types["age"] = ColumnType::number;
  CHECK(refusal(text, options, ErrorCode::schema_mismatch) ==
        "train.csv:200001: column \"age\": \"3O\" is not a number (the schema says numeric)");
  options.types["age"] = ColumnType::date;
  CHECK(refusal(text, options, ErrorCode::schema_mismatch) ==
        "train.csv:2: column \"age\": \"30\" is not a date of the form %Y-%m-%d (the schema says date)");
  // Not forced, the column is no number any more, and a note says why.
  const CsvResult result = read_train(text);
  CHECK(result.frame.column("age").type == ColumnType::category);
  REQUIRE(result.notes.size() == 1);
  CHECK(result.notes[0].code == "text_column");
  CHECK(result.notes[0].column == "age");
  CHECK(result.notes[0].message ==
        "column \"age\" is not a number because of 1 of its 249999 cells; the first is \"3O\" (train.csv:200001); "
        "correct it, or "
        "name it as a missing token");
}

TEST_CASE("NaN is missing, 1e308 is a number, inf is none") {
  const CsvResult result = read_train("a,b,c\n1e308,inf,NaN\n-1e308,1,2\n1,2,1e309\n");
  CHECK(result.frame.column("a").numbers[0] == 1e308);
  CHECK(result.frame.column("b").type == ColumnType::category);
  CHECK(result.frame.column("c").type == ColumnType::category);
  CHECK(result.frame.column("c").is_missing_at(0));
}

TEST_CASE("an option about a column that is not there names the nearest, unless absent columns are allowed") {
  CsvOptions options;
  options.types["agee"] = ColumnType::number;
  CHECK(refusal("age,b\n1,2\n", options, ErrorCode::not_found) ==
        "train.csv: there is no column \"agee\" (did you mean \"age\"?)");
  options.allow_absent = true;
  CHECK(read_train("age,b\n1,2\n", options).frame.cols() == 2);
}

TEST_CASE("a file that is absent or became shorter while it was read is an error with its name") {
  SerialExecutor serial;
  const auto folder = std::filesystem::temp_directory_path() / ("riskflag_shrink_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "f.csv").string();
  CHECK_THROWS_WITH_AS((void)read_csv(path, {}, serial), doctest::Contains("f.csv"), Error);
  std::ofstream(path) << "a,b\n" << std::string(100, '\n') << "1,2\n3,4\n";
  FileSource file(path);
  std::filesystem::resize_file(path, 50);
  CHECK_THROWS_WITH_AS((void)read_csv(file, {}, serial),
                       doctest::Contains("the file became shorter while it was read: it had 112"), Error);
  std::filesystem::remove_all(folder);
}
