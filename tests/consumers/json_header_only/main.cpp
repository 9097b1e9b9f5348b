// A program that reads JSON with Boost.JSON compiled into this one file, and links no Boost library.
#include <riskflag/json.hpp>
#include <riskflag/json/src.hpp>

#include <string_view>

struct Keys : riskflag::JsonEvents {
  int count = 0;
  bool key(std::string_view) {
    ++count;
    return true;
  }
};

int main() {
  Keys keys;
  return riskflag::read_json_events(R"({"a": [1, {"b": "c"}]})", keys).ok() && keys.count == 2 ? 0 : 1;
}
