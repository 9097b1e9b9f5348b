// bin/threads:T: nanoseconds a cell for cuts and bytes of a table with continuous, integer and mostly-zero columns.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

#include <riskflag/bin.hpp>

#include "../tests/train/small_table.hpp"

namespace {

void bin_matrix(benchmark::State& state) {
  const SmallTable table = small_table(200000, 12, 1);
  riskflag::Pool pool(static_cast<unsigned>(state.range(0)));
  const riskflag::Binned bins = riskflag::bin_matrix(table.view(), table.features, {}, pool);
  for (std::size_t i = 0; i < table.rows; i += 97) {
    for (std::size_t j = 0; j < table.cols; ++j) {
      if (bins.column(j)[i] != bins.feature(j).bin_of(table.row(i)[j])) return state.SkipWithError("a bin is wrong");
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(riskflag::bin_matrix(table.view(), table.features, {}, pool));
  state.counters["ns_per_cell"] =
      benchmark::Counter(static_cast<double>(table.values.size()) * static_cast<double>(state.iterations()) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void find_bins(benchmark::State& state) {
  const auto level = static_cast<riskflag::CpuLevel>(state.range(0));
  if (level > riskflag::cpu_level()) {
    state.SkipWithError("this CPU has no such instructions");
    return;
  }
  riskflag::FeatureCuts feature;
  for (int i = 0; i < 254; ++i) feature.cuts.push_back(i / 254.0);
  feature.value_bins = 255;
  const auto table = riskflag::detail::cut_table(feature);
  std::vector<double> x(4096);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = riskflag::Random(1).uniform(i);
  std::vector<std::uint8_t> bins(x.size());
  const auto kernel = riskflag::kernels::find_bins_for(level);
  kernel(table, x.data(), x.size(), bins.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (bins[i] != feature.bin_of(x[i])) return state.SkipWithError("wrong bins");
  }
  for (auto _ : state) {
    kernel(table, x.data(), x.size(), bins.data());
    benchmark::ClobberMemory();
  }
  state.counters["ns_per_value"] =
      benchmark::Counter(static_cast<double>(x.size()) * static_cast<double>(state.iterations()) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(bin_matrix)->Name("bin/matrix/threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(find_bins)->Name("bin/find_bins/level")->Arg(0)->Arg(2)->Arg(3);

}  // namespace
