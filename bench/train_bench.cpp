// Nanoseconds a unit of each phase of training, beside the floors that docs give: histogram fill a cell, partition a
// row, gradient and rounding a row, split scan a bin. Columns are skewed on purpose: `zero` has 90 % of its rows in one
// bin.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/model/walk.hpp>
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
  maker.fill(histogram.data(), cells.data(), rows.data(), rows.size());
  for (std::size_t j = 0; j < kCols; ++j) {
    const Binned::Place place = bins.place(j);
    std::array<NarrowCell, 256> want{};
    for (const std::uint32_t row : rows) want[bins.column(j)[row]] += cells[row];
    for (std::size_t b = 0; b < bins.stored_bins(place.column) && !place.is_shared; ++b) {
      if (histogram[place.column * kCellStride + b] != want[b]) return state.SkipWithError("wrong cells");
    }
  }
  for (auto _ : state) {
    maker.add_rows(histogram.data(), cells.data(), rows.data(), 0, rows.size());
    benchmark::ClobberMemory();
  }
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
  std::vector<std::uint32_t> want;
  for (const std::uint32_t row : rows) {
    if (column[row] < 100) want.push_back(row);
  }
  const std::size_t left = want.size();
  for (std::size_t i = kRows; i-- > 0;) {
    if (column[i] >= 100) want.push_back(rows[i]);
  }
  if (kernels::partition_rows(column.data(), go_left.data(), rows.data(), 0, kRows, out.data()) != left || out != want)
    return state.SkipWithError("wrong rows");
  for (auto _ : state)
    benchmark::DoNotOptimize(kernels::partition_rows(column.data(), go_left.data(), rows.data(), 0, kRows, out.data()));
  per_unit(state, "ns_per_row", kRows);
}

void gradients(benchmark::State& state) {
  const auto level = static_cast<CpuLevel>(state.range(0));
  if (level > cpu_level()) {
    state.SkipWithError("this CPU has no such instructions");
    return;
  }
  constexpr std::size_t kRows = 16384;
  std::vector<double> scores(kRows), labels(kRows), g(kRows), h(kRows);
  std::vector<NarrowCell> cells(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    scores[i] = Random(4).normal(i);
    labels[i] = static_cast<double>(i % 3 == 0);
  }
  const auto run = [&](const kernels::TrainKernels& kernel) {
    kernel.logistic({scores.data(), labels.data(), nullptr, g.data(), h.data(), kRows});
    const kernels::GradientSums sums = kernel.sum(g.data(), h.data(), kRows);
    kernel.quantize({g.data(), h.data(), 0, kRows, 1e9 / sums.g, 1e9 / sums.h, 1, 2}, cells.data());
  };
  const kernels::TrainKernels kernel = kernels::train_kernels(level);
  run(kernels::TrainKernels{});
  const std::vector<NarrowCell> want = cells;
  for (std::size_t i = 0; i < kRows; ++i) {
    if (std::abs(g[i] - (1 / (1 + std::exp(-scores[i])) - labels[i])) > 1e-15)
      return state.SkipWithError("a gradient differs from libm's");
  }
  run(kernel);
  if (cells != want) return state.SkipWithError("differs from the scalar kernels");
  for (auto _ : state) {
    run(kernel);
    benchmark::ClobberMemory();
  }
  per_unit(state, "ns_per_row", kRows);
}

void scan(benchmark::State& state) {
  const auto level = static_cast<CpuLevel>(state.range(0));
  if (level > cpu_level()) {
    state.SkipWithError("this CPU has no such instructions");
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
  if (kernel(in).cut != kernels::scan_scalar(in).cut) return state.SkipWithError("wrong cut");
  for (auto _ : state) benchmark::DoNotOptimize(kernel(in));
  per_unit(state, "ns_per_bin", 254);
}

void whole(benchmark::State& state) {
  const SmallTable table = small_table(100000, 12, 1);
  TrainOptions options;
  options.num_iterations = 10;
  Pool pool(static_cast<unsigned>(state.range(0)));
  const Binned bins = bin_matrix(table.view(), table.features, bin_options(options), pool);
  const Model model = train({.bins = bins, .labels = table.labels}, {}, options, pool).model;
  SerialExecutor serial;
  if (train(table.view(), table.features, table.labels, options, serial).model != model)
    return state.SkipWithError("threads change the model");
  double loss = 0, base = 0;  // by the slow scorer
  for (std::size_t i = 0; i < table.rows; i += 50) {
    const double sign = table.labels[i] == 1 ? -1 : 1;
    loss += std::log1p(std::exp(sign * margin(model, table.row(i))));
    base += std::log1p(std::exp(sign * model.base_margin[0]));
  }
  if (!(loss < 0.98 * base)) return state.SkipWithError("nothing was learned");
  for (auto _ : state) benchmark::DoNotOptimize(train({.bins = bins, .labels = table.labels}, {}, options, pool));
  per_unit(state, "ns_per_cell_and_tree", table.values.size() * 10);
}

BENCHMARK(fill)->Name("train/fill/kind")->Arg(0)->Arg(1)->Arg(2);
BENCHMARK(partition)->Name("train/partition");
BENCHMARK(gradients)->Name("train/gradients/level")->Arg(0)->Arg(2)->Arg(3);
BENCHMARK(scan)->Name("train/scan/level")->Arg(0)->Arg(2)->Arg(3);
BENCHMARK(whole)->Name("train/whole/threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
