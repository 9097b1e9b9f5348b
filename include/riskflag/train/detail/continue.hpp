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
  if (model.num_outputs != 1) refuse("it has " + std::to_string(model.num_outputs) + " outputs; one is accepted");
  if (model.objective.name != objective.name() || model.objective.parameter != objective.parameter() ||
      model.objective.sigmoid != 1.0) {
    refuse("its objective is " + quoted(model.objective.name) +
           ", the options' is another or has another parameter: " + quoted(objective.name()));
  }
  if (model.average_output || model.float32_inputs)
    refuse("its trees are averaged or read their inputs as float; give its margins as init margins instead");
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

/// The model's margin of every row.
[[nodiscard]] inline std::vector<double> margins_of(const Model& model, MatrixView<double> x, Executor& executor) {
  std::vector<double> out(x.rows());
  parallel_for(executor, x.rows(), kSumBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<double> row(x.cols());
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t f = 0; f < row.size(); ++f) row[f] = x(i, f);
      out[i] = margin(model, row);
    }
  });
  return out;
}

/// Both on one grid: exact.
inline void add_margins(std::span<const double> margins, std::span<double> scores) noexcept {
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = exact::add(scores[i], margins[i]);
}

/// At least the largest partial sum of the model's leaves, whatever the row.
[[nodiscard]] inline double leaf_mass(const Model& model) noexcept {
  double out = model.base_margin.empty() ? 0.0 : magnitude(model.base_margin[0]);
  for (const Tree& tree : model.trees) {
    double largest = 0.0;
    for (const double leaf : tree.leaves) largest = magnitude(leaf) > largest ? magnitude(leaf) : largest;
    out = exact::add(out, largest);
  }
  return out;
}

}  // namespace riskflag::inline v0_1::detail
