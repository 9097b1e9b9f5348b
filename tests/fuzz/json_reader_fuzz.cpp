// What the strict reader takes, the writer writes so that it reads back equal; what it refuses, it refuses with a place
// and a message fit to print.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>

namespace {

using namespace riskflag;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

std::uint64_t number_bits(const Json& json) { return std::bit_cast<std::uint64_t>(json.number().value()); }

void write(JsonWriter& out, const Json& json) {
  switch (json.kind()) {
    case Json::Kind::null: out.null(); break;
    case Json::Kind::boolean: out.value(json.boolean().value()); break;
    case Json::Kind::number:
      if (const auto whole = json.integer(); whole && whole.value() != 0) {
        out.value(whole.value());
      } else if (const auto big = json.unsigned_integer(); big && big.value() != 0) {
        out.value(big.value());
      } else {
        out.value(json.number().value());
      }
      break;
    case Json::Kind::string: out.value(std::string_view(json.string().value())); break;
    case Json::Kind::array:
      out.begin_array();
      for (const Json& item : *json.array()) write(out, item);
      out.end_array();
      break;
    case Json::Kind::object:
      out.begin_object();
      for (const auto& [name, value] : *json.object()) {
        demand(json.find(name) == &value);  // names are unique
        out.key(name);
        write(out, value);
      }
      out.end_object();
      break;
  }
}

void demand_equal(const Json& a, const Json& b) {
  demand(a.kind() == b.kind());
  switch (a.kind()) {
    case Json::Kind::null: break;
    case Json::Kind::boolean: demand(a.boolean().value() == b.boolean().value()); break;
    case Json::Kind::number:
      demand(number_bits(a) == number_bits(b));
      if (const auto whole = a.integer()) demand(b.integer() && whole.value() == b.integer().value());
      if (const auto big = a.unsigned_integer())
        demand(b.unsigned_integer() && big.value() == b.unsigned_integer().value());
      break;
    case Json::Kind::string: demand(a.string().value() == b.string().value()); break;
    case Json::Kind::array:
      demand(a.array()->size() == b.array()->size());
      for (std::size_t i = 0; i < a.array()->size(); ++i) demand_equal((*a.array())[i], (*b.array())[i]);
      break;
    case Json::Kind::object:
      demand(a.object()->size() == b.object()->size());
      for (std::size_t i = 0; i < a.object()->size(); ++i) {
        demand((*a.object())[i].first == (*b.object())[i].first);
        demand_equal((*a.object())[i].second, (*b.object())[i].second);
      }
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = read_json(text, "fuzz");
  if (!json) {
    const Failure& failure = json.failure();
    demand(failure.where.starts_with("fuzz:") && !failure.message.empty());
    demand(is_utf8(failure.message));
    demand(failure.message.find('\n') == std::string::npos);
    return 0;
  }
  for (const JsonStyle style : {JsonStyle::compact, JsonStyle::pretty}) {
    JsonWriter out(style);
    write(out, *json);
    const auto again = read_json(out.text(), "again");
    demand(again.ok());
    demand_equal(*json, *again);
    JsonWriter twice(style);
    write(twice, *again);
    demand(twice.text() == out.text());
  }
  return 0;
}
