#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/train/limits.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// Which rows and features the next tree may use. Whether a row is drawn depends on (seed, iteration, row) alone.
class Sampling {
 public:
  /// `labels`: for fractions by class, `groups`: for bagging_by_query; they have to outlive the object.
  Sampling(const TrainOptions& options, std::span<const double> labels, std::size_t rows, std::size_t features,
           std::span<const std::uint64_t> groups = {})
      : options_(options),
        labels_(labels),
        groups_(groups),
        table_rows_(rows),
        table_features_(features),
        features_(features),
        random_(Random(options.seed).split(0x73616d706c65)) {  // "sample"
    std::iota(features_.begin(), features_.end(), 0U);
  }

  /// Rows of weight 0 take part in nothing.
  void leave_out_zero_weights(std::span<const double> weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] > 0.0) positive_.push_back(static_cast<std::uint32_t>(i));
    }
    all_positive_ = weights.empty() || positive_.size() == table_rows_;
    if (all_positive_) positive_.clear();
  }

  /// The rows of a round (1-based).
  void draw(int iteration) {
    const int since = draws_rows() ? (iteration - 1) % options_.bagging_freq : 0;  // rounds with the same rows
    if (draws_rows() && (since == 0 || !has_drawn_)) {
      has_drawn_ = true;
      const Random rows = random_.split(1).split(static_cast<std::uint64_t>(iteration - since));
      drawn_.clear();
      const std::size_t n = all_positive_ ? table_rows_ : positive_.size();
      for (std::size_t i = 0; i < n; ++i) {
        const auto row = all_positive_ ? static_cast<std::uint32_t>(i) : positive_[i];
        const double fraction = !by_class()           ? options_.bagging_fraction
                                : labels_[row] != 0.0 ? options_.pos_bagging_fraction
                                                      : options_.neg_bagging_fraction;
        const std::uint64_t drawn_by = options_.bagging_by_query ? groups_[row] : row;
        if (rows.uniform(drawn_by) < fraction) drawn_.push_back(row);
      }
    }
  }

  /// The features of the next tree. Trees are counted from 1, over all rounds and outputs.
  void draw_features(std::uint64_t tree) {
    if (options_.feature_fraction < 1.0) {
      order_.resize(table_features_);
      std::iota(order_.begin(), order_.end(), 0U);
      shuffle(order_, random_.split(2).split(tree));
      const std::size_t kept = drawn_features(options_.feature_fraction, order_.size());
      features_.assign(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept));
      std::sort(features_.begin(), features_.end());
    }
  }

  [[nodiscard]] bool uses_all_rows() const noexcept { return all_positive_ && !draws_rows(); }
  [[nodiscard]] std::span<const std::uint32_t> rows() const noexcept { return draws_rows() ? drawn_ : positive_; }
  [[nodiscard]] std::span<const std::uint32_t> features() const noexcept { return features_; }
  /// True when another iteration may see other rows or features.
  [[nodiscard]] bool draws() const noexcept { return draws_rows() || options_.feature_fraction < 1.0; }

 private:
  [[nodiscard]] bool draws_rows() const noexcept {
    return options_.bagging_freq > 0 && (options_.bagging_fraction < 1.0 || by_class());
  }
  /// Fractions by class replace the common one, as in LightGBM.
  [[nodiscard]] bool by_class() const noexcept {
    return options_.pos_bagging_fraction < 1.0 || options_.neg_bagging_fraction < 1.0;
  }

  const TrainOptions& options_;
  std::span<const double> labels_;
  std::span<const std::uint64_t> groups_;
  std::size_t table_rows_;
  std::size_t table_features_;
  std::vector<std::uint32_t> features_, order_;
  std::vector<std::uint32_t> positive_, drawn_;
  bool all_positive_ = true;
  bool has_drawn_ = false;
  Random random_;
};

}  // namespace riskflag::inline v0_1::detail
