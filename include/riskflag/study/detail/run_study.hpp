#pragma once

// The first half of a study: options, reading, the leak guard, fitting; and the order of all steps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/json/schema_json.hpp>
#include <riskflag/study/detail/judge_and_save.hpp>
#include <riskflag/study/detail/study_run.hpp>
#include <riskflag/study/study.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

inline void StudyRun::check_options() {
  validate(options_.train);
  result_.kind = bundle::kind_of(Objective{options_.train.objective, 1.0, 0.0});
  const auto refuse = [](const char* where, const std::string& message) {
    fail(ErrorCode::invalid_option, where, message);
  };
  if (options_.data.empty()) refuse("--data", "is needed: the CSV file to learn from");
  if (options_.columns.target.empty()) refuse("--target", "is needed: the column to predict");
  if (options_.output.empty()) refuse("--output", "is needed: the model directory to make");
  const PartOptions& parts = options_.parts;
  for (const auto& [flag, fraction] :
       {std::pair("--test-fraction", parts.test_fraction), std::pair("--valid-fraction", parts.valid_fraction)}) {
    if (!(fraction >= 0 && fraction < 1)) refuse(flag, number_text(fraction) + " is outside [0, 1)");
  }
  if (parts.cv < 0 || parts.cv == 1)
    refuse("--cv", std::to_string(parts.cv) + " folds; accepted: 2 or more (0 = no cross-validation)");
  if (parts.cv > 0 && !parts.valid_data.empty())
    refuse("--cv", "takes the validation rows out of each fold; leave out --valid");
  if (!binary() && parts.kind == SplitKind::stratified)
    refuse("--split", "stratified needs a binary target; accepted here: random, group, time");
  if (!binary() && options_.threshold.text != ThresholdRule{}.text) refuse("--threshold", "needs a binary target");
  if (!binary() && !options_.columns.positive.empty()) refuse("--positive", "needs a binary target");
  if (!parts.group_by.empty() && parts.kind != SplitKind::group) refuse("--group-by", "needs --split group");
  if (!parts.time_by.empty() && parts.kind != SplitKind::time) refuse("--time-by", "needs --split time");
}

inline void StudyRun::check_output() const {
  if (exists(options_.output)) {
    if (options_.replace == Replace::refuse) {
      fail(ErrorCode::already_exists, options_.output,
           "is there already; choose another --output, or --force to replace it");
    }
    const bool ours = is_directory(options_.output) &&
                      (list_directory(options_.output).empty() || exists(join_path(options_.output, "manifest.json")));
    if (!ours) {
      fail(ErrorCode::already_exists, options_.output,
           "is no model directory (it has no manifest.json); --force replaces only those");
    }
  }
  // What cannot be written is found now, not after the training.
  namespace fs = std::filesystem;
  const fs::path output = fs::path(absolute_path(options_.output)).lexically_normal();
  std::error_code absent;
  if (fs::is_directory(output.parent_path(), absent)) {
    const DirectoryWriter probe(options_.output, options_.replace);
  }
  if (options_.report.empty() || !hooks_.report) return;
  for (const auto& [flag, input] : {std::pair("--data", &options_.data), std::pair("--test", &options_.parts.test_data),
                                    std::pair("--valid", &options_.parts.valid_data)}) {
    if (!input->empty() && fs::is_regular_file(options_.report, absent) &&
        fs::equivalent(options_.report, *input, absent)) {
      fail(ErrorCode::invalid_option, "--report",
           quoted(options_.report) + " is the file of " + flag + ", which it would replace; name another file");
    }
  }
  const fs::path report = fs::path(absolute_path(options_.report)).lexically_normal();
  const bool inside = std::mismatch(output.begin(), output.end(), report.begin(), report.end()).first == output.end();
  const bool plain = !exists(options_.report) || fs::is_regular_file(options_.report, absent) ||
                     is_directory(options_.report);  // a pipe or a device is opened once, to write
  if (!inside && plain) const FileSink probe(options_.report);
}

