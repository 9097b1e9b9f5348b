#include <riskflag/core/json_reader.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>

using namespace riskflag;
using namespace std::string_view_literals;

namespace {

Json parsed(std::string_view text) {
  auto json = read_json(text, "t.json");
  REQUIRE_MESSAGE(json, json.failure().text());
  return std::move(json).value();
}

/// The message for a text that must be refused.
std::string refusal(std::string_view text) {
  const auto json = read_json(text, "t.json");
  REQUIRE_MESSAGE(!json, text);
  CHECK(json.failure().code == ErrorCode::parse);
  return json.failure().text();
}

}  // namespace

TEST_CASE("texts that RFC 8259 allows are read") {
  for (const std::string_view text : {"0"sv,
                                      "-0"sv,
                                      " 1 "sv,
                                      "\t\r\n[]\n"sv,
                                      "1.5e+3"sv,
                                      "1E5"sv,
                                      "1e-5"sv,
                                      "0.0"sv,
                                      "-0.1"sv,
                                      "10"sv,
                                      "0e1"sv,
                                      "0E+1"sv,
                                      "true"sv,
                                      "false"sv,
                                      "null"sv,
                                      "\"\""sv,
                                      "\"a\""sv,
                                      "[]"sv,
                                      "{}"sv,
                                      "[[]]"sv,
                                      "[{}]"sv,
                                      "[1,2]"sv,
                                      "[ 1 , 2 ]"sv,
                                      "{\"a\":1,\"b\":{}}"sv,
                                      "{\"\":0}"sv,
                                      "{ \"a\" : 1 }"sv,
                                      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""sv,
                                      "\"\\u0041\""sv,
                                      "\"\\u0000\""sv,
                                      "\"\\uD83D\\uDE00\""sv,
                                      "\"\\ud83d\\ude00\""sv,
                                      "\"\x7f\""sv,
                                      "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""sv,
                                      "\"\xf4\x8f\xbf\xbf\""sv,
                                      "\"\xef\xbf\xbe\""sv,
                                      "\"\xe2\x80\xa8\""sv,
                                      "[1,\n2]"sv,
                                      "1e-999"sv,
                                      "1.7976931348623157e308"sv,
                                      "123456789012345678901234567890"sv,
                                      "{\"a\":1,\"A\":2}"sv,
                                      "[\"asd \"]"sv,
                                      "[-1]"sv,
                                      "[null, 1, \"1\", {}]"sv,
                                      "{\"a\":[]}"sv,
                                      "\"/* no comment */\""sv}) {
    CAPTURE(text);
    const auto json = read_json(text, "t.json");
    CHECK_MESSAGE(json, json.failure().text());
  }
}

