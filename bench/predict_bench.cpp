// Scoring: single rows and batches of random forests, every kernel that runs here. Results are compared with the slow
// scorer before anything is timed.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict.hpp>

#include "../tests/predict/random_model.hpp"

namespace {

using namespace riskflag;
using namespace riskflag_test;

struct Case {
  Model model;
  std::vector<double> rows;
  std::size_t count, cols;
};

/// 30 features with 8 % missing values and 230 thresholds each, as LightGBM makes them with max_bin 255.
Case make_case(std::size_t trees, std::size_t leaves) {
  Case out{random_model(1, {.trees = trees, .leaves = leaves, .features = 30, .thresholds = 230}), {}, 20000, 30};
  out.rows = random_rows(2, out.count, out.model, 0.08, 0.0);
  return out;
}

/// False when a kernel's answer differs from the slow scorer's by a bit.
bool is_right(const Case& data, const Predictor& predictor) {
  constexpr std::size_t kChecked = 300;
  std::vector<double> batch(kChecked);
  if (!predictor.margins(MatrixView<double>::row_major(data.rows.data(), kChecked, data.cols), batch)) return false;
  for (std::size_t i = 0; i < kChecked; ++i) {
    const double want = margin(data.model, std::span(data.rows).subspan(i * data.cols, data.cols));
    const double single = predictor.margin(data.rows.data() + i * data.cols);
    if (std::bit_cast<std::uint64_t>(want) != std::bit_cast<std::uint64_t>(single)) return false;
    if (std::bit_cast<std::uint64_t>(want) != std::bit_cast<std::uint64_t>(batch[i])) return false;
  }
  return true;
}

void single_row(benchmark::State& state, const PredictorOptions options, std::size_t trees, std::size_t leaves) {
  const Case data = make_case(trees, leaves);
  const auto predictor = Predictor::make(data.model, options);
  if (!predictor || !is_right(data, *predictor)) return state.SkipWithError("wrong answer");
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(predictor->margin(data.rows.data() + at * data.cols));
    if (++at == data.count) at = 0;
  }
}

void batch(benchmark::State& state, const PredictorOptions options, std::size_t trees, std::size_t leaves) {
  const Case data = make_case(trees, leaves);
  const auto predictor = Predictor::make(data.model, options);
  if (!predictor || !is_right(data, *predictor)) return state.SkipWithError("wrong answer");
  std::vector<double> out(data.count);
  const auto rows = MatrixView<double>::row_major(data.rows.data(), data.count, data.cols);
  for (auto _ : state) {
    if (!predictor->margins(rows, out)) return state.SkipWithError("wrong size");
    benchmark::DoNotOptimize(out.data());
  }
  // Shown as time for one row: the rate's inverse.
  state.counters["row"] = benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(data.count),
                                             benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void load(benchmark::State& state) {
  const Case data = make_case(500, 31);
  const std::string text = model_text(data.model);
  const auto back = parse_model(text, "model.json");
  const auto predictor = back ? Predictor::make(*back) : Predictor::make(data.model);
  if (!back || *back != data.model || !predictor || !is_right(data, *predictor))
    return state.SkipWithError("wrong answer");
  for (auto _ : state) {
    auto model = parse_model(text, "model.json");
    if (!model) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(Predictor::make(*model).ok());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text.size()));
}

const bool kRegistered = [] {
  std::vector<PredictorOptions> engines = {{.engine = "walk"}};
  for (const ScanKernel* kernel : kScanKernels) {
    if (is_runnable(*kernel)) engines.push_back({.engine = "scan", .kernel = kernel->name});
  }
  const std::pair<std::size_t, std::size_t> sizes[] = {{500, 31}, {100, 31},  {500, 8},
                                                       {500, 64}, {500, 128}, {200, 255}};
  for (const auto& [trees, leaves] : sizes) {
    for (const PredictorOptions& options : engines) {
      const std::string tail = std::string(options.engine == "walk" ? options.engine : options.kernel) +
                               "/trees:" + std::to_string(trees) + "/leaves:" + std::to_string(leaves);
      benchmark::RegisterBenchmark(("predict/row/" + tail).c_str(), single_row, options, trees, leaves);
      benchmark::RegisterBenchmark(("predict/batch/" + tail).c_str(), batch, options, trees, leaves);
    }
  }
  benchmark::RegisterBenchmark("predict/load/trees:500/leaves:31", load)->Unit(benchmark::kMillisecond);
  return true;
}();

}  // namespace
