#pragma once

// The whole way from files to a model directory: what riskflag-train is made of.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <riskflag/audit/leak.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/study/cross_validate.hpp>
#include <riskflag/study/evaluate.hpp>
#include <riskflag/study/fit.hpp>
#include <riskflag/study/hooks.hpp>
#include <riskflag/study/options.hpp>
#include <riskflag/study/parts.hpp>
#include <riskflag/study/result.hpp>
#include <riskflag/study/table.hpp>
#include <riskflag/study/target.hpp>
#include <riskflag/study/warning.hpp>

namespace riskflag::inline v0_1::study {

/// Everything that a report can be made of, at the end of a study, before anything is written. References last for the
/// call.
struct StudyView {
  const StudyOptions& options;
  const Table& table;
  const Schema& schema;  ///< of the model
  const Target& target;
  const Split& split;
  std::span<const audit::Finding> findings;
  std::span<const double> weights;  ///< one a row of the table, or empty
  const Model& model;
  std::span<const double> train_scores, valid_scores, test_scores;
  const CrossValidation* cross_validation;             ///< null without cv
  std::span<const std::optional<double>> permutation;  ///< one for each feature of the model; empty when not computed
  const StudyResult& result;
};

/// Does the study: read, roles, split, leak guard, fit (pipeline, bins, trees), threshold, metrics, model directory,
/// report, run record.
///
/// Training rows alone are fitted on; validation rows (out-of-fold scores with cv) alone stop the training and choose
/// the threshold; test rows are only judged. The same files and options give the same model directory, whatever the
/// executor. Throws Error: see read_table, make_schema, read_target, make_parts, prep::fit, train, bundle::save;
/// already_exists for an output that is there; invalid_data for what the guard found, when options.strict; cancelled.
/// Whatever is thrown, no model directory is left half-written and a tracked run has ended as FAILED or KILLED.
[[nodiscard]] StudyResult run_study(const StudyOptions& options, Executor& executor, const StudyHooks& hooks = {});

}  // namespace riskflag::inline v0_1::study

#include <riskflag/study/detail/run_study.hpp>
