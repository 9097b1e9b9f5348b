#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/study/table.hpp>
#include <riskflag/study/warning.hpp>
#include <riskflag/track/logger.hpp>
#include <riskflag/track/registry.hpp>

namespace riskflag::inline v0_1::study {

struct StudyView;

/// What a study is doing.
struct Progress {
  std::string_view phase;             ///< "read", "audit", "prepare", "bin", "train", "evaluate", "report", "save"
  double fraction = 0;                ///< of the phase, [0, 1]
  int fold = 0, folds = 0;            ///< 1-based; 0 outside cross-validation
  int iteration = 0, iterations = 0;  ///< phase train
  std::string_view metric{};          ///< phase train: "valid.binary_logloss"; empty without a validation part
  double value = 0;                   ///< of that metric
};

/// How a program watches a study, gives it files and loggers, and stops it. All are called on the thread that called
/// run_study, but for `progress` of phase read, which may come from any thread, one call at a time.
struct StudyHooks {
  std::function<void(const Progress&)> progress{};
  std::function<void(const Warning&)> warning{};          ///< as soon as it is known; StudyResult has them all
  std::function<void(std::string_view)> note{};           ///< a sentence about a choice that the study made
  std::function<std::string(const StudyView&)> report{};  ///< makes the text that StudyOptions::report names a file for
  /// Takes the charts out of that text, as names and files, for the run's record; empty: none are kept.
  std::function<std::vector<std::pair<std::string, std::string>>(std::string_view)> figures{};
  OpenSource open{};  ///< empty: plain files
  std::function<track::Logger*()>
      logger{};  ///< gives where the run is recorded, when it begins; empty or null: nowhere
  std::function<track::Registry*()> registry{};  ///< gives where StudyOptions::register_name is registered
  bool tracking_required = false;                ///< a record that cannot be kept is an error, not a warning
  std::stop_token stop{};                        ///< looked at in every phase; then Error(cancelled)
};

}  // namespace riskflag::inline v0_1::study
