#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <bit>
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <locale>
#include <string>
#include <string_view>

using namespace riskflag;

namespace {

/// Commas for points and points between thousands, as German writes numbers.
class German final : public std::numpunct<char> {
 protected:
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

std::string bits(double x) { return std::to_string(std::bit_cast<std::uint64_t>(x)) + " "; }

/// Everything that crosses between bytes and numbers: cells of each type, the written table, JSON both ways, messages.
std::string everything() {
  const std::string_view text =
      "short,long,level,day,id\n1234.5,0.12345678901234567,x,2026-11-22,007\n-1e-7,12345678901234567.25,y,1970-01-01,"
      "008\n"
      "1000000,1.7976931348623157e308,\"1,5\",1969-12-31,\n5e-324,-0,x,,010\n";
  struct Sink final : ByteSink {
    std::string text;
    void write(std::string_view bytes) override { text += bytes; }
  } sink;
  SerialExecutor serial;
  CsvOptions options;
  options.keep_text = {"id"};
  MemorySource source(text, "t.csv");
  const Frame frame = read_csv(source, options, serial).frame;
  std::string out;
  JsonWriter json;
  json.begin_array();
  for (const Column& column : frame.columns()) {
    for (const double x : column.numbers) {
      out += bits(x) + number_text(x) + " ";
      json.value(x);
    }
    for (std::size_t i = 0; i < frame.rows(); ++i) out += column.cell_text(i) + " ";
  }
  json.value(0.1).value(std::int64_t{1234567890123}).value(-1234.5).end_array();
  write_csv(frame, sink);
  out += sink.text + json.text();
  const auto parsed = read_json(json.text(), "t.json");
  REQUIRE(parsed);
  for (const Json& value : *parsed->array()) out += bits(*value.number());
  try {
    const std::string ragged = "a,b\n" + std::string(2345, '\n') + "1\n";
    MemorySource again(ragged, "t.csv");
    (void)read_csv(again, {}, serial);
  } catch (const Error& error) {
    out += error.what();
  }
  return out;
}

/// Puts back what the process had.
struct LocaleGuard {
  std::locale global;
  std::string c = std::setlocale(LC_ALL, nullptr);
  LocaleGuard() = default;
  LocaleGuard(const LocaleGuard&) = delete;
  LocaleGuard& operator=(const LocaleGuard&) = delete;
  ~LocaleGuard() {
    std::locale::global(global);
    std::setlocale(LC_ALL, c.c_str());
  }
};

/// Sets a C locale that writes 1,5: one that is installed, or German as localedef makes it in `folder`.
bool set_comma_locale(const std::string& folder) {
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE", "es_ES.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) return true;
  }
  std::filesystem::create_directories(folder);
  const std::string command = "localedef -i de_DE -f UTF-8 '" + folder + "/de_DE.UTF-8' >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) return false;
  ::setenv("LOCPATH", folder.c_str(), 1);
  const bool is_set = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  ::unsetenv("LOCPATH");
  return is_set;
}

}  // namespace

TEST_CASE("invariant: no locale of the process changes a number that is read or written") {
  const std::string want = everything();
  CHECK(want.find("1234.5 ") != std::string::npos);
  CHECK(want.find("t.csv:2347: the row has 1 cell") != std::string::npos);
  const LocaleGuard guard;
  std::locale::global(std::locale(std::locale::classic(), new German));
  CHECK(everything() == want);

  const std::string folder =
      join_path(std::filesystem::temp_directory_path().string(), "riskflag-locale-" + std::to_string(::getpid()));
  if (set_comma_locale(folder)) {
    REQUIRE(std::string(std::localeconv()->decimal_point) == ",");
    CHECK(everything() == want);
  } else {
    MESSAGE("skipped: no locale with a decimal comma is installed, and localedef cannot make one");
  }
  std::filesystem::remove_all(folder);
}
