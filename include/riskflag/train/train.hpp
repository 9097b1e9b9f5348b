#pragma once

#include <span>

#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/train_data.hpp>

namespace riskflag::inline v0_1 {

/// Learns boosted trees. The same data and options give the same model, byte for byte, whatever the executor.
///
/// Throws Error(invalid_option) for options (see validate()), Error(invalid_data) for no rows, labels that are NaN,
/// infinite or not 0 and 1 (binary) or 0 to num_class - 1 (multiclass), of one class only, weights that are negative,
/// not finite or all zero, a model to go on from that does not fit, Error(schema_mismatch) for lengths that differ,
/// Error(numeric) when a sum of gradients leaves the finite numbers, Error(resource) when memory runs out: all that
/// training held is then free again. Not to be called from inside a task of `executor`. Memory: about 40 bytes a row
/// besides `data` (several classes: 48 and 8 a class), and 2.1 KB a feature and leaf.
[[nodiscard]] TrainResult train(const TrainData& data, std::span<const ValidData> valid, const TrainOptions& options,
                                Executor& executor, const TrainHooks& hooks = {});

/// Bins `x`, then learns from it: the whole way for one table without validation sets.
[[nodiscard]] TrainResult train(MatrixView<double> x, std::span<const Feature> features, std::span<const double> labels,
                                const TrainOptions& options, Executor& executor);

}  // namespace riskflag::inline v0_1

#include <riskflag/train/detail/boost.hpp>
