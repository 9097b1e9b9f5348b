#pragma once

// Definitions of prep/fit.hpp: one function a step, each turning columns into operations.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/detail/bin_edges.hpp>
#include <riskflag/prep/detail/fit_context.hpp>
#include <riskflag/prep/detail/label_tables.hpp>
#include <riskflag/prep/detail/level_tables.hpp>
#include <riskflag/prep/detail/recipe_names.hpp>
#include <riskflag/prep/detail/statistics.hpp>
#include <riskflag/prep/expression.hpp>
#include <riskflag/prep/fit.hpp>

namespace riskflag::inline v0_1::prep {

inline std::uint32_t cross_fit_fold(std::uint64_t seed, std::uint64_t row_or_group, std::uint32_t folds) noexcept {
  constexpr std::uint64_t kUse = 0x637266u;  // "crf"
  return static_cast<std::uint32_t>(Random(seed).split(kUse).below(folds, row_or_group));
}

namespace detail {

/// Throws unless every selected column has one of the types.
inline void require_type(const FitContext& fit, const std::vector<WorkColumn>& columns,
                         const std::vector<std::size_t>& at, bool numbers, std::string_view op,
                         std::string_view instead) {
  (void)fit;
  for (const std::size_t i : at) {
    const bool is_number = columns[i].type != ColumnType::category;
    if (is_number != numbers) {
      fail(ErrorCode::invalid_option, std::string(op),
           "column " + quoted(columns[i].name) + " is a " + std::string(name_of(columns[i].type)) +
               "; accepted: " + (numbers ? "numbers and dates" : "categories") + std::string(instead));
    }
  }
}

/// `column` with another slot, as a number, under its own name or, kept beside the old one, with `suffix`.
[[nodiscard]] inline WorkColumn as_number(const WorkColumn& column, Slot slot, bool keep, std::string_view suffix) {
  return {keep ? column.name + std::string(suffix) : column.name,
          ColumnType::number,
          slot,
          {},
          column.fields,
          std::nullopt};
}

/// Names of columns, so that positions can move while they are replaced one after another.
[[nodiscard]] inline std::vector<std::string> names_at(const std::vector<WorkColumn>& columns,
                                                       const std::vector<std::size_t>& at) {
  std::vector<std::string> out;
  for (const std::size_t i : at) out.push_back(columns[i].name);
  return out;
}
[[nodiscard]] inline std::size_t position(const std::vector<WorkColumn>& columns, const std::string& name) {
  return static_cast<std::size_t>(
      std::find_if(columns.begin(), columns.end(), [&](const WorkColumn& c) { return c.name == name; }) -
      columns.begin());
}

/// What the columns of one step have in common: their names, training values, and levels.
struct Selected {
  std::vector<std::string> names;
  std::vector<std::span<const double>> values;
  std::vector<std::size_t> levels;
};
[[nodiscard]] inline Selected select_numbers(FitContext& fit, const Columns& columns, std::string_view op,
                                             std::string_view instead = "") {
  const std::vector<std::size_t> at = fit.select(columns, op);
  require_type(fit, fit.columns(), at, true, op, instead);
  Selected out{names_at(fit.columns(), at), {}, {}};
  for (const std::size_t i : at) out.values.emplace_back(fit.values(fit.columns()[i].slot));
  return out;
}
[[nodiscard]] inline Selected select_categories(FitContext& fit, const Columns& columns, std::string_view op,
                                                std::string_view instead = "") {
  const std::vector<std::size_t> at = fit.select(columns, op);
  require_type(fit, fit.columns(), at, false, op, instead);
  Selected out{names_at(fit.columns(), at), {}, {}};
  for (const std::size_t i : at) {
    out.values.emplace_back(fit.values(fit.columns()[i].slot));
    out.levels.push_back(fit.columns()[i].levels.size());
  }
  return out;
}

[[noreturn]] inline void refuse_empty(std::string_view op, const std::string& column, std::string_view what) {
  fail(ErrorCode::invalid_data, std::string(op),
       "column " + quoted(column) + " has no value to learn its " + std::string(what) +
           " from; accepted: a column with values, " + "or leave it out of the step");
}
inline void require_finite(std::string_view op, const std::string& column, double x) {
  if (is_finite(x)) return;
  fail(ErrorCode::numeric, std::string(op),
       "column " + quoted(column) +
           ": what was learned is not finite; accepted: finite values whose sum is below 1e308 (clip or bin it)");
}

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

inline void require_labels(const FitContext& fit, std::string_view op, bool binary) {
  const std::span<const double> labels = fit.inputs().labels;
  if (labels.empty() && fit.rows() > 0) {
    fail(ErrorCode::invalid_data, std::string(op), "no labels were given; accepted: one label for each training row");
  }
  for (std::size_t i = 0; binary && i < labels.size(); ++i) {
    if (labels[i] != 0 && labels[i] != 1) {
      fail(ErrorCode::invalid_data, std::string(op),
           "the label of row " + std::to_string(i + 1) + " is " + number_text(labels[i]) + "; accepted: 0 and 1");
    }
  }
}

/// Encodes every row with a table that was fitted on the other folds: fit_one(rows) -> an operation list from values to
/// numbers, as a function encode(value) -> number.
template <class FitOne>
[[nodiscard]] std::vector<double> cross_fit(FitContext& fit, std::span<const double> values, int folds,
                                            const std::vector<std::uint32_t>& fold_of, FitOne fit_one) {
  std::vector<double> out(values.size());
  fit.executor().run(static_cast<std::size_t>(folds), [&](std::size_t fold, unsigned) {
    const auto left_out = static_cast<std::uint32_t>(fold);
    const auto encode = fit_one(LabelledRows{fit.inputs().labels, fit.inputs().weights, fold_of, left_out});
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (fold_of[i] == left_out) out[i] = encode(values[i]);
    }
  });
  return out;
}
[[nodiscard]] inline double look_up(const Lookup& table, double code) noexcept {
  if (is_missing(code)) return table.missing;
  return is_in_table(code, table.table.size()) ? table.table[static_cast<std::size_t>(code)] : table.unseen;
}

inline void fit_step(FitContext& fit, const TargetEncode& step) {
  const Selected selected = select_categories(fit, step.columns, "target_encode", "; bin the number first");
  require_labels(fit, "target_encode", false);
  const std::vector<std::uint32_t> fold_of = fit.folds(step.folds);
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    const auto fit_on = [&](const LabelledRows& rows) {
      return fit_target(selected.values[i], selected.levels[i], rows, step.smooth);
    };
    Lookup table = fit_on({fit.inputs().labels, fit.inputs().weights});
    table.in = column.slot;
    const Slot slot = fit.append(std::move(table));
    fit.set_cross_fitted(slot, cross_fit(fit, selected.values[i], step.folds, fold_of, [&](const LabelledRows& rows) {
                           return [fitted = fit_on(rows)](double code) { return look_up(fitted, code); };
                         }));
    fit.replace(here, {as_number(column, slot, step.keep, ":target")}, step.keep, "target_encode");
  }
}

