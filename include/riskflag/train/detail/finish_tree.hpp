#pragma once

// From the shape of a tree to the tree: leaf values from fine sums, weights of rows, real thresholds.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/model/tree.hpp>
#include <riskflag/train/detail/percentile.hpp>
#include <riskflag/train/detail/row_gradients.hpp>
#include <riskflag/train/grower.hpp>
#include <riskflag/train/kernels/scan.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// Fixed-point sums over rows: 61 bits, so that rounding touches the choice of splits alone and leaf values hardly at
/// all.
struct FineSum {
  std::int64_t g = 0, h = 0, weight = 0;
  std::uint64_t rows = 0;

  FineSum& operator+=(const FineSum& o) noexcept {
    g += o.g;
    h += o.h;
    weight += o.weight;
    rows += o.rows;
    return *this;
  }
};

/// The largest power of two by which numbers whose magnitudes sum to `sum` can be multiplied without leaving 61 bits.
[[nodiscard]] inline double fine_scale(double sum) noexcept {
  const auto exponent = static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(sum) >> 52) - 1023;
  const std::int64_t scale = 60 - exponent;  // sum < 2^(exponent + 1)
  return std::bit_cast<double>(static_cast<std::uint64_t>(std::min<std::int64_t>(scale, 1022) + 1023) << 52);
}

/// x as a multiple of `grid` (a power of two), halves upwards.
[[nodiscard]] inline double on_grid(double x, double grid) noexcept {
  return exact::mul(__builtin_floor(exact::add(exact::div(x, grid), 0.5)), grid);
}

/// Where leaves are quantiles of what is left to explain.
struct LeafRenewal {
  double share;
  std::span<const double> labels, scores;
};

class TreeFinisher {
 public:
  TreeFinisher(const Binned& bins, const TrainOptions& options, std::span<const double> weights, double sum_of_weights,
               double leaf_grid)
      : TreeFinisher(options, weights, sum_of_weights, leaf_grid) {
    bins_ = &bins;
  }
  /// For refit() alone: no table, so no finish().
  TreeFinisher(const TrainOptions& options, std::span<const double> weights, double sum_of_weights, double leaf_grid)
      : options_(options),
        weights_(weights),
        weight_scale_(weights.empty() ? 1.0 : fine_scale(sum_of_weights)),
        leaf_grid_(leaf_grid) {}

