#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/data/split.hpp>
#include <riskflag/study/fit.hpp>
#include <riskflag/study/parts.hpp>

namespace riskflag::inline v0_1::study {

/// What k folds say about rows that no fold's model was fitted on.
struct CrossValidation {
  std::vector<std::uint32_t> rows;              ///< all rows of the folds, ascending
  std::vector<double> scores;                   ///< out of fold, one for each of `rows`; rows x classes for multiclass
  std::vector<std::vector<std::size_t>> folds;  ///< positions in `rows` of each fold's held-out rows
  std::vector<int> best_iterations;             ///< of each fold
  int rounds = 0;  ///< their median (of an even number: the mean of the middle two, rounded up)
};

/// The middle value of `values`, which is not empty; of two middle ones the mean, rounded up.
[[nodiscard]] inline int median_rounds(std::vector<int> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half] + 1) / 2;
}

/// Hooks of one fold's training, and who hears of its phases; either may be empty.
struct FoldHooks {
  std::function<TrainHooks(int fold)> train;  ///< 1-based
  std::function<void(int fold, std::string_view phase, double fraction)> on_phase;
};

/// Fits everything anew (levels, pipeline, cuts, trees) on each k - 1 folds and scores the fold left out, which also
/// stops the training early. job.train_rows are the rows to fold; job.valid_rows is not used. Throws Error(cancelled)
/// as soon as a fold is stopped.
[[nodiscard]] inline CrossValidation cross_validate(const FitJob& job, const Parts& parts, int k,
                                                    const SplitOptions& split, Executor& executor,
                                                    const FoldHooks& hooks, Seconds& seconds) {
  CrossValidation out;
  out.rows.assign(job.train_rows.begin(), job.train_rows.end());
  const auto labels = detail::gather(job.labels, out.rows);
  const auto groups = detail::gather(std::span<const std::uint64_t>(parts.groups), out.rows);
  const auto times = detail::gather(std::span<const std::int64_t>(parts.times), out.rows);
  const auto folds = k_folds(out.rows.size(), static_cast<std::size_t>(k), split, labels, groups, times);
  for (std::size_t f = 0; f < folds.size(); ++f) {
    std::vector<std::uint32_t> held_out, rest;
    std::size_t next = 0;
    for (std::size_t i = 0; i < out.rows.size(); ++i) {
      const bool held = next < folds[f].size() && folds[f][next] == i;
      if (held) ++next;
      (held ? held_out : rest).push_back(out.rows[i]);
    }
    const int number = static_cast<int>(f) + 1;
    const FitJob fold_job{job.frame, job.schema, job.recipe,  job.labels,   job.weights, job.groups,
                          rest,      held_out,   job.options, job.monotone, job.without, job.offsets};
    const TrainHooks train_hooks = hooks.train ? hooks.train(number) : TrainHooks{};
    const Fit fitted = fit(fold_job, executor, train_hooks, seconds, [&](std::string_view phase, double fraction) {
      if (hooks.on_phase) hooks.on_phase(number, phase, fraction);
    });
    if (fitted.trained.cancelled) check_stop(train_hooks.stop, "train");
    const Stopwatch evaluate;
    detail::StopExecutor scoring(executor, train_hooks.stop, "evaluate");
    const Predictor predictor = value_or_throw(Predictor::make(fitted.trained.model));
    const std::vector<double> scores =
        score_rows(job.frame, fitted.schema, fitted.pipeline, predictor, held_out, job.offsets, scoring);
    out.folds.emplace_back(folds[f].begin(), folds[f].end());
    const auto outputs = static_cast<std::size_t>(predictor.outputs());
    out.scores.resize(out.rows.size() * outputs);
    for (std::size_t i = 0; i < scores.size(); ++i)
      out.scores[std::size_t{folds[f][i / outputs]} * outputs + i % outputs] = scores[i];
    out.best_iterations.push_back(fitted.trained.best_iteration);
    seconds.evaluate += evaluate.seconds();
  }
  out.rounds = std::max(1, median_rounds(out.best_iterations));
  return out;
}

/// How cross_validate() folds a table in memory.
struct CrossValidateOptions {
  int folds = 5;                           ///< >= 2
  SplitKind kind = SplitKind::stratified;  ///< stratified needs labels that are classes
  std::uint64_t seed = 42;                 ///< deals the rows to folds; training has its own in `train`
  prep::Recipe recipe = prep::default_recipe();
  TrainOptions train{};                     ///< early_stopping_round > 0: the fold left out stops the training
  std::span<const double> weights{};        ///< empty = all 1
  std::span<const double> offsets{};        ///< added to the margins before the link; empty = all 0
  std::span<const std::uint64_t> groups{};  ///< one a row, kind group alone: a group is never cut (group_ids())
  std::span<const std::int64_t> times{};    ///< one a row, kind time alone: a fold is a stretch of time
  std::span<const prep::FieldDirection> monotone{};  ///< promises about raw fields
};

/// Cross-validation of a table: the schema's features against `labels`, one for each row of `frame`; levels, pipeline,
/// cuts and trees are fitted anew in each fold, on the other folds' rows alone. The same for any executor. Throws what
/// k_folds(), prep::fit() and train() throw, Error(invalid_data) for labels of another length, Error(cancelled).
[[nodiscard]] inline CrossValidation cross_validate(const Frame& frame, const Schema& schema,
                                                    std::span<const double> labels, const CrossValidateOptions& options,
                                                    Executor& executor, const std::stop_token& stop = {}) {
  if (labels.size() != frame.rows()) {
    fail(ErrorCode::invalid_data, "labels",
         std::to_string(labels.size()) + " for " + std::to_string(frame.rows()) + " rows; one a row is accepted");
  }
  Parts parts;
  parts.groups.assign(options.groups.begin(), options.groups.end());
  parts.times.assign(options.times.begin(), options.times.end());
  SplitOptions split;
  split.kind = options.kind;
  split.seed = options.seed;
  const std::vector<std::uint32_t> rows = detail::row_range(0, frame.rows());
  const FitJob job{.frame = frame,
                   .schema = schema,
                   .recipe = options.recipe,
                   .labels = labels,
                   .weights = options.weights,
                   .groups = parts.groups,
                   .train_rows = rows,
                   .valid_rows = {},
                   .options = options.train,
                   .monotone = options.monotone,
                   .offsets = options.offsets};
  FoldHooks hooks;
  hooks.train = [&](int) {
    TrainHooks train_hooks;
    train_hooks.stop = stop;
    return train_hooks;
  };
  Seconds seconds;
  return cross_validate(job, parts, options.folds, split, executor, hooks, seconds);
}

}  // namespace riskflag::inline v0_1::study
