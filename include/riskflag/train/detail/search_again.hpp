#pragma once

// What a split changes for other leaves: bounds under the monotone method intermediate, and prices of features.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/train/grower.hpp>

namespace riskflag::inline v0_1::detail {

template <class Cell>
void Grower<Cell>::pay(Leaf& leaf) {
  prices_fell_ = costs_.use(static_cast<std::uint32_t>(leaf.best.feature), rows_of(leaf), leaf.count);
  if (!costs_.by_row()) return;
  for (auto& unpaid : leaf.child_unpaid) unpaid.assign(bins_.cols(), 0);
}

/// Leaves `left` and `right` have been made: those in order with them may not pass what they say. Bounds only become
/// tighter, as LightGBM's do, and gains only fall by that.
template <class Cell>
void Grower<Cell>::keep_order(std::uint32_t left, std::uint32_t right, std::vector<bool>& changed) {
  for (const std::uint32_t child : {left, right}) {
    const double output = leaves_[child].output;
    for (const bool upwards : {true, false}) {
      for (const std::uint32_t other : upwards ? order_->above(child) : order_->below(child)) {
        if (other == left || other == right) continue;  // child_state() did this
        OutputBounds& bounds = leaves_[other].state.bounds;
        if (upwards ? !(output > bounds.low) : !(output < bounds.high)) continue;
        (upwards ? bounds.low : bounds.high) = output;
        changed[other] = true;
      }
    }
  }
}

/// Leaves whose bounds have `changed`, or all but the two new ones when a feature has become cheaper, find their best
/// split anew. A leaf that had none gets one by a lower price alone.
template <class Cell>
void Grower<Cell>::search_again(std::uint32_t left, std::uint32_t right, const std::vector<bool>& changed) {
  std::vector<std::uint32_t> which;
  for (std::uint32_t i = 0; i < leaves_.size(); ++i) {
    const Leaf& leaf = leaves_[i];
    if (i == left || i == right || leaf.slot < 0 || !may_split(leaf.count, leaf.depth, leaf.total)) continue;
    if (prices_fell_ || (changed[i] && leaf.best.exists())) which.push_back(i);
  }
  if (which.empty()) return;
  executor_.run(which.size(), [&](std::size_t k, unsigned) {
    Leaf& leaf = leaves_[which[k]];
    leaf.best = search(view(leaf));
  });
  queue_ = {};
  for (std::uint32_t i = 0; i < leaves_.size(); ++i) push(i);
}

/// Bounds of a finished leaf, whose value comes from finer sums than its output: the middles between outputs that are
/// in order keep the values in order whatever they are.
template <class Cell>
OutputBounds Grower<Cell>::final_bounds(std::uint32_t i) const {
  OutputBounds out;
  for (const std::uint32_t other : order_->above(i))
    out.high = std::min(out.high, middle_of(leaves_[i].output, leaves_[other].output));
  for (const std::uint32_t other : order_->below(i))
    out.low = std::max(out.low, middle_of(leaves_[i].output, leaves_[other].output));
  return out;
}

}  // namespace riskflag::inline v0_1::detail
