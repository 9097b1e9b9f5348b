#include <riskflag/explain.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/model/walk.hpp>

#include "../predict/random_model.hpp"

using namespace riskflag;
using namespace riskflag_test;

namespace {

/// Gives every leaf a count (some 0) and every node the sum of its leaves'.
void count_rows(Model& model, std::uint64_t seed, double empty = 0.0) {
  Draws draws(seed, 99);
  for (Tree& tree : model.trees) {
    tree.leaf_counts.clear();
    for (std::size_t i = 0; i < tree.leaves.size(); ++i) {
      tree.leaf_counts.push_back(draws.chance(empty) ? 0.0 : 1.0 + std::floor(draws.uniform() * 500.0));
    }
    const auto count = [&](std::int32_t child) {
      return child < 0 ? tree.leaf_counts[static_cast<std::size_t>(~child)]
                       : tree.nodes[static_cast<std::size_t>(child)].count;
    };
    for (std::size_t i = tree.nodes.size(); i-- > 0;) {
      tree.nodes[i].count = count(tree.nodes[i].left) + count(tree.nodes[i].right);
    }
  }
}

/// The mean of a tree when only the features of `known` are known.
double conditional(const Tree& tree, std::int32_t at, const double* row, std::size_t features, std::uint32_t known,
                   bool float32) {
  if (at < 0) return tree.leaves[static_cast<std::size_t>(~at)];
  const Node& node = tree.nodes[static_cast<std::size_t>(at)];
  const auto mean = [&](std::int32_t child) { return conditional(tree, child, row, features, known, float32); };
  const auto count = [&](std::int32_t child) {
    return child < 0 ? tree.leaf_counts[static_cast<std::size_t>(~child)]
                     : tree.nodes[static_cast<std::size_t>(child)].count;
  };
  if ((known >> node.feature & 1U) != 0) {
    double x = row[node.feature];
    if (float32 && !is_missing(x)) x = static_cast<double>(static_cast<float>(x));
    return mean(goes_left(tree, node, x, float32) ? node.left : node.right);
  }
  if (node.count == 0.0) return 0.5 * mean(node.left) + 0.5 * mean(node.right);
  return (count(node.left) * mean(node.left) + count(node.right) * mean(node.right)) / node.count;
}

/// Shapley values of `game`, a function of the set of known features, by their definition over all subsets.
template <class Game>
std::vector<double> shapley(std::size_t features, Game game) {
  std::vector<double> value(std::size_t{1} << features);
  for (std::uint32_t s = 0; s < value.size(); ++s) value[s] = game(s);
  const auto factorial = [](std::size_t n) { return std::tgamma(static_cast<double>(n) + 1.0); };
  std::vector<double> out(features, 0.0);
  for (std::size_t i = 0; i < features; ++i) {
    for (std::uint32_t s = 0; s < value.size(); ++s) {
      if ((s >> i & 1U) != 0) continue;
      const auto size = static_cast<std::size_t>(std::popcount(s));
      const double weight = factorial(size) * factorial(features - size - 1) / factorial(features);
      out[i] += weight * (value[s | std::uint32_t{1} << i] - value[s]);
    }
  }
  return out;
}

std::vector<double> contributions_of(const Explainer& explainer, const double* row) {
  std::vector<double> out(explainer.features() * explainer.outputs());
  Explainer::Scratch scratch;
  explainer.contributions(row, out.data(), scratch);
  return out;
}

std::vector<CpuLevel> levels() {
  std::vector<CpuLevel> out = {CpuLevel::scalar};
  for (const CpuLevel level : {CpuLevel::avx2, CpuLevel::avx512}) {
    if (static_cast<int>(level) <= static_cast<int>(cpu_level())) out.push_back(level);
  }
  return out;
}

ModelShape shape_of(std::size_t trees, std::size_t leaves, std::size_t features) {
  ModelShape shape;
  shape.trees = trees;
  shape.leaves = leaves;
  shape.features = features;
  shape.categorical = 0.3;
  shape.all_rules = true;
  shape.edge_thresholds = true;
  return shape;
}

/// A chain: node i asks feature i; a leaf on the left, the rest on the right.
Model chain(std::size_t length) {
  Model model;
  model.base_margin = {0.0};
  Tree tree;
  for (std::size_t i = 0; i < length; ++i) {
    model.features.push_back({.name = "f" + std::to_string(i)});
    Node node;
    node.feature = static_cast<std::int32_t>(i);
    node.left = ~static_cast<std::int32_t>(i);
    node.right = i + 1 < length ? static_cast<std::int32_t>(i + 1) : ~static_cast<std::int32_t>(length);
    tree.nodes.push_back(node);
  }
  for (std::size_t i = 0; i <= length; ++i) tree.leaves.push_back(i == length ? 1.0 : 0.0);
  model.trees.push_back(tree);
  count_rows(model, 1);
  return model;
}

}  // namespace

