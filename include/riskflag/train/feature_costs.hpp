#pragma once

// What it costs to ask a feature.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// LightGBM's feature_contri and its cost-effective boosting (cost_effective_gradient_boosting.hpp): gains are
/// multiplied by feature_contri; then each row of the node costs cegb_penalty_split, a feature that the forest has not
/// asked yet costs cegb_penalty_feature_coupled, and each row that has met no question about the feature yet
/// cegb_penalty_feature_lazy, all times cegb_tradeoff.
///
/// Life: 1. made for a training; 2. start_from() a model that it goes on from; 3. priced() while splits are searched,
/// use() when one is made. The cells' width may change from round to round, what has been paid for stays.
class FeatureCosts {
 public:
  FeatureCosts(const TrainOptions& options, std::size_t rows, std::size_t features)
      : options_(options), used_(features), paid_(options.cegb_penalty_feature_lazy.empty() ? 0 : features) {
    for (std::size_t f = 0; f < paid_.size(); ++f) {
      if (options.cegb_penalty_feature_lazy[f] > 0.0) paid_[f].resize((rows + 63) / 64);
    }
  }

  /// What its trees ask has been paid for.
  void start_from(const Model& model) {
    for (const Tree& tree : model.trees) {
      for (const Node& node : tree.nodes) used_[static_cast<std::size_t>(node.feature)] = true;
    }
  }

  /// One feature may win with a smaller gain than another's.
  [[nodiscard]] bool differ() const noexcept { return !options_.feature_contri.empty() || fall(); }
  /// A split makes others cheaper: leaves have to be split one after the other.
  [[nodiscard]] bool fall() const noexcept { return !options_.cegb_penalty_feature_coupled.empty() || by_row(); }
  [[nodiscard]] bool by_row() const noexcept { return !paid_.empty(); }

  /// What is left of the gain of a node with so many rows, but for what a feature costs by itself.
  [[nodiscard]] double after_rows(double gain, std::uint32_t rows, std::uint32_t feature) const noexcept {
    if (!options_.feature_contri.empty()) gain = exact::mul(gain, options_.feature_contri[feature]);
    if (options_.cegb_penalty_split > 0.0)
      gain = exact::sub(gain, exact::mul(times(options_.cegb_penalty_split), static_cast<double>(rows)));
    return gain;
  }
  /// For its first question in the forest.
  [[nodiscard]] double first_use(std::uint32_t feature) const noexcept {
    return options_.cegb_penalty_feature_coupled.empty() || used_[feature]
               ? 0.0
               : times(options_.cegb_penalty_feature_coupled[feature]);
  }
  /// What is left of a gain when all has been paid; `unpaid`: count_unpaid() of the node, where by_row().
  [[nodiscard]] double priced(double gain, std::uint32_t rows, std::uint32_t feature,
                              std::span<const std::uint32_t> unpaid) const noexcept {
    gain = after_rows(gain, rows, feature);
    if (!options_.cegb_penalty_feature_coupled.empty()) gain = exact::sub(gain, first_use(feature));
    if (by_row()) {
      gain = exact::sub(
          gain, exact::mul(times(options_.cegb_penalty_feature_lazy[feature]), static_cast<double>(unpaid[feature])));
    }
    return gain;
  }

  /// Adds to `out`, by feature, how many of these rows (null: rows 0 .. n - 1) have met no question about it yet.
  void count_unpaid(const std::uint32_t* rows, std::uint32_t n, std::vector<std::uint32_t>& out) const {
    for (std::size_t f = 0; f < paid_.size(); ++f) {
      if (paid_[f].empty()) continue;
      for (std::uint32_t i = 0; i < n; ++i) {
        const std::uint32_t row = rows == nullptr ? i : rows[i];
        out[f] += ((paid_[f][row / 64] >> (row % 64)) & 1U) == 0 ? 1U : 0U;
      }
    }
  }

  /// These rows' node asks `feature`. True when that makes the feature cheaper for other nodes.
  bool use(std::uint32_t feature, const std::uint32_t* rows, std::uint32_t n) {
    const bool falls = first_use(feature) > 0.0;
    used_[feature] = true;
    if (by_row() && !paid_[feature].empty()) {
      for (std::uint32_t i = 0; i < n; ++i) {
        const std::uint32_t row = rows == nullptr ? i : rows[i];
        paid_[feature][row / 64] |= std::uint64_t{1} << (row % 64);
      }
    }
    return falls;
  }

 private:
  [[nodiscard]] double times(double penalty) const noexcept { return exact::mul(options_.cegb_tradeoff, penalty); }

  const TrainOptions& options_;
  std::vector<bool> used_;
  std::vector<std::vector<std::uint64_t>> paid_;  ///< a bit a row, of features that rows pay for; empty: none do
};

}  // namespace riskflag::inline v0_1::detail
