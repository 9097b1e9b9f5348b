#pragma once

// The order of a study's steps, and fitting.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/json/schema_json.hpp>
#include <riskflag/study/artifacts_json.hpp>
#include <riskflag/study/detail/check_output.hpp>
#include <riskflag/study/detail/check_study.hpp>
#include <riskflag/study/detail/choose_defaults.hpp>
#include <riskflag/study/detail/fit_committee.hpp>
#include <riskflag/study/detail/judge_and_save.hpp>
#include <riskflag/study/detail/read_and_audit.hpp>
#include <riskflag/study/detail/run_params.hpp>
#include <riskflag/study/detail/run_search.hpp>
#include <riskflag/study/detail/study_run.hpp>
#include <riskflag/study/study.hpp>
#include <riskflag/track/git_commit.hpp>
#include <riskflag/track/promotion.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

inline void StudyRun::begin_log() {
  track::RunInfo info;
  info.experiment = options_.experiment;
  info.name = options_.run_name;
  if (options_.search > 0) {
    info.run_id = find_search_run(options_.output + ".search.json", options_.command).value_or(std::string());
  }
  log_.begin(info);
  result_.run_id = log_.id();
  log_.log([&](track::Run& run) {
    run.params(study_params(options_));
    run.tag("riskflag.version", std::string(kVersion));
    run.tag("riskflag.seed", std::to_string(options_.seed));
    run.tag("riskflag.host", host_name());
    if (const auto commit = track::git_commit(".")) run.tag("mlflow.source.git.commit", *commit);
    if (!options_.command.empty()) {
      run.tag("riskflag.command", options_.command);
      run.tag("mlflow.source.name", options_.command.substr(0, options_.command.find(' ')));
      run.tag("mlflow.source.type", "LOCAL");
    }
  });
}

/// A parameter of a run is told once: those that a search chooses, when it has.
inline void StudyRun::log_train_params(bool searched) {
  log_.log([&](track::Run& run) {
    std::vector<track::KeyValue> params;
    for (const auto& [name, value] : options_list(train_options_)) {
      const auto here = [&](const SearchParameter& parameter) { return parameter.name == name; };
      const bool chosen =
          options_.search > 0 && std::any_of(options_.search_space.begin(), options_.search_space.end(), here);
      if (chosen == searched) params.push_back({name, value});
    }
    run.params(params);
  });
}

inline TrainHooks StudyRun::train_hooks(int fold, int iterations) {
  TrainHooks hooks;
  hooks.stop = hooks_.stop;
  hooks.on_iteration = [this, fold, iterations](const IterationReport& report) {
    if (hooks_.progress) {
      Progress progress;
      progress.phase = "train";
      progress.fraction = static_cast<double>(report.iteration) / iterations;
      progress.fold = fold;
      progress.folds = fold > 0 ? options_.parts.cv : 0;
      progress.iteration = report.iteration;
      progress.iterations = iterations;
      if (!report.names.empty()) {
        progress.metric = report.names[0];
        progress.value = report.values[0];
      }
      hooks_.progress(progress);
    }
    if (report.names.empty()) return;
    std::vector<track::MetricPoint> points;
    for (std::size_t m = 0; m < report.names.size(); ++m)
      points.push_back({report.names[m], report.values[m], report.iteration, 0});
    log_.log([&](track::Run& run) {
      if (fold == 0) return run.metrics(points);
      if (auto& below = fold_runs_[static_cast<std::size_t>(fold) - 1]) below->metrics(points);
    });
  };
  return hooks;
}

inline void StudyRun::cross_validate_if_asked() {
  train_rows_ = parts_.split.train;
  if (options_.parts.cv == 0) return;
  const FitJob job = fit_job(recipe_, train_options_, train_rows_, {});
  FoldHooks hooks;
  hooks.train = [this](int fold) {
    fold_runs_.push_back(log_.begin_child("fold " + std::to_string(fold), options_.experiment));
    return train_hooks(fold, train_options_.num_iterations);
  };
  hooks.on_phase = [this](int fold, std::string_view phase, double fraction) { tell(phase, fraction, fold); };
  cv_ = cross_validate(job, parts_, options_.parts.cv, split_options(options_), executor_, hooks, result_.seconds);
  check("train");
  train_options_.num_iterations = cv_->rounds;
  train_options_.early_stopping_round = 0;
}

