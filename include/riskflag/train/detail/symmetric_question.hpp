#pragma once

// The question of one level of a symmetric tree.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/symmetric.hpp>

namespace riskflag::inline v0_1::detail {

template <class Cell>
auto SymmetricGrower<Cell>::bin_sums(const Group& group, std::uint32_t f) const noexcept -> BinSums {
  BinSums out;
  const std::uint8_t* const column = bins_.column(f);
  for (std::uint32_t i = group.begin; i < group.begin + group.count; ++i) {
    const std::uint8_t bin = column[rows_[i]];
    out.sum[bin] += gathered_[i];
    ++out.rows[bin];
  }
  return out;
}

/// False when the group stays whole. `gain` is in quanta, over what the group gains as one.
template <class Cell>
bool SymmetricGrower<Cell>::gain_of(const Group& group, std::uint32_t f, Cell left, std::uint32_t left_rows, double l2,
                                    double& gain) const noexcept {
  const Cell right = group.total - left;
  if (left_rows < least_rows() || group.count - left_rows < least_rows()) return false;
  if (!(static_cast<double>(h_of(left)) >= units_.min_h && static_cast<double>(h_of(right)) >= units_.min_h))
    return false;
  const auto gl = static_cast<double>(g_of(left)), gr = static_cast<double>(g_of(right));
  const double hl = exact::add(static_cast<double>(h_of(left)), l2),
               hr = exact::add(static_cast<double>(h_of(right)), l2);
  const auto g = static_cast<double>(g_of(group.total)), h = static_cast<double>(h_of(group.total));
  if (!units_.limited) {
    gain = units_.real_gain(kernels::two_sided_gain(gl, hl, gr, hr, units_.l1), g, h);
    gain = costs_.after_rows(gain, group.count, f);
    return gain > 0.0;
  }
  const int sign = monotone_sign(options_, f);
  const kernels::LimitedSides sides =
      kernels::limited_sides(gl, hl, gr, hr, units_.l1, units_.allowed(group.bounds), sign);
  if (sides.gain == kNoGain) return false;
  gain = costs_.after_rows(units_.limited_gain(sides.gain, g, h, group.bounds), group.count, f);
  return gain > 0.0;
}

template <class Cell>
void SymmetricGrower<Cell>::add(const Group& group, Candidate& to, bool splits, double gain) const noexcept {
  if (!splits) return;
  to.splits = true;
  to.gain = exact::add(to.gain, gain);
  to.noise = exact::add(to.noise, units_.noise(group.count, h_of(group.total)));
}

template <class Cell>
auto SymmetricGrower<Cell>::best_cut(std::uint32_t f, const Random& draw) const -> Question {
  const FeatureCuts& cuts = bins_.feature(f);
  Question best;
  Candidates candidates{};
  for (const Group& group : groups_) {
    const BinSums bins = bin_sums(group, f);
    const bool missing = bins.rows[cuts.missing_bin()] != 0;
    best.some_missing = best.some_missing || missing;
    for (const std::size_t side : {0U, 1U}) {
      if (side == 1 && !missing) continue;
      Cell left = side == 1 ? bins.sum[cuts.missing_bin()] : Cell{};
      std::uint32_t left_rows = side == 1 ? bins.rows[cuts.missing_bin()] : 0;
      bool splits = false;
      double gain = 0.0;
      for (unsigned b = 0; b < cuts.value_bins; ++b) {
        if (b == 0 || bins.rows[b] != 0) {
          left += bins.sum[b];
          left_rows += bins.rows[b];
          splits = gain_of(group, f, left, left_rows, units_.l2, gain);
        }
        add(group, candidates[side][b], splits, gain);
        if (!missing) add(group, candidates[1][b], splits, gain);
      }
    }
  }
  const unsigned all = cuts.value_bins - (best.some_missing ? 0U : 1U);
  const auto drawn = static_cast<unsigned>(draw.split(f).below(std::max(1U, all), 0));
  for (const std::size_t side : {0U, 1U}) {
    if (side == 1 && !best.some_missing) break;
    const unsigned end = side == 0 ? all : cuts.value_bins - 1;
    for (unsigned b = 0; b < end; ++b) {
      const Candidate& candidate = candidates[side][b];
      if (!candidate.splits || (options_.extra_trees && b != drawn)) continue;
      if (!(candidate.gain > candidate.noise && candidate.gain > options_.min_gain_to_split)) continue;
      if (best.split.exists() && !(candidate.gain > best.split.gain)) continue;
      best.split.feature = static_cast<std::int32_t>(f);
      best.split.gain = candidate.gain;
      best.split.bin = b;
      best.split.default_left = side == 1;
    }
  }
  return best;
}

/// Levels in the order of G / (H + cat_smooth) over all rows of the tree; prefixes from both ends, as for one node.
template <class Cell>
auto SymmetricGrower<Cell>::best_levels(std::uint32_t f, const Random& draw) const -> Question {
  const FeatureCuts& cuts = bins_.feature(f);
  std::vector<BinSums> bins;
  BinSums all;
  for (const Group& group : groups_) {
    bins.push_back(bin_sums(group, f));
    for (unsigned b = 0; b <= cuts.missing_bin(); ++b) {
      all.sum[b] += bins.back().sum[b];
      all.rows[b] += bins.back().rows[b];
    }
  }
  const bool few = has_few_levels(options_, cuts);
  const double smooth = exact::mul(options_.cat_smooth, units_.quanta_of_h);
  std::array<double, 256> order{};
  std::vector<unsigned> levels;
  std::uint64_t rows = 0;
  for (unsigned b = 0; b <= cuts.missing_bin(); ++b) {
    rows += all.rows[b];
    if (all.rows[b] == 0 || (!few && static_cast<double>(all.rows[b]) < options_.cat_smooth)) continue;
    order[b] = exact::div(static_cast<double>(g_of(all.sum[b])),
                          exact::add(exact::add(static_cast<double>(h_of(all.sum[b])), smooth), 1.0));
    levels.push_back(b);
  }
  std::sort(levels.begin(), levels.end(),
            [&](unsigned a, unsigned b) { return order[a] != order[b] ? order[a] < order[b] : a < b; });
  const double l2 = units_.l2_of_levels(options_, few);
  const std::size_t most =
      few ? levels.size()
          : std::min<std::size_t>(static_cast<std::size_t>(options_.max_cat_threshold), (levels.size() + 1) / 2);
  const auto drawn = draw.split(f).below(std::max<std::size_t>(1, most), 0);
  const auto level_at = [&](std::size_t side, std::size_t i) { return levels[side == 0 ? i : levels.size() - 1 - i]; };
  Candidates candidates{};
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    for (const std::size_t side : {0U, 1U}) {
      Cell left{};
      std::uint32_t left_rows = 0;
      for (std::size_t i = 0; i < most; ++i) {
        left += bins[k].sum[level_at(side, i)];
        left_rows += bins[k].rows[level_at(side, i)];
        double gain = 0.0;
        const bool splits = gain_of(groups_[k], f, left, left_rows, l2, gain);
        add(groups_[k], candidates[side][i], splits, gain);
      }
    }
  }
  Question best;
  best.some_missing = all.rows[cuts.missing_bin()] != 0;
  for (const std::size_t side : {0U, 1U}) {
    std::uint64_t since = 0, left_rows = 0;
    std::array<std::uint64_t, 4> set{};
    for (std::size_t i = 0; i < most; ++i) {
      const unsigned b = level_at(side, i);
      set[b / 64] |= std::uint64_t{1} << (b % 64);
      since += all.rows[b];
      left_rows += all.rows[b];
      const auto least = static_cast<std::uint64_t>(few ? 0 : options_.min_data_per_group);
      if (rows - left_rows < least) break;
      if (since < least) continue;
      since = 0;
      const Candidate& candidate = candidates[side][i];
      if (!candidate.splits || (options_.extra_trees && i != drawn)) continue;
      if (!(candidate.gain > candidate.noise && candidate.gain > options_.min_gain_to_split)) continue;
      if (best.split.exists() && !(candidate.gain > best.split.gain)) continue;
      best.split.feature = static_cast<std::int32_t>(f);
      best.split.gain = candidate.gain;
      best.split.categorical = true;
      best.split.left_bins = set;
      best.split.default_left = ((set[cuts.missing_bin() / 64] >> (cuts.missing_bin() % 64)) & 1) != 0;
    }
  }
  return best;
}

template <class Cell>
auto SymmetricGrower<Cell>::best_question(std::span<const std::uint32_t> features, const Random& draw) const
    -> Question {
  std::vector<Question> of(features.size());
  executor_.run(features.size(), [&](std::size_t i, unsigned) {
    of[i] = bins_.feature(features[i]).type == FeatureType::categorical ? best_levels(features[i], draw)
                                                                        : best_cut(features[i], draw);
  });
  Question best;
  for (Question& question : of) {
    if (question.split.exists() && costs_.fall()) {  // all nodes of the level share the price of the first use
      question.split.gain =
          exact::sub(question.split.gain, costs_.first_use(static_cast<std::uint32_t>(question.split.feature)));
      if (!(question.split.gain > 0.0)) continue;
    }
    if (question.split.exists() && (!best.split.exists() || question.split.gain > best.split.gain)) best = question;
  }
  return best;
}

}  // namespace riskflag::inline v0_1::detail
