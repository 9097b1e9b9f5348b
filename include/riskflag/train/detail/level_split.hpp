#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <riskflag/bin/cuts.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/kernels/scan.hpp>
#include <riskflag/train/kernels/scan_limited.hpp>
#include <riskflag/train/limits.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/split.hpp>

namespace riskflag::inline v0_1::detail {

/// The options' limits in the quanta of this iteration.
struct SplitUnits {
  double l1 = 0.0, l2 = 0.0;  ///< lambda_l1 in quanta of g, lambda_l2 in quanta of h
  double quanta_of_h = 1.0;   ///< for one unit of h
  double min_h = 1.0;         ///< min_sum_hessian_in_leaf in quanta, at least 1
  double gain = 1.0;          ///< loss units of one unit of G^2 / H in quanta
  bool limited = false;       ///< outputs have bounds: max_delta_step, or a monotone constraint anywhere
  OutputBounds step{};        ///< max_delta_step in quanta

  /// Loss reduction of a split whose sides reach `two_sided` in quanta, for a leaf with these totals.
  [[nodiscard]] double real_gain(double two_sided, double g, double h) const noexcept {
    const double parent = exact::div(kernels::squared_gradient(g, l1), exact::add(h, l2));
    return exact::mul(exact::sub(two_sided, parent), gain);
  }
  /// Rounding moves the gradient sum of n rows by about sqrt(n) / 2 quanta: gains of a node with so many rows and that
  /// hessian below (2 sqrt(n))^2 / H are noise.
  [[nodiscard]] double noise(std::uint32_t rows, std::int64_t h) const noexcept {
    return exact::mul(exact::div(exact::mul(4.0, static_cast<double>(rows)), static_cast<double>(h)), gain);
  }
  /// lambda_l2 of a split on levels: many of them have cat_l2 on top.
  [[nodiscard]] double l2_of_levels(const TrainOptions& options, bool few) const noexcept {
    return few ? l2 : exact::add(l2, exact::mul(options.cat_l2, quanta_of_h));
  }
  /// What a leaf within `bounds` may say.
  [[nodiscard]] OutputBounds allowed(const OutputBounds& bounds) const noexcept {
    return {step.low > bounds.low ? step.low : bounds.low, step.high < bounds.high ? step.high : bounds.high};
  }
  /// real_gain() where outputs are limited.
  [[nodiscard]] double limited_gain(double two_sided, double g, double h, const OutputBounds& bounds) const noexcept {
    const double weight = exact::add(h, l2);
    const double parent =
        kernels::gain_of_output(g, weight, l1, kernels::limited_output(g, weight, l1, allowed(bounds)));
    return exact::mul(exact::sub(two_sided, parent), gain);
  }
};

inline constexpr double kNoGain = -OutputBounds::kNone;

/// Where splits choose without the caution that many levels need: cat_l2, cat_smooth, min_data_per_group.
[[nodiscard]] inline bool has_few_levels(const TrainOptions& options, const FeatureCuts& cuts) noexcept {
  return cuts.value_bins <= static_cast<unsigned>(options.max_cat_to_onehot);
}

template <class Cell>
struct LevelSplitInput {
  const Cell* cells;
  const FeatureCuts& cuts;
  Cell total;
  std::uint32_t rows;
  const BinCounts* counts;  ///< no level holds more rows than this; null: nothing is known
  const TrainOptions& options;
  const SplitUnits& units;
  const NodeState& node;
  std::optional<Random> draw;  ///< extra_trees: one candidate, drawn
};

/// One level (or the missing values) with its sums.
template <class Cell>
struct LevelSum {
  double order;        ///< G / (H + cat_smooth)
  double estimated;    ///< rows, from the hessian
  std::uint32_t most;  ///< rows, at most
  std::uint16_t bin;
  Cell sum;
};

/// Rows of a level as its share of the hessian says, to the nearest integer; a level's exact count may differ.
[[nodiscard]] inline double estimated_rows(double h, double rows_per_h) noexcept {
  return static_cast<double>(static_cast<std::int64_t>(exact::add(exact::mul(h, rows_per_h), 0.5)));
}

/// Both sides have the least hessian.
template <class Cell>
[[nodiscard]] bool hessians_allowed(const LevelSplitInput<Cell>& in, Cell left) noexcept {
  return static_cast<double>(h_of(left)) >= in.units.min_h &&
         static_cast<double>(h_of(in.total - left)) >= in.units.min_h;
}
/// Both sides may have the least number of rows, by what was counted.
template <class Cell>
[[nodiscard]] bool rows_allowed(const LevelSplitInput<Cell>& in, std::uint64_t left_most,
                                std::uint64_t all_most) noexcept {
  const auto least = static_cast<std::uint64_t>(in.options.min_data_in_leaf);
  return in.counts == nullptr || (left_most >= least && all_most - left_most >= least);
}
/// What the levels together may hold.
template <class Cell>
[[nodiscard]] std::uint64_t most_rows(const std::array<LevelSum<Cell>, 256>& levels, std::size_t n) noexcept {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < n; ++i) out += levels[i].most;
  return out;
}

template <class Cell>
[[nodiscard]] double gain_of_left(const LevelSplitInput<Cell>& in, Cell left, double l2) noexcept {
  const Cell right = in.total - left;
  if (in.units.limited) {
    return kernels::limited_sides(static_cast<double>(g_of(left)), exact::add(static_cast<double>(h_of(left)), l2),
                                  static_cast<double>(g_of(right)), exact::add(static_cast<double>(h_of(right)), l2),
                                  in.units.l1, in.units.allowed(in.node.bounds), 0)
        .gain;
  }
  return kernels::two_sided_gain(static_cast<double>(g_of(left)), exact::add(static_cast<double>(h_of(left)), l2),
                                 static_cast<double>(g_of(right)), exact::add(static_cast<double>(h_of(right)), l2),
                                 in.units.l1);
}

