#include <riskflag/predict.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>

#include "../sanitized.hpp"
#include "random_model.hpp"

using namespace riskflag;
using namespace riskflag_test;

namespace {

std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> out;
  for (const double x : values) out.push_back(std::bit_cast<std::uint64_t>(x));
  return out;
}

/// The slow scorer's margins, rows x outputs.
std::vector<double> slow(const Model& model, const std::vector<double>& rows) {
  const std::size_t cols = model.features.size();
  std::vector<double> out;
  for (std::size_t at = 0; at < rows.size(); at += cols) {
    for (int k = 0; k < model.num_outputs; ++k) out.push_back(margin(model, std::span(rows).subspan(at, cols), k));
  }
  return out;
}

struct Engine {
  std::string engine, kernel;
};

/// Every engine and kernel that runs here.
std::vector<Engine> engines(const Model& model) {
  std::vector<Engine> out = {{"walk", "auto"}};
  const bool symmetric = Predictor::make(model, {.engine = "symmetric"}).ok();
  for (const ScanKernel* kernel : kScanKernels) {
    if (is_runnable(*kernel)) {
      out.push_back({"scan", std::string(kernel->name)});
      if (symmetric) out.push_back({"symmetric", std::string(kernel->name)});
    } else {
      MESSAGE("skipped here: kernel " << std::string(kernel->name));
    }
  }
  return out;
}

/// Holds every engine to the slow scorer: single rows, row-major and column-major batches of many sizes.
void hold_to_slow(const Model& model, const std::vector<double>& rows) {
  const std::size_t cols = model.features.size();
  const std::size_t n = rows.size() / cols;
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  const std::vector<double> want = slow(model, rows);
  for (const Engine& engine : engines(model)) {
    CAPTURE(engine.engine);
    CAPTURE(engine.kernel);
    const auto made = Predictor::make(model, {engine.engine, engine.kernel});
    REQUIRE_MESSAGE(made.ok(), made.failure().text());
    std::vector<double> got(n * outputs);
    for (std::size_t i = 0; i < n; ++i) made->row_margins(rows.data() + i * cols, got.data() + i * outputs);
    CHECK_MESSAGE(bits(got) == bits(want), "single rows");
    CHECK(std::bit_cast<std::uint64_t>(made->margin(rows.data())) == std::bit_cast<std::uint64_t>(want[0]));
    std::fill(got.begin(), got.end(), -1.0);
    REQUIRE(made->margins(MatrixView<double>::row_major(rows.data(), n, cols), got));
    CHECK_MESSAGE(bits(got) == bits(want), "a row-major batch of " << n);
    std::vector<double> turned(rows.size());
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t f = 0; f < cols; ++f) turned[f * n + i] = rows[i * cols + f];
    }
    std::fill(got.begin(), got.end(), -1.0);
    REQUIRE(made->margins(MatrixView<double>::col_major(turned.data(), n, cols), got));
    CHECK_MESSAGE(bits(got) == bits(want), "a column-major batch of " << n);
  }
}

}  // namespace

TEST_CASE("invariant: every engine and kernel gives the slow scorer's bits") {
  std::uint64_t seed = 1;
  for (const std::size_t leaves : {1u, 2u, 5u, 31u, 32u, 33u, 64u, 65u, 200u, 256u}) {
    for (const std::size_t features : {1u, 7u, 30u}) {
      CAPTURE(leaves);
      CAPTURE(features);
      const Model model = random_model(++seed, {.trees = riskflag_test::kSanitized ? 20u : 70u,
                                                .leaves = leaves,
                                                .features = features,
                                                .edge_thresholds = true,
                                                .thresholds = leaves > 60 ? 25u : 60u});
      hold_to_slow(model, random_rows(seed, 190, model));
    }
  }
}

