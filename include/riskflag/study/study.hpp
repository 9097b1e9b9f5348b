#pragma once

// The whole way from files to a model directory: what riskflag-train is made of.

#include <riskflag/core/parallel.hpp>
#include <riskflag/study/cross_validate.hpp>
#include <riskflag/study/hooks.hpp>
#include <riskflag/study/options.hpp>
#include <riskflag/study/result.hpp>
#include <riskflag/study/view.hpp>

namespace riskflag::inline v0_1::study {

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
