#pragma once

// A few thousand rows of each class that stand for all: enough to see that one column gives the target away (the
// standard error of a ROC-AUC of 0.9 from 2,000 rows of each class is 0.005), and independent of how rare the positive
// class is.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/core/random.hpp>

namespace riskflag::inline v0_1::audit::detail {

/// Rows to learn a look-up table from, and others to judge it on; `labels` beside them in [0, 1]: the class, or the
/// rank of a numeric target among the sampled rows.
struct Sample {
  std::vector<std::uint32_t> fit{}, judge{};
  std::vector<double> fit_labels{}, judge_labels{};
};

inline constexpr std::size_t kSampleRows = 2048;      // of each class and side
inline constexpr std::size_t kFewestRows = 10;        // of each class, or there is nothing to judge
inline constexpr std::uint64_t kSampleSeed = 0x5a3e;  // fixed: the guard's answer is a function of the table

/// Up to `want` of the positions 0 to `rows` - 1, one at a random place of each of `want` equal stretches, so that no
/// period of the table is met.
[[nodiscard]] inline std::vector<std::uint32_t> pick(std::size_t rows, std::size_t want, std::uint64_t stream) {
  const Random random(kSampleSeed, stream);
  std::vector<std::uint32_t> out(std::min(rows, want));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t begin = i * rows / out.size(), end = (i + 1) * rows / out.size();
    out[i] = static_cast<std::uint32_t>(rows <= want ? i : begin + random.below(end - begin, i));
  }
  return out;
}
/// The same of rows that a list names.
[[nodiscard]] inline std::vector<std::uint32_t> pick(std::span<const std::uint32_t> rows, std::size_t want,
                                                     std::uint64_t stream) {
  std::vector<std::uint32_t> out = pick(rows.size(), want, stream);
  for (std::uint32_t& row : out) row = rows[row];
  return out;
}

/// Rows of the fitting side and of the judging side; when the held-out rows are too few, every other training row
/// judges.
[[nodiscard]] inline Sample binary_sample(std::span<const std::uint32_t> train, std::span<const std::uint32_t> held_out,
                                          std::span<const double> labels) {
  std::vector<std::uint32_t> by_class[2][2];  // [side][class]
  for (const std::uint32_t row : train) by_class[0][labels[row] > 0.5 ? 1 : 0].push_back(row);
  for (const std::uint32_t row : held_out) by_class[1][labels[row] > 0.5 ? 1 : 0].push_back(row);
  const bool too_few = by_class[1][0].size() < kFewestRows || by_class[1][1].size() < kFewestRows;
  Sample out;
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<std::uint32_t> fit, judge;
    if (too_few) {
      const std::vector<std::uint32_t> both = pick(by_class[0][c], 2 * kSampleRows, c);
      for (std::size_t i = 0; i < both.size(); ++i) (i % 2 == 0 ? fit : judge).push_back(both[i]);
    } else {
      fit = pick(by_class[0][c], kSampleRows, c);
      judge = pick(by_class[1][c], kSampleRows, 2 + c);
    }
    out.fit.insert(out.fit.end(), fit.begin(), fit.end());
    out.judge.insert(out.judge.end(), judge.begin(), judge.end());
    out.fit_labels.resize(out.fit.size(), static_cast<double>(c));
    out.judge_labels.resize(out.judge.size(), static_cast<double>(c));
  }
  return out;
}

/// Mid-ranks scaled to [0, 1].
[[nodiscard]] inline std::vector<double> ranks(std::span<const std::uint32_t> rows, std::span<const double> labels) {
  std::vector<std::uint32_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double x = labels[rows[a]], y = labels[rows[b]];
    return x < y || (x == y && a < b);
  });
  std::vector<double> out(rows.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && labels[rows[order[j]]] == labels[rows[order[i]]]) ++j;
    for (std::size_t k = i; k < j; ++k)
      out[order[k]] = (static_cast<double>(i + j) / 2) / static_cast<double>(order.size());
    i = j;
  }
  return out;
}

[[nodiscard]] inline Sample numeric_sample(std::span<const std::uint32_t> train,
                                           std::span<const std::uint32_t> held_out, std::span<const double> labels) {
  Sample out;
  if (held_out.size() < 2 * kFewestRows) {
    const std::vector<std::uint32_t> both = pick(train, 4 * kSampleRows, 0);
    for (std::size_t i = 0; i < both.size(); ++i) (i % 2 == 0 ? out.fit : out.judge).push_back(both[i]);
  } else {
    out.fit = pick(train, 2 * kSampleRows, 0);
    out.judge = pick(held_out, 2 * kSampleRows, 1);
  }
  out.fit_labels = ranks(out.fit, labels);
  out.judge_labels = ranks(out.judge, labels);
  return out;
}

}  // namespace riskflag::inline v0_1::audit::detail
