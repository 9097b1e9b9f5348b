#pragma once

// How well one column alone gives the target away: a look-up table from its values to the mean label, learned on the
// fitting rows of a sample and judged on the others.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/audit/detail/row_hash.hpp>
#include <riskflag/audit/detail/sample.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1::audit::detail {

inline constexpr std::int64_t kMissingKey = std::numeric_limits<std::int64_t>::min();

/// A cell as an integer in the column's order (levels and texts have none: any integer that tells them apart).
[[nodiscard]] inline std::int64_t cell_key(const Column& column, std::size_t row) noexcept {
  if (column.is_missing_at(row)) return kMissingKey;
  return column.type == ColumnType::number ? order_key(column.numbers[row])
                                           : static_cast<std::int64_t>(cell_bits(column, row));
}

/// Fitted bins: each value of a category its own, numbers in up to 64 of equal weight (frequent values alone).
class LookupTable {
 public:
  LookupTable(const Column& column, const Sample& sample) {
    std::vector<std::pair<std::int64_t, double>> cells(sample.fit.size());
    double total = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = {cell_key(column, sample.fit[i]), sample.fit_labels[i]};
      total += sample.fit_labels[i];
    }
    std::sort(cells.begin(), cells.end());
    const bool ordered = column.type == ColumnType::number || column.type == ColumnType::date;
    const std::size_t wanted = ordered ? cells.size() / 64 + 1 : 1;  // rows that fill a bin
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < cells.size();) {
      std::size_t j = i;
      double run = 0;
      for (; j < cells.size() && cells[j].first == cells[i].first; ++j) run += cells[j].second;
      if (count > 0 && (j - i >= wanted || cells[i - 1].first == kMissingKey)) close(cells[i - 1].first, sum, count);
      sum += run;
      count += static_cast<double>(j - i);
      if (count >= static_cast<double>(wanted)) close(cells[j - 1].first, sum, count);
      ++distinct_;
      i = j;
    }
    if (count > 0) close(cells.back().first, sum, count);
    means_.push_back(cells.empty() ? 0 : total / static_cast<double>(cells.size()));  // of values that were never seen
    exact_ = !ordered;
  }

  /// Index into means(); the last stands for unseen values.
  [[nodiscard]] std::size_t bin(std::int64_t key) const noexcept {
    const auto found = std::lower_bound(uppers_.begin(), uppers_.end(), key);
    const auto at = static_cast<std::size_t>(found - uppers_.begin());
    if (found == uppers_.end()) return exact_ || uppers_.empty() ? uppers_.size() : at - 1;
    return (exact_ || key == kMissingKey) && *found != key ? uppers_.size() : at;
  }
  [[nodiscard]] std::span<const double> means() const noexcept { return means_; }
  [[nodiscard]] std::span<const std::int64_t> uppers() const noexcept { return uppers_; }
  [[nodiscard]] std::size_t distinct() const noexcept { return distinct_; }

 private:
  void close(std::int64_t upper, double& sum, double& count) {
    uppers_.push_back(upper);
    means_.push_back(sum / count);
    sum = count = 0;
  }
  std::vector<std::int64_t> uppers_;
  std::vector<double> means_;
  std::size_t distinct_ = 0;
  bool exact_ = false;
};

/// ROC-AUC with its standard error (Hanley and McNeil, Radiology 1982), from the classes' counts in each bin.
struct BinnedAuc {
  double auc, error;
};
[[nodiscard]] inline std::optional<BinnedAuc> lookup_auc(const LookupTable& table, const Column& column,
                                                         const Sample& sample) {
  std::vector<std::pair<double, double>> counts(table.means().size());  // negatives, positives
  double negatives = 0, positives = 0;
  for (std::size_t i = 0; i < sample.judge.size(); ++i) {
    auto& [n, p] = counts[table.bin(cell_key(column, sample.judge[i]))];
    n += 1 - sample.judge_labels[i];
    p += sample.judge_labels[i];
    negatives += 1 - sample.judge_labels[i];
    positives += sample.judge_labels[i];
  }
  if (negatives < static_cast<double>(kFewestRows) || positives < static_cast<double>(kFewestRows)) return std::nullopt;
  std::vector<std::size_t> order(counts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return table.means()[a] < table.means()[b] || (table.means()[a] == table.means()[b] && a < b);
  });
  double below = 0, pairs = 0;
  for (std::size_t i = 0; i < order.size();) {
    double n = 0, p = 0;
    std::size_t j = i;
    for (; j < order.size() && table.means()[order[j]] == table.means()[order[i]]; ++j) {
      n += counts[order[j]].first;
      p += counts[order[j]].second;
    }
    pairs += p * (below + n / 2);
    below += n;
    i = j;
  }
  const double auc = pairs / (negatives * positives);
  const double q1 = auc / (2 - auc), q2 = 2 * auc * auc / (1 + auc);
  const double variance = (auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc)) /
                          (positives * negatives);
  return BinnedAuc{auc, std::sqrt(std::max(variance, 0.0))};
}

/// Share of the (ranked) target's variance on the judging rows that the look-up table explains; can be negative.
[[nodiscard]] inline std::optional<double> lookup_r2(const LookupTable& table, const Column& column,
                                                     const Sample& sample) {
  if (sample.judge.size() < 2 * kFewestRows) return std::nullopt;
  double mean = 0;
  for (const double label : sample.judge_labels) mean += label / static_cast<double>(sample.judge.size());
  double residual = 0, total = 0;
  for (std::size_t i = 0; i < sample.judge.size(); ++i) {
    const double said = table.means()[table.bin(cell_key(column, sample.judge[i]))];
    residual += (sample.judge_labels[i] - said) * (sample.judge_labels[i] - said);
    total += (sample.judge_labels[i] - mean) * (sample.judge_labels[i] - mean);
  }
  if (total <= 0) return std::nullopt;
  return 1 - residual / total;
}

}  // namespace riskflag::inline v0_1::audit::detail