TEST_CASE("every number of rows around the vector widths is scored alike") {
  const Model model =
      random_model(11, {.trees = 33, .leaves = 31, .features = 9, .all_rules = true, .edge_thresholds = true});
  for (std::size_t n = 1; n <= 66; ++n) hold_to_slow(model, random_rows(n, n, model));
  for (const std::size_t n : {127u, 128u, 129u, 511u, 512u, 513u, 1023u, 1024u, 1025u, 2100u}) {
    hold_to_slow(model, random_rows(n, n, model));
  }
}

TEST_CASE("every number of trees around the lanes is scored alike") {
  for (const std::size_t trees :
       {0u, 1u, 2u, 63u, 64u, 65u, 127u, 128u, 129u, 191u, 192u, 193u, 255u, 256u, 257u, 500u, 900u}) {
    const Model model =
        random_model(trees + 100, {.trees = trees, .leaves = 9, .features = 6, .edge_thresholds = true});
    hold_to_slow(model, random_rows(trees, 180, model));
  }
}

TEST_CASE("every rule for missing values is scored alike, with columns beyond one, two and four registers") {
  for (const std::size_t features : {3u, 14u, 27u, 51u}) {  // about 15, 70, 135 and 255 columns
    const Model model = random_model(features, {.trees = 150,
                                                .leaves = 31,
                                                .features = features,
                                                .all_rules = true,
                                                .edge_thresholds = true,
                                                .thresholds = 12});
    const auto made = Predictor::make(model, {.engine = "scan"});
    REQUIRE_MESSAGE(made.ok(), made.failure().text());
    hold_to_slow(model, random_rows(features, 700, model, 0.3));
  }
}

TEST_CASE("categorical sets are scored alike: unseen levels, negative ones, fractions, missing ones") {
  for (const std::size_t levels : {2u, 31u, 32u, 33u, 300u}) {
    const Model model = random_model(
        levels,
        {.trees = 40, .leaves = 20, .features = 8, .categorical = 0.6, .levels = levels, .edge_thresholds = true});
    REQUIRE(Predictor::make(model, {.engine = "scan"}).ok());
    hold_to_slow(model, random_rows(levels, 300, model, 0.2, 0.6));
  }
}

TEST_CASE("features with more than 255 thresholds take several columns and are scored alike") {
  const Model model = random_model(
      8, {.trees = 200, .leaves = 31, .features = 3, .all_rules = true, .edge_thresholds = true, .thresholds = 2000});
  REQUIRE(Predictor::make(model, {.engine = "scan"}).ok());
  hold_to_slow(model, random_rows(8, 500, model, 0.1, 0.8));
}

TEST_CASE("several outputs, averages, float inputs and leaves off the grid are scored alike") {
  for (const double grid : {0x1p-30, 0.0}) {
    for (const int outputs : {1, 3}) {
      for (const bool average : {false, true}) {
        for (const bool float32 : {false, true}) {
          Model model = random_model(21, {.trees = 80,
                                          .leaves = 15,
                                          .features = 5,
                                          .all_rules = true,
                                          .edge_thresholds = true,
                                          .outputs = outputs,
                                          .grid = grid});
          model.average_output = average;
          model.float32_inputs = float32;
          hold_to_slow(model, random_rows(22, 180, model));
        }
      }
    }
  }
}

TEST_CASE("leaves of up to seven bytes of steps are summed alike") {
  for (const double grid : {0x1p-8, 0x1p-24, 0x1p-44, 0x1p-48}) {
    Model model = random_model(23, {.trees = 37, .leaves = 31, .features = 9, .edge_thresholds = true, .grid = grid});
    // Trees of a third of the others' size, and leaves that are alike: fewer bytes for some.
    for (std::size_t t = 0; t < model.trees.size(); t += 3) {
      for (double& leaf : model.trees[t].leaves) leaf = std::ldexp(std::round(std::ldexp(leaf, 7)), -8);
    }
    model.trees[4].leaves.assign(31, 0.25);
    hold_to_slow(model, random_rows(24, 600, model));
  }
}