inline void StudyRun::begin_log() {
  track::RunInfo info;
  info.experiment = options_.experiment;
  info.name = options_.run_name;
  log_.begin(info);
  result_.run_id = log_.id();
  log_.log([&](track::Run& run) {
    std::vector<track::KeyValue> params;
    for (const auto& [name, value] : options_list(train_options_)) params.push_back({name, value});
    params.push_back({"target", options_.columns.target});
    params.push_back({"threshold_rule", options_.threshold.text});
    params.push_back({"cv", std::to_string(options_.parts.cv)});
    params.push_back({"test_fraction", number_text(options_.parts.test_fraction)});
    params.push_back({"valid_fraction", number_text(options_.parts.valid_fraction)});
    run.params(params);
    run.tag("riskflag.version", std::string(kVersion));
    if (!options_.command.empty()) run.tag("riskflag.command", options_.command);
  });
}

inline void StudyRun::read() {
  tell("read", 0);
  const Stopwatch watch;
  table_ = read_table(options_, executor_, hooks_.open, hooks_.stop, [&](double done) { tell("read", done); });
  const std::vector<std::string>& drop = options_.columns.drop;
  for (const CsvNote& note : table_.notes) {
    if (std::find(drop.begin(), drop.end(), note.column) == drop.end())
      warn({note.code, note.message, note.column, "", {}});
  }
  // The model directory is JSON: names and levels that are not UTF-8 would come back as other text.
  for (const Column& column : table_.frame.columns()) {
    const std::string place = "column " + quoted(column.name);
    const char* remedy = " is not UTF-8 (Latin-1, Windows-1252?); save the file as UTF-8";
    if (!is_utf8(column.name)) fail(ErrorCode::invalid_data, options_.data, place + remedy);
    if (column.type != ColumnType::category || std::find(drop.begin(), drop.end(), column.name) != drop.end()) continue;
    for (const std::string& level : column.levels) {
      if (!is_utf8(level)) fail(ErrorCode::invalid_data, options_.data, place + ": " + quoted(level) + remedy);
    }
  }
  check("read");
  log_.log([&](track::Run& run) {
    for (const DataFile& file : table_.files) {
      run.dataset({file_name(file.path), file.sha256,
                   file.context == "train"   ? "train"
                   : file.context == "valid" ? "eval"
                                             : "test",
                   file.path, "", static_cast<std::int64_t>(file.rows),
                   static_cast<std::int64_t>(table_.frame.cols())});
    }
  });
  std::vector<Warning> dropped;
  schema_ = make_schema(table_.frame, options_, dropped);
  for (Warning& warning : dropped) warn(std::move(warning));
  target_ =
      read_target(table_.frame.column(options_.columns.target), result_.kind, options_.columns.positive, options_.data);
  schema_.positive = target_.positive;
  schema_.target_levels = target_.levels;
  result_.positive = target_.positive;
  weights_ = read_weights(table_.frame, options_);
  parts_ = make_parts(table_, schema_, options_, target_.labels);
  result_.seconds.read = watch.seconds();
  tell("read", 1);

  const bool early = options_.parts.cv > 0 || !parts_.split.valid.empty();
  if (!options_.early_stopping_given) train_options_.early_stopping_round = early ? kDefaultPatience : 0;
  if (!early) {
    train_options_.early_stopping_round = 0;
    warn({"no_validation_part",
          std::string("there are no validation rows: nothing stops the training early") +
              (binary() && options_.threshold.needs_rows() ? ", and the threshold is chosen on training rows" : ""),
          "",
          "--valid-fraction 0.1, --valid FILE or --cv 5",
          {}});
  }
}

