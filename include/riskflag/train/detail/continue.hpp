#pragma once

// Going on from a finished model: what it must have in common with the data, and what it says of every row.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/linear_trees.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/train/detail/row_gradients.hpp>
#include <riskflag/train/objective.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// `model` can be added to, or its leaves replaced, under these options. Throws Error(invalid_data) or
/// Error(schema_mismatch), naming what differs.
inline void check_start_model(const Model& model, std::span<const Feature> features, const ObjectiveFunction& objective,
                              const TrainOptions& options) {
  const auto refuse = [](const std::string& message) { fail(ErrorCode::invalid_data, "model", message); };
  if (const auto sound = check_model(model, "model"); !sound) refuse(sound.failure().message);
  if (static_cast<std::size_t>(model.num_outputs) != objective.outputs()) {
    refuse("it has " + std::to_string(model.num_outputs) + " outputs; the options ask for " +
           std::to_string(objective.outputs()));
  }
  if (model.objective.name != objective.name() || model.objective.parameter != objective.parameter() ||
      model.objective.sigmoid != 1.0) {
    refuse("its objective is " + quoted(model.objective.name) +
           ", the options' is another or has another parameter: " + quoted(objective.name()));
  }
  if (model.average_output || model.float32_inputs)
    refuse("its trees are averaged or read their inputs as float; give its margins as init margins instead");
  if (const auto constant = require_constant_leaves(
          model, "only constants can be replaced or added to; give its margins as init margins instead");
      !constant) {
    refuse(constant.failure().text());
  }
  if (model.features.size() != features.size()) {
    fail(ErrorCode::schema_mismatch, "model",
         "it has " + std::to_string(model.features.size()) + " features, the table " + std::to_string(features.size()));
  }
  for (std::size_t f = 0; f < features.size(); ++f) {
    if (model.features[f].name == features[f].name && model.features[f].type == features[f].type &&
        model.features[f].levels == features[f].levels)
      continue;
    fail(ErrorCode::schema_mismatch, "model",
         "its feature " + quoted(model.features[f].name) + " is " + quoted(features[f].name) +
             " in the table, or has another type or other levels");
  }
  for (std::size_t f = 0; f < options.monotone_constraints.size() && f < features.size(); ++f) {
    if (find_monotone_violation(model, static_cast<std::int32_t>(f), options.monotone_constraints[f]))
      refuse("it breaks the monotone constraint of " + quoted(features[f].name) + " already");
  }
}

/// The model's margins of every row, output after output.
[[nodiscard]] inline std::vector<double> margins_of(const Model& model, MatrixView<double> x, Executor& executor) {
  std::vector<double> out(x.rows() * static_cast<std::size_t>(model.num_outputs));
  parallel_for(executor, x.rows(), kSumBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<double> row(x.cols());
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t f = 0; f < row.size(); ++f) row[f] = x(i, f);
      for (int k = 0; k < model.num_outputs; ++k)
        out[static_cast<std::size_t>(k) * x.rows() + i] = margin(model, row, k);
    }
  });
  return out;
}

/// Both on one grid: exact.
inline void add_margins(std::span<const double> margins, std::span<double> scores) noexcept {
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = exact::add(scores[i], margins[i]);
}

[[nodiscard]] inline double largest_leaf(const Tree& tree) noexcept {
  double out = 0.0;
  for (const double leaf : tree.leaves) out = magnitude(leaf) > out ? magnitude(leaf) : out;
  return out;
}

/// At least the largest partial sum of an output's leaves, whatever the row.
[[nodiscard]] inline double leaf_mass(const Model& model, std::size_t output) noexcept {
  double out = model.base_margin.empty() ? 0.0 : magnitude(model.base_margin[output]);
  for (std::size_t t = output; t < model.trees.size(); t += static_cast<std::size_t>(model.num_outputs))
    out = exact::add(out, largest_leaf(model.trees[t]));
  return out;
}

}  // namespace riskflag::inline v0_1::detail
