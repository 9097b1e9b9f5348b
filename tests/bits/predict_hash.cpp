// A hash of what saved and imported models answer: margins, probabilities, leaves, early answers, Shapley values, and
// the files that they are written to. Every engine, every kernel that runs here, single rows and batches must give the
// slow scorer's bits first. Needs predict, explain and the files of model, and so the standard library alone: it is
// compiled for other processors and systems too.
//
//   predict_hash all DIRECTORY      DIRECTORY: tests/, for its models. All of it holds under -ffast-math too, in
//   whose flush-to-zero modes the program then runs.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/float32.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/explain.hpp>
#include <riskflag/model/export_lightgbm.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict.hpp>

#include "../predict/random_model.hpp"

namespace {

using namespace riskflag;
using namespace riskflag_test;

constexpr std::size_t kRows = 150;
std::string all;
bool broken = false;

void take(std::string_view bytes) {
  all += bytes;
  if (all.size() > 1000000) all = sha256_hex(all);
}
void take(double x) {
  if (is_missing(x)) x = kMissing;  // which NaN is nobody's promise
  std::uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  char text[8];
  for (int i = 0; i < 8; ++i) text[i] = static_cast<char>(bits >> (8 * i));
  take(std::string_view(text, 8));
}

void demand(bool holds, const std::string& model, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "predict_hash: %s: %s\n", model.c_str(), what.c_str());
  broken = true;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

/// Every way of this predictor to score `rows` gives `margins`.
void check_predictor(const std::string& name, const Predictor& fast, const std::vector<double>& rows,
                     const std::vector<double>& margins) {
  const std::string who = name + ", " + fast.describe();
  const std::size_t cols = fast.features(), count = cols == 0 ? 0 : rows.size() / cols;
  const auto outputs = static_cast<std::size_t>(fast.outputs());
  std::vector<double> got(margins.size());
  for (std::size_t r = 0; r < count; ++r) {
    fast.row_margins(rows.data() + r * cols, got.data() + r * outputs);
    const double own = margins[r * outputs];
    for (const double threshold : {own, from_order_key(order_key(own) + 1), from_order_key(order_key(own) - 1), 0.25}) {
      const bool answer = !is_missing(own) && !is_missing(threshold) && order_key(own) >= order_key(threshold);
      demand(fast.is_at_least(rows.data() + r * cols, threshold) == answer, who, "another answer to is_at_least");
    }
  }
  demand(same_bits(got, margins), who, "other margins, row by row");
  for (const std::size_t batch : {std::size_t{1}, std::size_t{3}, std::size_t{70}, count}) {
    got.assign(margins.size(), 0.0);
    for (std::size_t begin = 0; begin < count; begin += batch) {
      const std::size_t some = count - begin < batch ? count - begin : batch;
      fast.margins(MatrixView<double>::row_major(rows.data() + begin * cols, some, cols),
                   std::span(got).subspan(begin * outputs, some * outputs));
    }
    demand(same_bits(got, margins), who, "other margins, " + std::to_string(batch) + " rows at a time");
  }
  std::vector<double> columns(rows.size());
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t c = 0; c < cols; ++c) columns[c * count + r] = rows[r * cols + c];
  }
  got.assign(margins.size(), 0.0);
  fast.margins(MatrixView<double>::col_major(columns.data(), count, cols), got);
  demand(same_bits(got, margins), who, "other margins, column by column");
}

void take_explanations(const std::string& name, const Model& model, const std::vector<double>& rows) {
  const std::size_t cols = model.features.size(), count = rows.size() / cols / 4;
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  std::vector<double> want;
  for (const CpuLevel level : {CpuLevel::scalar, CpuLevel::neon, CpuLevel::avx2, CpuLevel::avx512}) {
    if (level > cpu_level()) continue;
    const auto explainer = Explainer::make(model, level);
    if (!explainer) {  // of counts that contradict one another
      take(explainer.failure().text());
      return;
    }
    Explainer::Scratch scratch;
    std::vector<double> got(count * outputs * cols), against(outputs * cols), base(outputs);
    const auto view = MatrixView<double>::row_major(rows.data(), count, cols);
    explainer->contributions(view, got, scratch);
    for (std::size_t r = 0; r < count; r += 7) {
      explainer->contributions_against(rows.data() + r * cols, view.rows_from(count / 2, 3), against, base, scratch);
      got.insert(got.end(), against.begin(), against.end());
      got.insert(got.end(), base.begin(), base.end());
    }
    for (std::size_t k = 0; k < outputs; ++k) got.push_back(explainer->base(k));
    if (want.empty()) want = got;
    demand(same_bits(got, want), name, "other contributions from the " + std::string(name_of(level)) + " kernel");
  }
  for (const double x : want) take(x);
}

