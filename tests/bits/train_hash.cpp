// A hash of models trained on simulated tables: the whole model file, with every instruction set that this CPU has,
// with 1 and 3 threads. tests/bits/run.sh compares it across compilers and flags.
//
//   train_hash all|more|classes
//   train_hash models|write TESTS     compares tests/bits/models, which predict_hash reads, or writes them anew

#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/train.hpp>

#include "../train/small_table.hpp"

namespace {

using namespace riskflag;

std::string model_of(const SmallTable& table, const TrainOptions& options, std::span<const double> weights,
                     unsigned threads, CpuLevel level) {
  Pool pool(threads);
  const Binned bins = bin_matrix(table.view(), table.features, bin_options(options), pool);
  const TrainData data{.bins = bins, .labels = table.labels, .weights = weights};
  return model_text(riskflag::detail::Booster(data, {}, options, pool, level).run({}).model);
}

/// The one model text of a training, or "" when two ways of computing it differ.
std::string agreed_model(const char* name, const SmallTable& table, const TrainOptions& options,
                         std::span<const double> weights) {
  const std::string want = model_of(table, options, weights, 1, CpuLevel::scalar);
  for (const CpuLevel level : {CpuLevel::scalar, CpuLevel::avx2, CpuLevel::avx512}) {
    if (level != CpuLevel::scalar && (level > cpu_level() || cpu_level() == CpuLevel::neon)) continue;
    if (model_of(table, options, weights, 3, level) != want) {
      std::fprintf(stderr, "train_hash: %s differs with 3 threads and %s kernels\n", name,
                   std::string(name_of(level)).c_str());
      return "";
    }
  }
  return want;
}

}  // namespace

namespace {

/// Options that change how trees grow, and the losses whose gradients have exponentials of their own.
int print_more() {
  std::string all;
  const auto take = [&](const std::string& model) { all += sha256_hex(model.empty() ? "differs" + all : model); };
  const SmallTable binary = small_table(4000, 9, 7);
  SmallTable positive = small_table(3000, 8, 8, false);
  for (double& y : positive.labels) y = exact::exp(exact::mul(0.3, y));
  TrainOptions options;
  options.num_iterations = 5;
  options.num_leaves = 12;
  options.max_bin = 63;
  TrainOptions limited = options;
  limited.monotone_constraints = {1, -1, 0, 1, 0, -1, 1, 0, 0};
  limited.max_delta_step = 0.5;
  limited.feature_fraction_bynode = 0.7;
  take(agreed_model("limited", binary, limited, {}));
  TrainOptions levels = options;
  levels.grow_policy = "depthwise";
  levels.extra_trees = true;
  levels.zero_as_missing = true;
  levels.is_unbalance = true;
  levels.interaction_constraints = {{"f0", "f1", "f2", "f4"}, {"f3", "f4", "f5", "f6", "f7"}};
  take(agreed_model("level by level", binary, levels, binary.weights));
  TrainOptions level_by_level = options;
  level_by_level.grow_policy = "symmetric";
  level_by_level.num_leaves = 16;
  take(agreed_model("symmetric", binary, level_by_level, binary.weights));
  TrainOptions costly = limited;
  costly.monotone_constraints_method = "intermediate";
  costly.cegb_penalty_feature_coupled.assign(9, 1.0);
  costly.cegb_penalty_feature_lazy.assign(9, 0.01);
  costly.forced_bins = {{"f0", {-1.0, 0.25}}};
  costly.min_data_in_bin = 20;
  take(agreed_model("costly", binary, costly, {}));
  for (const char* objective : {"regression_l1", "huber", "quantile", "poisson", "gamma", "tweedie"}) {
    options.objective = objective;
    take(agreed_model(objective, positive, options, {}));
    take(agreed_model(objective, positive, options, positive.weights));
  }
  std::printf("train_hash more %s\n", sha256_hex(all).c_str());
  return 0;
}

/// Several classes: softmax, and each against all others.
int print_classes() {
  std::string all;
  SmallTable table = small_table(3000, 8, 9, false);
  make_classes(table, 4);
  TrainOptions options;
  options.num_class = 4;
  options.num_iterations = 4;
  options.num_leaves = 12;
  options.max_bin = 63;
  for (const char* objective : {"multiclass", "multiclassova"}) {
    options.objective = objective;
    for (const std::span<const double> weights : {std::span<const double>{}, std::span<const double>(table.weights)}) {
      const std::string model = agreed_model(objective, table, options, weights);
      all += sha256_hex(model.empty() ? "differs" + all : model);
    }
  }
  std::printf("train_hash classes %s\n", sha256_hex(all).c_str());
  return 0;
}

/// The models that predict_hash reads: written to tests/bits/models, or compared with what stands there.
int print_models(const std::string& tests, bool write) {
  const SmallTable table = small_table(3000, 8, 11);
  TrainOptions options;
  options.num_iterations = 8;
  options.num_leaves = 12;
  options.max_bin = 63;
  const std::string leafwise = agreed_model("leafwise", table, options, {});
  options.grow_policy = "symmetric";
  options.num_leaves = 16;
  options.num_iterations = 6;
  const std::string symmetric = agreed_model("symmetric", table, options, {});
  bool same = true;
  for (const auto& [name, text] : {std::pair{"leafwise.json", &leafwise}, {"symmetric.json", &symmetric}}) {
    const std::string path = tests + "/bits/models/" + name;
    if (write) write_file(path, *text);
    same = same && read_file(path) == *text;
  }
  std::printf("train_hash models %s\n",
              same ? sha256_hex(leafwise + symmetric).c_str() : "differ from tests/bits/models");
  return 0;
}

int print_train_hash(const std::string& mode, const std::string& tests = "") {
  if (mode == "more") return print_more();
  if (mode == "classes") return print_classes();
  if (mode == "models" || mode == "write") return print_models(tests, mode == "write");
  std::string all;
  const auto take = [&](const std::string& model) { all += sha256_hex(model.empty() ? "differs" + all : model); };
  const SmallTable binary = small_table(6000, 10, 1), squared = small_table(3000, 9, 2, false);
  TrainOptions options;
  options.num_iterations = 6;
  options.num_leaves = 15;
  options.max_bin = 63;
  take(agreed_model("binary", binary, options, {}));
  take(agreed_model("weighted binary", binary, options, binary.weights));
  std::vector<double> heavy(binary.rows);
  for (std::size_t i = 0; i < heavy.size(); ++i) heavy[i] = i % 40 == 0 ? 1e6 : 1e-5;
  take(agreed_model("binary with wide cells", binary, options, heavy));
  options.lambda_l1 = 0.3;
  options.bagging_fraction = 0.8;
  options.bagging_freq = 1;
  take(agreed_model("sampled binary", binary, options, {}));
  options.objective = "regression";
  take(agreed_model("sampled squared error", squared, options, {}));
  options.bagging_freq = 0;
  take(agreed_model("weighted squared error", squared, options, squared.weights));
  std::printf("train_hash all %s\n", sha256_hex(all).c_str());
  return 0;
}

}  // namespace

#ifndef RISKFLAG_PART_OF_STUDY_HASH
int main(int argc, char** argv) { return print_train_hash(argc > 1 ? argv[1] : "all", argc > 2 ? argv[2] : ""); }
#endif
