#pragma once

// What goes into a training and what comes out of it.

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// What is learned from: one label a row; empty weights count as 1, empty init margins as "start at the average".
struct TrainData {
  const Binned& bins;
  std::span<const double> labels;
  std::span<const double> weights{};  ///< >= 0 and finite; 0: in no sum, but its label widens the leaf grid
  /// Offsets before the link, rounded to the leaf grid; not part of the model. Rows x classes, row-major, for
  /// multiclass.
  std::span<const double> init_margins{};
  /// Set: training goes on from this model, as if it had never stopped: rounds are counted on, its trees stand before
  /// the new ones, and init_margins come on top of it. Same objective and features; num_iterations are new rounds, and
  /// early stopping begins anew.
  const Model* start = nullptr;
  MatrixView<double> features{};  ///< needed with `start` alone: the rows of `bins` as they were before binning
  std::span<const std::uint64_t> groups{};  ///< of each row (group_ids()), for bagging_by_query
};

/// Rows that metrics are computed on after every iteration. Values as in training: NaN = missing.
struct ValidData {
  std::string name = "valid";
  MatrixView<double> features{};
  std::span<const double> labels{};
  std::span<const double> weights{};
  std::span<const double> init_margins{};
};

/// What a finished iteration brought.
struct IterationReport {
  int iteration;                          ///< 1-based
  const std::vector<std::string>& names;  ///< "valid.binary_logloss": data set, dot, metric
  const std::vector<double>& values;      ///< NaN where a metric is not defined (one class only)
  double seconds;                         ///< since training began
};

/// The caller's own measure of a validation set.
struct CustomMetric {
  std::string name;
  bool higher_is_better = false;
  /// From the margins before the link (rows x classes, row-major, for multiclass); NaN where it is not defined.
  std::function<double(std::span<const double> margins, const ValidData& set)> value;
};

/// How the caller watches and ends a training. Both are looked at between iterations, on the calling thread.
struct TrainHooks {
  std::function<void(const IterationReport&)> on_iteration{};
  std::stop_token stop{};
  /// The rate of a round (1-based) instead of TrainOptions::learning_rate; in (0, 1].
  std::function<double(int iteration)> learning_rate{};
  /// For objective "custom": fills g and h of every row from the margins, first and second derivative of the loss.
  /// Called once a round on the calling thread; the weights are multiplied in afterwards. An h that is not positive
  /// counts as 1e-16, so for a loss that is not convex give an upper bound of its curvature.
  std::function<void(std::span<const double> margins, std::span<double> g, std::span<double> h)> gradients{};
  std::vector<CustomMetric> metrics{};  ///< computed on every validation set, after the named ones
};

/// A model and how its training ended.
struct TrainResult {
  Model model{};           ///< cut to best_iteration when training stopped early
  int best_iteration = 0;  ///< 1-based; the last iteration unless early stopping is on
  bool stopped_early = false;
  bool cancelled = false;    ///< the stop token asked; the model holds the iterations finished so far
  double bin_seconds = 0.0;  ///< of validation sets, and of training rows where train() binned them
  double train_seconds = 0.0;
  std::vector<std::string> warnings{};  ///< sentences for whoever reads the result
};

}  // namespace riskflag::inline v0_1
