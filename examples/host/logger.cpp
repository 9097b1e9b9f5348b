// A logger of your own: a class that overrides what it wants to hear. Here: the best value of one metric over all runs.
#include <riskflag/riskflag.hpp>
#include <riskflag/track.hpp>

#include <algorithm>
#include <cstdio>

class BestValue final : public riskflag::track::Logger {
 public:
  void log_metrics(const std::string& run_id, std::span<const riskflag::track::MetricPoint> points) override {
    for (const auto& point : points) {
      if (point.key == "valid.auc" && point.value > best) best = point.value, best_run = run_id;
    }
  }
  double best = 0;
  std::string best_run;
};

int main() try {
  constexpr std::size_t kRows = 1000;
  const riskflag::Random random(7);
  std::vector<double> x(kRows), y(kRows);
  for (std::size_t i = 0; i < kRows; ++i) x[i] = random.uniform(2 * i), y[i] = random.uniform(2 * i + 1) < x[i] ? 1 : 0;
  const std::vector<riskflag::Feature> features{{.name = "debt"}};
  riskflag::SerialExecutor serial;
  BestValue logger;
  for (const double rate : {0.05, 0.3}) {
    riskflag::track::Run run(logger, {.name = "rate " + riskflag::number_text(rate)});
    const auto view = riskflag::MatrixView<double>::row_major(x.data(), kRows, 1);
    const auto result = riskflag::train(view, features, y, {.num_iterations = 20, .learning_rate = rate}, serial);
    std::vector<double> margins;
    for (const double& value : x) margins.push_back(riskflag::margin(result.model, std::span(&value, 1)));
    run.metric("valid.auc", riskflag::metrics::roc_auc(margins, y).value.value_or(0));
    run.finish();
  }
  std::printf("best %.3f in run %s\n", logger.best, logger.best_run.c_str());
  return logger.best > 0.7 ? 0 : 1;
} catch (const riskflag::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
