#pragma once

// Grows one tree leaf by leaf, best first.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/cpu.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/detail/split_search.hpp>
#include <riskflag/train/feature_costs.hpp>
#include <riskflag/train/grown_tree.hpp>
#include <riskflag/train/histogram.hpp>
#include <riskflag/train/kernels/dispatch.hpp>
#include <riskflag/train/leaf_order.hpp>
#include <riskflag/train/limits.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/split.hpp>
#include <riskflag/train/symmetric.hpp>

namespace riskflag::inline v0_1::detail {

/// Life: 1. made once for a table; 2. grow() for each tree, on one thread, which shares work out to the executor.
///
/// The tree is the same whatever the executor: sums are integers, leaves are split in the order of their gains (equal
/// gains: lower index), and work that is done ahead of that order (several leaves at a time) changes only what is known
/// early.
template <class Cell>
class Grower {
 public:
  /// `groups`: of interaction constraints, as rising feature indices. `costs` outlive the object.
  Grower(const Binned& bins, const TrainOptions& options, std::vector<std::vector<std::uint32_t>> groups,
         FeatureCosts& costs, Executor& executor, CpuLevel level)
      : bins_(bins),
        options_(options),
        costs_(costs),
        executor_(executor),
        level_(level),
        maker_(bins),
        pool_(maker_.cells()),
        flags_(bins),
        node_features_(options, std::move(groups)) {
    if (options.grow_policy == "symmetric") {
      symmetric_.emplace(bins, options, costs, executor);
      return;
    }
    for (auto& buffer : buffers_) buffer.resize(bins.rows());
    for (unsigned w = 0; w < executor.concurrency(); ++w) workers_.push_back({{}, false});
    work_alone(false);
    count_table();
    if (options.monotone_constraints_method == "intermediate" && !options.monotone_constraints.empty())
      order_.emplace(bins, options);
  }

  /// Trees from now on are grown on the calling thread alone, or shared out again.
  void work_alone(bool alone) noexcept { threads_ = alone ? 1 : workers_.size(); }

  /// `rows`: those that take part, rising; empty with all_rows: every row of the table.
  enum class Rows { all, listed };
  const GrownTree<Cell>& grow(std::span<const Cell> cells, Rows which, std::span<const std::uint32_t> rows,
                              SplitUnits units, std::span<const std::uint32_t> features, const Random& random);

 private:
  struct Leaf {
    std::uint32_t begin = 0, count = 0;
    unsigned buffer = 0;
    bool all_rows = false;  ///< the root of a whole table: its rows stand in no buffer
    int depth = 0;
    int slot = -1;  ///< its histogram, while it may still be split
    Cell total{};
    Split<Cell> best{};
    NodeState state{};
    double output = 0.0;                  ///< in quanta, with order_ alone
    std::vector<std::uint32_t> unpaid{};  ///< FeatureCosts::count_unpaid(), where rows pay
    KnownRows known{};                    ///< what rows allow, as far as known; children start from it
    std::int32_t parent = -1;
    bool is_right = false;
    // What expand() found out ahead of the split itself:
    bool expanded = false;
    std::uint32_t left_count = 0;
    unsigned child_buffer = 0;
    int child_slot[2] = {-1, -1};
    std::optional<KnownRows> child_known[2] = {};  ///< where more is known than of the parent
    std::vector<std::uint32_t> child_unpaid[2] = {};
    Split<Cell> child_best[2] = {};
  };
  struct Worker {
    std::vector<Cell> histogram;  ///< this worker's share of a large leaf
    bool used = false;
  };
  struct Entry {
    int level;  ///< its depth, where trees grow level by level; 0 elsewhere
    double gain;
    std::uint32_t leaf;
    bool operator<(const Entry& o) const noexcept {
      if (level != o.level) return level > o.level;
      return gain != o.gain ? gain < o.gain : leaf > o.leaf;
    }
  };

  /// Rows times stored columns from which one leaf is worth sharing out: about 50 us of work.
  static constexpr std::size_t kLargeLeaf = std::size_t{1} << 17;
  static constexpr std::size_t kShare = 4096;  ///< rows a task
  static constexpr std::uint32_t kTightRows = 512;
  static constexpr std::size_t kSmallTable = 8192;  ///< rows; larger ones have cuts ruled out by the table's own counts

