// model/*: writing and reading model.json, and the slow scorer that every fast one is compared with.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>

#include "../tests/predict/random_model.hpp"

namespace {

using namespace riskflag;

const Model& model() {
  static const Model made =
      riskflag_test::random_model(1, {.trees = 500, .leaves = 31, .features = 30, .categorical = 0.2});
  return made;
}

void write(benchmark::State& state) {
  const std::string text = model_text(model());
  const auto back = parse_model(text, "bench");
  if (!back || *back != model()) return state.SkipWithError("another model comes back");
  for (auto _ : state) benchmark::DoNotOptimize(model_text(model()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void read(benchmark::State& state) {
  const std::string text = model_text(model());
  const auto back = parse_model(text, "bench");
  if (!back || *back != model()) return state.SkipWithError("another model comes back");
  for (auto _ : state) benchmark::DoNotOptimize(parse_model(text, "bench"));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void walk(benchmark::State& state) {
  constexpr std::size_t kRows = 256;
  const std::vector<double> values = riskflag_test::random_rows(2, kRows, model());
  const std::size_t cols = model().features.size();
  const auto row = [&](std::size_t i) { return std::span<const double>(&values[i * cols], cols); };
  for (std::size_t i = 0; i < kRows; ++i) {  // leaves of a grid: sums are exact in any order
    double sum = 0;
    for (std::size_t t = model().trees.size(); t-- > 0;)
      sum += model().trees[t].leaves[leaf_of(model().trees[t], row(i))];
    const double base = model().base_margin.empty() ? 0 : model().base_margin[0];
    if (margin(model(), row(i)) != sum + base) return state.SkipWithError("not the sum of its leaves");
  }
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(margin(model(), row(i++ % kRows)));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(write)->Name("model/write/trees:500/leaves:31")->Unit(benchmark::kMillisecond);
BENCHMARK(read)->Name("model/read/trees:500/leaves:31")->Unit(benchmark::kMillisecond);
BENCHMARK(walk)->Name("model/walk/trees:500/leaves:31")->Unit(benchmark::kMicrosecond);

}  // namespace
