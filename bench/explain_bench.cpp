// Reasons: path-dependent contributions of single rows and batches, every kernel that runs here. A model whose
// contributions do not add up to its margins is not timed.

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <riskflag/explain.hpp>
#include <riskflag/model/walk.hpp>

#include "../tests/predict/random_model.hpp"

namespace {

using namespace riskflag;
using namespace riskflag_test;

struct Case {
  Model model;
  std::vector<double> rows;
  std::size_t count = 512, cols = 30;
};

Case make_case(std::size_t trees, std::size_t leaves) {
  Case out{random_model(1, {.trees = trees, .leaves = leaves, .features = 30, .thresholds = 230}), {}};
  for (Tree& tree : out.model.trees) {
    const auto count = [&](std::int32_t child) {
      return child < 0 ? tree.leaf_counts[static_cast<std::size_t>(~child)]
                       : tree.nodes[static_cast<std::size_t>(child)].count;
    };
    for (std::size_t i = tree.nodes.size(); i-- > 0;) {
      tree.nodes[i].count = count(tree.nodes[i].left) + count(tree.nodes[i].right);
    }
  }
  out.rows = random_rows(2, out.count, out.model, 0.08, 0.0);
  return out;
}

bool adds_up(const Case& data, const Explainer& explainer) {
  Explainer::Scratch scratch;
  std::vector<double> out(data.cols);
  for (std::size_t r = 0; r < 100; ++r) {
    explainer.contributions(data.rows.data() + r * data.cols, out.data(), scratch);
    double sum = explainer.base();
    for (const double x : out) sum += x;
    const double want = margin(data.model, std::span(data.rows).subspan(r * data.cols, data.cols));
    if (!(std::abs(sum - want) < 1e-12 * static_cast<double>(data.model.trees.size()))) return false;
  }
  return true;
}

void single_row(benchmark::State& state, CpuLevel level, std::size_t trees, std::size_t leaves) {
  const Case data = make_case(trees, leaves);
  const auto explainer = Explainer::make(data.model, level);
  if (!explainer || !adds_up(data, *explainer)) return state.SkipWithError("wrong answer");
  Explainer::Scratch scratch;
  std::vector<double> out(data.cols);
  std::size_t at = 0;
  for (auto _ : state) {
    explainer->contributions(data.rows.data() + at * data.cols, out.data(), scratch);
    benchmark::DoNotOptimize(out.data());
    if (++at == data.count) at = 0;
  }
}

void batch(benchmark::State& state, CpuLevel level, std::size_t trees, std::size_t leaves) {
  const Case data = make_case(trees, leaves);
  const auto explainer = Explainer::make(data.model, level);
  if (!explainer || !adds_up(data, *explainer)) return state.SkipWithError("wrong answer");
  Explainer::Scratch scratch;
  std::vector<double> out(data.count * data.cols);
  const auto rows = MatrixView<double>::row_major(data.rows.data(), data.count, data.cols);
  for (auto _ : state) benchmark::DoNotOptimize(explainer->contributions(rows, out, scratch));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(data.count));
}

void versus(benchmark::State& state, std::size_t kept, std::size_t trees, std::size_t leaves) {
  const Case data = make_case(trees, leaves);
  const auto explainer = Explainer::make(data.model);
  if (!explainer || !adds_up(data, *explainer)) return state.SkipWithError("wrong answer");
  Explainer::Scratch scratch;
  std::vector<double> out(data.cols);
  const auto references = explainer->references(MatrixView<double>::row_major(data.rows.data(), kept, data.cols));
  if (!references) return state.SkipWithError("wrong size");
  for (std::size_t r = kept; r < kept + 100; ++r) {  // from the references' mean margin to the row's
    const double* const row = data.rows.data() + r * data.cols;
    if (!explainer->contributions_against(row, *references, out, scratch)) return state.SkipWithError("wrong size");
    double sum = references->base()[0];
    for (const double x : out) sum += x;
    if (!(std::abs(sum - margin(data.model, {row, data.cols})) < 1e-12 * static_cast<double>(trees)))
      return state.SkipWithError("wrong answer");
  }
  std::size_t at = kept;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        explainer->contributions_against(data.rows.data() + at * data.cols, *references, out, scratch));
    if (++at == data.count) at = kept;
  }
}

const bool kRegistered = [] {
  for (const auto& [trees, leaves] : {std::pair<std::size_t, std::size_t>{500, 31}, {500, 64}, {100, 31}}) {
    const std::string size = "/trees:" + std::to_string(trees) + "/leaves:" + std::to_string(leaves);
    for (const CpuLevel level : {CpuLevel::scalar, CpuLevel::avx2, CpuLevel::avx512}) {
      if (static_cast<int>(level) > static_cast<int>(cpu_level())) continue;
      const std::string name = "explain/" + std::string(name_of(level)) + size;
      benchmark::RegisterBenchmark((name + "/row").c_str(),
                                   [=](benchmark::State& state) { single_row(state, level, trees, leaves); });
      benchmark::RegisterBenchmark((name + "/batch").c_str(),
                                   [=](benchmark::State& state) { batch(state, level, trees, leaves); });
    }
    for (const std::size_t kept : {1U, 64U}) {
      benchmark::RegisterBenchmark(("explain/references:" + std::to_string(kept) + size + "/row").c_str(),
                                   [=](benchmark::State& state) { versus(state, kept, trees, leaves); });
    }
  }
  return true;
}();

}  // namespace
