#pragma once

// Steps that look at labels, and bins, which may: target encoding, weight of evidence.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/prep/detail/bin_edges.hpp>
#include <riskflag/prep/detail/fit_columns.hpp>
#include <riskflag/prep/detail/fit_context.hpp>
#include <riskflag/prep/detail/label_tables.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

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
  const std::vector<std::uint32_t> fold_of = step.ordered ? std::vector<std::uint32_t>{} : fit.folds(step.folds);
  const std::vector<std::uint32_t> order = step.ordered ? fit.drawn_order() : std::vector<std::uint32_t>{};
  for (std::size_t i = 0; i < selected.names.size(); ++i) {
    const std::size_t here = position(fit.columns(), selected.names[i]);
    const WorkColumn column = fit.columns()[here];
    const auto fit_on = [&](const LabelledRows& rows) {
      return fit_target(selected.values[i], selected.levels[i], rows, step.smooth);
    };
    Lookup table = fit_on({fit.inputs().labels, fit.inputs().weights});
    table.in = column.slot;
    const Slot slot = fit.append(std::move(table));
    if (step.ordered) {
      fit.set_cross_fitted(
          slot, ordered_target(selected.values[i], selected.levels[i], {fit.inputs().labels, fit.inputs().weights},
                               *step.smooth, order, fit.inputs().groups));
    } else {
      fit.set_cross_fitted(slot, cross_fit(fit, selected.values[i], step.folds, fold_of, [&](const LabelledRows& rows) {
                             return [fitted = fit_on(rows)](double code) { return look_up(fitted, code); };
                           }));
    }
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

}  // namespace riskflag::inline v0_1::prep::detail