inline void StudyRun::fit_all() {
  const FitJob job = fit_job(recipe_, train_options_, train_rows_, parts_.split.valid);
  const OnPhase on_phase = [this](std::string_view phase, double fraction) { tell(phase, fraction); };
  if (members_.empty()) {
    fit_ = fit(job, executor_, train_hooks(0, train_options_.num_iterations), result_.seconds, on_phase);
  } else {
    int rounds = 0;
    for (const Member& member : members_) rounds += member.options.num_iterations;
    FitJob unwatched = job;  // nothing that validation rows say ends it
    unwatched.valid_rows = {};
    fit_ = fit_committee(unwatched, members_, executor_, train_hooks(0, rounds), result_.seconds, on_phase);
  }
  if (fit_.trained.cancelled) {
    if (!options_.keep_on_interrupt) check_stop(hooks_.stop, "train");
    kept_ = true;
    warn({"interrupted",
          "training was stopped after " + std::to_string(fit_.trained.model.trees.size()) +
              " trees; the model so far was kept",
          "", "", static_cast<double>(fit_.trained.model.trees.size())});
  }
  refit();
  trained_ = true;
  tell("train", 1);
  Model& model = fit_.trained.model;
  for (std::size_t k = 0; multiclass() && k < target_.levels.size(); ++k) {
    const auto of_class = [&](std::uint32_t row) { return target_.labels[row] == static_cast<double>(k); };
    if (std::any_of(train_rows_.begin(), train_rows_.end(), of_class)) continue;
    warn({"class_without_rows",
          "no training row is of class " + quoted(target_.levels[k]) + " of target " + quoted(options_.columns.target) +
              ": the model gives it next to no probability",
          options_.columns.target,
          "leave its rows out, or join it with another class",
          {}});
  }
  model.data_digest = table_.files.front().sha256;
  model.schema_digest = schema_digest(fit_.schema);
  result_.features = model.features.size();
  result_.trees = model.trees.size();
  for (const Tree& tree : model.trees) result_.most_leaves = std::max(result_.most_leaves, tree.leaves.size());
  result_.best_iteration = fit_.trained.best_iteration;
}

/// The validation rows, scored by a model that has not seen them, have said when to stop and will choose the threshold;
/// the model that is saved learns from them too. An interrupt leaves the first one.
inline void StudyRun::refit() {
  if (!options_.refit_with_valid || !folds_chose_ || kept_ || parts_.split.valid.empty()) return;
  if (options_.parts.cv > 0 || options_.search > 0 || !options_.parts.valid_data.empty()) return;
  try {
    const Predictor first = value_or_throw(Predictor::make(fit_.trained.model));
    StopExecutor scoring(executor_, hooks_.stop, "train");
    valid_scores_ = score_rows(table_.frame, fit_.schema, fit_.pipeline, first, parts_.split.valid, offsets_, scoring);
    std::vector<std::uint32_t> rows = train_rows_;
    rows.insert(rows.end(), parts_.split.valid.begin(), parts_.split.valid.end());
    std::sort(rows.begin(), rows.end());
    TrainOptions options = train_options_;
    options.num_iterations = fit_.trained.best_iteration;
    options.early_stopping_round = 0;
    const FitJob job = fit_job(recipe_, options, rows, {});
    TrainHooks quiet;
    quiet.stop = hooks_.stop;
    const OnPhase none = [](std::string_view, double) {};
    Fit again = members_.empty() ? fit(job, executor_, quiet, result_.seconds, none)
                                 : fit_committee(job, members_, executor_, quiet, result_.seconds, none);
    if (again.trained.cancelled) check_stop(hooks_.stop, "train");
    again.trained.model.history = std::move(fit_.trained.model.history);
    fit_ = std::move(again);
    refitted_ = true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled || !options_.keep_on_interrupt) throw;
    kept_ = true;
    warn({"interrupted", "the last training was stopped; the model of the training rows alone was kept", "", "", {}});
  }
}