TEST_CASE("values whose upper halves are a threshold's are ranked by their lower halves") {
  Model model = random_model(25, {.trees = 40, .leaves = 31, .features = 3, .thresholds = 200});
  std::uint64_t at = 0;
  for (Tree& tree : model.trees) {
    for (Node& node : tree.nodes) {
      const double sign = at % 2 == 0 ? 1.0 : -1.0;
      node.threshold = sign * std::bit_cast<double>((std::uint64_t{0x3ff00000} << 32) + at++ % 997 * 0x1234567);
    }
  }
  hold_to_slow(model, random_rows(26, 400, model, 0.1, 0.9));
}

TEST_CASE("sums of zeros are +0 whatever the order, negative zeros among them") {
  Model model = random_model(5, {.trees = 9, .leaves = 3, .features = 2});
  model.base_margin = {-0.0};
  for (Tree& tree : model.trees) tree.leaves.assign(3, -0.0);
  hold_to_slow(model, random_rows(5, 70, model));
}

TEST_CASE("probabilities are the link of the margins") {
  const Model model = random_model(31, {.trees = 20, .leaves = 8, .features = 4, .outputs = 3});
  const auto rows = random_rows(31, 100, model);
  std::vector<double> want;
  for (std::size_t i = 0; i < 100; ++i) {
    std::vector<double> out(3);
    predict_row(model, std::span(rows).subspan(i * 4, 4), out);
    want.insert(want.end(), out.begin(), out.end());
  }
  const auto made = Predictor::make(model);
  REQUIRE(made.ok());
  std::vector<double> got(300);
  REQUIRE(made->probabilities(MatrixView<double>::row_major(rows.data(), 100, 4), got));
  CHECK(bits(got) == bits(want));
  for (std::size_t i = 0; i < 100; ++i) made->row_probabilities(rows.data() + i * 4, got.data() + i * 3);
  CHECK(bits(got) == bits(want));
}

TEST_CASE("trees of more than 256 leaves are cut into pieces and scored alike") {
  for (const std::size_t leaves : {257u, 300u, 700u, 1024u}) {
    if (riskflag_test::kSanitized && leaves > 257 && leaves < 1024) continue;
    for (const double grid : {0x1p-30, 0.0}) {
      CAPTURE(leaves);
      const Model model = random_model(leaves, {.trees = 5,
                                                .leaves = leaves,
                                                .features = 6,
                                                .categorical = 0.3,
                                                .all_rules = true,
                                                .edge_thresholds = true,
                                                .thresholds = 300,
                                                .outputs = 2,
                                                .grid = grid});
      const auto made = Predictor::make(model, {.engine = "scan"});
      REQUIRE_MESSAGE(made.ok(), made.failure().text());
      CHECK(made->describe().find("10 trees of more than 256 leaves cut into pieces") != std::string::npos);
      hold_to_slow(model, random_rows(leaves, 180, model, 0.2));
    }
  }
}

TEST_CASE("models that need more than 256 columns are scored in chunks, alike") {
  struct Shape {
    std::size_t features;
    double categorical;
    std::size_t levels, sets;
  };
  // numeric columns shared by chunks of sets; the same with levels beyond the tables; own columns for every chunk
  for (const Shape shape : {Shape{12, 0.6, 40, 200}, Shape{12, 0.6, 130, 200}, Shape{12, 0.6, 500, 200},
                            Shape{300, 0.0, 40, 6}, Shape{300, 0.3, 40, 20}}) {
    for (const int outputs : {1, 3}) {
      for (const double grid : {0x1p-30, 0.0}) {
        CAPTURE(shape.features);
        CAPTURE(shape.levels);
        const Model model = random_model(shape.features + shape.levels, {.trees = 60,
                                                                         .leaves = 31,
                                                                         .features = shape.features,
                                                                         .categorical = shape.categorical,
                                                                         .levels = shape.levels,
                                                                         .category_sets = shape.sets,
                                                                         .all_rules = true,
                                                                         .edge_thresholds = true,
                                                                         .outputs = outputs,
                                                                         .grid = grid});
        const auto made = Predictor::make(model, {.engine = "scan"});
        REQUIRE_MESSAGE(made.ok(), made.failure().text());
        CHECK(made->describe().find("chunks") != std::string::npos);
        hold_to_slow(model, random_rows(shape.features, 180, model, 0.2, 0.5));
      }
    }
  }
}

