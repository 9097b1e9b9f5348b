#pragma once

// Steps that encode or join the levels of categories without looking at labels.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/detail/fit_columns.hpp>
#include <riskflag/prep/detail/fit_context.hpp>
#include <riskflag/prep/detail/level_tables.hpp>
#include <riskflag/prep/detail/statistics.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// Fits one Lookup a category, and replaces the column by the number that it makes.
template <class FitOne>
void fit_lookups(FitContext& fit, const Columns& columns, bool keep, std::string_view op, std::string_view suffix,
                 FitOne fit_one) {
  const Selected selected = select_categories(fit, columns, op, "; bin the number first");
  auto fitted = fit.each(selected.names.size(), [&](std::size_t i) {
    return fit_one(count_levels(selected.values[i], selected.levels[i]), fit.column(selected.names[i], op));
  });
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    fitted[i]->in = column.slot;
    const Slot slot = fit.append(std::move(*fitted[i]));
    fit.replace(here, {as_number(column, slot, keep, suffix)}, keep, op);
  }
}

inline void fit_step(FitContext& fit, const OrdinalEncode& step) {
  fit_lookups(fit, step.columns, step.keep, "ordinal_encode", ":ordinal",
              [&](const LevelCounts& counts, const WorkColumn& column) {
                return fit_ordinal(step, counts, column.levels, column.name);
              });
}

inline void fit_step(FitContext& fit, const FrequencyEncode& step) {
  fit_lookups(fit, step.columns, step.keep, "frequency_encode", ":frequency",
              [](const LevelCounts& counts, const WorkColumn&) { return fit_frequency(counts); });
}

inline void fit_step(FitContext& fit, const OneHotEncode& step) {
  const Selected selected = select_categories(fit, step.columns, "one_hot", "; bin the number first");
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    FittedOneHot fitted = fit_one_hot(step, count_levels(selected.values[i], selected.levels[i]), column.levels);
    fitted.operation.in = column.slot;
    Slot slot = fit.append(std::move(fitted.operation));
    std::vector<WorkColumn> made;
    for (const std::string& name : fitted.names) made.push_back(as_number(column, slot++, true, "=" + name));
    fit.replace(here, std::move(made), step.keep, "one_hot");
  }
}

inline void fit_step(FitContext& fit, const Group& step) {
  const Selected selected = select_categories(fit, step.columns, "group");
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    TextRules rules;
    for (const Field& field : fit.encoder().fields()) {
      if (field.name == column.name) rules = field.text_rules;
    }
    if (step.text.any() && !(step.text == rules)) {
      fail(ErrorCode::schema_mismatch, "group",
           "column " + quoted(column.name) +
               " is to be normalised, which its field in the schema does not say; call "
               "prepare_schema(recipe, schema) before fit (text rules are for raw fields)");
    }
    FittedGroup fitted =
        fit_group(step, count_levels(selected.values[i], selected.levels[i]), column.levels, rules, column.name);
    fitted.operation.in = column.slot;
    WorkColumn made = column;
    if (step.keep) made.name += ":group";
    made.slot = fit.append(std::move(fitted.operation));
    made.levels = std::move(fitted.levels);
    fit.replace(here, {std::move(made)}, step.keep, "group");
  }
}

}  // namespace riskflag::inline v0_1::prep::detail
