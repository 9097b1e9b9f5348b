#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// The model of iterations [start, start + count) alone, as LightGBM's `start_iteration` and `num_iteration` choose
/// them: a start below 0 is 0, a count of 0 or less takes all that follow, and what lies beyond the last is not there.
/// An iteration is one tree for each output; averages are over those that were taken.
///
/// Base margins stay whatever the start: in LightGBM's own files they are part of the first iteration's leaves, and go
/// with it.
[[nodiscard]] inline Model take_iterations(const Model& model, int start, int count) {
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  const std::size_t all = model.trees.size() / outputs;
  const std::size_t first = std::min(static_cast<std::size_t>(std::max(start, 0)), all);
  const std::size_t taken = count > 0 ? std::min(static_cast<std::size_t>(count), all - first) : all - first;
  Model out = model;
  const auto begin = model.trees.begin() + static_cast<std::ptrdiff_t>(first * outputs);
  out.trees.assign(begin, begin + static_cast<std::ptrdiff_t>(taken * outputs));
  out.best_iteration = static_cast<int>(taken);
  return out;
}

}  // namespace riskflag::inline v0_1
