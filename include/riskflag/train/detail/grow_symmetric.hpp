#pragma once

// The levels of a symmetric tree: rows follow the question, and at the end all nodes and leaves are written out.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/kernels/partition.hpp>
#include <riskflag/train/symmetric.hpp>

namespace riskflag::inline v0_1::detail {

template <class Cell>
void SymmetricGrower<Cell>::plant(const std::uint32_t* rows, std::size_t n) {
  tree_ = {};
  levels_.clear();
  groups_.clear();
  rows_.resize(n);
  next_rows_.resize(n);
  gathered_.resize(n);
  if (rows == nullptr)
    std::iota(rows_.begin(), rows_.end(), 0U);
  else
    std::copy_n(rows, n, rows_.begin());
  Group root;
  root.count = static_cast<std::uint32_t>(n);
  root.places = {0};
  for (std::size_t i = 0; i < n; ++i) {
    gathered_[i] = cells_[rows_[i]];
    root.total += gathered_[i];
  }
  groups_.push_back(std::move(root));
}

/// Sends all rows left or right and makes the next level's groups.
template <class Cell>
void SymmetricGrower<Cell>::ask(Question& question) {
  const auto f = static_cast<std::size_t>(question.split.feature);
  const FeatureCuts& cuts = bins_.feature(f);
  const int sign = monotone_sign(options_, static_cast<std::uint32_t>(f));
  const bool few = !question.split.categorical || has_few_levels(options_, cuts);
  const double l2 = units_.l2_of_levels(options_, few);
  const std::array<std::uint8_t, 256> go_left = question.split.go_left(cuts);
  executor_.run(groups_.size(), [&](std::size_t k, unsigned) {
    Group& group = groups_[k];
    std::uint32_t* const out = next_rows_.data() + group.begin;
    group.left_count = static_cast<std::uint32_t>(
        kernels::partition_rows(bins_.column(f), go_left.data(), rows_.data() + group.begin, 0, group.count, out));
    group.left = Cell{};
    for (std::uint32_t i = 0; i < group.left_count; ++i) group.left += cells_[out[i]];
    group.is_split = gain_of(group, static_cast<std::uint32_t>(f), group.left, group.left_count, l2, group.gain);
    if (!group.is_split) std::copy_n(rows_.begin() + group.begin, group.count, out);
    for (std::uint32_t i = 0; i < group.count; ++i) gathered_[group.begin + i] = cells_[out[i]];
  });
  rows_.swap(next_rows_);
  Cell left{}, all{};
  for (const Group& group : groups_) {
    left += group.left;
    all += group.total;
  }
  // No missing value to learn from: they follow the heavier side.
  if (!question.split.categorical && !question.some_missing)
    question.split.default_left = h_of(left) >= h_of(all - left);

  Level level;
  level.split = question.split;
  level.gains.assign(std::size_t{1} << levels_.size(), 0.0);
  level.bounds.resize(level.gains.size());
  std::vector<Group> next;
  for (Group& group : groups_) {
    for (const std::uint32_t place : group.places) level.bounds[place] = group.bounds;
    if (!group.is_split) {
      std::vector<std::uint32_t> places;
      for (const std::uint32_t place : group.places) places.insert(places.end(), {2 * place, 2 * place + 1});
      group.places = std::move(places);
      next.push_back(std::move(group));
      continue;
    }
    level.gains[group.places.front()] = group.gain;
    Group sides[2];
    for (const std::size_t side : {0U, 1U}) {
      Group& child = sides[side];
      child.begin = side == 0 ? group.begin : group.begin + group.left_count;
      child.count = side == 0 ? group.left_count : group.count - group.left_count;
      child.total = side == 0 ? group.left : group.total - group.left;
      child.bounds = group.bounds;
      for (const std::uint32_t place : group.places)
        child.places.push_back(2 * place + static_cast<std::uint32_t>(side));
    }
    if (sign != 0) {
      const OutputBounds bounds = units_.allowed(group.bounds);
      double outputs[2];
      for (const std::size_t side : {0U, 1U}) {
        outputs[side] = kernels::limited_output(static_cast<double>(g_of(sides[side].total)),
                                                exact::add(static_cast<double>(h_of(sides[side].total)), units_.l2),
                                                units_.l1, bounds);
      }
      for (const std::size_t side : {0U, 1U})
        sides[side].bounds = bounds_of_side(group.bounds, sign, side, outputs[0], outputs[1]);
    }
    for (Group& side : sides) next.push_back(std::move(side));
  }
  groups_ = std::move(next);
  levels_.push_back(std::move(level));
}

/// Writes out the complete tree, and sorts the rows of groups with several leaves by leaf.
template <class Cell>
void SymmetricGrower<Cell>::finish() {
  const std::size_t depth = levels_.size();
  const std::size_t leaves = std::size_t{1} << depth;
  for (std::size_t l = 0; l < depth; ++l) {
    for (std::size_t place = 0; place < levels_[l].gains.size(); ++place) {
      MadeSplit<Cell> made;
      made.split = levels_[l].split;
      made.split.gain = levels_[l].gains[place];
      made.bounds = levels_[l].bounds[place];
      for (const std::size_t side : {0U, 1U}) {
        const std::size_t below = 2 * place + side;
        (side == 0 ? made.left : made.right) = l + 1 == depth
                                                   ? ~static_cast<std::int32_t>(below)
                                                   : static_cast<std::int32_t>((std::size_t{2} << l) - 1 + below);
      }
      tree_.splits.push_back(made);
    }
  }
  std::vector<std::array<std::uint8_t, 256>> go_left;
  for (const Level& level : levels_)
    go_left.push_back(level.split.go_left(bins_.feature(static_cast<std::size_t>(level.split.feature))));
  tree_.leaf_rows.resize(leaves);
  tree_.leaf_value.resize(leaves);
  if (units_.limited) tree_.leaf_bounds.resize(leaves);
  std::vector<std::vector<std::uint32_t>> by_leaf(leaves);
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    const Group& group = groups_[k];
    const std::span<std::uint32_t> rows(rows_.data() + group.begin, group.count);
    for (const std::uint32_t place : group.places) {
      tree_.leaf_value[place] = static_cast<std::uint32_t>(k);
      if (units_.limited) tree_.leaf_bounds[place] = group.bounds;
    }
    if (group.places.size() == 1) {
      tree_.leaf_rows[group.places[0]] = rows;
    } else {
      for (const std::uint32_t row : rows) {
        std::size_t place = 0;
        for (std::size_t l = 0; l < depth; ++l) {
          const std::uint8_t bin = bins_.column(static_cast<std::size_t>(levels_[l].split.feature))[row];
          place = 2 * place + (go_left[l][bin] != 0 ? 0 : 1);
        }
        by_leaf[place].push_back(row);
      }
      std::size_t at = 0;
      for (const std::uint32_t place : group.places) {
        std::copy(by_leaf[place].begin(), by_leaf[place].end(), rows.begin() + static_cast<std::ptrdiff_t>(at));
        tree_.leaf_rows[place] = rows.subspan(at, by_leaf[place].size());
        at += by_leaf[place].size();
      }
    }
    tree_.value_rows.push_back(rows);
  }
}

template <class Cell>
const GrownTree<Cell>& SymmetricGrower<Cell>::grow(std::span<const Cell> cells, const std::uint32_t* rows,
                                                   std::size_t n, const SplitUnits& units, const NodeFeatures& features,
                                                   const Random& random) {
  cells_ = cells;
  units_ = units;
  plant(rows, n);
  if (n == 0) return tree_;
  NodeState state = features.root();
  const Random cut = random.split(0x637574);  // "cut"
  for (int level = symmetric_depth(options_); level > 0; --level) {
    std::vector<std::uint32_t> own;
    Question question = best_question(features.of(state, own), cut.split(state.key));
    if (!question.split.exists()) break;
    costs_.use(static_cast<std::uint32_t>(question.split.feature), rows_.data(), 0);  // rows pay nothing here
    if (features.varies())
      state.groups = features.groups_below(state, static_cast<std::uint32_t>(question.split.feature));
    state.key = child_key(state.key, 0);
    ask(question);
  }
  if (!levels_.empty()) finish();
  return tree_;
}

}  // namespace riskflag::inline v0_1::detail
