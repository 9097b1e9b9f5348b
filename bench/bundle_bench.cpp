// bundle/*: opening a model directory of three fields, digests and example included, and a row's cells to its score.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "../tests/bundle/tiny_model.hpp"

namespace {

using namespace riskflag;
using bundle::RawCell;

void open(benchmark::State& state) {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  if (bundle::open(folder / "model").model.trees != tiny::model().trees)
    return state.SkipWithError("another model comes back");
  for (auto _ : state) benchmark::DoNotOptimize(bundle::open(folder / "model"));
}

void row(benchmark::State& state) {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  const bundle::Bundle opened = bundle::open(folder / "model");
  const bundle::RowProgram program(opened);
  bundle::RowProgram::Scratch scratch;
  std::vector<double> features(program.features());
  std::vector<bundle::FieldIssue> issues;
  const auto score = [&](std::string_view income, std::string_view home, std::string_view since) {
    const std::array cells{RawCell::of_csv(income), RawCell::of_csv(home), RawCell::of_csv(since)};
    return program.prepare(cells, features, scratch, issues) ? program.probability(features) : -1.0;
  };
  // margins by hand: -1 + (income <= 1000 ? 2 : 0.5) + (OWN ? -0.25 : 0.75)
  if (score("500", "OWN", "2024-10-04") != tiny::of_margin(0.75) ||
      score("1000.5", "RENT", "") != tiny::of_margin(0.25) || score("-9", "OWN", "") != tiny::of_margin(0.75) ||
      score("3O", "OWN", "") != -1.0)
    return state.SkipWithError("not the probability of the margin by hand");
  issues.clear();
  for (auto _ : state) benchmark::DoNotOptimize(score("500", "OWN", "2024-10-04"));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(open)->Name("bundle/open/fields:3")->Unit(benchmark::kMicrosecond);
BENCHMARK(row)->Name("bundle/row/fields:3");

}  // namespace
