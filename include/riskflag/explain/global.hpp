#pragma once

// What a model does on the whole: mean |contribution| and partial dependence, on a seeded sample of rows, with
// intervals that say how far the sample can be trusted.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/explain/shap.hpp>
#include <riskflag/model/walk.hpp>

namespace riskflag::inline v0_1 {

struct GlobalOptions {
  std::size_t sample = 500;  ///< rows that are looked at; all of them when there are no more
  std::uint64_t seed = 42;   ///< chooses the sample
  std::size_t points = 20;   ///< of a partial dependence: at most, and >= 1
  std::size_t output = 0;    ///< of the margin, for models with several
};

/// A mean over the sample's rows with its 95 % interval, mean -+ 1.96 standard errors; no width for one row.
struct MeanInterval {
  double mean = 0.0, low = 0.0, high = 0.0;
};

/// Mean |path-dependent contribution| of every feature of `explainer`, in their order. O(sample) explanations.
/// Empty when `rows` has no row or other columns than the explainer's features, or there is no such output.
[[nodiscard]] std::vector<MeanInterval> mean_contributions(const Explainer& explainer, MatrixView<double> rows,
                                                           const GlobalOptions& options = {});

struct DependencePoint {
  double value = 0.0;   ///< that the feature was set to; NaN: missing, and then the last point
  MeanInterval margin;  ///< over the sample's rows, all else as it is
};

/// Partial dependence of the margin on one feature: Friedman, "Greedy function approximation", 2001, eq. 51, at
/// evenly spaced ranks of the sample's distinct values (every value where there are no more than `points`), rising, and
/// at missing where the sample has it. The interval is that of the mean, not of the rows. O(points * sample) walks.
/// Empty as mean_contributions() is. Requires a checked model.
[[nodiscard]] std::vector<DependencePoint> partial_dependence(const Model& model, MatrixView<double> rows,
                                                              std::size_t feature, const GlobalOptions& options = {});

namespace detail {

/// Rows of the sample, rising; every row at most once.
[[nodiscard]] inline std::vector<std::size_t> sample_rows(std::size_t rows, const GlobalOptions& options) {
  std::vector<std::size_t> out(rows);
  for (std::size_t i = 0; i < rows; ++i) out[i] = i;
  if (options.sample >= rows) return out;
  const Random random(options.seed, 0x676c6f62);  // "glob"
  for (std::size_t i = 0; i < options.sample; ++i) std::swap(out[i], out[i + random.below(rows - i, i)]);
  out.resize(options.sample);
  std::sort(out.begin(), out.end());
  return out;
}

[[nodiscard]] inline MeanInterval mean_interval(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0.0, squares = 0.0;
  for (const double x : values) sum = exact::add(sum, x);
  const double mean = exact::div(sum, count);
  for (const double x : values) squares = exact::add(squares, exact::mul(exact::sub(x, mean), exact::sub(x, mean)));
  const double error = values.size() < 2 ? 0.0 : exact::sqrt(exact::div(squares, exact::mul(count, count - 1.0)));
  const double half = exact::mul(1.959963984540054, error);
  return {mean, exact::sub(mean, half), exact::add(mean, half)};
}

}  // namespace detail

inline std::vector<MeanInterval> mean_contributions(const Explainer& explainer, MatrixView<double> rows,
                                                    const GlobalOptions& options) {
  const std::size_t features = explainer.features();
  if (rows.rows() == 0 || options.sample == 0 || rows.cols() != features || options.output >= explainer.outputs()) {
    return {};
  }
  const std::vector<std::size_t> sample = detail::sample_rows(rows.rows(), options);
  std::vector<double> row(features), parts(explainer.outputs() * features), sizes(features * sample.size());
  Explainer::Scratch scratch;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    for (std::size_t f = 0; f < features; ++f) row[f] = rows(sample[i], f);
    explainer.contributions(row.data(), parts.data(), scratch);
    for (std::size_t f = 0; f < features; ++f) {
      const double part = parts[options.output * features + f];
      sizes[f * sample.size() + i] = part < 0.0 ? -part : part;
    }
  }
  std::vector<MeanInterval> out;
  for (std::size_t f = 0; f < features; ++f) {
    out.push_back(detail::mean_interval(std::span(sizes).subspan(f * sample.size(), sample.size())));
  }
  return out;
}

inline std::vector<DependencePoint> partial_dependence(const Model& model, MatrixView<double> rows, std::size_t feature,
                                                       const GlobalOptions& options) {
  const std::size_t features = model.features.size();
  if (rows.rows() == 0 || options.sample == 0 || rows.cols() != features || feature >= features ||
      options.output >= static_cast<std::size_t>(model.num_outputs)) {
    return {};
  }
  const std::vector<std::size_t> sample = detail::sample_rows(rows.rows(), options);
  std::vector<double> cells(sample.size() * features), known;
  bool any_missing = false;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    for (std::size_t f = 0; f < features; ++f) cells[i * features + f] = rows(sample[i], f);
    const double own = cells[i * features + feature];
    if (is_missing(own)) {
      any_missing = true;
    } else {
      known.push_back(own);
    }
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  const std::size_t points = options.points == 0 ? 1 : options.points;
  std::vector<double> grid;
  for (std::size_t i = 0; i < known.size() && i < points; ++i) {
    const std::size_t at = known.size() <= points ? i
                           : points == 1          ? known.size() / 2
                                                  : i * (known.size() - 1) / (points - 1);
    grid.push_back(known[at]);
  }
  if (any_missing) grid.push_back(kMissing);
  std::vector<DependencePoint> out;
  std::vector<double> margins(sample.size());
  for (const double value : grid) {
    for (std::size_t i = 0; i < sample.size(); ++i) {
      double* row = cells.data() + i * features;
      row[feature] = value;
      margins[i] = margin(model, std::span<const double>(row, features), static_cast<int>(options.output));
    }
    out.push_back({value, detail::mean_interval(margins)});
  }
  return out;
}

}  // namespace riskflag::inline v0_1
