#pragma once

#include <cstddef>
#include <cstdint>
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
/// Codes and what `number` means:
///   split_leak      share of the test rows (or of the validation rows, where there is no test part) whose feature row also
///                   stands in the training part
///   duplicate_rows  share of all rows that repeat an earlier row exactly, target included
///   target_copy     share of rows on which the column says the target under another name
///   target_leak     how well the column alone, by a look-up table or its order, separates the target (ROC-AUC; R2 for a
///                   numeric target)
///   near_key        distinct values per row of a column that names rows instead of describing them
///   constant        share of the rows that hold the commonest value (1 = all)
///   text_date       share of the cells of a category column that are dates
struct Finding {
  std::string code;
  std::string column;   ///< empty for findings about whole rows
  std::string message;  ///< a sentence with the numbers
  std::string remedy;   ///< what to change, in flags of riskflag-train
  double number = 0;
};

/// From which point on something is worth a warning. Shares are in [0, 1].
struct LeakOptions {
  double split_share = 0.05;       ///< of the held-out rows that are also in training, for split_leak
  double split_auc = 0.60;         ///< ... and the look-up table's ROC-AUC on the held-out rows, from which a smaller share counts too
  double duplicate_share = 0.01;   ///< of all rows, for duplicate_rows
  double target_auc = 0.98;        ///< of one column alone, for target_leak
  double copy_share = 0.999;       ///< of rows that agree, for target_copy
  double key_share = 0.95;         ///< distinct values per row, for near_key in a category, text, date or whole-number column
  double constant_share = 0.9999;  ///< of the commonest value, for constant
  double date_share = 0.95;        ///< of the cells that are dates, for text_date
};

/// Everything suspicious about training on `split.train` and judging on the other parts: leaks first, then the rest, each
/// kind in column order.
///
/// `labels` has one value a row of `frame`: 0 and 1, or the numeric target of a regression. Looks at the columns whose role
/// in `schema` is feature. Costs a few nanoseconds a cell, whole columns at a time; the same findings for any executor.
/// Throws Error(invalid_data) when labels and frame differ in length or a split index is outside the frame.
[[nodiscard]] std::vector<Finding> find_leaks(const Frame& frame, const Schema& schema, std::span<const double> labels,
                                              const Split& split, Executor& executor, const LeakOptions& options = {});

}  // namespace riskflag::inline v0_1::audit
