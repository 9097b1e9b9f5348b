// The leak guard's cost a cell, on an honest table and on one that repeats its rows. Finds the same thing on one thread
// and on all before it times anything.

#include <riskflag/audit/leak.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <riskflag/core/random.hpp>

namespace {

struct Table {
  riskflag::Frame frame;
  std::vector<double> labels;
  riskflag::Split split;
};

/// Numbers, whole numbers and categories in turn; every row `repeats` times.
Table make_table(std::size_t rows, std::size_t columns, std::size_t repeats) {
  const riskflag::Random random(7);
  Table table;
  for (std::size_t c = 0; c < columns; ++c) {
    riskflag::Column column{.name = "c" + std::to_string(c)};
    if (c % 3 == 2) column.type = riskflag::ColumnType::category;
    for (int level = 10; level < 60 && c % 3 == 2; ++level) column.levels.push_back("level " + std::to_string(level));
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint64_t at = i / repeats * columns + c;
      if (c % 3 == 0) column.numbers.push_back(random.uniform(at));
      if (c % 3 == 1) column.numbers.push_back(static_cast<double>(random.below(50000, at)));
      if (c % 3 == 2) column.codes.push_back(static_cast<std::int32_t>(random.below(50, at)));
    }
    table.frame.add(std::move(column));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    table.labels.push_back(random.uniform(1'000'000'000 + i) < 0.1 ? 1 : 0);
    (random.uniform(2'000'000'000 + i) < 0.8 ? table.split.train : table.split.test)
        .push_back(static_cast<std::uint32_t>(i));
  }
  return table;
}

void find_leaks(benchmark::State& state, std::size_t columns, std::size_t repeats) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const Table table = make_table(rows, columns, repeats);
  const riskflag::Schema schema = riskflag::infer_schema(table.frame);
  riskflag::SerialExecutor serial;
  riskflag::Pool pool;
  const auto want = riskflag::audit::find_leaks(table.frame, schema, table.labels, table.split, serial);
  const auto got = riskflag::audit::find_leaks(table.frame, schema, table.labels, table.split, pool);
  const std::size_t expected = repeats > 1 ? 2 : 0;  // the split and the duplicates
  if (want.size() != expected || got.size() != expected) {
    state.SkipWithError("the guard found something else than what was planted");
    return;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(riskflag::audit::find_leaks(table.frame, schema, table.labels, table.split, serial));
  }
  state.counters["time_per_cell"] = benchmark::Counter(
      static_cast<double>(rows * columns), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["ceiling"] = 20e-9;  // seconds a cell that the guard may take
}

}  // namespace

BENCHMARK_CAPTURE(find_leaks, audit / honest / columns : 11, 11, 1)
    ->ArgName("rows")
    ->Arg(30'000)
    ->Arg(250'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(find_leaks, audit / honest / columns : 28, 28, 1)
    ->ArgName("rows")
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(find_leaks, audit / repeated / columns : 11, 11, 6)
    ->ArgName("rows")
    ->Arg(250'000)
    ->Unit(benchmark::kMillisecond);
