#pragma once

// The steps of a recipe, as C++ and JSON (docs/formats/recipe.md) say them. They know column names and options and
// nothing that was learned from data.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <riskflag/data/column.hpp>
#include <riskflag/data/schema.hpp>

namespace riskflag::inline v0_1::prep {

/// Which columns a step takes. Either names, each of which must exist, or a type and/or a pattern (`*` any characters,
/// `?` one); JSON: ["Income","Age"], {"type":"number"}, {"pattern":"CURRENT_*","except":["CURRENT_JOB_YRS"]}. A type
/// that no column has selects nothing; a pattern that matches nothing is an error.
struct Columns {
  std::vector<std::string> names{};
  std::optional<ColumnType> type{};
  std::string pattern{};
  std::vector<std::string> except{};
};

// Every step below replaces its columns by what it makes of them, under the same names. With keep = true the columns
// stay and the results stand behind them, named "COL:imputed", ":clipped", ":log1p", ":scaled", ":ordinal",
// ":frequency",
// ":target", ":woe", ":bin" or ":group" (one-hot columns are named "COL=level" either way).

enum class ImputeStrategy { mean, median, most_frequent, constant };
/// Fills missing values. Categories take most_frequent (ties: the first level) or constant (`level`, added when it is
/// new).
struct Impute {
  Columns columns{};
  ImputeStrategy strategy = ImputeStrategy::median;
  double value = 0;        ///< of constant, for numbers
  std::string level{};     ///< of constant, for categories
  bool indicator = false;  ///< adds "COL:missing", 1 where the value was missing
  bool keep = false;
};
/// Clips numbers to two quantiles of the training values (linear interpolation, as numpy's default).
struct ClipQuantiles {
  Columns columns{};
  double low = 0.01, high = 0.99;  ///< 0 <= low < high <= 1
  bool keep = false;
};
/// log(1 + x); values <= -1 become missing.
struct Log1pOf {
  Columns columns{};
  bool keep = false;
};
/// Standard scaling, (x - mean) / standard deviation (population's; a constant column is divided by 1).
struct Standardize {
  Columns columns{};
  bool center = true, scale = true;
  bool keep = false;
};
/// The level's place among the levels of the training rows, sorted by bytes, or in `order`.
struct OrdinalEncode {
  Columns columns{};
  std::vector<std::string> order{};
  std::optional<double> missing{}, unseen{};  ///< what stands for them; missing (NaN) by default
  bool keep = false;
};
/// A 0/1 column for each level of the training rows, and one for missing if there were any.
struct OneHotEncode {
  Columns columns{};
  int max_categories = 0;    ///< at most so many columns, the rarest joined in "COL=infrequent"; 0 = no limit
  double min_frequency = 0;  ///< rarer levels are joined: rows when >= 1, a share of the rows when below 1
  bool keep = false;
};
/// The share of the training rows with this level; unseen 0.
struct FrequencyEncode {
  Columns columns{};
  bool keep = false;
};
/// The label's mean in the level, shrunk towards the overall mean. Cross-fitted while training.
struct TargetEncode {
  Columns columns{};
  std::optional<double> smooth{};  ///< pseudo-rows of the overall mean, >= 0; absent: "auto", empirical Bayes
  int folds = 5;                   ///< >= 2
  bool keep = false;
  /// A training row is encoded by the rows before it in an order drawn from the seed, instead of by other folds; needs
  /// `smooth`.
  bool ordered = false;
};
/// woe = ln(share of good / share of bad), good = label 0: positive is safer. Cross-fitted while training.
struct WoeEncode {
  Columns columns{};
  double smoothing = 0.5;  ///< rows added to each level's good and bad count
  int folds = 5;  ///< >= 2, or 0: not cross-fitted, as scorecards do it; then a row's label reaches its encoding
  bool keep = false;
};
enum class BinKind { quantile, supervised, monotone };
enum class BinOutput { index, category, woe };
/// Cuts numbers into bins. supervised: best-first splits by squared error of the label; monotone: the label's mean
/// rises or falls from bin to bin. Both see labels; output woe is cross-fitted, edges and all.
struct BinNumbers {
  Columns columns{};
  BinKind kind = BinKind::quantile;
  int max_bins = 10;        ///< >= 2
  double min_share = 0.05;  ///< of the rows, in each bin; supervised and monotone
  BinOutput output = BinOutput::index;
  double smoothing = 0.5;  ///< of output woe
  int folds = 5;           ///< of output woe; 0 = not cross-fitted
  bool keep = false;
};
/// Joins levels of a category: first `text` normalises them, then `map` sends levels to groups, then levels of too few
/// training rows go to `other`.
struct Group {
  Columns columns{};
  TextRules text{};                          ///< changes the schema: see prepare_schema
  std::map<std::string, std::string> map{};  ///< level (as normalised by `text`) -> group
  std::optional<std::string> other{};        ///< levels outside a given map, rare levels and unseen levels go here
  double min_frequency = 0;  ///< rarer levels are joined: rows when >= 1, a share when below 1; needs `other`
  bool keep = false;
};
/// A new number from an expression over numbers and dates: "Income / Age" (prep/expression.hpp has the grammar).
struct Derive {
  std::string name{};
  std::string expression{};
};
/// Keeps these columns only, in the order in which they stand.
struct Select {
  Columns columns{};
};
/// Leaves these columns out.
struct Drop {
  Columns columns{};
};

using Step = std::variant<Impute, ClipQuantiles, Log1pOf, Standardize, OrdinalEncode, OneHotEncode, FrequencyEncode,
                          TargetEncode, WoeEncode, BinNumbers, Group, Derive, Select, Drop>;

/// What to fit. Before the first step a number with special codes is split in two: the number (special = missing) and
/// the category "COL:special". After the last one numbers pass with NaN for missing, dates are day numbers, and what is
/// a category still is a native categorical feature (unseen = missing).
struct Recipe {
  std::vector<Step> steps{};
};

}  // namespace riskflag::inline v0_1::prep
