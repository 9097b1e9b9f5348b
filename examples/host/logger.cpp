// A logger of your own: a class that overrides what it wants to hear. Here: parameters and metrics as rows of a CSV
// file.
#include <riskflag/riskflag.hpp>
#include <riskflag/track.hpp>

#include <cstdio>
#include <fstream>

namespace track = riskflag::track;

class CsvLogger final : public track::Logger {
 public:
  explicit CsvLogger(const std::string& path) : file_(path) { file_ << "run,what,name,step,value\n"; }
  void log_params(const std::string& run_id, std::span<const track::KeyValue> params) override {
    for (const auto& param : params) row(run_id, "param", param.key, 0, param.value);
  }
  void log_metrics(const std::string& run_id, std::span<const track::MetricPoint> points) override {
    for (const auto& point : points) row(run_id, "metric", point.key, point.step, riskflag::number_text(point.value));
  }
  void end_run(const std::string& run_id, track::RunStatus status) override {
    row(run_id, "end", "", 0, std::string(track::name_of(status)));
  }

 private:
  void row(const std::string& run, const char* what, const std::string& name, std::int64_t step,
           const std::string& value) {
    file_ << run << ',' << what << ',' << riskflag::csv_cell(name) << ',' << step << ',' << riskflag::csv_cell(value)
          << '\n'
          << std::flush;
  }
  std::ofstream file_;
};

int main(int argc, char** argv) try {
  std::vector<double> x(1000), y(1000);
  const riskflag::Random random(7);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = random.uniform(2 * i), y[i] = random.uniform(2 * i + 1) < x[i] ? 1 : 0;
  const std::vector<riskflag::Feature> features{{.name = "debt"}};
  const auto view = riskflag::MatrixView<double>::row_major(x.data(), x.size(), 1);
  CsvLogger logger(argc > 1 ? argv[1] : "runs.csv");
  riskflag::SerialExecutor serial;
  for (const double rate : {0.05, 0.3}) {
    track::Run run(logger, {.name = "rate " + riskflag::number_text(rate)});
    run.param("learning_rate, of each tree", riskflag::number_text(rate));
    const auto result = riskflag::train(view, features, y, {.num_iterations = 20, .learning_rate = rate}, serial);
    std::vector<double> margins;
    for (const double& value : x) margins.push_back(riskflag::margin(result.model, std::span(&value, 1)));
    run.metric("train.auc", riskflag::metrics::roc_auc(margins, y).value.value_or(0), 20);
    run.finish();
  }
  return 0;
} catch (const riskflag::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
