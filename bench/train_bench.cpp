// Nanoseconds a unit of each phase of training, beside the floors that docs give: histogram fill a cell, partition a
// row, gradient and rounding a row, split scan a bin. Columns are skewed on purpose: `zero` has 90 % of its rows in one
// bin.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/train.hpp>

#include "../tests/train/small_table.hpp"

namespace {

using namespace riskflag;

void per_unit(benchmark::State& state, const char* name, std::size_t units) {
  state.counters[name] = benchmark::Counter(static_cast<double>(units) * static_cast<double>(state.iterations()) * 1e-9,
                                            benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// 100,000 rows x 14 columns; kind 0: uniform bins, 1: nine rows of ten in one bin, 2: flags. Every second row is
/// added.
void fill(benchmark::State& state) {
  constexpr std::size_t kRows = 100000, kCols = 14;
  const Random random(2);
  std::vector<double> x(kRows * kCols);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = random.uniform(i);
    x[i] = state.range(0) == 0 ? u : state.range(0) == 1 ? std::max(0.0, u - 0.9) : static_cast<double>(u < 0.3);
  }
  std::vector<Feature> features(kCols);
  SerialExecutor serial;
  const Binned bins = bin_matrix(MatrixView<double>::row_major(x.data(), kRows, kCols), features, {}, serial);
  const riskflag::detail::HistogramMaker<NarrowCell> maker(bins);
  std::vector<NarrowCell> histogram(maker.cells()), cells(kRows, pack(3, 1));
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < kRows; i += 1 + static_cast<std::uint32_t>(random.below(3, i))) rows.push_back(i);
  auto scratch = maker.make_scratch();
  maker.clear(histogram.data());
  for (auto _ : state) {
    maker.add_rows(histogram.data(), cells.data(), rows.data(), 0, rows.size(), scratch);
    benchmark::ClobberMemory();
  }
  if (h_of(histogram[0]) + h_of(histogram[1]) == 0) state.SkipWithError("nothing was added");
  per_unit(state, "ns_per_cell", rows.size() * kCols);
}

void partition(benchmark::State& state) {
  constexpr std::size_t kRows = 100000;
  std::vector<std::uint8_t> column(kRows);
  std::vector<std::uint32_t> rows(kRows), out(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    column[i] = static_cast<std::uint8_t>(Random(3).below(256, i));
    rows[i] = static_cast<std::uint32_t>(i);
  }
  std::array<std::uint8_t, 256> go_left{};
  for (std::size_t b = 0; b < 100; ++b) go_left[b] = 1;
  for (auto _ : state)
    benchmark::DoNotOptimize(kernels::partition_rows(column.data(), go_left.data(), rows.data(), 0, kRows, out.data()));
  per_unit(state, "ns_per_row", kRows);
}

void gradients(benchmark::State& state) {
  const auto level = static_cast<CpuLevel>(state.range(0));
  if (level > cpu_level()) {
    state.SkipWithError("this CPU lacks it");
    return;
  }
  constexpr std::size_t kRows = 16384;
  std::vector<double> scores(kRows), labels(kRows), g(kRows), h(kRows);
  std::vector<NarrowCell> cells(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    scores[i] = Random(4).normal(i);
    labels[i] = static_cast<double>(i % 3 == 0);
  }
  const kernels::TrainKernels kernel = kernels::train_kernels(level);
  for (auto _ : state) {
    kernel.logistic({scores.data(), labels.data(), nullptr, g.data(), h.data(), kRows});
    const kernels::GradientSums sums = kernel.sum(g.data(), h.data(), kRows);
    kernel.quantize({g.data(), h.data(), 0, kRows, 1e9 / sums.g, 1e9 / sums.h, 1, 2}, cells.data());
    benchmark::ClobberMemory();
  }
  per_unit(state, "ns_per_row", kRows);
}

void scan(benchmark::State& state) {
  const auto level = static_cast<CpuLevel>(state.range(0));
  if (level > cpu_level()) {
    state.SkipWithError("this CPU lacks it");
    return;
  }
  std::vector<NarrowCell> cells(kCellStride);
  NarrowCell total = 0;
  for (std::size_t b = 0; b < 255; ++b) {
    cells[b] = pack(static_cast<std::int32_t>(Random(5).below(200000, b)) - 100000,
                    static_cast<std::uint32_t>(Random(5).below(90000, b + 300)));
    total += cells[b];
  }
  const kernels::ScanInput<NarrowCell> in{cells.data(), 0, 254, 0, total, 0.0, 1.0, 20.0};
  const auto kernel = kernels::train_kernels(level).scan;
  if (kernel(in).cut != kernels::scan_scalar(in).cut) state.SkipWithError("wrong cut");
  for (auto _ : state) benchmark::DoNotOptimize(kernel(in));
  per_unit(state, "ns_per_bin", 254);
}

void whole(benchmark::State& state) {
  const SmallTable table = small_table(100000, 12, 1);
  TrainOptions options;
  options.num_iterations = 10;
  Pool pool(static_cast<unsigned>(state.range(0)));
  const Binned bins = bin_matrix(table.view(), table.features, bin_options(options), pool);
  for (auto _ : state) benchmark::DoNotOptimize(train({.bins = bins, .labels = table.labels}, {}, options, pool));
  per_unit(state, "ns_per_cell_and_tree", table.values.size() * 10);
}

BENCHMARK(fill)->Name("train/fill/kind")->Arg(0)->Arg(1)->Arg(2);
BENCHMARK(partition)->Name("train/partition");
BENCHMARK(gradients)->Name("train/gradients/level")->Arg(0)->Arg(2)->Arg(3);
BENCHMARK(scan)->Name("train/scan/level")->Arg(0)->Arg(2)->Arg(3);
BENCHMARK(whole)->Name("train/whole/threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
