#pragma once

#include <riskflag/core/parallel.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/fit_inputs.hpp>
#include <riskflag/prep/pipeline.hpp>
#include <riskflag/prep/recipe.hpp>

namespace riskflag::inline v0_1::prep {

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

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/fit_steps.hpp>