inline void fit_step(FitContext& fit, const WoeEncode& step) {
  const Selected selected =
      select_categories(fit, step.columns, "woe_encode", "; bin it with \"output\":\"woe\" instead");
  require_labels(fit, "woe_encode", true);
  const std::vector<std::uint32_t> fold_of = step.folds > 0 ? fit.folds(step.folds) : std::vector<std::uint32_t>{};
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    const auto fit_on = [&](const LabelledRows& rows) {
      return fit_woe(selected.values[i], selected.levels[i], rows, step.smoothing);
    };
    FittedWoe woe = fit_on({fit.inputs().labels, fit.inputs().weights});
    woe.operation.in = column.slot;
    const Slot slot = fit.append(std::move(woe.operation));
    if (step.folds > 0) {
      fit.set_cross_fitted(slot, cross_fit(fit, selected.values[i], step.folds, fold_of, [&](const LabelledRows& rows) {
                             return [fitted = fit_on(rows).operation](double code) { return look_up(fitted, code); };
                           }));
    }
    WorkColumn made = as_number(column, slot, step.keep, ":woe");
    made.information_value = woe.information_value;
    fit.replace(here, {std::move(made)}, step.keep, "woe_encode");
  }
}

/// The bin of a value, as the operation Bin finds it.
[[nodiscard]] inline double bin_of(const std::vector<double>& edges, double x) noexcept {
  if (is_missing(x)) return kMissing;
  return static_cast<double>(std::upper_bound(edges.begin(), edges.end(), x) - edges.begin());
}
[[nodiscard]] inline std::vector<double> bins_of(const std::vector<double>& edges, std::span<const double> values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double x : values) out.push_back(bin_of(edges, x));
  return out;
}
/// "(-inf, 3)", "[3, 7)", "[7, inf)".
[[nodiscard]] inline std::vector<std::string> bin_names(const std::vector<double>& edges) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i <= edges.size(); ++i) {
    out.push_back((i == 0 ? "(-inf" : "[" + number_text(edges[i - 1])) + ", " +
                  (i == edges.size() ? "inf" : number_text(edges[i])) + ")");
  }
  return out;
}

inline void fit_step(FitContext& fit, const BinNumbers& step) {
  const Selected selected = select_numbers(fit, step.columns, "bin");
  const bool woe_output = step.output == BinOutput::woe;
  if (woe_output || step.kind != BinKind::quantile) require_labels(fit, "bin", woe_output);
  const LabelledRows all{fit.inputs().labels, fit.inputs().weights};
  const auto edges =
      fit.each(selected.names.size(), [&](std::size_t i) { return fit_edges(step, selected.values[i], all); });
  const std::vector<std::uint32_t> fold_of =
      woe_output && step.folds > 0 ? fit.folds(step.folds) : std::vector<std::uint32_t>{};
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    const Slot bins = fit.append(Bin{column.slot, 0, *edges[i]});
    WorkColumn made = as_number(column, bins, step.keep, ":bin");
    if (step.output == BinOutput::category) {
      made.type = ColumnType::category;
      made.levels = bin_names(*edges[i]);
    } else if (woe_output) {
      const std::span<const double> values = selected.values[i];
      FittedWoe woe = fit_woe(bins_of(*edges[i], values), edges[i]->size() + 1, all, step.smoothing);
      woe.operation.in = bins;
      made.slot = fit.append(std::move(woe.operation));
      made.information_value = woe.information_value;
      if (step.folds > 0) {
        fit.set_cross_fitted(made.slot, cross_fit(fit, values, step.folds, fold_of, [&](const LabelledRows& rows) {
                               std::vector<double> cut = fit_edges(step, values, rows);
                               Lookup table =
                                   fit_woe(bins_of(cut, values), cut.size() + 1, rows, step.smoothing).operation;
                               return [cut = std::move(cut), table = std::move(table)](double x) {
                                 return look_up(table, bin_of(cut, x));
                               };
                             }));
      }
    }
    fit.replace(here, {std::move(made)}, step.keep, "bin");
  }
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
