#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/cpu.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/detail/level_split.hpp>
#include <riskflag/train/feature_costs.hpp>
#include <riskflag/train/histogram.hpp>
#include <riskflag/train/kernels/dispatch.hpp>
#include <riskflag/train/kernels/scan.hpp>
#include <riskflag/train/limits.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/split.hpp>

namespace riskflag::inline v0_1::detail {

/// A leaf as the search sees it.
template <class Cell>
struct LeafView {
  const Cell* histogram;
  Cell total;
  std::uint32_t rows;
  const NodeState& node;
  std::span<const CutRange> ranges;    ///< of numeric features
  std::span<const BinCounts> counted;  ///< of categorical ones, where known; the last for a feature is the tightest
  std::span<const std::uint32_t> unpaid{};  ///< FeatureCosts::count_unpaid(), where rows pay
};

/// Flags that stand one after another in a shared column, so that one look tells which of them are worth a search.
struct FlagRuns {
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Run {
    std::uint32_t first, features;
    std::size_t at;  ///< cell of the first one in a histogram
  };
  std::vector<Run> runs{};
  std::vector<std::uint32_t> of_feature{};  ///< kNone: in none

  explicit FlagRuns(const Binned& bins) : of_feature(bins.cols(), kNone) {
    for (std::uint32_t f = 0; f < bins.cols(); ++f) {
      const Binned::Place place = bins.place(f);
      const FeatureCuts& cuts = bins.feature(f);
      const bool is_flag = place.is_shared && place.step == 0 && place.others == 1 && cuts.value_bins == 2 &&
                           cuts.type != FeatureType::categorical;
      if (!is_flag) continue;
      const std::size_t at = std::size_t{place.column} * kCellStride + place.first;
      if (f == 0 || of_feature[f - 1] == kNone || runs.back().at + runs.back().features != at ||
          runs.back().features == 64) {
        runs.push_back({f, 0, at});
      }
      ++runs.back().features;
      of_feature[f] = static_cast<std::uint32_t>(runs.size() - 1);
    }
  }
};

/// Finds the best split of a leaf. One object a tree; const and thread-safe.
template <class Cell>
class SplitSearch {
 public:
  /// `random`: of the tree, for extra_trees.
  SplitSearch(const Binned& bins, const FlagRuns& flags, const TrainOptions& options, const FeatureCosts& costs,
              SplitUnits units, const Random& random, CpuLevel level)
      : bins_(bins),
        cuts_(bins.cuts()),
        options_(options),
        costs_(costs),
        units_(units),
        random_(random),
        scan_narrow_(kernels::train_kernels(level).scan),
        flags_(flags),
        flags_above_(kernels::train_kernels(level).flags_above),
        skims_(sizeof(Cell) == sizeof(NarrowCell) && !costs.differ() && !units.limited && units.l1 == 0.0 &&
               !options.extra_trees) {}

  /// The best over `features` (rising indices); equal gains go to the lower index. No split when none gains more than
  /// min_gain_to_split and the noise of rounding.
  [[nodiscard]] Split<Cell> best(const LeafView<Cell>& leaf, std::span<const std::uint32_t> features) const {
    Split<Cell> out;
    const double floor = least_gain(leaf);
    double beaten = -1.0;
    std::uint32_t run = FlagRuns::kNone;
    std::uint64_t worth = 0;  // a search, of the run's flags: what gains no more than what is beaten cannot win
    for (const std::uint32_t f : features) {
      if (skims_ && flags_.of_feature[f] != FlagRuns::kNone) {
        if (flags_.of_feature[f] != run) {
          run = flags_.of_feature[f];
          worth = skim(leaf, flags_.runs[run], beaten);
        }
        if (((worth >> (f - flags_.runs[run].first)) & 1) == 0) continue;
      }
      if (costs_.differ()) beaten = -1.0;  // a smaller gain may win
      const Split<Cell> split = best_of_feature(leaf, f, beaten);
      if (!split.exists() || !(split.gain > floor)) continue;
      const double gain = costs_.priced(split.gain, leaf.rows, f, leaf.unpaid);
      if (!(gain > 0.0) || (out.exists() && !(gain > out.gain))) continue;
      out = split;
      out.gain = gain;
    }
    if (out.exists()) complete(leaf, out);
    return out;
  }

  [[nodiscard]] const SplitUnits& units() const noexcept { return units_; }

 private:
  [[nodiscard]] std::uint64_t skim(const LeafView<Cell>& leaf, const FlagRuns::Run& run, double beaten) const noexcept {
    if constexpr (sizeof(Cell) == sizeof(NarrowCell)) {
      return flags_above_({leaf.histogram + run.at, run.features, leaf.total, units_.l2, units_.min_h, beaten});
    }
    return ~std::uint64_t{0};
  }

  [[nodiscard]] double least_gain(const LeafView<Cell>& leaf) const noexcept {
    const double noise = units_.noise(leaf.rows, h_of(leaf.total));
    return noise > options_.min_gain_to_split ? noise : options_.min_gain_to_split;
  }

