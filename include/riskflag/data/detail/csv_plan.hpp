#pragma once

// What the options say about each column, and what is believed about its type while passes go over the text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/detail/csv_bytes.hpp>
#include <riskflag/data/detail/csv_number.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// What a pass does with a column's cells. A column moves down this list until a pass over the whole text contradicts
/// nothing: the type is the text's, never a sample's.
enum class Mode : std::uint8_t {
  skip,  ///< already read; the cells are only cut
  number,
  date,
  category,
  text_measure,  ///< counts bytes, so that text_fill can write every block in its place
  text_fill,
};

struct ColumnPlan {
  std::string name;
  std::optional<ColumnType> forced;
  Mode mode = Mode::number;
  std::string date_format = "%Y-%m-%d";
  std::vector<std::string> missing;  ///< all tokens of this column
  bool empty_is_missing = false;
  bool numeric_tokens = false;  ///< a token looks like a number, so numbers must be compared too
  // What the last pass found: sums, so independent of the order of blocks.
  std::uint64_t missing_cells = 0;
  std::uint64_t bad_cells = 0;  ///< present cells that are not of the type tried; for text, not numbers

  [[nodiscard]] bool is_missing_text(std::string_view text) const noexcept {
    if (text.empty()) return empty_is_missing;
    for (const std::string& token : missing) {
      if (text == token) return true;
    }
    return false;
  }
  [[nodiscard]] NumberRule rule() const noexcept {
    return forced == ColumnType::number ? NumberRule::forced : NumberRule::inferred;
  }
  [[nodiscard]] std::string problem(std::string_view cell) const {
    const std::string type = *forced == ColumnType::number
                                 ? "a number (the schema says numeric)"
                                 : "a date of the form " + date_format + " (the schema says date)";
    return "column " + quoted(name) + ": " + quoted(cell) + " is not " + type;
  }
};

/// The mode in which a pass first tries the type.
[[nodiscard]] constexpr Mode first_mode(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::number: return Mode::number;
    case ColumnType::date: return Mode::date;
    case ColumnType::category: return Mode::category;
    case ColumnType::text: return Mode::text_measure;
  }
  return Mode::number;
}

/// One plan a column. Throws not_found for an option about a column that is not there, unless absent ones are allowed.
[[nodiscard]] inline std::vector<ColumnPlan> make_plans(const std::vector<std::string>& names,
                                                        const CsvOptions& options, const std::string& source) {
  std::vector<ColumnPlan> plans(names.size());
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t j = 0; j < names.size(); ++j) {
    plans[j].name = names[j];
    plans[j].missing = options.missing;
    index.emplace(names[j], j);
  }
  const auto plan_of = [&](const std::string& name) -> ColumnPlan* {
    const auto it = index.find(name);
    if (it != index.end()) return &plans[it->second];
    if (options.allow_absent) return nullptr;
    fail(ErrorCode::not_found, source, "there is no column " + quoted(name) + did_you_mean(name, names));
  };
  for (const auto& [name, tokens] : options.column_missing) {
    if (ColumnPlan* plan = plan_of(name)) plan->missing.insert(plan->missing.end(), tokens.begin(), tokens.end());
  }
  for (const auto& [name, type] : options.types) {
    if (ColumnPlan* plan = plan_of(name)) plan->forced = type;
  }
  for (const auto& [name, format] : options.date_formats) {
    ColumnPlan* plan = plan_of(name);
    if (plan == nullptr) continue;
    plan->date_format = format;
    if (!plan->forced) plan->forced = ColumnType::date;
  }
  for (const std::string& name : options.keep_text) {
    if (ColumnPlan* plan = plan_of(name)) plan->forced = ColumnType::text;
  }
  for (ColumnPlan& plan : plans) {
    if (plan.forced) plan.mode = first_mode(*plan.forced);
    for (const std::string& token : plan.missing) {
      if (token.empty()) plan.empty_is_missing = true;
      if (number_cell(token, NumberRule::forced)) plan.numeric_tokens = true;
    }
  }
  return plans;
}

}  // namespace riskflag::inline v0_1::detail::csv
