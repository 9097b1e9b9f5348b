#pragma once

// What the steps of fit() share: choosing columns by type, their values, and the sentences for what cannot be learned.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/prep/detail/fit_context.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// Throws unless every selected column has one of the types.
inline void require_type(const std::vector<WorkColumn>& columns, const std::vector<std::size_t>& at, bool numbers,
                         std::string_view op, std::string_view instead) {
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
  require_type(fit.columns(), at, true, op, instead);
  Selected out{names_at(fit.columns(), at), {}, {}};
  for (const std::size_t i : at) out.values.emplace_back(fit.values(fit.columns()[i].slot));
  return out;
}
[[nodiscard]] inline Selected select_categories(FitContext& fit, const Columns& columns, std::string_view op,
                                                std::string_view instead = "") {
  const std::vector<std::size_t> at = fit.select(columns, op);
  require_type(fit.columns(), at, false, op, instead);
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

}  // namespace riskflag::inline v0_1::prep::detail
