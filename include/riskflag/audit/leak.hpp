#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/parallel.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/data/split.hpp>

namespace riskflag::inline v0_1::audit {

/// One thing that the guard found, as a warning: what, where, how much, and what to do about it.
///
/// code and its number:
/// - split_leak: share of the test rows, or of the validation rows, whose feature row is in training; one finding a
/// part
/// - target_copy: share of the rows on which the column says the target under another name
/// - target_leak: ROC-AUC of a look-up table of the column alone on held-out rows; R2 of ranks for a numeric target
/// - duplicate_rows: share of the rows that repeat an earlier row exactly, target included; none where the parts are
///   groups and all equal rows lie in one part
/// - near_key: distinct values per row of a column that names rows instead of describing them
/// - constant: share of the rows that hold the commonest value (1 = all)
/// - text_date: share of the cells of a category column that are dates
struct Finding {
  std::string code{};
  std::string column{};   ///< empty for findings about whole rows
  std::string message{};  ///< a sentence with the numbers
  std::string remedy{};   ///< what to change, in flags of riskflag-train
  double number = 0;
  std::uint64_t count = 0;      ///< rows concerned; distinct values for near_key
  std::optional<double> auc{};  ///< of the look-up table: split_leak (feature rows) and target_leak (the column)
};

/// How the parts came about, so that a remedy is a change that can be made from there.
struct SplitSource {
  SplitKind kind = SplitKind::random;
  std::string test_file{};   ///< of a test part that is a file of its own; empty: drawn from the table
  std::string valid_file{};  ///< the same of the validation part
};

/// From which point on something is worth a warning. Shares are in [0, 1].
struct LeakOptions {
  double split_share = 0.01;  ///< of the held-out rows that are also in training, beyond what chance explains
  double target_auc =
      0.90;  ///< of one column alone, less two standard errors; single fields of real applications stay below 0.8
  double target_r2 = 0.98;         ///< the same for a numeric target, in ranks
  double copy_share = 0.999;       ///< of the rows on which a column agrees with the target
  double duplicate_share = 0.01;   ///< of all rows
  double key_share = 0.95;         ///< distinct values per row; 0.9999 for whole numbers that are spread out
  double constant_share = 0.9999;  ///< of the rows that hold one value
  double date_share = 0.95;        ///< of a category's cells that are dates
  SplitSource source{};            ///< for remedies
};

/// Everything suspicious about training on `split.train` and judging on the other parts: leaks first, then the rest,
/// each kind in column order.
///
/// `labels` has one value a row of `frame`: 0 and 1, or the numeric target of a regression. Looks at the columns whose
/// role in `schema` is feature. A near_key column hides repetitions (each row has a number of its own), so rows are
/// compared without such columns where others are left. Equal rows are told by a 64-bit hash of their canonical cells
/// (-0 is 0, every NaN is missing). Below 20 ns a cell on one core for 100,000 rows and more; the same findings for any
/// executor. Throws Error(invalid_data) when labels and frame differ in length or a split index is outside the frame,
/// Error(not_found) when a feature of the schema is not in the frame.
[[nodiscard]] std::vector<Finding> find_leaks(const Frame& frame, const Schema& schema, std::span<const double> labels,
                                              const Split& split, Executor& executor, const LeakOptions& options = {});

}  // namespace riskflag::inline v0_1::audit

#include <riskflag/audit/detail/leak.hpp>
