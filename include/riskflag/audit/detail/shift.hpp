#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/audit/detail/sample.hpp>
#include <riskflag/audit/shift.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/train/train.hpp>

namespace riskflag::inline v0_1::audit {
namespace detail {

/// Rows of both sides, labelled 1 where they are live.
struct ShiftRows {
  std::vector<double> values, labels;

  void add(const MatrixView<double>& x, std::span<const std::uint32_t> rows, double label) {
    for (const std::uint32_t row : rows) {
      for (std::size_t j = 0; j < x.cols(); ++j) values.push_back(x(row, j));
      labels.push_back(label);
    }
  }
  [[nodiscard]] std::span<const double> row(std::size_t i, std::size_t cols) const {
    return std::span(values).subspan(i * cols, cols);
  }
};

[[nodiscard]] inline TrainOptions shift_training(std::uint64_t seed) {
  TrainOptions out;
  out.num_iterations = 50;
  out.num_leaves = 8;
  out.max_bin = 63;
  out.seed = seed;
  return out;
}

}  // namespace detail

inline std::optional<Shift> find_shift(MatrixView<double> reference, MatrixView<double> live,
                                       std::span<const Feature> features, Executor& executor,
                                       const ShiftOptions& options) {
  if (!(options.alpha > 0 && options.alpha <= 0.5)) {
    fail(ErrorCode::invalid_option, "alpha", number_text(options.alpha) + " is outside (0, 0.5]");
  }
  if (std::min(reference.rows(), live.rows()) < std::max<std::size_t>(options.least_rows, 4)) return std::nullopt;
  const std::size_t cols = features.size();
  std::array<detail::ShiftRows, 2> halves;
  Shift out;
  const auto cut = [&](const MatrixView<double>& x, double label) {
    auto rows = detail::pick(x.rows(), options.most_rows, options.seed * 2 + static_cast<std::uint64_t>(label));
    shuffle(rows, Random(options.seed, 0x736869667400 + static_cast<std::uint64_t>(label)));
    const std::span<const std::uint32_t> all = rows;
    halves[0].add(x, all.first(rows.size() / 2), label);
    halves[1].add(x, all.subspan(rows.size() / 2), label);
    return rows.size();
  };
  out.reference_rows = cut(reference, 0);
  out.live_rows = cut(live, 1);

  std::vector<double> gain(cols, 0.0);
  double auc = 0;
  for (std::size_t held_out = 0; held_out < 2; ++held_out) {
    const detail::ShiftRows &fit = halves[1 - held_out], &judge = halves[held_out];
    const auto view = MatrixView<double>::row_major(fit.values.data(), fit.labels.size(), cols);
    const Model model =
        train(view, features, fit.labels, detail::shift_training(options.seed + held_out), executor).model;
    std::vector<double> scores;
    for (std::size_t i = 0; i < judge.labels.size(); ++i) scores.push_back(margin(model, judge.row(i, cols)));
    auc += metrics::roc_auc(scores, judge.labels).value.value_or(0.5) / 2;
    const auto importances = importance(model);
    for (std::size_t j = 0; j < cols; ++j) gain[j] += importances[j].gain;
  }
  out.roc_auc = auc;
  // Mann and Whitney's: ties make it smaller, and are ignored.
  const std::size_t of_reference = out.reference_rows / 2, of_live = out.live_rows / 2;
  const auto n = static_cast<double>(of_reference), m = static_cast<double>(of_live);
  const double deviation = exact::sqrt((n + m + 1) / (12 * n * m));
  out.limit = std::max(kShiftLook, 0.5 + normal_quantile(1 - options.alpha) * deviation);
  out.alarm = out.roc_auc > out.limit;

  double all = 0;
  for (const double each : gain) all += each;
  for (std::size_t j = 0; j < cols; ++j) {
    if (gain[j] > 0) out.parts.push_back({features[j].name, gain[j] / all});
  }
  std::sort(out.parts.begin(), out.parts.end(), [](const Shift::Part& a, const Shift::Part& b) {
    return a.share != b.share ? a.share > b.share : a.feature < b.feature;
  });
  return out;
}

inline void RowSample::add(std::span<const double> row) {
  const std::uint64_t place = seen_ < most_ ? seen_ : Random(seed_, 0x726f7773).below(seen_ + 1, seen_);
  ++seen_;
  if (place >= most_) return;
  if (place == values_.size() / std::max<std::size_t>(cols_, 1)) {
    values_.insert(values_.end(), row.begin(), row.end());
  } else {
    std::copy(row.begin(), row.end(), values_.begin() + static_cast<std::ptrdiff_t>(place * cols_));
  }
}

}  // namespace riskflag::inline v0_1::audit
