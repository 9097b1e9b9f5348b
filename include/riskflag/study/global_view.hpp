#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <stop_token>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/explain/global.hpp>

namespace riskflag::inline v0_1::study {

/// What a model does on the whole, on a sample of rows; in log-odds for a binary model, before calibration.
struct GlobalView {
  struct Dependence {
    std::size_t feature = 0;
    std::vector<DependencePoint> points{};
  };
  std::size_t rows = 0;                       ///< of the sample; 0: nothing was explained
  std::vector<MeanInterval> contributions{};  ///< mean |contribution|, one for each feature of the model
  std::vector<Dependence> dependence{};       ///< of the features that contribute most, the greatest first
};

/// Explains all of `rows` (prepared; a few hundred are enough), and up to `most` features' dependence. Nothing for a
/// model with several outputs or without counts of its training rows, and once `stop` asks.
[[nodiscard]] inline GlobalView explain_globally(const Model& model, MatrixView<double> rows, std::size_t most,
                                                 Executor& executor, const std::stop_token& stop = {}) {
  GlobalView view;
  if (model.num_outputs != 1 || rows.rows() == 0) return view;
  const Result<Explainer> explainer = Explainer::make(model);
  if (!explainer) return view;
  const GlobalOptions all{.sample = rows.rows()};
  const double scale = model.objective.name == "binary" ? model.objective.sigmoid : 1.0;
  const auto scaled = [&](MeanInterval x) {
    return MeanInterval{exact::mul(scale, x.mean), exact::mul(scale, x.low), exact::mul(scale, x.high)};
  };
  view.contributions = mean_contributions(*explainer, rows, all);
  for (MeanInterval& x : view.contributions) x = scaled(x);
  std::vector<std::size_t> order(view.contributions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double x = view.contributions[a].mean, y = view.contributions[b].mean;
    return x != y ? x > y : a < b;
  });
  for (const std::size_t f : order) {
    if (view.dependence.size() < most && view.contributions[f].mean > 0.0) view.dependence.push_back({f});
  }
  executor.run(view.dependence.size(), [&](std::size_t i, unsigned) {
    if (stop.stop_requested()) return;
    GlobalView::Dependence& made = view.dependence[i];
    made.points = partial_dependence(model, rows, made.feature, all);
    for (DependencePoint& point : made.points) point.margin = scaled(point.margin);
  });
  view.rows = rows.rows();
  return view;
}

}  // namespace riskflag::inline v0_1::study