TEST_CASE("texts that RFC 8259 forbids, and what strictness adds, are refused") {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "["sv,
                                      "]"sv,
                                      "{"sv,
                                      "}"sv,
                                      "[1"sv,
                                      "[1,"sv,
                                      "[1,]"sv,
                                      "[,1]"sv,
                                      "[1,,2]"sv,
                                      "[1 2]"sv,
                                      "[1}"sv,
                                      "{1:2}"sv,
                                      "{\"a\"}"sv,
                                      "{\"a\":}"sv,
                                      "{\"a\":1,}"sv,
                                      "{,}"sv,
                                      "{\"a\":1 \"b\":2}"sv,
                                      "{\"a\" 1}"sv,
                                      "{a:1}"sv,
                                      "{'a':1}"sv,
                                      "{\"a\":1]"sv,
                                      "{\"a\":1"sv,
                                      "{\"a\""sv,
                                      "{\"a\":"sv,
                                      "{\"a"sv,
                                      "1 2"sv,
                                      "[] []"sv,
                                      "1,"sv,
                                      "nul"sv,
                                      "nulll"sv,
                                      "True"sv,
                                      "NaN"sv,
                                      "Infinity"sv,
                                      "-Infinity"sv,
                                      "inf"sv,
                                      "undefined"sv,
                                      "+1"sv,
                                      "-"sv,
                                      "--1"sv,
                                      "01"sv,
                                      "-01"sv,
                                      "00"sv,
                                      "1."sv,
                                      ".5"sv,
                                      "-.5"sv,
                                      "1.e5"sv,
                                      "1e"sv,
                                      "1e+"sv,
                                      "1e5.0"sv,
                                      "0x10"sv,
                                      "1_0"sv,
                                      "1a"sv,
                                      "0.1.2"sv,
                                      "1eE2"sv,
                                      "- 1"sv,
                                      "1e400"sv,
                                      "-1e400"sv,
                                      "\""sv,
                                      "\"a"sv,
                                      "'a'"sv,
                                      "\"\n\""sv,
                                      "\"\t\""sv,
                                      "\"\x01\""sv,
                                      "\"\x1f\""sv,
                                      "\"\\"sv,
                                      "\"\\\""sv,
                                      "\"\\x41\""sv,
                                      "\"\\a\""sv,
                                      "\"\\'\""sv,
                                      "\"\\u\""sv,
                                      "\"\\u12\""sv,
                                      "\"\\u12g4\""sv,
                                      "\"\\u+123\""sv,
                                      "\"\\u 123\""sv,
                                      "\"\\U0041\""sv,
                                      "\"\\ud800\""sv,
                                      "\"\\udc00\""sv,
                                      "\"\\ud800\\ud800\""sv,
                                      "\"\\ud800x\""sv,
                                      "\"\\ud800\\n\""sv,
                                      "\"\\udc00\\ud800\""sv,
                                      "\"\\ud800\\u12\""sv,
                                      "\"\x80\""sv,
                                      "\"\xc0\x80\""sv,
                                      "\"\xed\xa0\x80\""sv,
                                      "\"\xf5\x80\x80\x80\""sv,
                                      "\"\xc3\""sv,
                                      "\"\xe2\x82\""sv,
                                      "\xff"sv,
                                      "\xc3\xa4"sv,
                                      "\xef\xbb\xbf{}"sv,
                                      "// c\n1"sv,
                                      "/* c */1"sv,
                                      "[1]#"sv,
                                      "\0"sv,
                                      "1\0"sv,
                                      "[\0]"sv,
                                      "\"\0\""sv,
                                      "\v1"sv,
                                      "\f1"sv,
                                      "\xc2\xa0"
                                      "1"sv,
                                      "{\"a\":1,\"a\":1}"sv,
                                      "{\"a\":1,\"\\u0061\":2}"sv,
                                      "[{\"x\":0,\"y\":1,\"x\":2}]"sv}) {
    CAPTURE(text);
    CHECK_FALSE(read_json(text, "t.json"));
  }
}

TEST_CASE("a refusal names file, line and column, and what was found") {
  CHECK(refusal("{\n  \"a\": 1,\n  \"b\": tru\n}") == "t.json:3:8: found \"tru\\n\" where a value is expected");
  CHECK(refusal("[1,\n 2") == "t.json:2:3: found the end of the text where \",\" or \"]\" is expected in an array");
  CHECK(refusal("[1]\n\n]") ==
        "t.json:3:1: found \"]\" after the end of the JSON value; one value is all a file holds");
  CHECK(refusal("{\"a\":1,\n \"b\":[1,\n2],\n\"a\":3}") == "t.json:4:1: the name \"a\" stands twice in this object");
  CHECK(refusal("[\"x\\q\"]").starts_with("t.json:1:4: unknown escape"));
  CHECK(refusal("[1e400]") == "t.json:1:2: the number \"1e400\" is beyond the range of double (about 1.8e308)");
  CHECK(refusal("[01]") == "t.json:1:2: a number begins with a needless 0");
  CHECK(refusal("{\"a\":1,}").starts_with("t.json:1:8: found \"}\" where a member's name"));
}

TEST_CASE("depth is limited, and the limit itself is allowed") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(read_json(nested(64), "t.json"));
  CHECK(refusal(nested(65)) == "t.json:1:65: nested deeper than 64 levels");
  CHECK(read_json("{\"a\":{\"b\":[1]}}", "t.json", 3));
  CHECK_FALSE(read_json("{\"a\":{\"b\":[1]}}", "t.json", 2));
  CHECK(read_json("1", "t.json", 0));
  CHECK_FALSE(read_json(std::string(1000000, '['), "t.json"));
}

