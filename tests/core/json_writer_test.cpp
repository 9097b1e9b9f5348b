#include <riskflag/core/json_writer.hpp>

#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <riskflag/core/json_reader.hpp>

using namespace riskflag;

namespace {

void write_example(JsonWriter& json) {
  json.begin_object().key("rows").value(std::uint64_t{7}).key("names").begin_array().value("a").value("b").end_array();
  json.key("leaves")
      .begin_array()
      .value(0.5)
      .value(-1)
      .value(kMissing)
      .end_array()
      .key("none")
      .begin_array()
      .end_array();
  json.key("empty")
      .begin_object()
      .end_object()
      .key("deep")
      .begin_array()
      .begin_array()
      .value(1)
      .end_array()
      .end_array();
  json.key("ok").value(true).key("raw").raw("{\"x\":1}").key("nothing").null().end_object();
}

}  // namespace

TEST_CASE("compact JSON has no blanks") {
  JsonWriter json;
  write_example(json);
  CHECK(
      json.text() ==
      R"({"rows":7,"names":["a","b"],"leaves":[0.5,-1,null],"none":[],"empty":{},"deep":[[1]],"ok":true,"raw":{"x":1},"nothing":null})");
}

TEST_CASE("pretty JSON indents by two and keeps arrays of numbers on one line") {
  JsonWriter json(JsonStyle::pretty);
  write_example(json);
  CHECK(json.text() == R"({
  "rows": 7,
  "names": [
    "a",
    "b"
  ],
  "leaves": [0.5, -1, null],
  "none": [],
  "empty": {},
  "deep": [
    [1]
  ],
  "ok": true,
  "raw": {"x":1},
  "nothing": null
})");
}

TEST_CASE("numbers are written exactly, what JSON has no number for as text or null") {
  JsonWriter json;
  json.begin_array().value(0.1).value(5e-324).value(-0.0).value(std::numeric_limits<std::int64_t>::min());
  json.value(std::numeric_limits<std::uint64_t>::max()).value(std::numeric_limits<double>::infinity());
  json.value(-std::numeric_limits<double>::infinity()).value(kMissing).value(1e22).end_array();
  CHECK(json.text() == R"([0.1,5e-324,-0,-9223372036854775808,18446744073709551615,"inf","-inf",null,1e+22])");
}

TEST_CASE("strings are escaped minimally and always well-formed UTF-8") {
  CHECK(json_quoted("a/b \"q\" \\ \n\r\t\b\f\x01\x1f\x7f") ==
        "\"a/b \\\"q\\\" \\\\ \\n\\r\\t\\u0008\\u000c\\u0001\\u001f\x7f\"");
  CHECK(json_quoted("\xc3\xa4\xf0\x9f\x98\x80") == "\"\xc3\xa4\xf0\x9f\x98\x80\"");
  CHECK(json_quoted("\xff"
                    "a\xed\xa0\x80") ==
        "\"\xef\xbf\xbd"
        "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  CHECK(json_quoted(std::string_view("\0", 1)) == "\"\\u0000\"");
  JsonWriter json;
  json.begin_object().key("k\"").value("v").end_object();
  CHECK(json.text() == R"({"k\"":"v"})");
}

TEST_CASE("what either style writes, the strict reader takes") {
  for (const JsonStyle style : {JsonStyle::compact, JsonStyle::pretty}) {
    JsonWriter json(style);
    write_example(json);
    const auto read = read_json(json.text(), "example");
    REQUIRE(read);
    CHECK(read->find("leaves")->array()->at(0).number().value() == 0.5);
  }
}
