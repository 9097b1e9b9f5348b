#pragma once

// Random models and rows for tests and benchmarks of model/ and predict/: every rule, edge values among the thresholds,
// leaves numbered out of order.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag_test {

using namespace riskflag;

struct ModelShape {
  std::size_t trees = 20;
  std::size_t leaves = 8;  ///< per tree; 1 = trees of one leaf
  std::size_t features = 5;
  double categorical = 0.0;       ///< share of categorical features
  std::size_t levels = 40;        ///< of categorical features
  std::size_t category_sets = 6;  ///< distinct sets for each categorical feature
  bool all_rules = false;         ///< every MissingRule; otherwise nan alone
  bool edge_thresholds = false;   ///< zeros, denormals, infinities among the thresholds
  std::size_t thresholds = 60;    ///< distinct ones for each feature
  int outputs = 1;
  double grid = 0x1p-30;  ///< 0 = leaves off any grid
  int symmetric = -1;     ///< >= 0: one question a level, on up to so many levels; instead of leaves
};

/// Draws one after another from one stream.
class Draws {
 public:
  explicit Draws(std::uint64_t seed, std::uint64_t stream = 0) : random_(seed, stream) {}
  double uniform() { return random_.uniform(at_++); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.below(n, at_++)); }
  bool chance(double p) { return uniform() < p; }

 private:
  Random random_;
  std::uint64_t at_ = 0;
};

/// The multiple of `grid` (a power of two) next to x, at any flags; x itself without a grid.
inline double on_grid(double x, double grid) {
  if (grid == 0) return x;
  return exact::mul(std::floor(exact::add(exact::div(x, grid), 0.5)), grid);
}

/// -0, about which the compiler knows nothing: under -ffast-math GCC for aarch64 writes a table's literal -0.0 as 0.
inline double minus_zero() {
  std::uint64_t bits = 0x8000000000000000ULL;
  asm("" : "+r"(bits));
  return detail::bit_cast<double>(bits);
}

/// Values on which comparisons go wrong first.
inline const std::vector<double>& edge_values() {
  static const double inf = detail::infinity();
  static const double tiny = std::numeric_limits<double>::denorm_min();
  static const std::vector<double> values = {
      0.0, minus_zero(), tiny, -tiny, 1e-310, -1e-310, 2.2250738585072014e-308, kZeroBand, -kZeroBand, 1e-35, -1e-35,
      // Floats below 2^-126, and what rounds to them: ties and their neighbours.
      1e-40, -1e-40, 0x1p-149, -0x1p-149, 0x1p-150, -0x1p-150, 0x1.8p-149, 0x1.fffffep-127, -0x1.fffffep-127, 0x1p-126,
      -0x1p-126, std::nextafter(kZeroBand, 1.0), std::nextafter(-kZeroBand, -1.0), 1.0, -1.0,
      std::numeric_limits<double>::max(), -std::numeric_limits<double>::max(), inf};
  return values;
}