TEST_CASE("categories that would take many columns are answered level by level for single rows, alike") {
  const std::string kSays = "categories level by level for single rows";
  struct Shape {
    std::size_t features;
    double categorical;
    std::size_t levels, sets;
    int symmetric;
    bool narrow;  // the first trees know fewer levels
  };
  for (const Shape shape :
       {Shape{9, 0.7, 30, 30, -1, false}, Shape{9, 0.7, 90, 200, -1, false}, Shape{9, 0.7, 90, 200, -1, true},
        Shape{6, 1.0, 60, 100, -1, true}, Shape{90, 0.3, 40, 20, -1, false}, Shape{9, 0.7, 60, 90, 5, true}}) {
    for (const int outputs : {1, 3}) {
      for (const double grid : {0x1p-30, 0.0}) {
        CAPTURE(shape.features);
        CAPTURE(shape.levels);
        CAPTURE(shape.symmetric);
        Model model = random_model(shape.features + shape.levels, {.trees = 60,
                                                                   .leaves = 31,
                                                                   .features = shape.features,
                                                                   .categorical = shape.categorical,
                                                                   .levels = shape.levels,
                                                                   .category_sets = shape.sets,
                                                                   .all_rules = true,
                                                                   .edge_thresholds = true,
                                                                   .thresholds = 12,
                                                                   .outputs = outputs,
                                                                   .grid = grid,
                                                                   .symmetric = shape.symmetric});
        for (std::size_t t = 0; shape.narrow && t < 30; ++t) {
          for (auto& words : model.trees[t].category_sets) words.resize(1);
        }
        const auto made = Predictor::make(model);
        REQUIRE_MESSAGE(made.ok(), made.failure().text());
        CHECK(made->engine() == (shape.symmetric < 0 ? "scan" : "symmetric"));
        CHECK(made->describe().find(kSays) != std::string::npos);
        hold_to_slow(model, random_rows(shape.features, 70, model, 0.2, 0.5));
      }
    }
  }
  // Few columns; too many levels in all; too many features.
  for (const Shape shape :
       {Shape{9, 0.5, 30, 3, -1, false}, Shape{150, 1.0, 250, 20, -1, false}, Shape{100, 1.0, 20, 10, -1, false}}) {
    const Model model = random_model(7, {.trees = 60,
                                         .leaves = 20,
                                         .features = shape.features,
                                         .categorical = shape.categorical,
                                         .levels = shape.levels,
                                         .category_sets = shape.sets,
                                         .thresholds = 10});
    CHECK(Predictor::make(model)->describe().find(kSays) == std::string::npos);
    hold_to_slow(model, random_rows(shape.features, 60, model));
  }
}

TEST_CASE("describe() says why the kernel was chosen and why batches go without planes") {
  const Model on_grid = random_model(4, {.trees = 3, .features = 4, .grid = 0x1p-30});
  Model off_grid = on_grid;
  off_grid.leaf_grid = 0.0;
  const std::string best = Predictor::make(on_grid)->describe();
  CHECK(best.find(" kernel (this CPU's best): 3 trees") != std::string::npos);
  CHECK(best.find("batches in planes of ") != std::string::npos);
  CHECK(Predictor::make(off_grid)->describe().find("batches without planes: leaves off a grid") != std::string::npos);
  const std::string scalar = Predictor::make(on_grid, {.kernel = "scalar"})->describe();
  CHECK(scalar.find(&best_kernel() == find_kernel("scalar") ? "best" : "scalar kernel (asked for): ") !=
        std::string::npos);
}

