// core/<piece>/<what>: each checks its result before it is timed, and reports bytes or items a second.

#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>

namespace {

using namespace riskflag;

std::vector<double> inputs(double low, double high) {
  const Random random(3);
  std::vector<double> x(4096);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = low + (high - low) * random.uniform(i);
  return x;
}

/// Times f over x after comparing it with `want` to a part in 10^14.
template <class F, class Want>
void time_function(benchmark::State& state, const std::vector<double>& x, F f, Want want) {
  for (const double value : x) {
    if (!(std::abs(f(value) - want(value)) <= 1e-14 * std::abs(want(value)))) {
      state.SkipWithError("differs from libm");
      return;
    }
  }
  for (auto _ : state) {
    double sum = 0;
    for (const double value : x) sum += f(value);
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(x.size()));
}

void exp_exact(benchmark::State& state) {
  time_function(state, inputs(-20, 20), exact::exp, [](double x) { return std::exp(x); });
}
void exp_libm(benchmark::State& state) {
  const auto libm = [](double x) { return std::exp(x); };
  time_function(state, inputs(-20, 20), libm, libm);
}
void log_exact(benchmark::State& state) {
  time_function(state, inputs(0.001, 5), exact::log, [](double x) { return std::log(x); });
}
void pow_exact(benchmark::State& state) {
  time_function(
      state, inputs(0.001, 5), [](double x) { return exact::pow(x, 1.5); }, [](double x) { return std::pow(x, 1.5); });
}
void sigmoid_exact(benchmark::State& state) {
  time_function(state, inputs(-8, 8), exact::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); });
}
BENCHMARK(exp_exact)->Name("core/exp/exact");
BENCHMARK(exp_libm)->Name("core/exp/libm");
BENCHMARK(log_exact)->Name("core/log/exact");
BENCHMARK(pow_exact)->Name("core/pow/exact");
BENCHMARK(sigmoid_exact)->Name("core/sigmoid/exact");

void random_normal(benchmark::State& state) {
  const Random random(5);
  for (std::uint64_t n = 0; n < 4096; ++n) {  // back through libm's distribution function
    if (!(std::abs(0.5 * std::erfc(-random.normal(n) / std::sqrt(2.0)) - random.uniform(n)) <= 1e-15))
      return state.SkipWithError("not the quantile of its uniform number");
  }
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(random.normal(i++));
  state.SetItemsProcessed(state.iterations());
}
void random_bits(benchmark::State& state) {
  // Random123's known answers of philox4x32-10
  if (Random(0, 0).bits(0) != 0xe169c58d6627e8d5ULL ||
      Random(0x299f31d0a4093822ULL, 0x0370734413198a2eULL).bits(0x85a308d3243f6a88ULL) != 0x94fdccebd16cfe09ULL)
    return state.SkipWithError("not Philox");
  const Random random(5);
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(random.bits(i++));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(random_bits)->Name("core/random/bits");
BENCHMARK(random_normal)->Name("core/random/normal");

void sha256(benchmark::State& state) {
  const std::string bytes(std::size_t{1} << 20, 'a');
  if (sha256_hex("abc") != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") {
    return state.SkipWithError("wrong digest");
  }
  for (auto _ : state) benchmark::DoNotOptimize(sha256_hex(bytes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(sha256)->Name("core/sha256/bytes:1048576");

/// What a model file is made of: many arrays of numbers in objects.
std::string model_like() {
  const Random random(6);
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("trees").begin_array();
  for (std::uint64_t tree = 0; tree < 200; ++tree) {
    json.begin_object().key("threshold").begin_array();
    for (std::uint64_t i = 0; i < 60; ++i) json.value(random.normal(tree * 100 + i));
    json.end_array().key("left").begin_array();
    for (int i = 0; i < 60; ++i) json.value(i);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return std::move(json).text();
}

/// Every number comes back to the bit.
bool is_model_like(const std::string& text) {
  const auto json = read_json(text, "bench");
  const JsonArray* const trees = json ? json->find("trees")->array() : nullptr;
  if (trees == nullptr || trees->size() != 200) return false;
  for (std::uint64_t tree = 0; tree < 200; ++tree) {
    const JsonArray& threshold = *(*trees)[tree].find("threshold")->array();
    const JsonArray& left = *(*trees)[tree].find("left")->array();
    if (threshold.size() != 60 || left.size() != 60) return false;
    for (std::uint64_t i = 0; i < 60; ++i) {
      if (threshold[i].number().value() != Random(6).normal(tree * 100 + i)) return false;
      if (left[i].integer().value() != static_cast<std::int64_t>(i)) return false;
    }
  }
  return true;
}

void json_read(benchmark::State& state) {
  const std::string text = model_like();
  if (!is_model_like(text)) return state.SkipWithError("other numbers come back");
  for (auto _ : state) benchmark::DoNotOptimize(read_json(text, "bench"));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
void json_write(benchmark::State& state) {
  const auto size = static_cast<std::int64_t>(model_like().size());
  if (!is_model_like(model_like())) return state.SkipWithError("other numbers come back");
  for (auto _ : state) benchmark::DoNotOptimize(model_like());  // draws the numbers too
  state.SetBytesProcessed(state.iterations() * size);
}
BENCHMARK(json_read)->Name("core/json/read");
BENCHMARK(json_write)->Name("core/json/write");

void parse_decimal(benchmark::State& state) {
  std::vector<std::string> texts;
  for (const double x : inputs(-1000, 1000)) texts.push_back(number_text(x));
  for (const std::string& text : texts) {
    const auto bits = std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr));
    if (std::bit_cast<std::uint64_t>(*parse_double(text)) != bits) return state.SkipWithError("differs from strtod");
  }
  for (auto _ : state) {
    double sum = 0;
    for (const std::string& text : texts) sum += *parse_double(text);
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(texts.size()));
}
BENCHMARK(parse_decimal)->Name("core/text/parse_double");

void check_utf8(benchmark::State& state) {
  const std::string text(std::size_t{1} << 16, 'x');
  for (std::size_t i = 0; i < 200; ++i) {  // one byte that begins nothing, or one whole letter, anywhere
    std::string broken = text, whole = text;
    broken[i * 327] = '\x80';
    whole.replace(i * 327, 2, "\xc3\xa9");
    if (is_utf8(broken) || !is_utf8(whole)) return state.SkipWithError("wrong about UTF-8");
  }
  for (auto _ : state) benchmark::DoNotOptimize(is_utf8(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(check_utf8)->Name("core/text/is_utf8/ascii");

/// What a training iteration pays to hand out work: an empty run of as many tasks as there are threads.
void pool_run(benchmark::State& state) {
  Pool pool(static_cast<unsigned>(state.range(0)));
  std::atomic<std::size_t> runs{0};
  for (auto _ : state) pool.run(pool.concurrency(), [&](std::size_t, unsigned) { runs.fetch_add(1); });
  if (runs != static_cast<std::size_t>(state.iterations()) * pool.concurrency()) state.SkipWithError("tasks were lost");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(pool_run)->Name("core/pool/empty_run/threads")->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