inline Tree random_tree(Draws& draws, const ModelShape& shape, const std::vector<Feature>& features,
                        const std::vector<std::vector<double>>& pools,
                        const std::vector<std::vector<std::vector<std::uint32_t>>>& sets) {
  Tree tree;
  const std::size_t leaves = shape.leaves == 0 ? 1 : shape.leaves;
  // Leaf numbers out of order: a scorer must not assume that they run from left to right.
  std::vector<std::int32_t> numbers(leaves);
  for (std::size_t i = 0; i < leaves; ++i) numbers[i] = static_cast<std::int32_t>(i);
  for (std::size_t i = leaves; i > 1; --i) std::swap(numbers[i - 1], numbers[draws.below(i)]);
  struct Open {
    std::int32_t parent;
    bool left;
  };
  std::vector<Open> open = {{-1, true}};
  while (open.size() < leaves) {
    const std::size_t pick = draws.below(open.size());
    const Open at = open[pick];
    const auto index = static_cast<std::int32_t>(tree.nodes.size());
    if (at.parent >= 0)
      (at.left ? tree.nodes[static_cast<std::size_t>(at.parent)].left
               : tree.nodes[static_cast<std::size_t>(at.parent)].right) = index;
    Node node;
    const std::size_t f = draws.below(features.size());
    node.feature = static_cast<std::int32_t>(f);
    node.default_left = draws.chance(0.5);
    node.gain = draws.uniform();
    node.count = 100.0;
    if (features[f].type == FeatureType::categorical) {
      node.categorical = true;
      node.category_set = static_cast<std::uint32_t>(tree.category_sets.size());
      tree.category_sets.push_back(sets[f][draws.below(sets[f].size())]);
    } else {
      node.threshold = pools[f][draws.below(pools[f].size())];
      if (shape.all_rules) node.missing = static_cast<MissingRule>(draws.below(3));
    }
    tree.nodes.push_back(node);
    open[pick] = {index, true};
    open.push_back({index, false});
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (open[i].parent < 0) continue;
    Node& parent = tree.nodes[static_cast<std::size_t>(open[i].parent)];
    (open[i].left ? parent.left : parent.right) = ~numbers[i];
  }
  for (std::size_t i = 0; i < leaves; ++i) {
    const double raw = draws.uniform() - 0.5;
    tree.leaves.push_back(on_grid(raw, shape.grid));
    tree.leaf_counts.push_back(10.0);
  }
  return tree;
}

/// Makes every branch ask the same: nodes level by level, leaves out of order.
inline void make_symmetric(Draws& draws, Tree& tree, std::size_t levels) {
  const std::size_t leaves = std::size_t{1} << levels;
  const std::vector<Node> questions = tree.nodes;
  tree.nodes.clear();
  for (std::size_t i = 1; i < leaves; ++i) {
    std::size_t level = 0;
    while (i >> (level + 1) != 0) ++level;
    Node node = questions[level];
    const auto child = [&](std::size_t place) {
      return place < leaves ? static_cast<std::int32_t>(place - 1) : ~static_cast<std::int32_t>((place - leaves) ^ 1U);
    };
    node.left = child(2 * i);
    node.right = child(2 * i + 1);
    if (levels == 1) {
      node.left = ~0;
      node.right = ~1;
    }
    tree.nodes.push_back(node);
  }
  tree.leaf_counts.assign(leaves, 10.0);
  const double leaf = tree.leaves[0];
  while (tree.leaves.size() < leaves) tree.leaves.push_back(tree.leaves[draws.below(tree.leaves.size())] - leaf);
  tree.leaves.resize(leaves);
}

inline Model random_model(std::uint64_t seed, const ModelShape& shape) {
  Draws draws(seed);
  Model model;
  model.objective.name = shape.outputs > 1 ? "multiclass" : "binary";
  model.num_outputs = shape.outputs;
  model.leaf_grid = shape.grid;
  std::vector<std::vector<double>> pools(shape.features);
  std::vector<std::vector<std::vector<std::uint32_t>>> sets(shape.features);
  for (std::size_t f = 0; f < shape.features; ++f) {
    Feature feature;
    feature.name = "f" + std::to_string(f);
    if (draws.chance(shape.categorical)) {
      feature.type = FeatureType::categorical;
      for (std::size_t l = 0; l < shape.levels; ++l) feature.levels.push_back("level " + std::to_string(l));
      for (std::size_t s = 0; s < shape.category_sets; ++s) {
        auto& words = sets[f].emplace_back((shape.levels + 31) / 32);
        for (std::size_t l = 0; l < shape.levels; ++l) {
          if (draws.chance(0.5)) words[l / 32] |= 1U << (l % 32);
        }
      }
    } else {
      for (std::size_t i = 0; i < shape.thresholds; ++i) pools[f].push_back(draws.uniform() * 4.0 - 2.0);
      if (shape.edge_thresholds) pools[f].insert(pools[f].end(), edge_values().begin(), edge_values().end());
    }
    model.features.push_back(std::move(feature));
  }
  for (int k = 0; k < shape.outputs; ++k) {
    model.base_margin.push_back(on_grid(draws.uniform(), shape.grid));
  }
  for (std::size_t t = 0; t < shape.trees * static_cast<std::size_t>(shape.outputs); ++t) {
    if (shape.symmetric >= 0) {
      const std::size_t levels = draws.below(static_cast<std::size_t>(shape.symmetric) + 1);
      ModelShape list = shape;
      list.leaves = levels + 1;
      model.trees.push_back(random_tree(draws, list, model.features, pools, sets));
      make_symmetric(draws, model.trees.back(), levels);
      continue;
    }
    model.trees.push_back(random_tree(draws, shape, model.features, pools, sets));
  }
  model.best_iteration = static_cast<int>(shape.trees);
  return model;
}

