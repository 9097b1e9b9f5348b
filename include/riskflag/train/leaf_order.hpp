#pragma once

// Which leaves of a growing tree monotone constraints put in order.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/train/limits.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// Two leaves are in order when a row of one becomes a row of the other by a change of one constrained feature: they
/// share a bin of every other feature. What find_monotone_violation() asks of the finished tree, known at every moment.
///
/// LightGBM's method intermediate finds these pairs by walking up and down the tree (monotone_constraints.hpp,
/// IntermediateLeafConstraints); here a pair is handed down: children are in order with the leaves that their parent
/// was in order with, as far as they still meet, and with each other.
///
/// Life, for each tree: 1. start_tree(): leaf 0; 2. split() as the tree grows, with the tree's numbers of leaves.
class LeafOrder {
 public:
  LeafOrder(const Binned& bins, const TrainOptions& options) : bins_(bins), options_(options) {}

  void start_tree() {
    regions_.assign(1, {});
    above_.assign(1, {});
    below_.assign(1, {});
  }

  /// Rows of `leaf` in bins that go_left sends left stay in it, the others become the new last leaf.
  void split(std::uint32_t leaf, std::uint32_t feature, const std::array<std::uint8_t, 256>& go_left) {
    const auto right = static_cast<std::uint32_t>(regions_.size());
    const Bins before = bins_of(leaf, feature);
    Bins sides[2];
    for (std::size_t b = 0; b < 256; ++b) {
      if (before.has(b)) sides[go_left[b] != 0 ? 0 : 1].add(b);
    }
    regions_.push_back(regions_[leaf]);
    above_.emplace_back();
    below_.emplace_back();
    const std::uint32_t children[2] = {leaf, right};
    for (const std::size_t side : {0U, 1U}) set_bins(children[side], feature, sides[side]);
    const std::vector<std::uint32_t> over = std::move(above_[leaf]), under = std::move(below_[leaf]);
    above_[leaf].clear();
    below_[leaf].clear();
    for (const bool upwards : {true, false}) {
      for (const std::uint32_t other : upwards ? over : under) {
        auto& back = upwards ? below_[other] : above_[other];
        std::erase(back, leaf);
        const Bins theirs = bins_of(other, feature);
        // Where they had no bin of this feature in common, it is the one that puts them in order.
        const bool by_other = before.meets(theirs);
        for (const std::size_t side : {0U, 1U}) {
          if (!(by_other ? sides[side].meets(theirs) : has_value(sides[side], feature))) continue;
          (upwards ? above_ : below_)[children[side]].push_back(other);
          back.push_back(children[side]);
        }
      }
    }
    const int sign = monotone_sign(options_, feature);
    if (sign == 0 || !has_value(sides[0], feature) || !has_value(sides[1], feature)) return;
    const std::uint32_t lower = sign > 0 ? leaf : right, upper = sign > 0 ? right : leaf;
    above_[lower].push_back(upper);
    below_[upper].push_back(lower);
  }

  /// Leaves that may say no less than `leaf`, in no order; and no more.
  [[nodiscard]] std::span<const std::uint32_t> above(std::uint32_t leaf) const noexcept { return above_[leaf]; }
  [[nodiscard]] std::span<const std::uint32_t> below(std::uint32_t leaf) const noexcept { return below_[leaf]; }

 private:
  /// A set of bins of one feature.
  struct Bins {
    std::array<std::uint64_t, 4> words{};
    [[nodiscard]] bool has(std::size_t b) const noexcept { return ((words[b / 64] >> (b % 64)) & 1U) != 0; }
    void add(std::size_t b) noexcept { words[b / 64] |= std::uint64_t{1} << (b % 64); }
    [[nodiscard]] bool meets(const Bins& o) const noexcept {
      std::uint64_t any = 0;
      for (std::size_t k = 0; k < 4; ++k) any |= words[k] & o.words[k];
      return any != 0;
    }
  };
  using Region = std::vector<std::pair<std::uint32_t, Bins>>;  ///< of the features that the leaf's path asks

  [[nodiscard]] Bins bins_of(std::uint32_t leaf, std::uint32_t feature) const noexcept {
    for (const auto& [f, bins] : regions_[leaf]) {
      if (f == feature) return bins;
    }
    Bins all;
    const FeatureCuts& cuts = bins_.feature(feature);
    const unsigned last = cuts.type == FeatureType::categorical ? cuts.unseen_bin() : cuts.missing_bin();
    for (unsigned b = 0; b <= last; ++b) all.add(b);
    return all;
  }
  void set_bins(std::uint32_t leaf, std::uint32_t feature, const Bins& bins) {
    for (auto& [f, known] : regions_[leaf]) {
      if (f != feature) continue;
      known = bins;
      return;
    }
    regions_[leaf].emplace_back(feature, bins);
  }
  /// Missing values have no place in the order.
  [[nodiscard]] bool has_value(const Bins& bins, std::uint32_t feature) const noexcept {
    for (unsigned b = 0; b < bins_.feature(feature).value_bins; ++b) {
      if (bins.has(b)) return true;
    }
    return false;
  }

  const Binned& bins_;
  const TrainOptions& options_;
  std::vector<Region> regions_;  ///< by leaf, as what follows
  std::vector<std::vector<std::uint32_t>> above_, below_;
};

}  // namespace riskflag::inline v0_1::detail
