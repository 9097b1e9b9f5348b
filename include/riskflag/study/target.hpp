#pragma once

// The target column as numbers: 0 and 1 by the contract's rule for the positive level, the number of a class, or the
// values of a regression.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1::study {

/// What is predicted, one value a row.
struct Target {
  std::vector<double> labels;  ///< 0 and 1, indices into levels (multiclass), or real numbers
  std::vector<std::string>
      levels;            ///< sorted by bytes; of several classes that are numbers: by value; empty for regression
  std::string positive;  ///< the level that is 1; empty but for two classes
};

/// Which of two levels is positive: `wanted` when it is given, else 1, true or yes (in any case), else the greater of
/// two numbers. Throws Error(invalid_option) for a `wanted` that is no level, and when the rule finds none.
[[nodiscard]] inline std::string find_positive(std::span<const std::string> levels, const std::string& wanted,
                                               const std::string& target) {
  if (!wanted.empty()) {
    for (const std::string& level : levels) {
      const auto a = parse_double(level), b = parse_double(wanted);
      if (level == wanted || (a && b && *a == *b)) return level;
    }
    std::string known;
    for (const std::string& level : levels) known += (known.empty() ? "" : ", ") + quoted(level);
    fail(ErrorCode::invalid_option, "positive",
         quoted(wanted) + " is no level of target " + quoted(target) + "; it has " + known +
             did_you_mean(wanted, levels));
  }
  const auto numbers = std::pair(parse_double(levels[0]), parse_double(levels[1]));
  if (numbers.first && numbers.second) return *numbers.first > *numbers.second ? levels[0] : levels[1];
  std::vector<std::string> named;
  for (const std::string& level : levels) {
    const std::string lower = lower_ascii(level);
    if (lower == "1" || lower == "true" || lower == "yes") named.push_back(level);
  }
  if (named.size() == 1) return named[0];
  fail(ErrorCode::invalid_option, "positive",
       "which level of target " + quoted(target) + " is the positive one, " + quoted(levels[0]) + " or " +
           quoted(levels[1]) + "? Say --positive " + quoted(levels[0]) + " or --positive " + quoted(levels[1]) +
           " (1, true, yes and the greater of two numbers need no flag)");
}

namespace detail {

inline void refuse_missing_target(const Column& column, const std::string& where) {
  std::size_t missing = 0, first = 0;
  for (std::size_t i = column.size(); i-- > 0;) {
    if (!column.is_missing_at(i)) continue;
    ++missing;
    first = i;
  }
  if (missing == 0) return;
  fail(ErrorCode::invalid_data, where,
       "target " + quoted(column.name) + " is missing in " + std::to_string(missing) + " of " +
           std::to_string(column.size()) + " rows (the first is data row " + std::to_string(first + 1) +
           "); leave those rows out");
}

/// The levels that occur, at most `limit` + 1 of them, numbers by value and others sorted by bytes; numbers and dates
/// as their canonical text.
[[nodiscard]] inline std::vector<std::string> levels_in_use(const Column& column, std::size_t limit) {
  std::set<std::string> seen;
  if (column.type == ColumnType::category) {
    std::vector<bool> used(column.levels.size());
    for (const std::int32_t code : column.codes) {
      if (code != kMissingCode) used[static_cast<std::size_t>(code)] = true;
    }
    for (std::size_t code = 0; code < used.size() && seen.size() <= limit; ++code) {
      if (used[code]) seen.insert(column.levels[code]);
    }
  } else if (column.type == ColumnType::number) {
    std::set<double> numbers;
    for (std::size_t i = 0; i < column.size() && numbers.size() <= limit; ++i) numbers.insert(column.numbers[i]);
    std::vector<std::string> rising;
    for (const double x : numbers) rising.push_back(number_text(x));
    return rising;
  } else {
    for (std::size_t i = 0; i < column.size() && seen.size() <= limit; ++i) seen.insert(column.cell_text(i));
  }
  return {seen.begin(), seen.end()};
}

/// Most classes that a multiclass model may tell apart: num_class's own limit.
inline constexpr std::size_t kMostClasses = 1000;

[[nodiscard]] inline Target read_classes(const Column& column, const std::string& where) {
  Target target;
  target.levels = levels_in_use(column, kMostClasses);
  const std::size_t found = target.levels.size();
  if (found < 2 || found > kMostClasses) {
    fail(ErrorCode::invalid_data, where,
         "target " + quoted(column.name) + " has " +
             (found < 2 ? std::to_string(found) + " level" : "more than " + std::to_string(kMostClasses) + " levels") +
             "; a multiclass model tells 2 to " + std::to_string(kMostClasses) + " apart" +
             (column.type == ColumnType::number && found >= 2 ? " (--objective regression predicts a number)" : ""));
  }
  target.labels.resize(column.size());
  if (column.type == ColumnType::number) {
    std::vector<double> values;  // rising
    for (const std::string& level : target.levels) values.push_back(*parse_double(level));
    for (std::size_t i = 0; i < column.size(); ++i) {
      target.labels[i] =
          static_cast<double>(std::lower_bound(values.begin(), values.end(), column.numbers[i]) - values.begin());
    }
    return target;
  }
  const auto index = [&](const std::string& level) {
    return static_cast<double>(std::lower_bound(target.levels.begin(), target.levels.end(), level) -
                               target.levels.begin());
  };
  std::vector<double> of_code;
  for (const std::string& level : column.levels) of_code.push_back(index(level));
  for (std::size_t i = 0; i < column.size(); ++i) {
    target.labels[i] = column.type == ColumnType::category ? of_code[static_cast<std::size_t>(column.codes[i])]
                                                           : index(column.cell_text(i));
  }
  return target;
}

}  // namespace detail