  [[nodiscard]] bool is_large(const Leaf& leaf) const noexcept {
    return threads_ > 1 && std::size_t{leaf.count} * bins_.stored_columns() >= kLargeLeaf && leaf.count > kShare;
  }
  [[nodiscard]] std::uint32_t least_rows() const noexcept {
    return static_cast<std::uint32_t>(options_.min_data_in_leaf > 1 ? options_.min_data_in_leaf : 1);
  }
  [[nodiscard]] bool may_split(std::uint32_t rows, int depth, Cell total) const noexcept {
    return rows / 2 >= least_rows() && (options_.max_depth <= 0 || depth < options_.max_depth) &&
           static_cast<double>(h_of(total)) >= 2.0 * search_->units().min_h;
  }
  [[nodiscard]] const std::uint32_t* rows_of(const Leaf& leaf) const noexcept {
    return leaf.all_rows ? nullptr : buffers_[leaf.buffer].data() + leaf.begin;
  }
  /// `known`, `state` and `unpaid` have to outlive the view.
  [[nodiscard]] LeafView<Cell> view(int slot, Cell total, std::uint32_t rows, const NodeState& state,
                                    const KnownRows& known, std::span<const std::uint32_t> unpaid) const noexcept {
    return {pool_[slot], total, rows, state, known.ranges, known.counted, unpaid};
  }
  [[nodiscard]] LeafView<Cell> view(const Leaf& leaf) const noexcept {
    return view(leaf.slot, leaf.total, leaf.count, leaf.state, leaf.known, leaf.unpaid);
  }
  /// The best split over all features that the node may ask.
  [[nodiscard]] Split<Cell> search(const LeafView<Cell>& leaf) const {
    std::vector<std::uint32_t> own;
    return search_->best(leaf, node_features_.of(leaf.node, own));
  }
  [[nodiscard]] NodeState child_state(const Leaf& leaf, std::size_t side) const;

  void count_table();
  [[nodiscard]] KnownRows counted_rows(const std::uint32_t* rows, std::uint32_t n) const;
  /// Leaves with so few rows are counted before they are searched: sums alone would like too many cuts near the edges
  /// (two searches in three were in vain on 1,000 rows x 28).
  [[nodiscard]] bool is_tight(std::uint32_t rows) const noexcept {
    const std::uint64_t times = bins_.rows() < kSmallTable ? 8 : 4;
    return least_rows() > 1 && rows < times * least_rows() && rows < kTightRows;
  }
  void search_child(Leaf& leaf, std::size_t side, int slot, Cell total, std::uint32_t rows,
                    const std::uint32_t* first) const;
  void plant(Rows which, std::span<const std::uint32_t> rows);
  void count_and_retry(Leaf& leaf);
  void expand(Leaf& leaf, int new_slot, bool last);
  void expand_large(Leaf& leaf, int new_slot, bool last);
  void fill_large(Cell* histogram, const std::uint32_t* rows, std::uint32_t n);
  void gather_workers(Cell* histogram, std::size_t begin, std::size_t end) const;
  void settle_slots(Leaf& leaf, int new_slot, bool last, bool small_is_left);
  void expand_some(std::uint32_t top, std::size_t left_to_make);
  void commit(std::uint32_t i);
  void keep_order(std::uint32_t left, std::uint32_t right, std::vector<bool>& changed);
  void search_again(std::uint32_t left, std::uint32_t right, const std::vector<bool>& changed);
  [[nodiscard]] OutputBounds final_bounds(std::uint32_t i) const;
  /// A split changes what other leaves would best do: they are looked at only when it is their turn.
  [[nodiscard]] bool one_by_one() const noexcept { return order_.has_value() || costs_.fall(); }
  /// The split of this leaf is certain: what it asks is paid for, before its children are searched.
  void pay(Leaf& leaf);
  void push(std::uint32_t i) {
    if (leaves_[i].best.exists()) {
      queue_.push({by_level_ ? leaves_[i].depth : 0, leaves_[i].best.gain, i});
    } else if (!costs_.fall()) {  // else a split may become worth its price
      pool_.give_back(leaves_[i].slot);
    }
  }

  const Binned& bins_;
  const TrainOptions& options_;
  FeatureCosts& costs_;
  Executor& executor_;
  CpuLevel level_;
  kernels::PartitionRows partition_ = kernels::train_kernels(level_).partition;
  HistogramMaker<Cell> maker_;
  HistogramPool<Cell> pool_;
  FlagRuns flags_;
  std::vector<std::uint32_t> buffers_[2];
  std::vector<Worker> workers_;
  std::size_t threads_ = 1;  ///< that the work of a tree is shared out to
  KnownRows table_known_;
  std::vector<Leaf> leaves_;
  std::priority_queue<Entry> queue_;
  GrownTree<Cell> tree_;
  // Of the tree being grown:
  std::optional<SplitSearch<Cell>> search_;
  std::span<const Cell> cells_;
  NodeFeatures node_features_;
  bool by_level_ = options_.grow_policy == "depthwise";
  std::optional<LeafOrder> order_;                  ///< monotone method intermediate
  bool prices_fell_ = false;                        ///< by the split that comes next
  std::optional<SymmetricGrower<Cell>> symmetric_;  ///< grows instead, where all nodes of a level ask the same
};

}  // namespace riskflag::inline v0_1::detail

#include <riskflag/train/detail/expand.hpp>
#include <riskflag/train/detail/expand_large.hpp>
#include <riskflag/train/detail/grow.hpp>
#include <riskflag/train/detail/search_again.hpp>