TEST_CASE("Gauss-Legendre on [0, 1] integrates x^k exactly up to its degree") {
  for (const std::size_t n : {1u, 2u, 3u, 8u, 16u, 24u, 64u}) {
    CAPTURE(n);
    const Quadrature rule = gauss_legendre(n);
    for (std::size_t k = 0; k < 2 * n; ++k) {
      double sum = 0.0;
      for (std::size_t i = 0; i < n; ++i) sum += rule.weights[i] * std::pow(rule.points[i], static_cast<double>(k));
      CHECK(std::abs(sum * static_cast<double>(k + 1) - 1.0) < 1e-13 * static_cast<double>(k + 1));
    }
  }
}

TEST_CASE("one question: the feature is worth the child's value minus the mean, by hand") {
  Model model;
  model.base_margin = {0.25};
  model.features = {{.name = "a"}, {.name = "b"}};
  Tree tree;
  tree.nodes.push_back({.feature = 1, .threshold = 2.0, .left = ~0, .right = ~1, .count = 4.0});
  tree.leaves = {1.0, -1.0};
  tree.leaf_counts = {3.0, 1.0};
  model.trees = {tree};
  const Explainer explainer = Explainer::make(model).value();
  CHECK(explainer.base() == 0.75);  // 0.25 + (3 x 1 - 1) / 4
  const double row[] = {0.0, 5.0};
  const auto got = contributions_of(explainer, row);
  CHECK(got[0] == 0.0);
  CHECK(std::abs(got[1] + 1.5) < 1e-15);
}

TEST_CASE("path-dependent contributions are the Shapley values of the conditional means, by all subsets") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const std::size_t features = 1 + seed % 7;
    Model model = random_model(seed, shape_of(3, 2 + seed % 13, features));
    model.float32_inputs = seed % 3 == 0;
    count_rows(model, seed, seed % 4 == 0 ? 0.3 : 0.0);
    const Explainer explainer = Explainer::make(model).value();
    const std::vector<double> rows = random_rows(seed, 12, model);
    for (std::size_t r = 0; r < 12; ++r) {
      const double* row = rows.data() + r * features;
      const auto want = shapley(features, [&](std::uint32_t known) {
        double sum = 0.0;
        for (const Tree& tree : model.trees) {
          sum += conditional(tree, tree.nodes.empty() ? ~0 : 0, row, features, known, model.float32_inputs);
        }
        return sum;
      });
      const auto got = contributions_of(explainer, row);
      for (std::size_t f = 0; f < features; ++f) CHECK(std::abs(got[f] - want[f]) < 1e-12);
    }
  }
}

TEST_CASE("invariant: base and contributions add up to the margin within 1e-12 of the leaves' size") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    ModelShape shape = shape_of(30, 2 + seed * 20, 3 + seed * 4);
    shape.outputs = seed % 2 == 0 ? 3 : 1;
    Model model = random_model(seed, shape);
    model.average_output = seed % 5 == 0;
    count_rows(model, seed);
    double size = 1.0;
    for (const Tree& tree : model.trees) {
      double most = 0.0;
      for (const double leaf : tree.leaves) most = std::max(most, std::abs(leaf));
      size += most;
    }
    const Explainer explainer = Explainer::make(model).value();
    const std::size_t features = model.features.size();
    const std::vector<double> rows = random_rows(seed, 40, model);
    for (std::size_t r = 0; r < 40; ++r) {
      const auto got = contributions_of(explainer, rows.data() + r * features);
      for (int k = 0; k < model.num_outputs; ++k) {
        double sum = explainer.base(static_cast<std::size_t>(k));
        for (std::size_t f = 0; f < features; ++f) sum += got[static_cast<std::size_t>(k) * features + f];
        const double want = margin(model, std::span(rows).subspan(r * features, features), k);
        CHECK(std::abs(sum - want) <= 1e-12 * size);
      }
    }
  }
}

TEST_CASE("invariant: contributions have the same bits from every kernel, for one row and many") {
  for (const std::size_t leaves : {1u, 2u, 9u, 31u, 200u}) {
    CAPTURE(leaves);
    Model model = random_model(leaves, shape_of(20, leaves, 9));
    count_rows(model, leaves);
    const std::vector<double> rows = random_rows(5, 37, model);
    std::vector<double> want(37 * 9), got(37 * 9);
    Explainer::Scratch scratch;
    const Explainer plain = Explainer::make(model, CpuLevel::scalar).value();
    for (std::size_t r = 0; r < 37; ++r) plain.contributions(rows.data() + r * 9, want.data() + r * 9, scratch);
    for (const CpuLevel level : levels()) {
      CAPTURE(name_of(level));
      const Explainer explainer = Explainer::make(model, level).value();
      REQUIRE(explainer.contributions(MatrixView<double>::row_major(rows.data(), 37, 9), got, scratch));
      bool same = true;
      for (std::size_t i = 0; i < got.size(); ++i)
        same = same && std::bit_cast<std::uint64_t>(got[i]) == std::bit_cast<std::uint64_t>(want[i]);
      CHECK(same);
    }
  }
}

