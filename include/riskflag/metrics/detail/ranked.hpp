#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <riskflag/core/compensated_sum.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/metrics/detail/check.hpp>
#include <riskflag/metrics/detail/radix_sort.hpp>
#include <riskflag/metrics/metric.hpp>

namespace riskflag::inline v0_1::metrics::detail {

/// All rows with one score: how much weight of either class.
struct ScoreGroup {
  double score, positive, negative;
};

/// The rows of both classes by falling score: what every ranking metric is made of, with one sort for all of them.
///
/// The classes are sorted apart and merged while walking, so that unweighted rows take 8 bytes each and no indices.
/// Rows of weight 0 are left out: they are as good as absent.
class Ranked {
 public:
  Ranked(std::span<const double> scores, std::span<const double> labels, std::span<const double> weights)
      : weighted_(!weights.empty()) {
    check_classes(scores, labels, weights);
    if (weighted_) {
      fill(heavy_, scores, labels, weights);
    } else {
      fill(light_, scores, labels, weights);
    }
    CompensatedSum positive, negative;
    for (std::size_t i = 0; i < scores.size(); ++i) (labels[i] > 0 ? positive : negative).add(weight_of(weights, i));
    positive_ = positive.value();
    negative_ = negative.value();
  }

  [[nodiscard]] double positive() const noexcept { return positive_; }  ///< weight of all positives
  [[nodiscard]] double negative() const noexcept { return negative_; }
  [[nodiscard]] double total() const noexcept { return exact::add(positive_, negative_); }

  /// Why a metric of two classes has no value here; empty when it has one.
  [[nodiscard]] std::string_view undefined_because() const noexcept {
    const std::size_t rows = weighted_ ? heavy_[0].size() + heavy_[1].size() : light_[0].size() + light_[1].size();
    if (rows == 0) return weighted_ ? kNoWeight : kNoRows;
    return positive_ > 0 && negative_ > 0 ? std::string_view{} : kOneClass;
  }

  /// Calls visit(ScoreGroup) for every distinct score, highest first.
  template <class Visit>
  void for_each_falling(Visit visit) const {
    if (weighted_) {
      walk(heavy_, visit);
    } else {
      walk(light_, visit);
    }
  }

  [[nodiscard]] std::size_t groups() const {
    std::size_t n = 0;
    for_each_falling([&](const ScoreGroup&) { ++n; });
    return n;
  }

 private:
  struct Heavy {
    std::uint64_t key;
    double weight;
  };
  // Inverted, so that rising keys are falling scores.
  static std::uint64_t key_of_score(double score) noexcept {
    return ~(static_cast<std::uint64_t>(order_key(score)) ^ 0x8000000000000000ULL);
  }
  static double score_of(std::uint64_t key) noexcept {
    return from_order_key(static_cast<std::int64_t>(~key ^ 0x8000000000000000ULL));
  }
  static std::uint64_t key_of(const Heavy& item) noexcept { return item.key; }
  static std::uint64_t key_of(std::uint64_t item) noexcept { return item; }
  static double weight_of_item(const Heavy& item) noexcept { return item.weight; }
  static double weight_of_item(std::uint64_t) noexcept { return 1.0; }
  static void push(std::vector<Heavy>& to, std::uint64_t key, double weight) { to.push_back({key, weight}); }
  static void push(std::vector<std::uint64_t>& to, std::uint64_t key, double) { to.push_back(key); }

  template <class Item>
  void fill(std::vector<Item> (&to)[2], std::span<const double> scores, std::span<const double> labels,
            std::span<const double> weights) {
    std::size_t positives = 0;
    for (const double label : labels) positives += label > 0 ? 1 : 0;
    to[1].reserve(positives);
    to[0].reserve(labels.size() - positives);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double weight = weight_of(weights, i);
      if (weight > 0) push(to[labels[i] > 0 ? 1 : 0], key_of_score(scores[i]), weight);
    }
    for (auto& items : to) radix_sort(items, [](const Item& item) { return key_of(item); });
  }

  template <class Item, class Visit>
  void walk(const std::vector<Item> (&from)[2], Visit& visit) const {
    std::size_t at[2] = {0, 0};
    while (at[0] < from[0].size() || at[1] < from[1].size()) {
      std::uint64_t key = ~std::uint64_t{0};
      for (int c : {0, 1}) {
        if (at[c] < from[c].size() && key_of(from[c][at[c]]) < key) key = key_of(from[c][at[c]]);
      }
      double weight[2] = {0.0, 0.0};
      for (int c : {0, 1}) {
        for (; at[c] < from[c].size() && key_of(from[c][at[c]]) == key; ++at[c]) {
          weight[c] = exact::add(weight[c], weight_of_item(from[c][at[c]]));
        }
      }
      visit(ScoreGroup{score_of(key), weight[1], weight[0]});
    }
  }

  bool weighted_;
  std::vector<std::uint64_t> light_[2];
  std::vector<Heavy> heavy_[2];
  double positive_ = 0.0;
  double negative_ = 0.0;
};

}  // namespace riskflag::inline v0_1::metrics::detail