/// Reads the target of a model. `where` names the file. Throws Error(invalid_data): missing cells, other than two
/// levels (binary) or 2 to 1,000 (multiclass), no numbers (regression); Error(invalid_option): see find_positive().
[[nodiscard]] inline Target read_target(const Column& column, bundle::Kind kind, const std::string& positive,
                                        const std::string& where) {
  detail::refuse_missing_target(column, where);
  if (kind == bundle::Kind::multiclass) return detail::read_classes(column, where);
  Target target;
  if (kind != bundle::Kind::binary) {
    if (column.type != ColumnType::number) {
      fail(ErrorCode::invalid_data, where,
           "target " + quoted(column.name) + " is a " + std::string(name_of(column.type)) +
               " column; a regression predicts numbers");
    }
    target.labels = column.numbers;
    for (std::size_t i = 0; i < target.labels.size(); ++i) {
      if (!is_finite(target.labels[i])) {
        fail(ErrorCode::invalid_data, where,
             "target " + quoted(column.name) + " is " + number_text(target.labels[i]) + " in data row " +
                 std::to_string(i + 1) + "; finite numbers are accepted");
      }
    }
    return target;
  }
  constexpr std::size_t kShown = 5;
  target.levels = detail::levels_in_use(column, kShown);
  if (target.levels.size() != 2) {
    std::string shown;
    for (std::size_t i = 0; i < target.levels.size() && i < kShown; ++i)
      shown += (i == 0 ? "" : ", ") + quoted(target.levels[i]);
    const std::string count =
        target.levels.size() > kShown ? "more than " + std::to_string(kShown) : std::to_string(target.levels.size());
    fail(ErrorCode::invalid_data, where,
         "target " + quoted(column.name) + " has " + count + (target.levels.size() == 1 ? " level (" : " levels (") +
             shown + (target.levels.size() > kShown ? ", ..." : "") + "); a binary model needs exactly two" +
             (target.levels.size() <= 2           ? ""
              : column.type == ColumnType::number ? " (--objective multiclass tells more apart, --objective regression "
                                                    "predicts a number)"
                                                  : " (--objective multiclass tells more apart)"));
  }
  std::sort(target.levels.begin(), target.levels.end());
  target.positive = find_positive(target.levels, positive, column.name);
  target.labels.resize(column.size());
  if (column.type == ColumnType::number) {
    const double one = *parse_double(target.positive);
    for (std::size_t i = 0; i < column.size(); ++i) target.labels[i] = column.numbers[i] == one ? 1 : 0;
  } else {
    for (std::size_t i = 0; i < column.size(); ++i) target.labels[i] = column.cell_text(i) == target.positive ? 1 : 0;
  }
  return target;
}

}  // namespace riskflag::inline v0_1::study