inline void StudyRun::audit() {
  tell("audit", 0);
  Split split = parts_.split;
  if (options_.parts.cv > 0) {  // the guard looks at the first fold as if it were the validation part
    const auto labels = labels_of(split.train);
    const auto groups = gather(std::span<const std::uint64_t>(parts_.groups), split.train);
    const auto times = gather(std::span<const std::int64_t>(parts_.times), split.train);
    const auto folds = k_folds(split.train.size(), static_cast<std::size_t>(options_.parts.cv), split_options(options_),
                               labels, groups, times);
    std::vector<std::uint32_t> rest;
    std::size_t next = 0;
    for (std::size_t i = 0; i < split.train.size(); ++i) {
      const bool held = next < folds[0].size() && folds[0][next] == i;
      if (held) ++next;
      (held ? split.valid : rest).push_back(split.train[i]);
    }
    split.train = std::move(rest);
  }
  findings_ = audit::find_leaks(table_.frame, schema_, target_.labels, split, executor_);
  std::string sentences;
  for (const audit::Finding& finding : findings_) {
    warn({finding.code, finding.message, finding.column, finding.remedy, finding.number});
    sentences += (sentences.empty() ? "" : "; ") + finding.code + ": " + finding.message + " (" + finding.remedy + ")";
  }
  if (options_.strict && !findings_.empty()) fail(ErrorCode::invalid_data, options_.data, "--strict: " + sentences);
  check("audit");
  tell("audit", 1);
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
    if (fold > 0 || report.names.empty()) return;
    log_.log([&](track::Run& run) {
      std::vector<track::MetricPoint> points;
      for (std::size_t m = 0; m < report.names.size(); ++m)
        points.push_back({report.names[m], report.values[m], report.iteration, 0});
      run.metrics(points);
    });
  };
  return hooks;
}

inline void StudyRun::cross_validate_if_asked() {
  train_rows_ = parts_.split.train;
  if (options_.parts.cv == 0) return;
  const FitJob job{table_.frame, schema_, options_.recipe, target_.labels, weights_, parts_.groups,
                   train_rows_,  {},      train_options_};
  FoldHooks hooks;
  hooks.train = [this](int fold) { return train_hooks(fold, train_options_.num_iterations); };
  hooks.on_phase = [this](int fold, std::string_view phase) { tell(phase, 0, fold); };
  cv_ = cross_validate(job, parts_, options_.parts.cv, split_options(options_), executor_, hooks, result_.seconds);
  check("train");
  train_options_.num_iterations = cv_->rounds;
  train_options_.early_stopping_round = 0;
}

inline void StudyRun::fit_all() {
  const FitJob job{table_.frame,  schema_,     options_.recipe,    target_.labels, weights_,
                   parts_.groups, train_rows_, parts_.split.valid, train_options_};
  fit_ = fit(job, executor_, train_hooks(0, train_options_.num_iterations), result_.seconds,
             [this](std::string_view phase) { tell(phase, 0); });
  if (fit_.trained.cancelled) {
    if (!options_.keep_on_interrupt) check_stop(hooks_.stop, "train");
    kept_ = true;
    warn({"interrupted",
          "training was stopped after " + std::to_string(fit_.trained.model.trees.size()) +
              " trees; the model so far was kept",
          "", "", static_cast<double>(fit_.trained.model.trees.size())});
  }
  tell("train", 1);
  Model& model = fit_.trained.model;
  model.data_digest = table_.files.front().sha256;
  model.schema_digest = schema_digest(fit_.schema);
  result_.features = model.features.size();
  result_.trees = model.trees.size();
  result_.best_iteration = fit_.trained.best_iteration;
}

inline StudyResult StudyRun::run() {
  check_options();
  check_output();
  begin_log();
  try {
    check("read");
    read();
    audit();
    cross_validate_if_asked();
    fit_all();
    score();
    save();
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
      run.model({result_.model, "model"});
      if (!options_.report.empty() && hooks_.report) run.artifact({absolute_path(options_.report), "report.html"});
    });
    log_.finish(track::RunStatus::finished);
  } catch (const Error& error) {
    log_.finish(error.code() == ErrorCode::cancelled ? track::RunStatus::killed : track::RunStatus::failed);
    throw;
  } catch (...) {
    log_.finish(track::RunStatus::failed);
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