  /// `beaten`: the largest gain of both sides in quanta that any cut has had; a cut that has no more cannot win,
  /// because equal gains go to the lower feature. Raised by what is found.
  [[nodiscard]] Split<Cell> best_of_feature(const LeafView<Cell>& leaf, std::uint32_t f, double& beaten) const {
    std::array<Cell, 256> own;
    const Cell* const cells = cells_of_feature(bins_, f, leaf.histogram, leaf.total, own);
    Split<Cell> out;
    if (cuts_.bins[f].type == FeatureType::categorical) {
      const BinCounts* counts = nullptr;
      for (const BinCounts& counted : leaf.counted) {
        if (counted.feature == static_cast<std::int32_t>(f)) counts = &counted;
      }
      out = best_level_split(LevelSplitInput<Cell>{cells, cuts_.bins[f], leaf.total, leaf.rows, counts, options_,
                                                   units_, leaf.node, draw(leaf, f)});
    } else {
      out = best_cut(leaf, cells, f, beaten);
    }
    if (!(out.gain >= 0.0)) return out;
    out.feature = static_cast<std::int32_t>(f);
    return out;
  }

  /// What only the best feature's split needs.
  void complete(const LeafView<Cell>& leaf, Split<Cell>& split) const noexcept {
    if (!split.categorical) {
      const auto f = static_cast<std::size_t>(split.feature);
      std::array<Cell, 256> own;
      const Cell* const cells = cells_of_feature(bins_, f, leaf.histogram, leaf.total, own);
      const Cell missing = cells[cuts_.bins[f].missing_bin()];
      split.left = split.default_left ? missing : Cell{};
      for (unsigned b = 0; b <= split.bin; ++b) split.left += cells[b];
      // No missing value to learn from: they follow the heavier side.
      if (h_of(missing) == 0) split.default_left = h_of(split.left) >= h_of(leaf.total - split.left);
    }
    if (units_.limited) set_outputs(leaf, split);
  }

  /// extra_trees: what is drawn for this feature in this node.
  [[nodiscard]] std::optional<Random> draw(const LeafView<Cell>& leaf, std::uint32_t f) const noexcept {
    if (!options_.extra_trees) return std::nullopt;
    return random_.split(leaf.node.key).split(f);
  }

  void set_outputs(const LeafView<Cell>& leaf, Split<Cell>& split) const noexcept {
    const Cell right = leaf.total - split.left;
    const OutputBounds bounds = units_.allowed(leaf.node.bounds);
    split.left_output =
        kernels::limited_output(static_cast<double>(g_of(split.left)),
                                exact::add(static_cast<double>(h_of(split.left)), units_.l2), units_.l1, bounds);
    split.right_output = kernels::limited_output(
        static_cast<double>(g_of(right)), exact::add(static_cast<double>(h_of(right)), units_.l2), units_.l1, bounds);
  }

  [[nodiscard]] kernels::ScanBest scan(const kernels::ScanInput<Cell>& in, const LeafView<Cell>& leaf,
                                       int sign) const noexcept {
    if (units_.limited) return kernels::scan_limited(in, units_.allowed(leaf.node.bounds), sign);
    if (in.end <= in.first + 1) return kernels::scan_scalar(in);  // flags
    if constexpr (sizeof(Cell) == sizeof(NarrowCell)) {
      if (in.l1 == 0.0) return scan_narrow_(in);
    }
    return kernels::scan_scalar(in);
  }

  [[nodiscard]] Split<Cell> best_cut(const LeafView<Cell>& leaf, const Cell* cells, std::uint32_t f,
                                     double& beaten) const {
    const FeatureCuts& cuts = cuts_.bins[f];
    CutRange range = leaf.ranges[f];
    Split<Cell> out;
    out.gain = -1.0;
    const Cell missing = cells[cuts.missing_bin()];
    const bool some_missing = h_of(missing) != 0;
    if (const auto drawn = draw(leaf, f)) {
      const unsigned cuts_here = cuts.value_bins - (some_missing ? 0U : 1U);
      const auto cut = static_cast<std::uint16_t>(drawn->below(cuts_here > 0 ? cuts_here : 1, 0));
      for (const unsigned side : {0U, 1U}) {
        range.first[side] = std::max(range.first[side], cut);
        range.end[side] = std::min<std::uint16_t>(range.end[side], static_cast<std::uint16_t>(cut + 1));
      }
    }
    const int sign = monotone_sign(options_, f);
    kernels::ScanInput<Cell> in{
        cells,     range.first[0], std::min<unsigned>(range.end[0], cuts.value_bins - (some_missing ? 0U : 1U)),
        Cell{},    leaf.total,     units_.l1,
        units_.l2, units_.min_h,   leaf.rows,
        beaten};
    kernels::ScanBest best = scan(in, leaf, sign);
    if (some_missing && cuts.value_bins > 1) {
      in.first = range.first[1];
      in.end = std::min<unsigned>(range.end[1], cuts.value_bins - 1);
      in.start = missing;
      in.floor = std::max(in.floor, best.gain);
      const kernels::ScanBest other = scan(in, leaf, sign);
      if (other.gain > best.gain) {
        best = other;
        out.default_left = true;
      }
    }
    if (units_.limited ? best.gain == kNoGain : best.gain < 0.0) return out;
    if (!units_.limited) beaten = std::max(beaten, best.gain);
    out.bin = best.cut;
    const auto g = static_cast<double>(g_of(leaf.total)), h = static_cast<double>(h_of(leaf.total));
    out.gain =
        units_.limited ? units_.limited_gain(best.gain, g, h, leaf.node.bounds) : units_.real_gain(best.gain, g, h);
    return out;
  }

  const Binned& bins_;
  const Cuts& cuts_;
  const TrainOptions& options_;
  const FeatureCosts& costs_;
  SplitUnits units_;
  Random random_;
  kernels::ScanNarrow scan_narrow_;
  const FlagRuns& flags_;
  kernels::FlagsAbove flags_above_;
  bool skims_;
};

}  // namespace riskflag::inline v0_1::detail
