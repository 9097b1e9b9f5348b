#pragma once

// Several trainings as one model: the mean of their margins. Why: docs/decisions/9-defaults.md.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/study/detail/study_run.hpp>
#include <riskflag/study/fit.hpp>
#include <riskflag/train/detail/finish_tree.hpp>

namespace riskflag::inline v0_1::study::detail {

/// The model whose margin is the mean of the models' margins, its leaves rounded to their common grid. Trees stand
/// round by round, so that the first ones are the beginnings of all. All have the same features, base margin and grid;
/// an idle tree stands where a model has fewer rounds.
[[nodiscard]] inline Model mean_of(std::vector<Model> models) {
  Model out = std::move(models.front());
  std::vector<std::vector<Tree>> trees{std::move(out.trees)};
  std::size_t rounds = trees.front().size();
  for (std::size_t m = 1; m < models.size(); ++m) {
    Model& model = models[m];
    if (model.features != out.features || model.base_margin != out.base_margin || model.leaf_grid != out.leaf_grid)
      fail(ErrorCode::internal, "committee", "its models differ in features, base margin or grid");
    rounds = std::max(rounds, model.trees.size());
    trees.push_back(std::move(model.trees));
  }
  const double count = static_cast<double>(trees.size());
  out.trees.clear();
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::vector<Tree>& member : trees) {
      if (round >= member.size()) continue;
      for (double& leaf : member[round].leaves)
        leaf = riskflag::detail::on_grid(exact::div(leaf, count), out.leaf_grid);
      out.trees.push_back(std::move(member[round]));
    }
  }
  out.best_iteration = static_cast<int>(out.trees.size());
  out.history = {};  // its rows would be rounds, and a round has several trees here
  return out;
}

/// fit() for every member on the job's rows, and their mean. job.options is what the model says of its options, but for
/// num_iterations, which counts its trees. A stop leaves the members finished so far, and of the first its rounds.
[[nodiscard]] inline Fit fit_committee(const FitJob& job, std::span<const Member> members, Executor& executor,
                                       const TrainHooks& hooks, Seconds& seconds, const OnPhase& on_phase) {
  Fit out;
  std::vector<Model> models;
  int done = 0;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const FitJob one{job.frame,      job.schema,     job.recipe,         job.labels,   job.weights,        job.groups,
                     job.train_rows, job.valid_rows, members[m].options, job.monotone, members[m].without, job.offsets};
    TrainHooks telling = hooks;
    const std::vector<std::string> no_names;
    const std::vector<double> no_values;
    if (hooks.on_iteration) {  // a member's own metrics are not the model's
      telling.on_iteration = [&](const IterationReport& report) {
        hooks.on_iteration({done + report.iteration, no_names, no_values, report.seconds});
      };
    }
    Fit fitted = fit(one, executor, telling, seconds, [&](std::string_view phase, double fraction) {
      if (m == 0) on_phase(phase, fraction);
    });
    const bool cancelled = fitted.trained.cancelled;
    if (m == 0) {
      out = std::move(fitted);
      models.push_back(std::move(out.trained.model));
    } else if (!cancelled) {
      models.push_back(std::move(fitted.trained.model));
    }
    done += static_cast<int>(models.back().trees.size());
    out.trained.cancelled = cancelled;
    if (cancelled) break;
  }
  out.trained.model = mean_of(std::move(models));
  TrainOptions said = job.options;
  said.num_iterations = out.trained.model.best_iteration;
  out.trained.model.options = recorded_options(said);
  out.trained.best_iteration = out.trained.model.best_iteration;
  return out;
}

}  // namespace riskflag::inline v0_1::study::detail