TEST_CASE("few trees are walked for single rows and scanned for batches, alike") {
  for (const std::size_t trees : {1u, 2u, 3u, 4u}) {
    for (const bool average : {false, true}) {
      Model model = random_model(trees, {.trees = trees,
                                         .leaves = 20,
                                         .features = 6,
                                         .categorical = 0.3,
                                         .all_rules = true,
                                         .edge_thresholds = true});
      model.average_output = average;
      const auto made = Predictor::make(model);
      REQUIRE_MESSAGE(made.ok(), made.failure().text());
      CHECK(made->engine() == "scan");
      const bool walks = made->describe().find("single rows node by node: few trees") != std::string::npos;
      CHECK(walks == (trees < 4));
      const std::vector<double> rows = random_rows(trees, 300, model, 0.2, 0.5);
      const std::vector<double> want = slow(model, rows);
      std::vector<double> got(300), batch(300);
      for (std::size_t i = 0; i < 300; ++i) {
        const double* row = rows.data() + 6 * i;
        got[i] = made->margin(row);
        CHECK(made->is_at_least(row, want[i]));
        CHECK_FALSE(made->is_at_least(row, std::nextafter(want[i], 1e300)));
      }
      REQUIRE(made->margins(MatrixView<double>::row_major(rows.data(), 300, 6), batch));
      CHECK(bits(got) == bits(want));
      CHECK(bits(batch) == bits(want));
      std::fill(batch.begin(), batch.end(), -1.0);
      REQUIRE(made->margins(MatrixView<double>::row_major(rows.data(), 3, 6), std::span(batch).first(3)));
      CHECK(std::equal(batch.begin(), batch.begin() + 3, want.begin()));
    }
  }
}

TEST_CASE("symmetric trees are found, scored level by level, and alike") {
  for (const int levels : {1, 3, 5, 6, 8}) {
    for (const std::size_t features : {4u, 60u}) {
      for (const double grid : {0x1p-40, 0.0}) {
        CAPTURE(levels);
        CAPTURE(features);
        const Model model = random_model(static_cast<std::uint64_t>(levels), {.trees = 90,
                                                                              .features = features,
                                                                              .categorical = 0.2,
                                                                              .all_rules = true,
                                                                              .edge_thresholds = true,
                                                                              .outputs = 2,
                                                                              .grid = grid,
                                                                              .symmetric = levels});
        const auto made = Predictor::make(model);
        REQUIRE_MESSAGE(made.ok(), made.failure().text());
        CHECK(made->engine() == "symmetric");
        CHECK(made->describe().find("symmetric trees, level by level") == 0);
        hold_to_slow(model, random_rows(features, 200, model, 0.2));
      }
    }
  }
  Model model = random_model(77, {.trees = 5, .features = 4, .symmetric = 3});
  for (std::uint64_t seed = 80; model.trees[2].nodes.size() != 7; ++seed) {
    model.trees[2] = random_model(seed, {.trees = 1, .features = 4, .symmetric = 3}).trees[0];
  }
  CHECK(Predictor::make(model)->engine() == "symmetric");
  model.trees[2].nodes[5].threshold += 1.0;
  CHECK(Predictor::make(model)->engine() == "scan");
  const auto forced = Predictor::make(model, {.engine = "symmetric"});
  REQUIRE_FALSE(forced.ok());
  CHECK(forced.failure().code == ErrorCode::unsupported);
  hold_to_slow(model, random_rows(78, 200, model));
}

