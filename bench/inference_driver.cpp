// Times the C and C++ ways of scoring one model, in turn, in one process: the driver of compare_inference.py.
//
// inference_driver ROWS COUNT COLS ROUNDS OUT ENGINE...: ROWS holds COUNT x COLS doubles. An ENGINE is
//   riskflag:KERNEL:MODEL    ours from LightGBM or XGBoost text; KERNEL as PredictorOptions has it, or "walk"
//   lightgbm:LIBRARY:MODEL   SingleRowFast and PredictForMat of lib_lightgbm.so, one thread
//   xgboost:LIBRARY:MODEL    XGBoosterPredictFromDense of libxgboost.so, one thread
//   c:LIBRARY:-              double score(const double*) of a generated library
// OUT gets every engine's margins, first from single rows, then from the batch. Printed, a JSON object a line for each
// engine: medians over ROUNDS of processor nanoseconds a row ("row", "batch"), wall nanoseconds of single calls ("p50",
// "p99", one clock reading inside), with 64 MB of other memory read before each call ("cold"), and ours for
// is_at_least() the margin that a tenth of the rows exceeds ("early"), how many times one thread's rate two have with
// one const predictor ("two", wall time), and the least of five milliseconds of reading the model and making it ready.

#include <dlfcn.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <riskflag/interop/xgboost.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/predict.hpp>
namespace {

[[noreturn]] void end(const std::string& message) {
  std::fprintf(stderr, "inference_driver: %s\n", message.c_str());
  std::exit(1);
}

struct Engine {
  std::string name, about;
  std::function<double(const double*)> row;
  std::function<void(const double*, std::size_t, double*)> batch;
  std::function<bool(const double*, double)> is_at_least{};
  std::vector<double> row_ns{}, batch_ns{}, early_ns{}, calls{}, cold{}, two{};
  double read_ms = 0, ready_ms = 0;
};

template <class F>
F symbol(const std::string& library, const char* name) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* found = handle == nullptr ? nullptr : dlsym(handle, name);
  if (found == nullptr) end(library + ": " + name + " is not there");
  return reinterpret_cast<F>(found);
}

double processor_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

riskflag::Model read_model(const std::string& path) {
  const std::string text = bytes_of(path);
  if (riskflag::looks_like_lightgbm(text)) {
    auto model = riskflag::import_lightgbm(text, path);
    if (!model) end(model.failure().text());
    return std::move(*model);
  }
  if (riskflag::interop::looks_like_xgboost(text)) {
    auto model = riskflag::interop::import_xgboost(text, path);
    if (!model) end(model.failure().text());
    return std::move(*model);
  }
  auto model = riskflag::parse_model(text, path);
  if (!model) end(model.failure().text());
  return std::move(*model);
}

Engine riskflag_engine(const std::string& kernel, const std::string& path) {
  using namespace riskflag;
  const Model model = read_model(path);
  const PredictorOptions options =
      kernel == "walk" ? PredictorOptions{.engine = "walk"} : PredictorOptions{.kernel = kernel};
  auto made = Predictor::make(model, options);
  if (!made) end(made.failure().text());
  const Predictor predictor = *made;
  double read_ms = 1e9, ready_ms = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double start = processor_ns();
    const Model again = read_model(path);
    const double between = processor_ns();
    if (!Predictor::make(again, options)) end("refused at the second time");
    read_ms = std::min(read_ms, (between - start) * 1e-6);
    ready_ms = std::min(ready_ms, (processor_ns() - between) * 1e-6);
  }
  Engine out = {.name = "riskflag " + kernel,
                .about = predictor.describe(),
                .row = [predictor](const double* row) { return predictor.margin(row); },
                .batch =
                    [predictor](const double* rows, std::size_t count, double* margins) {
                      if (!predictor.margins(MatrixView<double>::row_major(rows, count, predictor.features()),
                                             std::span(margins, count))) {
                        end("wrong sizes");
                      }
                    },
                .is_at_least = [predictor](const double* row, double t) { return predictor.is_at_least(row, t); }};
  out.read_ms = read_ms;
  out.ready_ms = ready_ms;
  return out;
}

