#pragma once

// The order in which leaves are split.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/train/grower.hpp>

namespace riskflag::inline v0_1::detail {

template <class Cell>
void Grower<Cell>::plant(Rows which, std::span<const std::uint32_t> rows) {
  leaves_.clear();
  queue_ = {};
  pool_.give_back_all();
  tree_.splits.clear();
  tree_.leaf_rows.clear();
  tree_.leaf_bounds.clear();
  Leaf root;
  root.all_rows = which == Rows::all;
  root.count = static_cast<std::uint32_t>(root.all_rows ? bins_.rows() : rows.size());
  if (!root.all_rows) std::copy(rows.begin(), rows.end(), buffers_[0].begin());
  root.slot = pool_.take();
  root.state = node_features_.root();
  root.known = table_known_;
  if (costs_.by_row()) {
    root.unpaid.assign(bins_.cols(), 0);
    costs_.count_unpaid(root.all_rows ? nullptr : buffers_[0].data(), root.count, root.unpaid);
  }
  if (order_) order_->start_tree();
  prices_fell_ = false;
  leaves_.push_back(std::move(root));
}

/// Expands leaf `top`, and with several threads also those that are likely to be split next.
template <class Cell>
void Grower<Cell>::expand_some(std::uint32_t top, std::size_t left_to_make) {
  const bool last = left_to_make == 1;
  if (is_large(leaves_[top])) {
    int slot = last ? -1 : pool_.take();
    expand_large(leaves_[top], slot, last);
    if (leaves_[top].child_slot[0] != slot && leaves_[top].child_slot[1] != slot) pool_.give_back(slot);
    push(top);
    return;
  }
  std::vector<std::uint32_t> batch{top};
  std::vector<Entry> passed;
  while (!one_by_one() && batch.size() < threads_ && batch.size() + passed.size() < left_to_make && !queue_.empty()) {
    const Entry next = queue_.top();
    queue_.pop();
    const Leaf& leaf = leaves_[next.leaf];
    if (leaf.expanded || is_large(leaf)) {
      passed.push_back(next);
    } else {
      batch.push_back(next.leaf);
    }
  }
  for (const Entry& entry : passed) queue_.push(entry);
  std::vector<int> slots(batch.size(), -1);
  if (!last) {
    for (int& slot : slots) slot = pool_.take();
  }
  if (batch.size() == 1) {
    expand(leaves_[top], slots[0], last);
  } else {
    executor_.run(batch.size(), [&](std::size_t i, unsigned) { expand(leaves_[batch[i]], slots[i], last); });
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Leaf& leaf = leaves_[batch[i]];
    if (leaf.child_slot[0] != slots[i] && leaf.child_slot[1] != slots[i]) pool_.give_back(slots[i]);
    push(batch[i]);
  }
}

/// Makes the split of leaf `i` final: the left child takes its index, the right one is new.
template <class Cell>
void Grower<Cell>::commit(std::uint32_t i) {
  Leaf parent = std::move(leaves_[i]);
  const auto node = static_cast<std::int32_t>(tree_.splits.size());
  const auto right_index = static_cast<std::uint32_t>(leaves_.size());
  tree_.splits.push_back(
      {parent.best, ~static_cast<std::int32_t>(i), ~static_cast<std::int32_t>(right_index), parent.state.bounds});
  if (parent.parent >= 0) {
    MadeSplit<Cell>& above = tree_.splits[static_cast<std::size_t>(parent.parent)];
    (parent.is_right ? above.right : above.left) = node;
  }
  if (parent.child_slot[0] != parent.slot && parent.child_slot[1] != parent.slot) pool_.give_back(parent.slot);
  for (const std::size_t side : {0U, 1U}) {
    Leaf child;
    child.begin = side == 0 ? parent.begin : parent.begin + parent.left_count;
    child.count = side == 0 ? parent.left_count : parent.count - parent.left_count;
    child.buffer = parent.child_buffer;
    child.depth = parent.depth + 1;
    child.slot = parent.child_slot[side];
    child.total = side == 0 ? parent.best.left : parent.total - parent.best.left;
    child.best = parent.child_best[side];
    child.state = child_state(parent, side);
    child.output = side == 0 ? parent.best.left_output : parent.best.right_output;
    child.unpaid = std::move(parent.child_unpaid[side]);
    child.known = parent.child_known[side] ? std::move(*parent.child_known[side]) : parent.known;
    child.parent = node;
    child.is_right = side == 1;
    if (side == 0) {
      leaves_[i] = std::move(child);
    } else {
      leaves_.push_back(std::move(child));
    }
  }
  push(i);
  push(right_index);
  if (!one_by_one()) return;
  std::vector<bool> changed(leaves_.size());
  if (order_) {
    const auto feature = static_cast<std::uint32_t>(parent.best.feature);
    order_->split(i, feature, parent.best.go_left(bins_.feature(feature)));
    keep_order(i, right_index, changed);
  }
  if (leaves_.size() < static_cast<std::size_t>(options_.num_leaves)) search_again(i, right_index, changed);
  prices_fell_ = false;
}

template <class Cell>
const GrownTree<Cell>& Grower<Cell>::grow(std::span<const Cell> cells, Rows which, std::span<const std::uint32_t> rows,
                                          SplitUnits units, std::span<const std::uint32_t> features,
                                          const Random& random) {
  cells_ = cells;
  node_features_.start_tree(features, random.split(0x6e6f6465));  // "node"
  if (symmetric_) {
    const bool all = which == Rows::all;
    return symmetric_->grow(cells, all ? nullptr : rows.data(), all ? bins_.rows() : rows.size(), units, node_features_,
                            random);
  }
  search_.emplace(bins_, flags_, options_, costs_, units, random.split(0x637574), level_);  // "cut"
  plant(which, rows);
  Leaf& root = leaves_[0];
  Cell* const histogram = pool_[root.slot];
  if (root.count == 0) return tree_;
  if (is_large(root)) {
    fill_large(histogram, rows_of(root), root.count);
  } else {
    maker_.fill(histogram, cells.data(), rows_of(root), root.count);
  }
  root.total = maker_.total(histogram);
  if (may_split(root.count, 0, root.total)) root.best = search(view(root));
  push(0);

  const auto most = static_cast<std::size_t>(options_.num_leaves);
  while (leaves_.size() < most && !queue_.empty()) {
    const std::uint32_t top = queue_.top().leaf;
    queue_.pop();
    if (leaves_[top].expanded) {
      commit(top);
    } else {
      expand_some(top, most - leaves_.size());
    }
  }
  if (!tree_.splits.empty()) {
    for (std::uint32_t i = 0; i < leaves_.size(); ++i) {
      const Leaf& leaf = leaves_[i];
      tree_.leaf_rows.push_back({buffers_[leaf.buffer].data() + leaf.begin, leaf.count});
      if (search_->units().limited) tree_.leaf_bounds.push_back(order_ ? final_bounds(i) : leaf.state.bounds);
    }
  }
  return tree_;
}

}  // namespace riskflag::inline v0_1::detail
