// report/render: the page of a binary model judged on so many rows. The ceiling is 10 seconds for a million rows:
// --benchmark_filter=rows:1000000 (CI leaves that one out).

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/report/html.hpp>

namespace {

using namespace riskflag;

/// The share of (positive, negative) pairs in order, ties half: ROC-AUC by its definition.
double slow_auc(const std::vector<double>& labels, const std::vector<double>& scores) {
  double good = 0, pairs = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (labels[i] != 1 || labels[j] != 0) continue;
      ++pairs;
      good += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  }
  return good / pairs;
}

struct Scored {
  std::vector<double> labels, scores;
  explicit Scored(std::size_t rows) {
    const Random random(1);
    for (std::size_t i = 0; i < rows; ++i) {
      scores.push_back(exact::sigmoid(random.normal(2 * i) - 1));
      labels.push_back(random.uniform(2 * i + 1) < scores.back() ? 1 : 0);
    }
  }
  [[nodiscard]] std::string page() const {
    report::ReportData data;
    data.parts = {{"test", labels, scores}};
    return report::render(data);
  }
};

void render(benchmark::State& state) {
  const Scored few(3000);
  char said[16];
  std::snprintf(said, sizeof said, "%.3f", slow_auc(few.labels, few.scores));
  if (few.page().find(said) == std::string::npos) return state.SkipWithError("the page has another ROC-AUC");
  const Scored rows(static_cast<std::size_t>(state.range(0)));
  if (rows.page().size() > 1'000'000) return state.SkipWithError("the page is larger than 1 MB");
  for (auto _ : state) benchmark::DoNotOptimize(rows.page());
  state.counters["ceiling_seconds"] = 10 * static_cast<double>(state.range(0)) * 1e-6;
}

BENCHMARK(render)->Name("report/render")->ArgName("rows")->Arg(20'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
