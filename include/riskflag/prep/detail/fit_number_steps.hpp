#pragma once

// Steps that make numbers of numbers, and those that choose columns: one function a step, columns in, operations out.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/detail/fit_columns.hpp>
#include <riskflag/prep/detail/fit_context.hpp>
#include <riskflag/prep/detail/statistics.hpp>
#include <riskflag/prep/expression.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

inline void fit_step(FitContext& fit, const Impute& step) {
  const std::vector<std::size_t> at = fit.select(step.columns, "impute");
  const std::vector<std::string> names = names_at(fit.columns(), at);
  for (const std::size_t i : at) (void)fit.values(fit.columns()[i].slot);
  const auto fills = fit.each(names.size(), [&](std::size_t i) -> double {
    const WorkColumn& column = fit.columns()[at[i]];
    const std::vector<double>& values = fit.values(column.slot);
    if (column.type == ColumnType::category) {
      if (step.strategy == ImputeStrategy::constant) {
        return static_cast<double>(std::find(column.levels.begin(), column.levels.end(), step.level) -
                                   column.levels.begin());
      }
      if (step.strategy != ImputeStrategy::most_frequent) {
        fail(ErrorCode::invalid_option, "impute",
             "column " + quoted(column.name) +
                 " is a category; accepted strategies: most_frequent, constant with \"level\"");
      }
      const LevelCounts counts = count_levels(values, column.levels.size());
      const auto best = std::max_element(counts.rows.begin(), counts.rows.end());
      if (best == counts.rows.end() || *best == 0) refuse_empty("impute", column.name, "most frequent level");
      return static_cast<double>(best - counts.rows.begin());
    }
    if (step.strategy == ImputeStrategy::constant) return step.value;
    double fill = kMissing;
    if (step.strategy == ImputeStrategy::mean) {
      fill = moments(values, fit.inputs().weights).mean;
    } else if (const std::vector<double> sorted = sorted_values(values); !sorted.empty()) {
      fill = step.strategy == ImputeStrategy::median ? median(sorted) : most_frequent(sorted);
    }
    if (is_missing(fill))
      refuse_empty("impute", column.name, step.strategy == ImputeStrategy::mean ? "mean" : "filling");
    require_finite("impute", column.name, fill);
    return fill;
  });
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t here = position(fit.columns(), names[i]);
    const WorkColumn column = fit.columns()[here];
    if (column.type == ColumnType::category && step.strategy == ImputeStrategy::constant && step.level.empty()) {
      fail(ErrorCode::invalid_option, "impute",
           "column " + quoted(column.name) + " is a category; accepted with strategy constant: \"level\", a name");
    }
    WorkColumn made = column;
    if (step.keep) made.name += ":imputed";
    made.slot = fit.append(Fill{column.slot, 0, *fills[i]});
    if (column.type == ColumnType::category && *fills[i] >= static_cast<double>(column.levels.size())) {
      made.levels.push_back(step.level);
    }
    std::vector<WorkColumn> all = {std::move(made)};
    if (step.indicator) {
      WorkColumn flag = as_number(column, fit.append(MissingFlag{column.slot, 0}), true, ":missing");
      all.push_back(std::move(flag));
    }
    fit.replace(here, std::move(all), step.keep, "impute");
  }
}

/// Fits one operation a column, fit_one(values, name) -> Op, and replaces each column by the number that it makes.
template <class FitOne>
void fit_numbers(FitContext& fit, const Columns& columns, bool keep, std::string_view op, std::string_view suffix,
                 FitOne fit_one) {
  const Selected selected = select_numbers(fit, columns, op, "; encode the category first");
  auto fitted =
      fit.each(selected.names.size(), [&](std::size_t i) { return fit_one(selected.values[i], selected.names[i]); });
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    fitted[i]->in = column.slot;
    const Slot slot = fit.append(std::move(*fitted[i]));
    fit.replace(here, {as_number(column, slot, keep, suffix)}, keep, op);
  }
}

