// Times our trainer inside, for bench/compare_training.py: reads a table that the script wrote, bins, trains, and
// writes the margins of the table's test rows, so that the script compares results before it compares times.
//
//   train_driver TABLE THREADS MARGINS [option=value ...]
//
// TABLE: int64 rows, test rows, columns; per column int64 levels (0 = numeric); float32 training rows one after
// another, as the peers get them; float64 labels; float32 test rows; then, for tests/peers, float64 weights and init
// margins of the training rows, or nothing. Prints one JSON object; seconds exclude reading,
// and memory_mb is the peak above what was there when training began.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/read_file.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/train.hpp>

namespace {

template <class T>
std::vector<T> take(std::string_view& bytes, std::size_t n) {
  std::vector<T> out(n);
  std::memcpy(out.data(), bytes.data(), n * sizeof(T));
  bytes.remove_prefix(n * sizeof(T));
  return out;
}

/// A line of /proc/self/status, in MB.
double status_mb(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(name.size())) / 1024.0;
  }
  return 0.0;
}
/// Lets the peak start anew and returns what is resident now.
double forget_peak_mb() {
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_mb("VmRSS:");
}

int run(int argc, char** argv) {
  using namespace riskflag;
  const std::string file = read_file(argv[1]);
  std::string_view bytes = file;
  const auto sizes = take<std::int64_t>(bytes, 3);
  const auto rows = static_cast<std::size_t>(sizes[0]), test_rows = static_cast<std::size_t>(sizes[1]),
             cols = static_cast<std::size_t>(sizes[2]);
  const auto levels = take<std::int64_t>(bytes, cols);
  const auto values = take<float>(bytes, rows * cols);
  const auto labels = take<double>(bytes, rows);
  const auto test = take<float>(bytes, test_rows * cols);
  std::vector<double> weights, init_margins;
  if (!bytes.empty()) weights = take<double>(bytes, rows);
  if (!bytes.empty()) init_margins = take<double>(bytes, rows);
  std::vector<Feature> features(cols);
  for (std::size_t j = 0; j < cols; ++j) {
    features[j].name = "f" + std::to_string(j);
    if (levels[j] != 0) features[j].type = FeatureType::categorical;
  }
  TrainOptions options;
  for (int i = 4; i < argc; ++i) {
    const std::string_view text = argv[i];
    set_option(options, text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
  }
  Pool pool(static_cast<unsigned>(std::stoul(argv[2])));
  const double memory = forget_peak_mb();
  const std::clock_t cpu = std::clock();
  const auto start = std::chrono::steady_clock::now();
  const Binned bins =
      bin_matrix(MatrixView<float>::row_major(values.data(), rows, cols), features, bin_options(options), pool);
  const double bin_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const TrainResult result =
      train({.bins = bins, .labels = labels, .weights = weights, .init_margins = init_margins}, {}, options, pool);
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  const double memory_mb = status_mb("VmHWM:") - memory;
  std::vector<double> margins(test_rows), row(cols);
  for (std::size_t i = 0; i < test_rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) row[j] = static_cast<double>(test[i * cols + j]);
    margins[i] = margin(result.model, row);
  }
  write_file(argv[3], {reinterpret_cast<const char*>(margins.data()), margins.size() * sizeof(double)});
  JsonWriter json;
  json.begin_object().key("bin_seconds").value(bin_seconds).key("train_seconds").value(result.train_seconds);
  json.key("cpu_seconds")
      .value(cpu_seconds)
      .key("memory_mb")
      .value(memory_mb)
      .key("trees")
      .value(static_cast<std::uint64_t>(result.model.trees.size()))
      .end_object();
  std::printf("%s\n", json.text().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: train_driver TABLE THREADS MARGINS [option=value ...]\n");
    return 2;
  }
  try {
    return run(argc, argv);
  } catch (const riskflag::Error& e) {
    std::fprintf(stderr, "train_driver: %s\n", e.what());
    return 1;
  }
}