TEST_CASE("paths with far more features than points keep their exactness: a chain, by its symmetric parts") {
  for (const std::size_t length : {7u, 8u, 9u, 15u, 16u, 17u, 18u, 33u, 100u}) {
    CAPTURE(length);
    Model model = chain(length);
    // Equal counts: each node sends half of its rows on, so that all features of the path are alike.
    Tree& tree = model.trees[0];
    for (std::size_t i = 0; i < length; ++i) {
      tree.nodes[i].count = 4.0;
      tree.leaf_counts[i] = 2.0;
      if (i > 0) tree.nodes[i].count = 2.0;
      tree.leaf_counts[i] = i == 0 ? 2.0 : 1.0;
    }
    for (std::size_t i = 1; i < length; ++i) {
      tree.nodes[i].count = std::ldexp(1.0, -static_cast<int>(i)) * 4.0;
      tree.leaf_counts[i] = tree.nodes[i].count / 2.0;
    }
    tree.nodes[0].count = 4.0;
    tree.leaf_counts[length] = tree.leaf_counts[length - 1];
    const Explainer explainer = Explainer::make(model).value();
    const std::vector<double> row(length, 1.0);  // right everywhere: reaches the leaf that is worth 1
    const double share = (1.0 - std::ldexp(1.0, -static_cast<int>(length))) / static_cast<double>(length);
    for (const double got : contributions_of(explainer, row.data())) CHECK(std::abs(got - share) < 1e-14);
  }
}

TEST_CASE("interventional contributions are the Shapley values of replacing features, and add up") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const std::size_t features = 1 + seed % 7;
    Model model = random_model(seed, shape_of(4, 2 + seed % 17, features));
    model.average_output = seed % 2 == 0;
    count_rows(model, seed);
    const Explainer explainer = Explainer::make(model).value();
    const std::vector<double> rows = random_rows(seed, 4, model), references = random_rows(seed + 1000, 3, model);
    Explainer::Scratch scratch;
    for (std::size_t r = 0; r < 4; ++r) {
      const double* row = rows.data() + r * features;
      const auto game = [&](std::uint32_t known) {
        double sum = 0.0;
        for (std::size_t ref = 0; ref < 3; ++ref) {
          std::vector<double> mixed(references.begin() + static_cast<std::ptrdiff_t>(ref * features),
                                    references.begin() + static_cast<std::ptrdiff_t>((ref + 1) * features));
          for (std::size_t f = 0; f < features; ++f) {
            if ((known >> f & 1U) != 0) mixed[f] = row[f];
          }
          sum += margin(model, mixed);
        }
        return sum / 3.0;
      };
      const auto want = shapley(features, game);
      std::vector<double> got(features);
      double base = 0.0;
      REQUIRE(explainer.contributions_against(row, MatrixView<double>::row_major(references.data(), 3, features), got,
                                              std::span(&base, 1), scratch));
      CHECK(std::abs(base - game(0)) < 1e-12);
      for (std::size_t f = 0; f < features; ++f) CHECK(std::abs(got[f] - want[f]) < 1e-12);
    }
  }
}

TEST_CASE(
    "invariant: many references give the mean of one by one, the same bits from every kernel, looked at once or each "
    "time") {
  for (const std::size_t count : {1u, 2u, 63u, 64u, 65u, 130u}) {
    CAPTURE(count);
    Model model = random_model(count, shape_of(12, 40, 11));
    count_rows(model, count);
    const std::vector<double> rows = random_rows(7, 3, model), kept = random_rows(8, count, model);
    const auto references = MatrixView<double>::row_major(kept.data(), count, 11);
    const Explainer plain = Explainer::make(model, CpuLevel::scalar).value();
    Explainer::Scratch scratch;
    std::vector<double> want(11), got(11), one(11), base(1);
    for (std::size_t r = 0; r < 3; ++r) {
      const double* row = rows.data() + r * 11;
      REQUIRE(plain.contributions_against(row, references, want, base, scratch));
      std::vector<double> mean(11, 0.0);
      double sum = base[0];
      for (std::size_t i = 0; i < count; ++i) {
        std::vector<double> own(1);
        REQUIRE(plain.contributions_against(row, references.rows_from(i, 1), one, own, scratch));
        for (std::size_t f = 0; f < 11; ++f) mean[f] += one[f] / static_cast<double>(count);
      }
      for (std::size_t f = 0; f < 11; ++f) {
        CHECK(std::abs(mean[f] - want[f]) < 1e-12);
        sum += want[f];
      }
      CHECK(std::abs(sum - margin(model, std::span(rows).subspan(r * 11, 11))) < 1e-12);
      for (const CpuLevel level : levels()) {
        CAPTURE(name_of(level));
        const Explainer explainer = Explainer::make(model, level).value();
        const auto looked_at = explainer.references(references);
        REQUIRE(looked_at);
        CHECK(looked_at->rows() == count);
        CHECK(looked_at->base() == base);
        REQUIRE(explainer.contributions_against(row, *looked_at, got, scratch));
        CHECK(got == want);
      }
    }
  }
}