inline void fit_step(FitContext& fit, const ClipQuantiles& step) {
  fit_numbers(fit, step.columns, step.keep, "clip", ":clipped",
              [&](std::span<const double> values, const std::string& name) {
                const std::vector<double> sorted = sorted_values(values);
                if (sorted.empty()) refuse_empty("clip", name, "quantiles");
                const Clip op{0, 0, quantile(sorted, step.low), quantile(sorted, step.high)};
                require_finite("clip", name, op.low);
                require_finite("clip", name, op.high);
                return op;
              });
}

inline void fit_step(FitContext& fit, const Log1pOf& step) {
  fit_numbers(fit, step.columns, step.keep, "log1p", ":log1p",
              [](std::span<const double>, const std::string&) { return Log1p{}; });
}

inline void fit_step(FitContext& fit, const Standardize& step) {
  fit_numbers(fit, step.columns, step.keep, "scale", ":scaled",
              [&](std::span<const double> values, const std::string& name) {
                const Moments m = moments(values, fit.inputs().weights);
                if (is_missing(m.mean)) refuse_empty("scale", name, "mean");
                require_finite("scale", name, m.mean);
                require_finite("scale", name, m.deviation);
                return Scale{0, 0, step.center ? m.mean : 0.0,
                             step.scale && !m.constant && m.deviation > 0 ? m.deviation : 1.0};
              });
}

inline void fit_step(FitContext& fit, const Derive& step) {
  const Expression expression = parse_expression(step.expression, "derive " + quoted(step.name));
  Formula formula{0, expression.program, expression.text};
  WorkColumn made{step.name, ColumnType::number, 0, {}, {}, std::nullopt};
  std::vector<Slot> slots;
  for (const std::string& name : expression.names) {
    const WorkColumn& column = fit.column(name, "derive " + quoted(step.name));
    if (column.type == ColumnType::category) {
      fail(ErrorCode::invalid_option, "derive " + quoted(step.name),
           "column " + quoted(name) + " is a category; accepted: numbers and dates, so encode it first");
    }
    slots.push_back(column.slot);
    made.fields.insert(made.fields.end(), column.fields.begin(), column.fields.end());
  }
  std::sort(made.fields.begin(), made.fields.end());
  made.fields.erase(std::unique(made.fields.begin(), made.fields.end()), made.fields.end());
  for (Token& token : formula.program) {
    if (token.kind == Token::Kind::slot) token.slot = slots[token.slot];
  }
  made.slot = fit.append(std::move(formula));
  fit.columns().push_back(std::move(made));
  fit.check_names("derive");
}

inline void keep_columns(FitContext& fit, const Columns& columns, std::string_view op, bool selected_stay) {
  const std::vector<std::size_t> at = fit.select(columns, op);
  std::vector<WorkColumn> kept;
  for (std::size_t i = 0; i < fit.columns().size(); ++i) {
    if ((std::find(at.begin(), at.end(), i) != at.end()) == selected_stay) kept.push_back(std::move(fit.columns()[i]));
  }
  fit.columns() = std::move(kept);
}
inline void fit_step(FitContext& fit, const Select& step) { keep_columns(fit, step.columns, "select", true); }
inline void fit_step(FitContext& fit, const Drop& step) { keep_columns(fit, step.columns, "drop", false); }

/// Before the first step: a number with special codes becomes the number without them and the category "COL:special".
inline void split_specials(FitContext& fit) {
  for (std::size_t f = 0; f < fit.encoder().fields().size(); ++f) {
    const Field& field = fit.encoder().fields()[f];
    if (field.type != ColumnType::number || field.special.empty()) continue;
    const std::size_t here = position(fit.columns(), field.name);
    const WorkColumn column = fit.columns()[here];
    WorkColumn number = column;
    number.slot = fit.append(DropSpecial{column.slot, 0, field.special});
    WorkColumn special = column;
    special.name += ":special";
    special.type = ColumnType::category;
    special.slot = fit.append(SpecialLevel{column.slot, 0, field.special});
    special.levels = {"none"};
    for (const double code : field.special) special.levels.push_back(number_text(code));
    fit.replace(here, {std::move(number), std::move(special)}, false, "special codes");
  }
}

}  // namespace riskflag::inline v0_1::prep::detail
