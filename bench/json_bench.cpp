// json/events: bytes a second of a request's rows, each member heard.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/json/exact.hpp>

namespace {

using namespace riskflag;

/// Sums numbers and counts the rest.
struct Sum : JsonEvents {
  double sum = 0;
  std::size_t keys = 0, strings = 0;
  bool key(std::string_view) { return ++keys > 0; }
  bool string(std::string_view) { return ++strings > 0; }
  bool number(std::string_view text) {
    sum += parse_double(text).value_or(0);
    return true;
  }
};

void events(benchmark::State& state) {
  const Random random(1);
  std::string text = "[";
  double want = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    text += i == 0 ? "{\"home\": \"REN\\u0054\"" : ", {\"home\": \"OWN\"";
    for (std::uint64_t j = 0; j < 10; ++j) {
      const std::string number = number_text(random.normal(i * 10 + j));
      want += std::strtod(number.c_str(), nullptr);
      text += ", \"f" + std::to_string(j) + "\": " + number;
    }
    text += "}";
  }
  text += "]";
  Sum heard;
  if (!read_json_events(text, heard) || heard.sum != want || heard.keys != 11'000 || heard.strings != 1000)
    return state.SkipWithError("not what the text says");
  for (auto _ : state) {
    Sum sum;
    benchmark::DoNotOptimize(read_json_events(text, sum));
    benchmark::DoNotOptimize(sum.sum);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

BENCHMARK(events)->Name("json/events/rows:1000")->Unit(benchmark::kMicrosecond);

}  // namespace
