// track/*: a boosting round's metrics into a journal, and a journal of many rounds back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <riskflag/track/journal.hpp>
#include <riskflag/track/journal_reader.hpp>

#include "../tests/track/fresh_directory.hpp"

namespace {

using namespace riskflag;

std::vector<track::MetricPoint> metrics_of(std::int64_t step) {
  return {{"train.binary_logloss", 1.0 / static_cast<double>(step + 3), step},
          {"valid.binary_logloss", 1.0 / static_cast<double>(step + 2), step}};
}

/// Logs `rounds` rounds; the run's file.
std::string log_rounds(const std::string& directory, std::int64_t rounds) {
  track::JournalLogger logger(directory);
  const std::string run = logger.begin_run({});
  for (std::int64_t step = 0; step < rounds; ++step) logger.log_metrics(run, metrics_of(step));
  logger.end_run(run, track::RunStatus::finished);
  return directory + "/" + run + ".jsonl";
}

/// What was logged comes back, in order and to the bit.
bool is_right(const track::RunRecord& run, std::int64_t rounds) {
  if (run.metrics.size() != 2 * static_cast<std::size_t>(rounds)) return false;
  for (std::size_t i = 0; i < run.metrics.size(); ++i) {
    const track::MetricPoint want = metrics_of(static_cast<std::int64_t>(i / 2))[i % 2];
    const track::MetricPoint& got = run.metrics[i];
    if (got.key != want.key || got.value != want.value || got.step != want.step) return false;
  }
  return run.notes.empty() && run.status == track::RunStatus::finished;
}

void log(benchmark::State& state) {
  const FreshDirectory folder("bench_track");
  if (!is_right(track::read_run(log_rounds(folder.path(), 200)), 200))
    return state.SkipWithError("not what was logged");
  track::JournalLogger logger(folder.path());
  const std::string run = logger.begin_run({});
  std::int64_t step = 0;
  for (auto _ : state) logger.log_metrics(run, metrics_of(step++));
  logger.end_run(run, track::RunStatus::finished);
  state.SetItemsProcessed(state.iterations());
}

void read(benchmark::State& state) {
  const FreshDirectory folder("bench_track");
  const std::string path = log_rounds(folder.path(), 2000);
  if (!is_right(track::read_run(path), 2000)) return state.SkipWithError("not what was logged");
  for (auto _ : state) benchmark::DoNotOptimize(track::read_run(path));
  state.SetItemsProcessed(state.iterations() * 2000);
}

BENCHMARK(log)->Name("track/log_metrics")->Unit(benchmark::kMicrosecond);
BENCHMARK(read)->Name("track/read_run/rounds:2000")->Unit(benchmark::kMillisecond);

}  // namespace
