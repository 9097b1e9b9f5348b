// interop/*: 500 trees to XGBoost's JSON and back, and to ONNX.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <riskflag/interop/export_onnx.hpp>
#include <riskflag/interop/export_xgboost.hpp>
#include <riskflag/interop/xgboost.hpp>
#include <riskflag/model/walk.hpp>

#include "../tests/predict/random_model.hpp"

namespace {

using namespace riskflag;

const Model& model() {
  static const Model made = riskflag_test::random_model(1, {.trees = 500, .leaves = 31, .features = 30});
  return made;
}

/// The exported model, read back, gives rows of floats our margins.
bool comes_back(const std::string& text) {
  const auto back = interop::import_xgboost(text, "bench");
  if (!back) return false;
  constexpr std::size_t kRows = 200;
  std::vector<double> values = riskflag_test::random_rows(2, kRows, model());
  for (double& x : values) x = std::isinf(x) ? 1e30 : static_cast<double>(static_cast<float>(x));
  for (double& x : values) x = std::isinf(x) ? 1e30 : x;
  double scale = 1;
  for (const Tree& tree : model().trees)
    scale += std::abs(*std::max_element(tree.leaves.begin(), tree.leaves.end(),
                                        [](double a, double b) { return std::abs(a) < std::abs(b); }));
  const std::size_t cols = model().features.size();
  for (std::size_t i = 0; i < kRows; ++i) {
    const std::span<const double> row(&values[i * cols], cols);
    if (!(std::abs(margin(*back, row) - margin(model(), row)) <= 1e-6 * scale)) return false;
  }
  return true;
}

void write(benchmark::State& state) {
  if (!comes_back(interop::xgboost_json(model()).value())) return state.SkipWithError("other margins come back");
  for (auto _ : state) benchmark::DoNotOptimize(interop::xgboost_json(model()));
}

void read(benchmark::State& state) {
  const std::string text = interop::xgboost_json(model()).value();
  if (!comes_back(text)) return state.SkipWithError("other margins come back");
  for (auto _ : state) benchmark::DoNotOptimize(interop::import_xgboost(text, "bench"));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void onnx(benchmark::State& state) {
  const std::string bytes = interop::onnx_bytes(model()).value();
  const auto leaf = static_cast<float>(model().trees[7].leaves[3]);  // ONNX Runtime itself is asked in tests/peers
  if (bytes.find(std::string(reinterpret_cast<const char*>(&leaf), sizeof leaf)) == std::string::npos)
    return state.SkipWithError("a leaf is missing");
  for (auto _ : state) benchmark::DoNotOptimize(interop::onnx_bytes(model()));
}

BENCHMARK(write)->Name("interop/xgboost/write/trees:500")->Unit(benchmark::kMillisecond);
BENCHMARK(read)->Name("interop/xgboost/read/trees:500")->Unit(benchmark::kMillisecond);
BENCHMARK(onnx)->Name("interop/onnx/write/trees:500")->Unit(benchmark::kMillisecond);

}  // namespace
