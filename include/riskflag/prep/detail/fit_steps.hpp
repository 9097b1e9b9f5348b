#pragma once

// Definitions of prep/fit.hpp; the steps themselves are in fit_number_steps, fit_level_steps and fit_label_steps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/detail/fit_context.hpp>
#include <riskflag/prep/detail/fit_label_steps.hpp>
#include <riskflag/prep/detail/fit_level_steps.hpp>
#include <riskflag/prep/detail/fit_number_steps.hpp>
#include <riskflag/prep/detail/recipe_names.hpp>
#include <riskflag/prep/fit.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

inline void check_inputs(const FitInputs& inputs, std::size_t rows) {
  const auto check_size = [&](std::string_view what, std::size_t size) {
    if (size != 0 && size != rows) {
      fail(ErrorCode::invalid_data, "fit",
           std::to_string(size) + " " + std::string(what) + " for " + std::to_string(rows) +
               " rows; accepted: one a row");
    }
  };
  check_size("labels", inputs.labels.size());
  check_size("weights", inputs.weights.size());
  check_size("groups", inputs.groups.size());
  for (std::size_t i = 0; i < inputs.labels.size(); ++i) {
    if (!is_finite(inputs.labels[i])) {
      fail(ErrorCode::invalid_data, "fit",
           "the label of row " + std::to_string(i + 1) + " is " + number_text(inputs.labels[i]) +
               "; accepted: finite numbers");
    }
  }
  for (std::size_t i = 0; i < inputs.weights.size(); ++i) {
    if (!is_finite(inputs.weights[i]) || inputs.weights[i] < 0) {
      fail(ErrorCode::invalid_data, "fit",
           "the weight of row " + std::to_string(i + 1) + " is " + number_text(inputs.weights[i]) +
               "; accepted: finite numbers >= 0");
    }
  }
}

}  // namespace detail

inline Fitted fit(const Recipe& recipe, const Schema& schema, const Frame& train_rows, const FitInputs& inputs,
                  Executor& executor) {
  detail::check_inputs(inputs, train_rows.rows());
  detail::check_recipe(recipe);
  detail::FitContext context(schema, train_rows, inputs, executor);
  detail::split_specials(context);
  for (const Step& step : recipe.steps) std::visit([&](const auto& each) { detail::fit_step(context, each); }, step);

  PipelineParts parts;
  parts.inputs = context.encoder().inputs();
  for (const Field& field : context.encoder().fields()) parts.input_levels.push_back(field.levels.size());
  for (detail::WorkColumn& column : context.columns()) {
    const bool category = column.type == ColumnType::category;
    const Slot slot = category ? context.append(KnownLevel{column.slot, 0}) : column.slot;
    if (column.information_value) parts.information_value[column.name] = *column.information_value;
    parts.features.push_back({std::move(column.name), category ? FeatureType::categorical : FeatureType::numeric,
                              std::move(column.levels), std::move(column.fields)});
    parts.feature_slots.push_back(slot);
  }
  if (parts.features.empty())
    fail(ErrorCode::invalid_option, "fit", "the recipe leaves no column; accepted: at least one feature");
  parts.operations = context.operations();
  parts.recipe = recipe;

  Fitted fitted{Pipeline(std::move(parts)), {}};
  fitted.train = fitted.pipeline.transform(train_rows, schema, executor);
  const std::vector<Slot>& slots = fitted.pipeline.parts().feature_slots;
  for (std::size_t j = 0; j < slots.size(); ++j) {
    if (!context.is_cross_fitted(slots[j])) continue;
    const std::vector<double>& values = context.values(slots[j]);
    std::copy(values.begin(), values.end(),
              fitted.train.values.begin() + static_cast<std::ptrdiff_t>(j * fitted.train.rows));
  }
  return fitted;
}

}  // namespace riskflag::inline v0_1::prep