void take_model(const std::string& name, const Model& model) {
  demand(check_model(model, name).ok(), name, "no sound model");
  const auto back = parse_model(model_text(model), name);
  demand(back && model_text(*back) == model_text(model), name, "is read back as another model");
  take(model_text(model));
  const auto exported = lightgbm_text(model);
  take(exported ? *exported : exported.failure().text());
  const std::size_t cols = model.features.size();
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  const std::vector<double> rows = random_rows(31, kRows, model);
  std::vector<double> margins(kRows * outputs);
  for (std::size_t r = 0; r < kRows; ++r) {
    const std::span<const double> row = std::span(rows).subspan(r * cols, cols);
    for (std::size_t k = 0; k < outputs; ++k) margins[r * outputs + k] = margin(model, row, static_cast<int>(k));
    for (const Tree& tree : model.trees) take(static_cast<double>(leaf_of(tree, row, model.float32_inputs)));
  }
  for (const double x : margins) take(x);
  for (const char* engine : {"auto", "walk", "scan", "symmetric"}) {
    for (const ScanKernel* kernel : kScanKernels) {
      if (!is_runnable(*kernel)) continue;
      const auto fast = Predictor::make(model, {.engine = engine, .kernel = kernel->name});
      if (fast) check_predictor(name, *fast, rows, margins);
    }
  }
  const auto fast = Predictor::make(model);
  demand(fast.ok(), name, "no predictor");
  std::vector<double> probabilities(margins.size());
  fast->probabilities(MatrixView<double>::row_major(rows.data(), kRows, cols), probabilities);
  for (const double p : probabilities) take(p);
  std::vector<float> floats;
  for (const double x : rows) floats.push_back(to_float32(x));
  fast->margins(MatrixView<float>::row_major(floats.data(), kRows, cols), margins);
  for (const double x : margins) take(x);
  take_explanations(name, model, rows);
}

std::string bytes_of(const std::string& path) {
  const auto bytes = try_read_file(path);
  demand(bytes.ok(), path, bytes.ok() ? "" : bytes.failure().text());
  return bytes ? *bytes : "";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "all") {
    std::fprintf(stderr, "predict_hash all DIRECTORY\n");
    return 2;
  }
  const std::string tests = argv[2];
  const auto take_result = [&](const std::string& name, const Result<Model>& model) {
    demand(model.ok(), name, model.ok() ? "" : model.failure().text());
    if (model) take_model(name, *model);
  };
  for (const char* name : {"bits/models/leafwise.json", "bits/models/symmetric.json",
                           "fuzz/corpus/model_file/categorical.json", "fuzz/corpus/model_file/outputs.json"}) {
    take_result(name, parse_model(bytes_of(tests + "/" + name), name));
  }
  for (const char* name : {"binary", "constant", "forest", "linear", "three", "zero"}) {
    take_result(name, import_lightgbm(bytes_of(tests + "/fuzz/corpus/import_lightgbm/" + name), name));
  }
  const auto drawn = [&](const std::string& name, std::uint64_t seed, const ModelShape& shape, auto&& changed) {
    Model model = random_model(seed, shape);
    changed(model);
    take_model(name, model);
  };
  const auto as_it_is = [](Model&) {};
  drawn("edges", 1, {.trees = 30, .leaves = 15, .features = 7, .all_rules = true, .edge_thresholds = true}, as_it_is);
  drawn("categories", 2, {.trees = 25, .leaves = 12, .features = 6, .categorical = 0.6, .levels = 70}, as_it_is);
  drawn("many sets", 13,
        {.trees = 40, .leaves = 20, .features = 9, .categorical = 0.7, .levels = 90, .category_sets = 100}, as_it_is);
  drawn("many leaves", 3, {.trees = 4, .leaves = 300, .features = 9}, as_it_is);
  drawn("too many leaves", 4, {.trees = 2, .leaves = 1500, .features = 9, .thresholds = 300}, as_it_is);
  drawn("many thresholds", 5, {.trees = 40, .leaves = 40, .features = 2, .thresholds = 600}, as_it_is);
  drawn("many columns", 6, {.trees = 40, .leaves = 20, .features = 300}, as_it_is);
  drawn("symmetric", 7, {.trees = 20, .features = 5, .symmetric = 6}, as_it_is);
  drawn("classes", 8, {.trees = 9, .leaves = 8, .features = 4, .outputs = 3}, as_it_is);
  drawn("averaged", 9, {.trees = 11, .leaves = 9, .features = 4}, [](Model& model) { model.average_output = true; });
  drawn("linear leaves", 10,
        {.trees = 9, .leaves = 7, .features = 5, .categorical = 0.2, .all_rules = true, .edge_thresholds = true},
        [](Model& model) { model = with_linear_leaves(10, model); });
  // One leaf that is too large for any grid on which the others keep their digits: trees are added in their order.
  Model wide = random_model(
      11, {.trees = 15, .leaves = 9, .features = 5, .all_rules = true, .edge_thresholds = true, .grid = 0});
  wide.trees[3].leaves[0] = 1e15;
  const auto text = lightgbm_text(wide);
  demand(text.ok(), "wide", "no LightGBM text");
  if (text) {
    const auto back = import_lightgbm(*text, "wide");
    demand(back && back->leaf_grid == 0.0, "wide", "has a grid");
    take_result("wide", back);
  }
  const auto of_floats = [](Model& model) { model.float32_inputs = true; };
  drawn("floats", 10, {.trees = 12, .leaves = 9, .features = 4, .edge_thresholds = true}, of_floats);
  drawn("floats and sets", 12,
        {.trees = 12, .leaves = 9, .features = 20, .categorical = 0.3, .all_rules = true, .edge_thresholds = true},
        of_floats);
  std::printf("predict_hash all %s\n", broken ? "broken" : sha256_hex(all).c_str());
  return broken ? 1 : 0;
}
