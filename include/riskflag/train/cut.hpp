#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// The model as it stood after its first `iterations` rounds: trees, history and best_iteration end there.
///
/// take_iterations() is LightGBM's lenient choice of a part; this one is for models that are trained further. Throws
/// Error(invalid_option) when that is less than 1 or more than the model has, or when the trees are averaged (a
/// random forest has no order).
[[nodiscard]] inline Model cut_at(Model model, int iterations) {
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  const std::size_t all = model.trees.size() / outputs;
  if (iterations < 1 || static_cast<std::size_t>(iterations) > all) {
    fail(ErrorCode::invalid_option, "iterations",
         std::to_string(iterations) + " of a model with " + std::to_string(all) + "; accepted: 1 to " +
             std::to_string(all));
  }
  if (model.average_output) {
    fail(ErrorCode::invalid_option, "model", "its trees are averaged; only trees that were added in order can be cut");
  }
  const auto kept = static_cast<std::size_t>(iterations);
  model.trees.resize(kept * outputs);
  if (model.history.values.size() > kept) model.history.values.resize(kept);
  model.best_iteration = iterations;
  return model;
}

}  // namespace riskflag::inline v0_1