TEST_CASE("models beyond the scan are walked, and describe() says why") {
  const Model large = random_model(41, {.trees = 3, .leaves = 1100, .features = 4, .thresholds = 500});
  const auto walked = Predictor::make(large);
  REQUIRE(walked.ok());
  CHECK(walked->engine() == "walk");
  CHECK(walked->describe().find("trees have 1100 leaves on average") != std::string::npos);
  const auto forced = Predictor::make(large, {.engine = "scan"});
  REQUIRE_FALSE(forced.ok());
  CHECK(forced.failure().code == ErrorCode::unsupported);
  // A tree that is a list of 300 questions: its last piece would need 299 others on the way to it.
  Model list = random_model(42, {.trees = 1, .leaves = 2, .features = 3});
  Tree& tree = list.trees[0];
  tree.nodes.resize(300, tree.nodes[0]);
  tree.leaves.clear();
  tree.leaf_counts.clear();
  for (std::size_t i = 0; i < 300; ++i) {
    tree.nodes[i].threshold = 0.01 * static_cast<double>(i);
    tree.nodes[i].left = i + 1 < 300 ? static_cast<std::int32_t>(i + 1) : ~300;
    tree.nodes[i].right = ~static_cast<std::int32_t>(i);
  }
  for (std::size_t i = 0; i < 301; ++i) tree.leaves.push_back(std::ldexp(static_cast<double>(i), -30));
  REQUIRE(Predictor::make(list)->describe().find("too deep to be cut") != std::string::npos);
  for (const Model* model : {static_cast<const Model*>(&large), static_cast<const Model*>(&list)}) {
    const auto rows = random_rows(43, 90, *model);
    const auto made = Predictor::make(*model);
    std::vector<double> got(90);
    REQUIRE(made->margins(MatrixView<double>::row_major(rows.data(), 90, model->features.size()), got));
    CHECK(bits(got) == bits(slow(*model, rows)));
  }
}

TEST_CASE("models with linear leaves have the slow scorer's bits from every engine and kernel") {
  for (std::uint64_t seed = 61; seed < 70; ++seed) {
    CAPTURE(seed);
    const std::size_t features = seed == 69 ? 300 : 5;  // several chunks
    Model drawn = random_model(seed, {.trees = seed == 69 ? 40u : 7u,
                                      .leaves = seed == 69 ? 20 : 1 + seed % 9,
                                      .features = features,
                                      .categorical = seed % 2 == 0 ? 0.4 : 0.0,
                                      .all_rules = true,
                                      .edge_thresholds = true,
                                      .outputs = seed % 3 == 0 ? 3 : 1});
    drawn.average_output = seed % 4 == 0;
    const Model model = with_linear_leaves(seed, drawn);
    const auto outputs = static_cast<std::size_t>(model.num_outputs);
    const auto rows = random_rows(seed, 90, model);
    hold_to_slow(model, rows);
    const std::vector<double> want = slow(model, rows);
    const auto made = Predictor::make(model);
    REQUIRE_MESSAGE(made.ok(), made.failure().text());
    CHECK(made->engine() != "walk");
    CHECK(made->has_linear_leaves());
    CHECK(made->describe().find(", linear leaves by their numbers") != std::string::npos);
    std::vector<double> got(want.size());
    std::vector<float> floats(rows.size());
    std::vector<double> widened(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) widened[i] = from_float32(floats[i] = to_float32(rows[i]));
    REQUIRE(made->margins(MatrixView<float>::row_major(floats.data(), 90, features), got));
    CHECK(bits(got) == bits(slow(model, widened)));
    for (std::size_t i = 0; i < 90; ++i) {
      for (const double threshold : {want[i * outputs], 0.0, 1e300}) {
        CHECK(made->is_at_least(rows.data() + i * features, threshold) == (want[i * outputs] >= threshold));
      }
    }
  }
  const Model large = with_linear_leaves(3, random_model(3, {.trees = 4, .leaves = 300, .features = 4}));
  const auto walked = Predictor::make(large);
  REQUIRE_MESSAGE(walked.ok(), walked.failure().text());
  CHECK(walked->describe().find("(the leaves of tree 0 are linear, and pieces of trees of more than 256 leaves") !=
        std::string::npos);
  CHECK_FALSE(Predictor::make(large, {.engine = "scan"}).ok());
}