  /// The finished tree of `grown`; `sums` of rows in leaves come from g and h of the iteration.
  template <class Cell>
  [[nodiscard]] Tree finish(const GrownTree<Cell>& grown, const RowGradients& gradients, double learning_rate,
                            const std::optional<LeafRenewal>& renewal, Executor& executor) {
    learning_rate_ = learning_rate;
    const double scale_g = fine_scale(gradients.sum_g()), scale_h = fine_scale(gradients.sum_h());
    const bool shared = !grown.leaf_value.empty();
    const std::vector<FineSum> shared_sums =
        shared ? leaf_sums(grown.value_rows, gradients, scale_g, scale_h, executor) : std::vector<FineSum>{};
    // Last: add_to_scores() goes by what the last sums noted.
    const std::vector<FineSum> leaves = leaf_sums(grown.leaf_rows, gradients, scale_g, scale_h, executor);
    Tree tree;
    const double unit = exact::div(gradients.unit_g(), gradients.unit_h());  // margins of one output in quanta
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const OutputBounds bounds = grown.leaf_bounds.empty() ? OutputBounds{} : grown.leaf_bounds[k];
      tree.leaves.push_back(
          value(shared ? shared_sums[grown.leaf_value[k]] : leaves[k], scale_g, scale_h, bounds, unit));
      tree.leaf_counts.push_back(count(leaves[k]));
    }
    if (renewal) renew(tree, grown, *renewal, unit, executor);
    std::vector<FineSum> nodes(grown.splits.size());
    for (std::size_t k = grown.splits.size(); k-- > 0;) {  // children stand behind their parents
      for (const std::int32_t child : {grown.splits[k].left, grown.splits[k].right}) {
        nodes[k] += child >= 0 ? nodes[static_cast<std::size_t>(child)] : leaves[static_cast<std::size_t>(~child)];
      }
    }
    for (std::size_t k = 0; k < grown.splits.size(); ++k) {
      const MadeSplit<Cell>& made = grown.splits[k];
      Node node;
      node.feature = made.split.feature;
      node.categorical = made.split.categorical;
      node.default_left = made.split.default_left;
      const FeatureCuts& cuts = bins_->feature(static_cast<std::size_t>(made.split.feature));
      if (cuts.zero_is_missing) node.missing = MissingRule::zero;
      if (node.categorical) {
        node.category_set = static_cast<std::uint32_t>(tree.category_sets.size());
        tree.category_sets.push_back(level_set(cuts, made.split.left_bins));
      } else {
        node.threshold = cuts.threshold(made.split.bin);
      }
      node.left = made.left;
      node.right = made.right;
      node.gain = made.split.gain;
      node.count = count(nodes[k]);
      node.value = value(nodes[k], scale_g, scale_h, made.bounds, unit);
      tree.nodes.push_back(node);
    }
    if (renewal) average_upwards(tree);
    return tree;
  }

  /// A leaf becomes decay times what it was plus the rest of what its rows say now; nodes too. A leaf without rows
  /// stays.
  void refit(Tree& tree, std::span<const std::span<const std::uint32_t>> leaf_rows, const RowGradients& gradients,
             double learning_rate, double decay, const std::optional<LeafRenewal>& renewal, Executor& executor);

  /// Adds the tree's leaves to the scores of the rows in them.
  void add_to_scores(const Tree& tree, std::span<const std::span<const std::uint32_t>> leaf_rows,
                     std::span<double> scores, Executor& executor) const {
    if (by_row_) {
      parallel_for(executor, scores.size(), rows_together(scores.size()),
                   [&](std::size_t begin, std::size_t end, unsigned) {
                     for (std::size_t row = begin; row < end; ++row) scores[row] += tree.leaves[leaf_of_row_[row]];
                   });
      return;
    }
    const std::vector<Piece> pieces = pieces_of(leaf_rows);
    executor.run(pieces.size(), [&](std::size_t i, unsigned) {
      const double leaf = tree.leaves[pieces[i].leaf];
      for (const std::uint32_t row : pieces[i].rows) scores[row] += leaf;  // both on the grid: exact in any order
    });
  }

 private:
  struct Piece {
    std::size_t leaf;
    std::span<const std::uint32_t> rows;
  };
  static constexpr std::size_t kPiece = 16384;
  /// Rows a task, where rows are read in their order: enough tasks for many threads, and sums of leaves that stay
  /// small.
  [[nodiscard]] static std::size_t rows_together(std::size_t rows) noexcept {
    return std::clamp<std::size_t>(rows / 16, 4096, 65536);
  }

  [[nodiscard]] static std::vector<Piece> pieces_of(std::span<const std::span<const std::uint32_t>> leaf_rows) {
    std::vector<Piece> out;
    for (std::size_t leaf = 0; leaf < leaf_rows.size(); ++leaf) {
      for (std::size_t at = 0; at < leaf_rows[leaf].size(); at += kPiece) {
        out.push_back({leaf, leaf_rows[leaf].subspan(at, std::min(kPiece, leaf_rows[leaf].size() - at))});
      }
    }
    return out;
  }

  [[nodiscard]] std::vector<FineSum> leaf_sums(std::span<const std::span<const std::uint32_t>> leaf_rows,
                                               const RowGradients& gradients, double scale_g, double scale_h,
                                               Executor& executor) {
    const std::vector<Piece> pieces = pieces_of(leaf_rows);
    const double* const g = gradients.g().data();
    const double* const h = gradients.h().data();
    note_leaves(leaf_rows, pieces, gradients.g().size(), executor);
    if (by_row_) return leaf_sums_by_row(leaf_rows, g, h, scale_g, scale_h, executor);
    std::vector<FineSum> sums(pieces.size());
    executor.run(pieces.size(), [&](std::size_t i, unsigned) {
      FineSum sum;
      for (const std::uint32_t row : pieces[i].rows) {
        sum.g += static_cast<std::int64_t>(exact::mul(g[row], scale_g));
        sum.h += static_cast<std::int64_t>(exact::mul(h[row], scale_h));
      }
      if (!weights_.empty()) {
        for (const std::uint32_t row : pieces[i].rows)
          sum.weight += static_cast<std::int64_t>(exact::mul(weights_[row], weight_scale_));
      }
      sum.rows = pieces[i].rows.size();
      sums[i] = sum;
    });
    std::vector<FineSum> out(leaf_rows.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) out[pieces[i].leaf] += sums[i];
    return out;
  }

  /// Where every row of the table is in one of at most 256 leaves, notes which: gradients and scores are then read in
  /// their own order, twice as fast as leaf by leaf.
  void note_leaves(std::span<const std::span<const std::uint32_t>> leaf_rows, const std::vector<Piece>& pieces,
                   std::size_t table_rows, Executor& executor) {
    std::size_t rows = 0;
    for (const auto& leaf : leaf_rows) rows += leaf.size();
    by_row_ = rows == table_rows && leaf_rows.size() <= 256;
    if (!by_row_) return;
    leaf_of_row_.resize(rows);
    executor.run(pieces.size(), [&](std::size_t i, unsigned) {
      const auto leaf = static_cast<std::uint8_t>(pieces[i].leaf);
      for (const std::uint32_t row : pieces[i].rows) leaf_of_row_[row] = leaf;
    });
  }
  [[nodiscard]] std::vector<FineSum> leaf_sums_by_row(std::span<const std::span<const std::uint32_t>> leaf_rows,
                                                      const double* g, const double* h, double scale_g, double scale_h,
                                                      Executor& executor) const {
    const std::size_t n = leaf_of_row_.size(), leaves = leaf_rows.size();
    const std::size_t together = rows_together(n);
    std::vector<FineSum> sums((n + together - 1) / together * leaves);
    parallel_for(executor, n, together, [&](std::size_t begin, std::size_t end, unsigned) {
      FineSum* const here = sums.data() + begin / together * leaves;
      // Neighbouring rows are often in one leaf: four sums of each, so that no addition waits for the one before it.
      std::vector<std::array<std::int64_t, 2>> chains(4 * leaves);
      for (std::size_t row = begin; row < end; ++row) {
        std::array<std::int64_t, 2>& sum = chains[row % 4 * leaves + leaf_of_row_[row]];
        sum[0] += static_cast<std::int64_t>(exact::mul(g[row], scale_g));
        sum[1] += static_cast<std::int64_t>(exact::mul(h[row], scale_h));
      }
      for (std::size_t i = 0; i < chains.size(); ++i) {
        here[i % leaves].g += chains[i][0];
        here[i % leaves].h += chains[i][1];
      }
      if (weights_.empty()) return;
      for (std::size_t row = begin; row < end; ++row)
        here[leaf_of_row_[row]].weight += static_cast<std::int64_t>(exact::mul(weights_[row], weight_scale_));
    });
    std::vector<FineSum> out(leaves);
    for (std::size_t i = 0; i < sums.size(); ++i) out[i % leaves] += sums[i];
    for (std::size_t k = 0; k < leaves; ++k) out[k].rows = leaf_rows[k].size();
    return out;
  }

  /// -G / (H + lambda_l2) after soft thresholding, within bounds, times the learning rate, on the leaf grid: all steps
  /// after the bounds keep order, so that what bounds keep apart stays apart.
  [[nodiscard]] double value(const FineSum& sum, double scale_g, double scale_h, const OutputBounds& bounds,
                             double unit) const noexcept {
    double g = exact::div(static_cast<double>(sum.g), scale_g);
    const double h = exact::add(exact::div(static_cast<double>(sum.h), scale_h), options_.lambda_l2);
    if (options_.lambda_l1 > 0.0) {
      const double rest = exact::sub(magnitude(g), options_.lambda_l1);
      g = rest > 0.0 ? (g < 0.0 ? -rest : rest) : 0.0;
    }
    double out = h > 0.0 ? exact::div(-g, h) : 0.0;
    if (options_.max_delta_step > 0.0)
      out = OutputBounds{-options_.max_delta_step, options_.max_delta_step}.clipped(out);
    return shrunk(out, bounds, unit);
  }
  [[nodiscard]] double shrunk(double out, const OutputBounds& bounds, double unit) const noexcept {
    if (bounds.low > -OutputBounds::kNone && out < exact::mul(bounds.low, unit)) out = exact::mul(bounds.low, unit);
    if (bounds.high < OutputBounds::kNone && out > exact::mul(bounds.high, unit)) out = exact::mul(bounds.high, unit);
    return placed(exact::mul(out, learning_rate_));
  }
  /// On the leaf grid, where there is one: imported models have none.
  [[nodiscard]] double placed(double x) const noexcept { return leaf_grid_ > 0.0 ? on_grid(x, leaf_grid_) : x; }
  /// The quantile of label - score over a leaf's rows.
  [[nodiscard]] double renewed(std::span<const std::uint32_t> rows, const LeafRenewal& renewal) const {
    std::vector<WeightedValue> left;
    left.reserve(rows.size());
    for (const std::uint32_t row : rows) {
      const double weight = weights_.empty() ? 1.0 : exact::mul(weights_[row], weight_scale_);
      left.push_back({exact::sub(renewal.labels[row], renewal.scores[row]), static_cast<std::int64_t>(weight)});
    }
    const double out = percentile(left, !weights_.empty(), renewal.share);
    return options_.max_delta_step > 0.0 ? OutputBounds{-options_.max_delta_step, options_.max_delta_step}.clipped(out)
                                         : out;
  }
  /// Leaves become quantiles of label - score over their rows.
  template <class Cell>
  void renew(Tree& tree, const GrownTree<Cell>& grown, const LeafRenewal& renewal, double unit,
             Executor& executor) const {
    executor.run(tree.leaves.size(), [&](std::size_t k, unsigned) {
      const double out =
          renewed(grown.leaf_value.empty() ? grown.leaf_rows[k] : grown.value_rows[grown.leaf_value[k]], renewal);
      tree.leaves[k] = shrunk(out, grown.leaf_bounds.empty() ? OutputBounds{} : grown.leaf_bounds[k], unit);
    });
  }
  /// Nodes say the mean of what the leaves below them say, weighted by rows.
  void average_upwards(Tree& tree) const noexcept {
    for (std::size_t k = tree.nodes.size(); k-- > 0;) {  // children stand behind their parents
      Node& node = tree.nodes[k];
      double sum = 0.0, rows = 0.0;
      for (const std::int32_t child : {node.left, node.right}) {
        const std::size_t at = static_cast<std::size_t>(child >= 0 ? child : ~child);
        const double count = child >= 0 ? tree.nodes[at].count : tree.leaf_counts[at];
        sum = exact::add(sum, exact::mul(count, child >= 0 ? tree.nodes[at].value : tree.leaves[at]));
        rows = exact::add(rows, count);
      }
      node.value = on_grid(rows > 0.0 ? exact::div(sum, rows) : 0.0, leaf_grid_);  // of a symmetric tree: no rows
    }
  }
  [[nodiscard]] double count(const FineSum& sum) const noexcept {
    return weights_.empty() ? static_cast<double>(sum.rows)
                            : exact::div(static_cast<double>(sum.weight), weight_scale_);
  }
  [[nodiscard]] static std::vector<std::uint32_t> level_set(const FeatureCuts& cuts,
                                                            const std::array<std::uint64_t, 4>& left_bins) {
    std::vector<std::uint32_t> words;
    for (std::size_t level = 0; level < cuts.level_bins.size(); ++level) {
      const unsigned bin = cuts.level_bins[level];
      if (((left_bins[bin / 64] >> (bin % 64)) & 1) == 0) continue;
      if (level / 32 >= words.size()) words.resize(level / 32 + 1);
      words[level / 32] |= std::uint32_t{1} << (level % 32);
    }
    return words;
  }

  const Binned* bins_ = nullptr;
  const TrainOptions& options_;
  std::span<const double> weights_;
  double weight_scale_;
  double leaf_grid_;
  double learning_rate_ = 0.1;  ///< of the tree being finished, as what follows
  bool by_row_ = false;
  std::vector<std::uint8_t> leaf_of_row_;
};

}  // namespace riskflag::inline v0_1::detail
