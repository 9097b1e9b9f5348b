// study/run: a whole study of simulated loans, from a CSV file to a model directory, as riskflag-train does it:
// compiling run_study() once more takes 50 seconds, a process 2 milliseconds. Processor time of the process.

#include <sys/resource.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <benchmark/benchmark.h>

#include "../tests/track/fresh_directory.hpp"

namespace {

double child_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_CHILDREN, &use);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

bool runs(const std::string& program, const std::string& options) {
  return std::system(("'" RISKFLAG_BIN_DIR "/" + program + "' " + options + " > /dev/null 2>&1").c_str()) == 0;
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void run(benchmark::State& state) {
  const FreshDirectory folder("bench_study");
  const std::string table = folder.path("loans.csv");
  const auto train = [&](const char* model, const char* threads) {
    return runs("riskflag-train", "--data " + table + " --target Risk_Flag --id Id --set num_iterations=20 --force" +
                                      " --output " + folder.path(model) + " --threads " + threads);
  };
  if (!runs("riskflag-simulate", "--rows 10000 --output " + table) || !train("one", "1") || !train("two", "2"))
    return state.SkipWithError("a program failed");
  // The manifest has every file's digest.
  const std::string one = text_of(folder.path("one/manifest.json")), two = text_of(folder.path("two/manifest.json"));
  if (one.empty() || one != two) return state.SkipWithError("threads change the model directory");
  const std::string metrics = text_of(folder.path("one/metrics.json"));
  const std::size_t auc = metrics.find("\"roc_auc\": ", metrics.rfind("\"test\""));
  if (auc == std::string::npos || !(std::strtod(metrics.c_str() + auc + 11, nullptr) > 0.6))
    return state.SkipWithError("nothing was learned");
  for (auto _ : state) {
    const double before = child_seconds();
    if (!train("one", "1")) return state.SkipWithError("a program failed");
    state.SetIterationTime(child_seconds() - before);
  }
}

BENCHMARK(run)->Name("study/run/loans:10000/trees:20")->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