TEST_CASE("unknown engines and kernels, broken models and wrong sizes are refused") {
  Model model = random_model(51, {});
  CHECK(Predictor::make(model, {.engine = "fast"}).failure().code == ErrorCode::invalid_option);
  CHECK(Predictor::make(model, {.kernel = "sse9"}).failure().code == ErrorCode::invalid_option);
  const auto made = Predictor::make(model);
  const auto rows = random_rows(51, 10, model);
  std::vector<double> out(9);
  CHECK_FALSE(made->margins(MatrixView<double>::row_major(rows.data(), 10, 5), out));
  CHECK_FALSE(made->margins(MatrixView<double>::row_major(rows.data(), 9, 4), out));
  model.trees[0].nodes[0].feature = 77;
  CHECK(Predictor::make(model).failure().code == ErrorCode::corrupt);
}

TEST_CASE("a batch without rows is scored, and rows of 29 features are refused by a model of 30") {
  const Model model = random_model(52, {.features = 30, .outputs = 2});
  const std::vector<double> rows = random_rows(52, 4, model);
  const std::vector<float> narrow(rows.size(), 0.5F);
  for (const char* engine : {"scan", "walk"}) {
    CAPTURE(engine);
    const auto made = Predictor::make(model, {.engine = engine});
    std::vector<double> out(8, 7.0);
    const std::span<double> none = std::span(out).first(0);
    CHECK(made->margins(MatrixView<double>::row_major(rows.data(), 0, 30), none));
    CHECK(made->margins(MatrixView<double>::col_major(nullptr, 0, 30), none));
    CHECK(made->margins(MatrixView<float>::row_major(nullptr, 0, 30), none));
    CHECK(made->probabilities(MatrixView<double>::row_major(nullptr, 0, 30), none));
    CHECK_FALSE(made->margins(MatrixView<double>::row_major(rows.data(), 0, 30), out));
    CHECK_FALSE(made->margins(MatrixView<double>::row_major(rows.data(), 4, 29), out));
    CHECK_FALSE(made->margins(MatrixView<float>::row_major(narrow.data(), 4, 29), out));
    CHECK_FALSE(made->probabilities(MatrixView<double>::row_major(rows.data(), 4, 29), out));
    CHECK(out == std::vector<double>(8, 7.0));
  }
}

TEST_CASE("try_load gives a predictor, or a sentence") {
  const auto folder = std::filesystem::temp_directory_path() / "riskflag_predictor_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "model.json").string();
  const Model model = random_model(61, {});
  std::ofstream(path, std::ios::binary) << model_text(model);
  const auto rows = random_rows(61, 1, model);
  const auto loaded = try_load(path);
  REQUIRE_MESSAGE(loaded.ok(), loaded.failure().text());
  CHECK(loaded->margin(rows.data()) == margin(model, rows));
  CHECK(loaded->features() == model.features.size());
  CHECK(try_load((folder / "none.json").string()).failure().code == ErrorCode::not_found);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << model_text(model).substr(0, 1000);
  CHECK(try_load(path).failure().code == ErrorCode::corrupt);
  std::filesystem::remove_all(folder);
}

