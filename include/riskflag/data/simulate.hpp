#pragma once

// Simulated loans with a default probability that is known, for the quickstart, tests and benchmarks. Nothing in here
// comes from a real table: the places and professions are real names, every figure beside them is made up.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/data/detail/simulate_loans.hpp>
#include <riskflag/data/detail/simulate_wide.hpp>
#include <riskflag/data/frame.hpp>

namespace riskflag::inline v0_1 {

/// What to simulate. Row i depends on (seed, preset, drift, i) alone: not on `rows`, threads, compiler or platform.
struct SimulateOptions {
  std::uint64_t rows = 60000;     ///< how many rows the table has
  std::uint64_t seed = 42;        ///< the only source of randomness
  std::string preset = "loans";   ///< one of simulate_presets(); columns in docs/formats/simulated_loans.md
  bool target = true;             ///< false: applicants, whose outcome is not known yet
  bool with_probability = false;  ///< adds the column default_probability, from which the outcome was drawn
  double drift = 0;               ///< moves some columns by so many of their standard deviations; finite
};

/// A piece of a simulated table with what a real one never tells.
struct SimulatedRows {
  Frame frame;
  std::vector<double> probability;  ///< of the positive class, one a row: a function of the row's visible cells alone
};

/// The names that SimulateOptions::preset takes.
[[nodiscard]] inline std::span<const std::string_view> simulate_presets() noexcept {
  static constexpr std::array<std::string_view, 5> kPresets = {"loans", "wide28", "wide208", "onehot300", "sparse95"};
  return kPresets;
}

/// Rows [first_row, first_row + count) of the table that `options` describes; pieces put together are the whole.
/// Throws Error(invalid_option) for an unknown preset or a drift that is not finite, or rows past options.rows.
[[nodiscard]] SimulatedRows simulate_rows(const SimulateOptions& options, std::uint64_t first_row, std::uint64_t count);

/// The table (or `count` rows of it from `first_row`) as a Frame alone.
[[nodiscard]] inline Frame simulate(const SimulateOptions& options, std::uint64_t first_row = 0,
                                    std::optional<std::uint64_t> count = std::nullopt) {
  const std::uint64_t rest = first_row < options.rows ? options.rows - first_row : 0;
  return simulate_rows(options, first_row, count.value_or(rest)).frame;
}

/// The ROC-AUC that nobody can beat on average for outcomes drawn from these probabilities, reached by the
/// probabilities themselves: the expected share of (bad, good) pairs in the right order, ties half. nullopt when every
/// probability is 0 or every one is 1, or there are none. O(n log n).
[[nodiscard]] std::optional<double> bayes_auc(std::span<const double> probabilities);

// definitions

inline SimulatedRows simulate_rows(const SimulateOptions& options, std::uint64_t first_row, std::uint64_t count) {
  const auto presets = simulate_presets();
  if (std::find(presets.begin(), presets.end(), options.preset) == presets.end()) {
    fail(ErrorCode::invalid_option, "preset",
         quoted(options.preset) + " is no preset; accepted: loans, wide28, wide208, onehot300, sparse95" +
             did_you_mean(options.preset, presets));
  }
  if (!is_finite(options.drift))
    fail(ErrorCode::invalid_option, "drift", "not finite; accepted: standard deviations, e.g. 0.5");
  if (first_row > options.rows || count > options.rows - first_row) {
    fail(ErrorCode::invalid_option, "rows",
         "rows " + std::to_string(first_row) + " to " + std::to_string(first_row + count) +
             " were asked for; the table has " + std::to_string(options.rows));
  }
  const detail::SimulateJob job{options.seed, options.drift, first_row, static_cast<std::size_t>(count)};
  detail::SimulatedColumns made =
      options.preset == "loans" ? detail::simulate_loans(job) : detail::simulate_wide(options.preset, job);

  SimulatedRows result;
  for (Column& column : made.columns) result.frame.add(std::move(column));
  if (options.with_probability) {
    Column column;
    column.name = "default_probability";
    column.type = ColumnType::number;
    column.numbers = made.probability;
    result.frame.add(std::move(column));
  }
  if (options.target) {
    Column column;
    column.name = options.preset == "loans" ? "Risk_Flag" : "label";
    column.type = ColumnType::number;
    column.numbers = std::move(made.target);
    result.frame.add(std::move(column));
  }
  result.probability = std::move(made.probability);
  return result;
}

inline std::optional<double> bayes_auc(std::span<const double> probabilities) {
  std::vector<double> sorted(probabilities.begin(), probabilities.end());
  std::sort(sorted.begin(), sorted.end());
  double good_below = 0;  // expected good rows with a smaller probability
  double pairs_won = 0, bad = 0, good = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i;
    double tied_bad = 0, tied_good = 0;
    for (; end < sorted.size() && sorted[end] == sorted[i]; ++end) {
      tied_bad += sorted[end];
      tied_good += 1 - sorted[end];
    }
    pairs_won += tied_bad * (good_below + tied_good / 2);
    good_below += tied_good;
    bad += tied_bad;
    good += tied_good;
    i = end;
  }
  if (!(bad > 0) || !(good > 0)) return std::nullopt;
  return pairs_won / (bad * good);
}

}  // namespace riskflag::inline v0_1