/// One level on the left: the best of all levels.
template <class Cell>
[[nodiscard]] Split<Cell> best_single_level(const LevelSplitInput<Cell>& in,
                                            const std::array<LevelSum<Cell>, 256>& levels, std::size_t n) noexcept {
  Split<Cell> out;
  out.gain = kNoGain;
  const std::uint64_t all_most = most_rows(levels, n);
  const std::size_t drawn = in.draw && n > 0 ? in.draw->below(n, 0) : n;
  for (std::size_t i = 0; i < n; ++i) {
    if (in.draw && i != drawn) continue;
    if (!hessians_allowed(in, levels[i].sum) || !rows_allowed(in, levels[i].most, all_most)) continue;
    const double gain = gain_of_left(in, levels[i].sum, in.units.l2);
    if (!(gain > out.gain)) continue;
    out = Split<Cell>{};
    out.gain = gain;
    out.left = levels[i].sum;
    out.left_bins[levels[i].bin / 64] |= std::uint64_t{1} << (levels[i].bin % 64);
  }
  return out;
}

/// Fisher's sorted partition as LightGBM does it (feature_histogram.hpp, FindBestThresholdCategoricalInner): levels
/// sorted by G / (H + cat_smooth), prefixes from both ends, at most max_cat_threshold levels on the left.
///
/// Where we differ: missing values are a level like the others; rows are estimated only where candidates are chosen
/// (cat_smooth, min_data_per_group), never for min_data_in_leaf.
template <class Cell>
[[nodiscard]] Split<Cell> best_sorted_levels(const LevelSplitInput<Cell>& in, std::array<LevelSum<Cell>, 256>& levels,
                                             std::size_t n) noexcept {
  Split<Cell> out;
  out.gain = kNoGain;
  const std::uint64_t all_most = most_rows(levels, n);
  const auto last =
      std::remove_if(levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(n),
                     [&](const LevelSum<Cell>& level) { return level.estimated < in.options.cat_smooth; });
  n = static_cast<std::size_t>(last - levels.begin());
  std::sort(levels.begin(), last, [](const LevelSum<Cell>& a, const LevelSum<Cell>& b) {
    return a.order != b.order ? a.order < b.order : a.bin < b.bin;
  });
  const std::size_t most = std::min<std::size_t>(static_cast<std::size_t>(in.options.max_cat_threshold), (n + 1) / 2);
  const double l2 = in.units.l2_of_levels(in.options, false);
  const auto per_group = static_cast<double>(in.options.min_data_per_group);
  const std::size_t drawn = in.draw && most > 0 ? in.draw->below(most, 0) : most;
  for (const bool from_end : {false, true}) {
    Cell left{};
    std::uint64_t left_most = 0;
    double in_group = 0.0, left_estimate = 0.0;
    std::array<std::uint64_t, 4> bins{};
    for (std::size_t i = 0; i < most; ++i) {
      const LevelSum<Cell>& level = levels[from_end ? n - 1 - i : i];
      left += level.sum;
      left_most += level.most;
      in_group = exact::add(in_group, level.estimated);
      left_estimate = exact::add(left_estimate, level.estimated);
      bins[level.bin / 64] |= std::uint64_t{1} << (level.bin % 64);
      if (exact::sub(static_cast<double>(in.rows), left_estimate) < per_group) break;
      if (!hessians_allowed(in, left) || in_group < per_group) continue;
      in_group = 0.0;  // whether or not the rows suffice: candidates must not depend on what was counted
      if (!rows_allowed(in, left_most, all_most) || (in.draw && i != drawn)) continue;
      const double gain = gain_of_left(in, left, l2);
      if (!(gain > out.gain)) continue;
      out.gain = gain;
      out.left = left;
      out.left_bins = bins;
    }
  }
  return out;
}

/// The best split of a categorical feature; gain < 0 when there is none.
template <class Cell>
[[nodiscard]] Split<Cell> best_level_split(const LevelSplitInput<Cell>& in) noexcept {
  std::array<LevelSum<Cell>, 256> levels;
  std::size_t n = 0;
  const double rows_per_h = exact::div(static_cast<double>(in.rows), static_cast<double>(h_of(in.total)));
  const double smooth = exact::mul(in.options.cat_smooth, in.units.quanta_of_h);
  for (unsigned b = 0; b <= in.cuts.missing_bin(); ++b) {
    if (h_of(in.cells[b]) == 0) continue;
    const auto h = static_cast<double>(h_of(in.cells[b]));
    levels[n++] = {exact::div(static_cast<double>(g_of(in.cells[b])), exact::add(h, smooth)),
                   estimated_rows(h, rows_per_h), in.counts != nullptr ? in.counts->rows[b] : 0,
                   static_cast<std::uint16_t>(b), in.cells[b]};
  }
  Split<Cell> out =
      has_few_levels(in.options, in.cuts) ? best_single_level(in, levels, n) : best_sorted_levels(in, levels, n);
  if (out.gain == kNoGain) return out;
  out.categorical = true;
  out.default_left = ((out.left_bins[in.cuts.missing_bin() / 64] >> (in.cuts.missing_bin() % 64)) & 1) != 0;
  const auto g = static_cast<double>(g_of(in.total)), h = static_cast<double>(h_of(in.total));
  out.gain =
      in.units.limited ? in.units.limited_gain(out.gain, g, h, in.node.bounds) : in.units.real_gain(out.gain, g, h);
  return out;
}

}  // namespace riskflag::inline v0_1::detail