TEST_CASE("invariant: the early answer to is_at_least is the full sum's") {
  std::uint64_t seed = 900;
  for (const std::size_t trees : {0u, 1u, 64u, 300u, 700u}) {
    for (const double grid : {0x1p-30, 0.0}) {
      for (const double slope : {1.0, 0.97}) {
        for (const std::size_t features : {6u, 300u}) {
          Model model = random_model(
              ++seed, {.trees = trees, .leaves = 9, .features = features, .all_rules = true, .grid = grid});
          if (grid > 0) {  // smaller leaves later, as boosting has them: exits differ from row to row
            double share = 1.0;
            for (Tree& tree : model.trees) {
              for (double& leaf : tree.leaves) leaf = std::round(leaf * share / grid) * grid;
              share *= slope;
            }
          }
          const auto rows = random_rows(seed, 60, model);
          const auto margins = slow(model, rows);
          for (const Engine& engine : engines(model)) {
            const auto made = Predictor::make(model, {engine.engine, engine.kernel});
            REQUIRE(made.ok());
            for (std::size_t i = 0; i < 60; ++i) {
              const double* row = rows.data() + i * features;
              for (const double threshold :
                   {margins[i], std::nextafter(margins[i], 1e9), std::nextafter(margins[i], -1e9), margins[0], 0.0,
                    -0.0, 5.0, -5.0, 1e300, -1e300}) {
                CHECK(made->is_at_least(row, threshold) == (margins[i] >= threshold));
              }
              CHECK_FALSE(made->is_at_least(row, kMissing));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("float rows are scored as the doubles that they are, in every layout") {
  for (const std::size_t features : {5u, 30u, 4100u}) {
    const Model model = random_model(features, {.trees = 20, .leaves = 9, .features = features});
    std::vector<double> rows = random_rows(features, 150, model);
    std::vector<float> narrow;
    for (double& x : rows) {
      narrow.push_back(static_cast<float>(x));
      x = static_cast<double>(narrow.back());
    }
    const auto want = bits(slow(model, rows));
    const auto made = Predictor::make(model);
    std::vector<double> got(150, -1.0);
    REQUIRE(made->margins(MatrixView<float>::row_major(narrow.data(), 150, features), got));
    CHECK(bits(got) == want);
    // every second row and cell of a larger table
    std::vector<double> spread(rows.size() * 4, 7.0);
    for (std::size_t i = 0; i < 150; ++i) {
      for (std::size_t f = 0; f < features; ++f) spread[i * 4 * features + 2 * f] = rows[i * features + f];
    }
    std::fill(got.begin(), got.end(), -1.0);
    REQUIRE(made->margins(
        MatrixView<double>(spread.data(), 150, features, static_cast<std::ptrdiff_t>(4 * features), 2), got));
    CHECK(bits(got) == want);
    CHECK_FALSE(made->margins(MatrixView<float>::row_major(narrow.data(), 150, features), std::span(got).first(149)));
  }
}

TEST_CASE("large batches of floats have the doubles' bits, whole blocks or not, in one piece or several") {
  for (const std::size_t features : {3u, 40u, 600u}) {
    const Model model = random_model(features, {.trees = 20, .leaves = 9, .features = features});
    for (const std::size_t count : {171u, 512u, 1500u}) {
      CAPTURE(features);
      CAPTURE(count);
      std::vector<double> rows = random_rows(features, count, model);
      std::vector<float> narrow;
      for (double& x : rows) {
        narrow.push_back(static_cast<float>(x));
        x = static_cast<double>(narrow.back());
      }
      std::vector<double> got(count, -1.0);
      REQUIRE(Predictor::make(model)->margins(MatrixView<float>::row_major(narrow.data(), count, features), got));
      CHECK(bits(got) == bits(slow(model, rows)));
    }
  }
}

TEST_CASE("RISKFLAG_KERNEL chooses the kernel that an option does not name") {
  const Model model = random_model(71, {});
  setenv("RISKFLAG_KERNEL", "scalar", 1);
  CHECK(Predictor::make(model)->kernel() == "scalar");
  CHECK(Predictor::make(model, {.kernel = best_kernel().name})->kernel() == best_kernel().name);
  setenv("RISKFLAG_KERNEL", "sse9", 1);
  CHECK(Predictor::make(model).failure().text().find("RISKFLAG_KERNEL") != std::string::npos);
  setenv("RISKFLAG_KERNEL", "", 1);
  CHECK(Predictor::make(model)->kernel() == best_kernel().name);
  unsetenv("RISKFLAG_KERNEL");
}
