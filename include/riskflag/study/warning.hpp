#pragma once

#include <optional>
#include <string>
#include <vector>

namespace riskflag::inline v0_1::study {

/// Something that its user should know and that did not stop the study. `code` is stable, scripts may depend on it:
///   text_column, many_levels      from the CSV reader: a column is text because of few cells, or of too many levels
///   text_dropped                  a text column is not used
///   long_level                    a category has a level of more than 4,096 bytes
///   split_leak, duplicate_rows, target_copy, target_leak, near_key, constant, text_date   from the leak guard
///   unseen_levels                 held-out rows have levels that the training rows do not have
///   no_validation_part            nothing chooses the rounds, and training rows choose the threshold
///   one_class_part                a held-out part has one class only: its metrics are null
///   uncalibrated_weights          class weights moved the probabilities, and no calibration moved them back
///   interrupted                   training was stopped and the model so far was kept
///   tracking_failed               a record of the run could not be kept
/// Where more than 20 columns would have the same code, one warning about no single column has their count as its
/// number, and the first names.
struct Warning {
  std::string code{};
  std::string message{};           ///< a sentence
  std::string column{};            ///< empty when it is about no single column
  std::string remedy{};            ///< what to change; may be empty
  std::optional<double> number{};  ///< a share, a count or an AUC, as `code` says
};

}  // namespace riskflag::inline v0_1::study