inline void StudyRun::keep_artifacts(track::Run& run) const {
  run.text("importance.json", importance_json(fit_.trained.model));
  if (binary() || multiclass()) {
    const std::vector<double> valid = labels_of(parts_.split.valid), test = labels_of(parts_.split.test);
    const std::vector<double> valid_weights = weights_of(parts_.split.valid),
                              test_weights = weights_of(parts_.split.test);
    const std::array parts{ScoredPart{"valid", valid_scores_, valid, valid_weights},
                           ScoredPart{"test", test_scores_, test, test_weights}};
    run.text("confusion.json", confusion_json(target_, result_.threshold, parts));
  }
  if (report_.empty()) return;
  run.artifact({absolute_path(options_.report), "report.html"});
  if (!hooks_.figures) return;
  for (const auto& [name, svg] : hooks_.figures(report_)) run.text("figures/" + name, svg);
}

/// The model is saved by now: what goes wrong here is an error that says where it lies.
inline void StudyRun::register_if_asked() {
  if (options_.register_name.empty() || !hooks_.registry) return;
  try {
    track::Registry* registry = hooks_.registry();
    const track::ModelVersion version = registry->register_model({options_.register_name, result_.model, log_.id()});
    result_.model_name = version.name;
    result_.model_version = std::to_string(version.version);
    if (!options_.alias.empty() && !registry->find_alias(version.name, options_.alias)) {
      track::give_alias(*registry, version.name, options_.alias, version.version);
    }
  } catch (const Error& error) {
    fail(error.code(), error.where(), error.message() + "; the model itself is saved in " + result_.model);
  }
}

/// Each fold is a run below the study's: its curve while it was trained, and now what its model says of the rows it did
/// not see.
inline void StudyRun::log_folds() {
  for (std::size_t f = 0; f < fold_metrics_.size(); ++f) {
    std::optional<track::Run>& run = fold_runs_[f];
    if (!run) continue;
    log_.log([&](track::Run&) {
      std::vector<track::MetricPoint> points{{"best_iteration", static_cast<double>(cv_->best_iterations[f]), 0, 0}};
      for (const auto& [name, value] : fold_metrics_[f]) {
        if (value) points.push_back({"valid." + name, *value, 0, 0});
      }
      run->metrics(points);
      run->finish();
    });
  }
}

inline void StudyRun::finish_log(track::RunStatus status) {
  for (std::optional<track::Run>& fold : fold_runs_) {
    if (fold) log_.log([&](track::Run&) { fold->finish(status); });
  }
  log_.finish(status);
}

inline StudyResult StudyRun::run() {
  check_options();
  check_output();
  begin_log();
  try {
    check("read");
    read();
    audit();
    choose_defaults();
    log_train_params(false);
    search_if_asked();
    if (options_.search > 0) log_train_params(true);
    cross_validate_if_asked();
    fit_all();
    score();
    save();
    if (options_.search > 0) SearchJournal(options_.output + ".search.json", {}).remove();
    log_.log([&](track::Run& run) {
      std::vector<track::MetricPoint> points;
      for (const auto& [part, list] :
           {std::pair("train", &result_.train), std::pair("valid", &result_.valid), std::pair("test", &result_.test)}) {
        for (const auto& [name, value] : *list) {
          if (value) points.push_back({std::string(part) + "." + name, *value, 0, 0});
        }
      }
      for (const FoldMetric& metric : result_.cv_metrics) {
        if (metric.mean) points.push_back({"cv." + metric.name, *metric.mean, 0, 0});
      }
      run.metrics(points);
      run.tag("riskflag.model_digest", result_.digest);
      run.tag("riskflag.data_digest", table_.files.front().sha256);
      run.tag("riskflag.engine", predictor_->describe());
      run.model({result_.model, "model"});
      keep_artifacts(run);
    });
    log_folds();
    register_if_asked();
    finish_log(track::RunStatus::finished);
  } catch (const Error& error) {
    finish_log(error.code() == ErrorCode::cancelled ? track::RunStatus::killed : track::RunStatus::failed);
    throw;
  } catch (...) {
    finish_log(track::RunStatus::failed);
    throw;
  }
  result_.seconds.total = total_.seconds();
  result_.peak_rss_bytes = peak_rss_bytes();
  return std::move(result_);
}

}  // namespace detail

inline StudyResult run_study(const StudyOptions& options, Executor& executor, const StudyHooks& hooks) {
  return detail::StudyRun(options, executor, hooks).run();
}

}  // namespace riskflag::inline v0_1::study
