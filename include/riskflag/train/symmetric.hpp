#pragma once

// Grows one symmetric (oblivious) tree: all nodes of a level ask the same question.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/train/detail/split_search.hpp>
#include <riskflag/train/feature_costs.hpp>
#include <riskflag/train/grown_tree.hpp>
#include <riskflag/train/limits.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// The levels that a symmetric tree may have.
[[nodiscard]] inline int symmetric_depth(const TrainOptions& options) noexcept {
  int depth = 0;
  while ((2 << depth) <= options.num_leaves) ++depth;
  return options.max_depth > 0 && options.max_depth < depth ? options.max_depth : depth;
}

/// Life: 1. made once for a table; 2. grow() for each tree.
///
/// A level's question is the one whose gains, summed over the nodes that it may split, are largest. A node that it
/// would leave with fewer than min_data_in_leaf rows or min_sum_hessian_in_leaf on a side, in the wrong order for a
/// monotone constraint, or without a gain, stays whole: both its children say what it says, and later questions ask all
/// its rows at once. So the tree is complete, 2^levels leaves, and no value comes from fewer rows than a leaf must
/// have.
template <class Cell>
class SymmetricGrower {
 public:
  SymmetricGrower(const Binned& bins, const TrainOptions& options, FeatureCosts& costs, Executor& executor)
      : bins_(bins), options_(options), costs_(costs), executor_(executor) {}

  /// `rows`: null for all rows of the table. `features` has its tree started; `random`: of the tree.
  const GrownTree<Cell>& grow(std::span<const Cell> cells, const std::uint32_t* rows, std::size_t n,
                              const SplitUnits& units, const NodeFeatures& features, const Random& random);

 private:
  /// Rows with one value: one node of the level, or several of which none was split apart.
  struct Group {
    std::uint32_t begin = 0, count = 0;
    Cell total{};
    OutputBounds bounds{};
    std::vector<std::uint32_t> places{};  ///< nodes of the level, rising
    // Of the level's question:
    std::uint32_t left_count = 0;
    bool is_split = false;
    Cell left{};
    double gain = 0.0;
  };
  /// One feature's bins in one group.
  struct BinSums {
    std::array<Cell, 256> sum{};
    std::array<std::uint32_t, 256> rows{};
  };
  /// A candidate's gains, in quanta, and the noise of rounding in them.
  struct Candidate {
    double gain = 0.0, noise = 0.0;
    bool splits = false;  ///< some group
  };
  /// The candidates of one feature: [0] missing values right, or levels from the front; [1] left, or from the end.
  using Candidates = std::array<std::array<Candidate, 256>, 2>;
  struct Question {
    Split<Cell> split{};  ///< its gain is the sum
    bool some_missing = false;
  };
  struct Level {
    Split<Cell> split{};
    std::vector<double> gains{};         ///< by node of the level
    std::vector<OutputBounds> bounds{};  ///< by node of the level
  };

  [[nodiscard]] std::uint32_t least_rows() const noexcept {
    return static_cast<std::uint32_t>(options_.min_data_in_leaf > 1 ? options_.min_data_in_leaf : 1);
  }
  void plant(const std::uint32_t* rows, std::size_t n);
  [[nodiscard]] BinSums bin_sums(const Group& group, std::uint32_t f) const noexcept;
  [[nodiscard]] bool gain_of(const Group& group, std::uint32_t f, Cell left, std::uint32_t left_rows, double l2,
                             double& gain) const noexcept;
  void add(const Group& group, Candidate& to, bool splits, double gain) const noexcept;
  [[nodiscard]] Question best_cut(std::uint32_t f, const Random& draw) const;
  [[nodiscard]] Question best_levels(std::uint32_t f, const Random& draw) const;
  [[nodiscard]] Question best_question(std::span<const std::uint32_t> features, const Random& draw) const;
  void ask(Question& question);
  void finish();

  const Binned& bins_;
  const TrainOptions& options_;
  FeatureCosts& costs_;
  Executor& executor_;
  // Of the tree being grown:
  SplitUnits units_{};
  std::span<const Cell> cells_{};
  std::vector<std::uint32_t> rows_, next_rows_;
  std::vector<Cell> gathered_;  ///< cells of rows_, in their order
  std::vector<Group> groups_;
  std::vector<Level> levels_;
  GrownTree<Cell> tree_;
};

}  // namespace riskflag::inline v0_1::detail

#include <riskflag/train/detail/grow_symmetric.hpp>
#include <riskflag/train/detail/symmetric_question.hpp>
