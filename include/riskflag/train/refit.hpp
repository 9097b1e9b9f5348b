#pragma once

#include <span>

#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/train/train.hpp>

namespace riskflag::inline v0_1 {

/// The same questions with leaves learned anew from other rows: `x` (rows x the model's features, NaN = missing).
///
/// Tree after tree, a leaf becomes decay_rate times what it was plus 1 - decay_rate times what the options' objective,
/// learning_rate, lambda_l1, lambda_l2 and max_delta_step make of its new rows (LightGBM's refit; its refit_decay_rate
/// is 0.9). Counts become those of the new rows. Where we differ: a leaf that no row reaches keeps its value, and
/// leaves of L1 and quantile models are quantiles again. base_margin stays.
///
/// decay_rate is in [0, 1]; empty weights count as 1. Throws what train() throws for labels, weights and options;
/// Error(invalid_data) or Error(schema_mismatch) for a model that does not fit (another objective, other classes or
/// columns); Error(invalid_data) when options.monotone_constraints do not hold for the new leaves.
[[nodiscard]] Model refit(const Model& model, MatrixView<double> x, std::span<const double> labels,
                          std::span<const double> weights, const TrainOptions& options, double decay_rate,
                          Executor& executor);

}  // namespace riskflag::inline v0_1

#include <riskflag/train/detail/refit_leaves.hpp>
