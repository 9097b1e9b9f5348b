#include <riskflag/core/json_file.hpp>

#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace riskflag;

namespace {

/// The code and sentence of the Error that `f` throws.
template <class F>
std::string failure_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return std::string(name_of(error.code())) + " " + error.what();
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("members come out with their types") {
  const JsonFile file("m.json");
  const Json root =
      file.open(R"({"format":1,"t":"x","n":0.5,"b":true,"c":7,"ts":["a","b"],"ns":[1,"inf"],"cs":[3]})", 1);
  CHECK(file.text(root, "t") == "x");
  CHECK(file.number(root, "n") == 0.5);
  CHECK(file.boolean(root, "b"));
  CHECK(file.count(root, "c") == 7);
  CHECK(file.texts(root, "ts") == std::vector<std::string>{"a", "b"});
  CHECK(file.numbers(root, "ns").at(0) == 1);
  CHECK(file.counts(root, "cs") == std::vector<std::uint64_t>{3});
}

TEST_CASE("what does not hold is corrupt, with its place; a later format is unsupported") {
  const JsonFile file("m.json");
  const Json root = file.open("{\"format\":1,\n\"t\":\"x\"}", 1);
  CHECK(failure_of([&] { (void)file.number(root, "t"); }) ==
        "corrupt m.json:2:5: found the string \"x\", expected a number");
  CHECK(failure_of([&] { (void)file.text(root, "u"); }).starts_with("corrupt m.json:1:1: member \"u\" is missing"));
  CHECK(failure_of([&] { (void)file.array(root, "t"); }) == "corrupt m.json:2: member \"t\" is no array");
  CHECK(failure_of([&] { file.only(root, {"format"}); }).starts_with("corrupt m.json:2:5: unknown member \"t\""));
  CHECK(failure_of([&] { (void)file.open("{\"format\":2}", 1); }).starts_with("unsupported m.json: format 2"));
  CHECK(failure_of([&] { (void)file.open("{\"format\":0}", 1); }).starts_with("unsupported m.json: format 0"));
  CHECK(failure_of([&] { (void)file.open("[]", 1); }).starts_with("corrupt m.json:1"));
  CHECK(failure_of([&] { (void)file.open("{", 1); }).starts_with("parse m.json:1:2"));
}

TEST_CASE("objects of known members, and texts that stand for values, are checked in one place") {
  const JsonFile file("m.json");
  const Json root =
      file.open("{\"format\":1,\"a\":[{\"k\":\"yes\"},\n{\"k\":\"no\"}],\n\"b\":[{\"x\":1}],\"c\":[1]}", 1);
  const auto find = [](std::string_view text) { return text == "yes" ? std::optional<int>(1) : std::nullopt; };
  const JsonArray& items = file.objects(root, "a", {"k"});
  CHECK(file.chosen(items[0], "k", find, "yes") == 1);
  CHECK(failure_of([&] { (void)file.chosen(items[1], "k", find, "yes"); }) ==
        "corrupt m.json:2: \"k\" is \"no\"; accepted: yes");
  CHECK(failure_of([&] {
          (void)file.objects(root, "b", {"k"});
        }).starts_with("corrupt m.json:3:11: unknown member \"x\""));
  CHECK(failure_of([&] { (void)file.objects(root, "c", {"k"}); }) == "corrupt m.json:3: an item of \"c\" is no object");
}
