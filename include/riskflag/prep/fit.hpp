#pragma once

#include <cstdint>
#include <span>

#include <riskflag/core/parallel.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/pipeline.hpp>
#include <riskflag/prep/recipe.hpp>

namespace riskflag::inline v0_1::prep {

/// What fitting may see besides the rows. All spans are as long as the frame, or empty.
struct FitInputs {
  std::span<const double>
      labels{};  ///< 0 and 1, or real; needed by target and weight-of-evidence encodings and supervised bins
  std::span<const double>
      weights{};  ///< >= 0; empty = 1. Means, deviations, target and woe sums use them; quantiles and counts do not
  std::uint64_t seed = 42;  ///< decides the folds of cross-fitting, nothing else
  std::span<const std::uint64_t>
      groups{};  ///< group_ids(): rows of one group share a cross-fitting fold; empty = every row for itself
};

/// A pipeline, and the training rows as it prepared them.
struct Fitted {
  Pipeline pipeline;
  FeatureMatrix train;  ///< not pipeline.transform(train rows): where an encoder uses labels, each row was encoded by
                        ///< the other folds
};

/// Fits `recipe` on the rows of `train_rows`, and on nothing else. `schema` is prepare_schema(recipe, schema).
///
/// A row's fold in cross-fitting is drawn from the seed and its row number (or group) alone, never from labels, so that
/// a row's own label cannot reach its own encoding. The result depends on no number of threads. Throws Error: not_found
/// (a column, with the nearest name), invalid_data (a NaN label, a column with no value to learn from), invalid_option
/// (a step that does not fit its column's type), schema_mismatch (the frame does not fit the schema).
[[nodiscard]] Fitted fit(const Recipe& recipe, const Schema& schema, const Frame& train_rows, const FitInputs& inputs,
                         Executor& executor);

/// The cross-fitting fold of a row (or of its group's id), in [0, folds).
[[nodiscard]] std::uint32_t cross_fit_fold(std::uint64_t seed, std::uint64_t row_or_group,
                                           std::uint32_t folds) noexcept;

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/fit_steps.hpp>
