#include <riskflag/json/exact.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>

using namespace riskflag;

namespace {

/// Every event as one line.
struct Recorder : JsonEvents {
  std::string out;
  bool begin_object() { return add("{"); }
  bool end_object() { return add("}"); }
  bool begin_array() { return add("["); }
  bool end_array() { return add("]"); }
  bool key(std::string_view k) { return add("k:" + std::string(k)); }
  bool string(std::string_view s) { return add("s:" + std::string(s)); }
  bool number(std::string_view n) { return add("n:" + std::string(n)); }
  bool boolean(bool b) { return add(b ? "true" : "false"); }
  bool null() { return add("null"); }
  bool add(const std::string& line) {
    out += line + "\n";
    return true;
  }
};

std::string events_of(std::string_view text, JsonLimits limits = {}) {
  Recorder recorder;
  const auto result = read_json_events(text, recorder, limits);
  return result ? recorder.out : "failed: " + result.failure().text();
}

struct LastNumber : JsonEvents {
  std::string text;
  bool number(std::string_view n) {
    text = n;
    return true;
  }
};

/// What the views of an object's strings say when it ends.
struct KeptViews : JsonEvents {
  std::vector<std::string_view> views;
  std::vector<std::string> at_end;
  std::size_t depth = 0;
  bool begin_object() { return ++depth, true; }
  bool end_object() {
    if (--depth == 0) at_end.assign(views.begin(), views.end());
    return true;
  }
  bool string(std::string_view s) {
    views.push_back(s);
    return true;
  }
};

}  // namespace

TEST_CASE("a string with escapes stays until its object ends, whatever else ends in it") {
  KeptViews kept;
  REQUIRE(read_json_events(
      R"({"a":"one as long as none that is short: \u00e9","b":[1,{"c":null}],"d":{},"e":"another of that length, \u00e8"})",
      kept));
  CHECK(kept.at_end ==
        std::vector<std::string>{"one as long as none that is short: \xc3\xa9", "another of that length, \xc3\xa8"});
}

TEST_CASE("events come in the order of the text, numbers as they stand") {
  CHECK(events_of(R"( {"a":1.50,"b":[true,null,"x\ny",-0,1E+3]} )") ==
        "{\nk:a\nn:1.50\nk:b\n[\ntrue\nnull\ns:x\ny\nn:-0\nn:1E+3\n]\n}\n");
  CHECK(events_of("12345678901234567890123") == "n:12345678901234567890123\n");
  CHECK(events_of("0.1") == "n:0.1\n");
  CHECK(events_of("7") == "n:7\n");
  CHECK(events_of(R"({"\u0041\u00e9":"\ud83d\ude00"})") == "{\nk:A\xc3\xa9\ns:\xf0\x9f\x98\x80\n}\n");
  CHECK(events_of(R"({"a":1,"a":2})") == "{\nk:a\nn:1\nk:a\nn:2\n}\n");  // what repeats is the reader's business
}

TEST_CASE("invariant: a double in shortest form comes back from JSON to the bit") {
  const Random random(20261122);
  int tried = 0;
  for (std::uint64_t i = 0; i < 40000; ++i) {
    const std::uint64_t bits = i % 2 == 0 ? random.bits(i) : 0;
    double x = 0;
    if (i % 2 == 0) {
      std::memcpy(&x, &bits, sizeof x);
    } else {
      x = 1000.0 * random.uniform(i);
    }
    if (!(x - x == 0)) continue;  // NaN and infinities are no JSON numbers
    ++tried;
    LastNumber last;
    REQUIRE(read_json_events("[" + number_text(x) + "]", last));
    const auto back = parse_double(last.text);
    REQUIRE(back);
    if (std::bit_cast<std::uint64_t>(*back) != std::bit_cast<std::uint64_t>(x)) FAIL_CHECK(last.text);
  }
  CHECK(tried > 39000);
}

TEST_CASE("what RFC 8259 does not allow is refused with its position") {
  for (const char* text :
       {"",         "{",   "{\"a\":1,}", "[1 2]", "NaN",           "[Infinity]", "{'a':1}",          "01",
        "1.",       ".5",  "+1",         "nul",   "// c\n1",       "\"\xff\"",   "\"\xed\xa0\x80\"", "\"\\ud800\"",
        "\"a\nb\"", "1 2", "{} {}",      "[1,]",  "\xef\xbb\xbf{}"}) {
    CAPTURE(text);
    Recorder recorder;
    const auto result = read_json_events(text, recorder);
    CHECK_FALSE(result.ok());
    CHECK(result.failure().code == ErrorCode::parse);
    CHECK(result.failure().where.substr(0, 5) == "line ");
  }
  CHECK(events_of("{\"a\":\n  ]").find("line 2, column 3") != std::string::npos);
}

TEST_CASE("depth, string and number lengths have limits") {
  const JsonLimits limits{.max_depth = 3, .max_string = 4, .max_number = 5};
  CHECK(events_of("[[[1]]]", limits).substr(0, 2) == "[\n");
  CHECK(events_of("[[[[1]]]]", limits).find("3 deep") != std::string::npos);
  CHECK(events_of("\"abcd\"", limits) == "s:abcd\n");
  CHECK(events_of("\"abcde\"", limits).find("longer than is accepted") != std::string::npos);
  CHECK(events_of("\"ab\\ncd\"", limits).find("longer than is accepted") != std::string::npos);
  CHECK(events_of("123456", limits).find("longer than is accepted") != std::string::npos);
  CHECK(events_of(std::string(100000, '[')).find("32 deep") != std::string::npos);
}

TEST_CASE("a reader that stops is told apart from a text that is broken") {
  struct Stopper : JsonEvents {
    bool null() { return false; }
  } stopper;
  CHECK(read_json_events("[null]", stopper).failure().code == ErrorCode::cancelled);
}
