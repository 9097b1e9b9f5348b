// Metrics over many rows; each is compared with another way to the same number before it is timed.

#include <cmath>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>
#include <riskflag/core/random.hpp>
#include <riskflag/metrics.hpp>

namespace {

using namespace riskflag;
namespace m = riskflag::metrics;

struct Rows {
  std::vector<double> p, y;
};

Rows make_rows(std::size_t count) {
  const Random random(1);
  Rows out;
  out.p.reserve(count);
  out.y.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.p.push_back(random.uniform(2 * i));
    out.y.push_back(random.uniform(2 * i + 1) < out.p.back() * 0.4 ? 1.0 : 0.0);
  }
  return out;
}

/// The area under the curve that roc_curve() draws, point by point.
double area(const Rows& rows) {
  const auto curve = m::roc_curve(rows.p, rows.y, {}, rows.p.size() + 2);
  double sum = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    sum += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
           (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
  }
  return sum;
}

void roc_auc(benchmark::State& state) {
  const Rows rows = make_rows(static_cast<std::size_t>(state.range(0)));
  if (std::abs(area(rows) - *m::roc_auc(rows.p, rows.y).value) > 1e-9) return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(m::roc_auc(rows.p, rows.y));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void log_loss(benchmark::State& state) {
  const Rows rows = make_rows(static_cast<std::size_t>(state.range(0)));
  double sum = 0;
  for (std::size_t i = 0; i < rows.p.size(); ++i) sum -= std::log(rows.y[i] > 0 ? rows.p[i] : 1 - rows.p[i]);
  const double want = sum / static_cast<double>(rows.p.size());
  if (std::abs(want - *m::log_loss(rows.p, rows.y).value) > 1e-9) return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(m::log_loss(rows.p, rows.y));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void summary(benchmark::State& state) {
  const Rows rows = make_rows(static_cast<std::size_t>(state.range(0)));
  if (m::binary_metrics(rows.p, rows.y, {}, 0.5).roc_auc != m::roc_auc(rows.p, rows.y).value ||
      m::binary_metrics(rows.p, rows.y, {}, 0.5).log_loss != m::log_loss(rows.p, rows.y).value) {
    return state.SkipWithError("wrong answer");
  }
  for (auto _ : state) benchmark::DoNotOptimize(m::binary_metrics(rows.p, rows.y, {}, 0.5));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// DeLong's variance by its definition, pair by pair.
double slow_variance(const Rows& rows) {
  double variance = 0;
  for (const double side : {1.0, 0.0}) {
    std::vector<double> placements;  // of each row of this class among those of the other
    for (std::size_t i = 0; i < rows.p.size(); ++i) {
      if (rows.y[i] != side) continue;
      double below = 0, others = 0;
      for (std::size_t j = 0; j < rows.p.size(); ++j) {
        if (rows.y[j] == side) continue;
        ++others;
        below += rows.p[j] < rows.p[i] ? 1 : rows.p[j] == rows.p[i] ? 0.5 : 0;
      }
      placements.push_back(below / others);
    }
    const auto n = static_cast<double>(placements.size());
    double mean = 0, squares = 0;
    for (const double x : placements) mean += x / n;
    for (const double x : placements) squares += (x - mean) * (x - mean);
    variance += squares / (n - 1) / n;
  }
  return variance;
}

void delong(benchmark::State& state) {
  const Rows few = make_rows(1000);
  if (!(std::abs(*m::delong_variance(few.p, few.y).value / slow_variance(few) - 1) < 1e-9))
    return state.SkipWithError("wrong answer");
  const Rows rows = make_rows(static_cast<std::size_t>(state.range(0)));
  if (!m::delong(rows.p, rows.y)) return state.SkipWithError("no interval");
  for (auto _ : state) benchmark::DoNotOptimize(m::delong(rows.p, rows.y));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(roc_auc)->Name("metrics/roc_auc/rows")->Arg(20000)->Arg(1000000)->Unit(benchmark::kMillisecond);
BENCHMARK(log_loss)->Name("metrics/log_loss/rows")->Arg(20000)->Arg(1000000)->Unit(benchmark::kMillisecond);
BENCHMARK(summary)->Name("metrics/binary_metrics/rows")->Arg(20000)->Arg(1000000)->Unit(benchmark::kMillisecond);
BENCHMARK(delong)->Name("metrics/delong/rows")->Arg(1000000)->Unit(benchmark::kMillisecond);

}  // namespace