TEST_CASE("a long path against a reference: each of its features is worth the same, by symmetry") {
  for (const std::size_t length : {8u, 63u, 64u, 65u, 200u}) {
    CAPTURE(length);
    const Model model = chain(length);
    const Explainer explainer = Explainer::make(model).value();
    Explainer::Scratch scratch;
    // The leaf that is worth 1 is reached when all answers are "right": the row's all are, none of the reference's.
    const std::vector<double> row(length, 1.0), other(length, -1.0);
    std::vector<double> got(length), base(1);
    REQUIRE(explainer.contributions_against(row.data(), MatrixView<double>::row_major(other.data(), 1, length), got,
                                            base, scratch));
    for (const double part : got) CHECK(std::abs(part * static_cast<double>(length) - 1.0) < 1e-13);
    REQUIRE(explainer.contributions_against(other.data(), MatrixView<double>::row_major(row.data(), 1, length), got,
                                            base, scratch));
    for (const double part : got) CHECK(std::abs(part * static_cast<double>(length) + 1.0) < 1e-13);
  }
}

TEST_CASE("references of another explainer, none, and rows of another width are refused") {
  Model model = random_model(3, shape_of(3, 8, 4)), other = random_model(4, shape_of(5, 9, 4));
  count_rows(model, 1);
  count_rows(other, 1);
  const Explainer explainer = Explainer::make(model).value();
  const std::vector<double> cells(8, 0.5);
  CHECK(!explainer.references(MatrixView<double>::row_major(cells.data(), 0, 4)));
  CHECK(!explainer.references(MatrixView<double>::row_major(cells.data(), 1, 5)));
  const auto foreign = Explainer::make(other).value().references(MatrixView<double>::row_major(cells.data(), 1, 4));
  REQUIRE(foreign);
  std::vector<double> out(4, 9.0);
  Explainer::Scratch scratch;
  CHECK(!explainer.contributions_against(cells.data(), *foreign, out, scratch));
  CHECK(!explainer.contributions_against(cells.data(), Explainer::References{}, out, scratch));
  CHECK(out == std::vector<double>(4, 9.0));
}

TEST_CASE("a model without counts, or with counts that contradict one another, is refused") {
  Model model = random_model(3, shape_of(3, 8, 4));
  for (Tree& tree : model.trees) tree.leaf_counts.clear();
  const auto none = Explainer::make(model);
  REQUIRE(!none);
  CHECK(none.failure().code == ErrorCode::unsupported);
  CHECK(none.failure().where == "model: tree 0");
  count_rows(model, 1);
  model.trees[1].nodes[0].count = 0.0;
  const auto wrong = Explainer::make(model);
  REQUIRE(!wrong);
  CHECK(wrong.failure().where == "model: tree 1, node 0");
}

TEST_CASE("a model with linear leaves is refused, with what to do") {
  const auto made = Explainer::make(with_linear_leaves(3, random_model(3, shape_of(3, 8, 4))));
  REQUIRE(!made);
  CHECK(made.failure().code == ErrorCode::unsupported);
  CHECK(made.failure().text() ==
        "tree 0: its leaves are linear, and contributions are those of constants; train the model with "
        "linear_tree=false to have reasons");
}

TEST_CASE("shapes that do not fit are refused, and nothing is written") {
  Model model = random_model(3, shape_of(3, 8, 4));
  count_rows(model, 1);
  const Explainer explainer = Explainer::make(model).value();
  Explainer::Scratch scratch;
  std::vector<double> cells(8, 0.5), out(7, 9.0), base(1, 9.0);
  CHECK(!explainer.contributions(MatrixView<double>::row_major(cells.data(), 2, 4), out, scratch));
  CHECK(!explainer.contributions_against(cells.data(), MatrixView<double>::row_major(cells.data(), 0, 4), out, base,
                                         scratch));
  CHECK(out == std::vector<double>(7, 9.0));
  CHECK(base[0] == 9.0);
}