Engine lightgbm_engine(const std::string& library, const std::string& path, int cols) {
  using Create = int (*)(const char*, int*, void**);
  using FastInit = int (*)(void*, int, int, int, int, std::int32_t, const char*, void**);
  using Fast = int (*)(void*, const void*, std::int64_t*, double*);
  using Mat = int (*)(void*, const void*, int, std::int32_t, std::int32_t, int, int, int, int, const char*,
                      std::int64_t*, double*);
  void* booster = nullptr;
  void* fast = nullptr;
  int iterations = 0;
  constexpr int kRaw = 1, kFloat64 = 1;
  if (symbol<Create>(library, "LGBM_BoosterCreateFromModelfile")(path.c_str(), &iterations, &booster) != 0)
    end("LightGBM refuses " + path);
  if (symbol<FastInit>(library, "LGBM_BoosterPredictForMatSingleRowFastInit")(booster, kRaw, 0, -1, kFloat64, cols,
                                                                              "num_threads=1", &fast) != 0) {
    end("LightGBM's fast config");
  }
  const auto one = symbol<Fast>(library, "LGBM_BoosterPredictForMatSingleRowFast");
  const auto many = symbol<Mat>(library, "LGBM_BoosterPredictForMat");
  return {.name = "LightGBM",
          .about = "C API: SingleRowFast, PredictForMat, num_threads=1",
          .row =
              [=](const double* row) {
                double out = 0;
                std::int64_t length = 0;
                one(fast, row, &length, &out);
                return out;
              },
          .batch =
              [=](const double* rows, std::size_t count, double* out) {
                std::int64_t length = 0;
                many(booster, rows, kFloat64, static_cast<std::int32_t>(count), cols, 1, kRaw, 0, -1, "num_threads=1",
                     &length, out);
              }};
}

Engine xgboost_engine(const std::string& library, const std::string& path, int cols) {
  using Create = int (*)(const void* const*, std::uint64_t, void**);
  using Load = int (*)(void*, const char*);
  using Set = int (*)(void*, const char*, const char*);
  using Predict = int (*)(void*, const char*, const char*, void*, const std::uint64_t**, std::uint64_t*, const float**);
  void* booster = nullptr;
  if (symbol<Create>(library, "XGBoosterCreate")(nullptr, 0, &booster) != 0 ||
      symbol<Load>(library, "XGBoosterLoadModel")(booster, path.c_str()) != 0 ||
      symbol<Set>(library, "XGBoosterSetParam")(booster, "nthread", "1") != 0) {
    end("XGBoost refuses " + path);
  }
  const auto predict = symbol<Predict>(library, "XGBoosterPredictFromDense");
  // A row is copied to one place, so that the JSON that names it is written once.
  const auto place = std::make_shared<std::vector<float>>(static_cast<std::size_t>(cols));
  const auto interface_of = [cols](const float* data, std::size_t rows) {
    return "{\"data\":[" + std::to_string(reinterpret_cast<std::uintptr_t>(data)) + ",true],\"shape\":[" +
           std::to_string(rows) + "," + std::to_string(cols) + "],\"typestr\":\"<f4\",\"version\":3}";
  };
  const std::string single = interface_of(place->data(), 1);
  const std::string config =
      R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,"cache_id":0,"missing":NaN})";
  const auto run = [=](const std::string& what) {
    const std::uint64_t* shape = nullptr;
    std::uint64_t dims = 0;
    const float* out = nullptr;
    if (predict(booster, what.c_str(), config.c_str(), nullptr, &shape, &dims, &out) != 0) end("XGBoost: no answer");
    return out;
  };
  return {.name = "XGBoost",
          .about = "C API: XGBoosterPredictFromDense (inplace), nthread=1, float32 rows",
          .row =
              [=](const double* row) {
                for (std::size_t j = 0; j < place->size(); ++j) (*place)[j] = static_cast<float>(row[j]);
                return static_cast<double>(*run(single));
              },
          .batch =
              [=](const double* rows, std::size_t count, double* out) {
                static std::vector<float> cells;  // filled outside of what is timed: see main()
                if (cells.size() != count * place->size()) {
                  cells.resize(count * place->size());
                  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = static_cast<float>(rows[i]);
                }
                const float* got = run(interface_of(cells.data(), count));
                for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<double>(got[i]);
              }};
}

Engine c_engine(const std::string& library, std::size_t cols) {
  const auto score = symbol<double (*)(const double*)>(library, "score");
  return {.name = "generated C",
          .about = "if-else C, -O3, a call a row",
          .row = [score](const double* row) { return score(row); },
          .batch =
              [score, cols](const double* rows, std::size_t count, double* out) {
                for (std::size_t i = 0; i < count; ++i) out[i] = score(rows + i * cols);
              }};
}

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