/// Makes the leaves of the trees linear, but of every third one; the model leaves its grid.
inline Model with_linear_leaves(std::uint64_t seed, Model model) {
  Draws draws(seed, 2);
  std::vector<std::int32_t> numeric;
  for (std::size_t f = 0; f < model.features.size(); ++f) {
    if (model.features[f].type == FeatureType::numeric) numeric.push_back(static_cast<std::int32_t>(f));
  }
  model.leaf_grid = 0.0;
  for (std::size_t t = 0; t < model.trees.size(); ++t) {
    if (t % 3 == 2) continue;
    for (const double leaf : model.trees[t].leaves) {
      LinearLeaf& linear = model.trees[t].linear.emplace_back();
      linear.constant = leaf + draws.uniform();
      for (std::size_t i = numeric.empty() ? 0 : draws.below(4); i > 0; --i) {
        linear.features.push_back(numeric[draws.below(numeric.size())]);
        linear.coefficients.push_back(draws.chance(0.1) ? 1e30 * draws.uniform() : draws.uniform() - 0.5);
      }
    }
  }
  return model;
}

/// `rows` rows, row-major: plain values, thresholds themselves and their neighbours, edge values, missing ones.
inline std::vector<double> random_rows(std::uint64_t seed, std::size_t rows, const Model& model, double missing = 0.1,
                                       double edges = 0.3) {
  Draws draws(seed, 1);
  const std::size_t cols = model.features.size();
  std::vector<std::vector<double>> thresholds(cols);
  for (const Tree& tree : model.trees) {
    for (const Node& node : tree.nodes) {
      if (!node.categorical) thresholds[static_cast<std::size_t>(node.feature)].push_back(node.threshold);
    }
  }
  std::vector<double> out;
  out.reserve(rows * cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t f = 0; f < cols; ++f) {
      double x = draws.uniform() * 4.0 - 2.0;
      if (model.features[f].type == FeatureType::categorical) {
        x = static_cast<double>(draws.below(model.features[f].levels.size() + 30));
        if (draws.chance(edges * 0.3)) x = -1.0;
        if (draws.chance(edges * 0.3)) x = exact::sub(exact::mul(draws.uniform(), 40.0), 2.0);
        if (draws.chance(edges * 0.2)) x = edge_values()[draws.below(edge_values().size())];
      } else if (draws.chance(edges)) {
        const auto& known = thresholds[f];
        if (!known.empty() && draws.chance(0.6)) {
          x = known[draws.below(known.size())];
          if (draws.chance(0.3))
            x = std::nextafter(x, -1e300);
          else if (draws.chance(0.4))
            x = std::nextafter(x, 1e300);
        } else {
          x = edge_values()[draws.below(edge_values().size())];
          if (draws.chance(0.1)) x = -detail::infinity();
        }
      }
      if (draws.chance(missing)) x = draws.chance(0.5) ? kMissing : -kMissing;
      out.push_back(x);
    }
  }
  return out;
}

}  // namespace riskflag_test
