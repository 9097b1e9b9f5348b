// calibrate/*: fitting on 50,000 rows, and a probability's way through the curves.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

#include <riskflag/calibrate/fit.hpp>
#include <riskflag/core/random.hpp>

namespace {

using namespace riskflag;

struct Rows {
  std::vector<double> p, y;
  [[nodiscard]] CalibrationData data() const { return {p, y, {}}; }
};

/// True log-odds are half the model's.
Rows make_rows(std::size_t n) {
  const Random random(1);
  Rows rows;
  for (std::size_t i = 0; i < n; ++i) {
    const double margin = 2 * random.normal(2 * i) - 1;
    rows.p.push_back(1 / (1 + std::exp(-margin)));
    rows.y.push_back(random.uniform(2 * i + 1) < 1 / (1 + std::exp(-margin / 2)) ? 1 : 0);
  }
  return rows;
}

/// Isotonic regression by its definition: max over starts of the min over ends of the mean in between.
std::vector<double> slow_isotonic(const std::vector<double>& y) {
  std::vector<double> out(y.size(), 0);
  for (std::size_t first = 0; first < y.size(); ++first) {
    std::vector<double> least(y.size());  // min over ends >= i of the mean of first .. end
    double sum = 0;
    for (std::size_t i = first; i < y.size(); ++i) least[i] = (sum += y[i]) / static_cast<double>(i - first + 1);
    for (std::size_t i = y.size() - 1; i-- > first;) least[i] = std::min(least[i], least[i + 1]);
    for (std::size_t i = first; i < y.size(); ++i) out[i] = std::max(out[i], least[i]);
  }
  return out;
}

void isotonic(benchmark::State& state) {
  Rows few = make_rows(400);
  std::sort(few.p.begin(), few.p.end());
  const Calibration fitted = fit_isotonic(few.data());
  const std::vector<double> want = slow_isotonic(few.y);
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!(std::abs(fitted.apply(few.p[i]) - want[i]) <= 1e-12)) return state.SkipWithError("not the isotonic line");
  }
  const Rows rows = make_rows(50'000);
  for (auto _ : state) benchmark::DoNotOptimize(fit_isotonic(rows.data()));
}

void platt(benchmark::State& state) {
  const Rows rows = make_rows(50'000);
  const Calibration fitted = fit_platt(rows.data());
  double residual = 0;  // at the maximum the calibrated probabilities have the labels' mean (Platt's targets aside)
  for (std::size_t i = 0; i < rows.p.size(); ++i)
    residual += 1 / (1 + std::exp(-(fitted.a * std::log(rows.p[i] / (1 - rows.p[i])) + fitted.c))) - rows.y[i];
  if (!(std::abs(residual) < 1.1 && std::abs(fitted.a - 0.5) < 0.03)) return state.SkipWithError("not the best line");
  for (auto _ : state) benchmark::DoNotOptimize(fit_platt(rows.data()));
}

BENCHMARK(isotonic)->Name("calibrate/fit_isotonic/50000")->Unit(benchmark::kMillisecond);
BENCHMARK(platt)->Name("calibrate/fit_platt/50000")->Unit(benchmark::kMillisecond);

}  // namespace