volatile double sink = 0;

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) end("ROWS COUNT COLS ROUNDS OUT ENGINE...");
  const auto number = [&](int i) { return static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10)); };
  const std::size_t count = number(2), cols = number(3), rounds = number(4);
  const std::string bytes = bytes_of(argv[1]);
  if (bytes.size() != count * cols * sizeof(double)) end("ROWS is not COUNT x COLS doubles");
  std::vector<double> rows(count * cols);
  std::copy_n(bytes.data(), bytes.size(), reinterpret_cast<char*>(rows.data()));
  std::vector<Engine> engines;
  for (int i = 6; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t first = text.find(':'), second = text.find(':', first + 1);
    if (second == std::string::npos) end(text + " is no KIND:WHAT:MODEL");
    const std::string kind = text.substr(0, first), what = text.substr(first + 1, second - first - 1);
    const std::string model = text.substr(second + 1);
    if (kind == "riskflag") engines.push_back(riskflag_engine(what, model));
    if (kind == "lightgbm") engines.push_back(lightgbm_engine(what, model, static_cast<int>(cols)));
    if (kind == "xgboost") engines.push_back(xgboost_engine(what, model, static_cast<int>(cols)));
    if (kind == "c") engines.push_back(c_engine(what, cols));
  }
  std::ofstream out(argv[5], std::ios::binary);
  std::vector<double> got(count);
  for (Engine& engine : engines) {  // also warms up
    for (std::size_t i = 0; i < count; ++i) got[i] = engine.row(rows.data() + i * cols);
    out.write(reinterpret_cast<const char*>(got.data()), static_cast<std::streamsize>(count * sizeof(double)));
    engine.batch(rows.data(), count, got.data());
    out.write(reinterpret_cast<const char*>(got.data()), static_cast<std::streamsize>(count * sizeof(double)));
  }
  out.close();
  const double threshold = at_share(got, 0.9);  // every engine's margins are compared by the caller; any will do
  const std::size_t singles = std::min<std::size_t>(count, 2000);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Engine& engine : engines) {
      double start = processor_ns();
      for (std::size_t i = 0; i < singles; ++i) sink = engine.row(rows.data() + i * cols);
      engine.row_ns.push_back((processor_ns() - start) / static_cast<double>(singles));
      if (engine.is_at_least) {
        start = processor_ns();
        for (std::size_t i = 0; i < singles; ++i) sink = engine.is_at_least(rows.data() + i * cols, threshold) ? 1 : 0;
        engine.early_ns.push_back((processor_ns() - start) / static_cast<double>(singles));
      }
      start = processor_ns();
      engine.batch(rows.data(), count, got.data());
      engine.batch_ns.push_back((processor_ns() - start) / static_cast<double>(count));
      sink = got[count / 2];
    }
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Engine& engine : engines) {
      if (!engine.is_at_least) continue;
      std::vector<double> second(count);
      const auto score = [&](double* into) {
        for (int i = 0; i < 5; ++i) engine.batch(rows.data(), count, into);
      };
      const auto start = std::chrono::steady_clock::now();
      score(got.data());
      const auto between = std::chrono::steady_clock::now();
      std::thread thread(score, second.data());
      score(got.data());
      thread.join();
      const std::chrono::duration<double> one = between - start, both = std::chrono::steady_clock::now() - between;
      engine.two.push_back(2 * one.count() / both.count());
    }
  }
  std::vector<std::uint64_t> other((std::size_t{64} << 20) / sizeof(std::uint64_t), 1);
  const auto call = [&](Engine& engine, std::size_t i, std::vector<double>& into) {
    const auto start = std::chrono::steady_clock::now();
    sink = engine.row(rows.data() + i * cols);
    into.push_back(static_cast<double>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count()));
  };
  for (Engine& engine : engines) {
    for (std::size_t i = 0; i < count; ++i) call(engine, i, engine.calls);
  }
  for (std::size_t i = 0; i < 40; ++i) {
    for (Engine& engine : engines) {
      std::uint64_t sum = 0;
      for (std::size_t at = 0; at < other.size(); at += 8) sum += ++other[at];
      sink = static_cast<double>(sum);
      call(engine, i, engine.cold);
    }
  }
  for (const Engine& engine : engines) {
    std::printf(
        R"({"name":"%s","about":"%s","row":%.1f,"row_min":%.1f,"batch":%.1f,"batch_min":%.1f,"p50":%.0f,"p99":%.0f,"cold":%.0f,"early":%.1f,"two":%.2f,"read_ms":%.2f,"ready_ms":%.2f})"
        "\n",
        engine.name.c_str(), engine.about.c_str(), at_share(engine.row_ns, 0.5), at_share(engine.row_ns, 0.0),
        at_share(engine.batch_ns, 0.5), at_share(engine.batch_ns, 0.0), at_share(engine.calls, 0.5),
        at_share(engine.calls, 0.99), at_share(engine.cold, 0.5),
        engine.early_ns.empty() ? 0.0 : at_share(engine.early_ns, 0.5),
        engine.two.empty() ? 0.0 : at_share(engine.two, 0.5), engine.read_ms, engine.ready_ms);
  }
  return 0;
}