TEST_CASE("values come back as they were written") {
  const Json json = parsed(
      R"({"b":true,"n":-2.5,"i":-9223372036854775808,"u":18446744073709551615,"s":"\u00e4\ud83d\ude00\n","a":[1,2],"z":null})");
  CHECK(json.find("b")->boolean().value());
  CHECK(json.find("n")->number().value() == -2.5);
  CHECK(json.find("i")->integer().value() == std::numeric_limits<std::int64_t>::min());
  CHECK(json.find("i")->number().value() == -0x1p63);
  CHECK(json.find("u")->unsigned_integer().value() == std::numeric_limits<std::uint64_t>::max());
  CHECK(json.find("s")->string().value() == "\xc3\xa4\xf0\x9f\x98\x80\n");
  CHECK(json.find("a")->array()->size() == 2);
  CHECK(json.find("z")->is_null());
  CHECK(json.find("nope") == nullptr);
  CHECK(json.object()->at(1).first == "n");  // file order
  CHECK(std::signbit(parsed("-0").number().value()));
  CHECK(parsed("-0").integer().value() == 0);
  CHECK(parsed("-0").unsigned_integer().value() == 0);
  CHECK(parsed("\"inf\"").number().value() == std::numeric_limits<double>::infinity());
  CHECK(parsed("\"-inf\"").number().value() == -std::numeric_limits<double>::infinity());
}

TEST_CASE("a value of another kind is a failure that says what was found") {
  const Json json = parsed("{\n\"a\": \"x\",\n\"b\": 1.0, \"c\": 18446744073709551615, \"d\": [1], \"e\": -1}");
  CHECK(json.find("a")->number().failure().text() == "t.json:2:6: found the string \"x\", expected a number");
  CHECK(json.find("a")->boolean().failure().text() == "t.json:2:6: found the string \"x\", expected true or false");
  CHECK(json.find("b")->integer().failure().text() ==
        "t.json:3:6: found the number 1, expected a whole number without point or exponent");
  CHECK_FALSE(json.find("c")->integer());
  CHECK_FALSE(json.find("e")->unsigned_integer());
  CHECK(json.find("d")->string().failure().text() == "t.json:3:43: found an array of 1, expected a string");
  CHECK(json.find("a")->array() == nullptr);
  CHECK(json.find("d")->object() == nullptr);
  CHECK(json.find("d")->find("x") == nullptr);
  CHECK(json.at("x").failure().text() ==
        "t.json:1:1: member \"x\" is missing; there is \"a\", \"b\", \"c\", \"d\", \"e\"");
  CHECK(json.at("a").value() == json.find("a"));
  CHECK_FALSE(json.find("d")->at("x"));
}

TEST_CASE("only names the first unknown member and the nearest known one") {
  const Json json = parsed("{\"seed\":1,\n\"num_leafs\":31}");
  CHECK(json.only({"seed", "num_leafs"}));
  CHECK(json.only({"seed", "num_leaves"}).failure().text() ==
        "t.json:2:13: unknown member \"num_leafs\" (did you mean \"num_leaves\"?)");
  CHECK_FALSE(parsed("[]").only({}));
}

TEST_CASE("a part outlives the whole that it was read with") {
  Json part;
  {
    Json whole = parsed("{\"a\":\n[7,\"x\"]}");
    part = whole.find("a")->array()->at(1);
  }
  CHECK(part.place() == "t.json:2:4");
  CHECK(part.string().value() == "x");
}

TEST_CASE("invariant: every finite double survives JSON bit for bit") {
  const Random random(17);
  for (std::uint64_t i = 0; i < 50000; ++i) {
    const double x = std::bit_cast<double>(random.bits(i));
    if (!is_finite(x)) continue;
    const auto json = read_json(number_text(x), "t.json");
    REQUIRE(json);
    REQUIRE(std::bit_cast<std::uint64_t>(json->number().value()) == std::bit_cast<std::uint64_t>(x));
  }
}

TEST_CASE("duplicate names are found among many") {
  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  CHECK(read_json(text + "\"k5000\":0}", "t.json"));
  CHECK(refusal(text + "\n\"k17\":0}") == "t.json:2:1: the name \"k17\" stands twice in this object");
}
