// monitor/*: the training rows' profile, a counter that a request adds to, and what a restart costs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <riskflag/core/random.hpp>
#include <riskflag/monitor/counters.hpp>
#include <riskflag/monitor/live.hpp>
#include <riskflag/monitor/live_performance.hpp>
#include <riskflag/monitor/reference.hpp>

namespace {

using namespace riskflag;

void reference(benchmark::State& state) {
  constexpr std::size_t kRows = 50'000;
  const Random random(1);
  Frame frame;
  for (std::uint64_t j = 0; j < 10; ++j) {
    Column column{.name = "c" + std::to_string(j)};
    for (std::uint64_t i = 0; i < kRows; ++i) column.numbers.push_back(random.uniform(i * 10 + j));
    frame.add(std::move(column));
  }
  const Schema schema = infer_schema(frame);
  const monitor::Reference made = monitor::make_reference(schema, frame, {});
  for (std::size_t j = 0; j < 10; ++j) {
    const std::vector<double>& x = frame.column("c" + std::to_string(j)).numbers;
    const monitor::FieldProfile& field = made.fields[j];
    for (std::size_t b = 0; b < field.counts.size(); ++b) {  // no value is twice: bins are tenths of the rows
      const auto inside = std::count_if(x.begin(), x.end(), [&](double v) {
        return (b == 0 || v > field.edges[b - 1]) && (b == field.edges.size() || v <= field.edges[b]);
      });
      if (field.counts.size() != 10 || inside != kRows / 10 || field.counts[b] != kRows / 10)
        return state.SkipWithError("bins are not tenths");
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(monitor::make_reference(schema, frame, {}));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows * 10));
}

void count(benchmark::State& state) {
  monitor::Counters counters(20);
  std::uint64_t added = 0;
  for (auto _ : state) {
    counters.add(added % 20);
    ++added;
  }
  std::uint64_t total = 0;
  for (std::size_t c = 0; c < 20; ++c) total += counters.total(c);
  if (total != added) state.SkipWithError("counts were lost");
}

monitor::Reference twelve_fields() {
  monitor::Reference reference;
  reference.rows = 1000;
  for (int f = 0; f < 12; ++f) {
    monitor::FieldProfile field{.name = "f" + std::to_string(f)};
    for (int e = 1; e < 10; ++e) field.edges.push_back(0.1 * e);
    field.counts.assign(10, 100);
    reference.fields.push_back(std::move(field));
  }
  reference.score_edges = reference.fields[0].edges;
  reference.score_counts = reference.fields[0].counts;
  return reference;
}

/// What a scored row of 12 fields costs beside its score: its places, and a count in each.
void live_row(benchmark::State& state) {
  monitor::LiveProfile live(twelve_fields(), {.sliding_s = {}, .tumbling_rows = {1}});
  const Random random(7);
  std::vector<double> rows(12 * 1000);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = random.uniform(i);
  std::vector<std::uint32_t> places;
  std::uint64_t row = 0;
  for (auto _ : state) {
    places.clear();
    live.layout().places(std::span(rows).subspan(row % 1000 * 12, 12), rows[row % 1000 * 12], places);
    live.add(places);
    ++row;
  }
  live.tick(0);
  if (live.drift().empty() || live.drift()[0].rows != row) state.SkipWithError("rows were lost");
}

/// What a minute's and a start's state cost: the default windows, and as many decisions as are kept.
void windows(benchmark::State& state) {
  monitor::LiveProfile live(twelve_fields()), back(twelve_fields());
  const std::vector<std::uint32_t> places(13, 0);
  for (std::int64_t ms = 0; ms <= 90'000'000; ms += 60'000) {
    live.add(places);
    live.tick(ms);
  }
  for (auto _ : state) back.restore(live.save(90'000'000), "windows", 90'000'000);
  if (back.save(90'000'000) != live.save(90'000'000)) state.SkipWithError("windows were lost");
}

void decisions(benchmark::State& state) {
  constexpr std::uint64_t kDecisions = 250'000;
  monitor::LivePerformance live(0.5), back(0.5);
  const Random random(9);
  for (std::uint64_t i = 0; i < kDecisions; ++i) live.decided({(i * 10'000) << 16, i}, random.uniform(i));
  for (auto _ : state) back.restore(live.save(), "decisions");
  if (back.save() != live.save()) state.SkipWithError("decisions were lost");
}

BENCHMARK(reference)->Name("monitor/make_reference/rows:50000/columns:10")->Unit(benchmark::kMillisecond);
BENCHMARK(count)->Name("monitor/counters/add");
BENCHMARK(live_row)->Name("monitor/live/row/fields:12");
BENCHMARK(windows)->Name("monitor/state/windows/fields:12")->Unit(benchmark::kMillisecond);
BENCHMARK(decisions)->Name("monitor/state/decisions:250000")->Unit(benchmark::kMillisecond);

}  // namespace
