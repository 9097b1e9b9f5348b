#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/json/schema_json.hpp>
#include <riskflag/monitor/reference.hpp>
#include <riskflag/prep/fields.hpp>
#include <riskflag/study/permutation.hpp>
#include <riskflag/study/result_json.hpp>
#include <riskflag/study/run_log.hpp>
#include <riskflag/study/study.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// One study from beginning to end; a class only because its steps share so much.
///
/// Life: 1. constructed; 2. run(), once.
class StudyRun {
 public:
  StudyRun(const StudyOptions& options, Executor& executor, const StudyHooks& hooks)
      : options_(options),
        executor_(executor),
        hooks_(hooks),
        train_options_(options.train),
        log_(hooks.logger, hooks.tracking_required, [this](const std::string& why) {
          warn({"tracking_failed",
                "the run's record is incomplete: " + why,
                "",
                "--tracking-required makes it an error",
                {}});
        }) {}

  [[nodiscard]] StudyResult run();

 private:
  void check_options();
  void check_output() const;
  void begin_log();
  void read();
  void audit();
  void cross_validate_if_asked();
  void fit_all();
  void score();
  void choose_and_judge();
  void warn_unseen(std::span<const std::uint32_t> rows, const char* part);
  [[nodiscard]] std::vector<std::optional<double>> permute();
  [[nodiscard]] Frame example_rows() const;
  void save();

  void warn(Warning warning) {
    if (hooks_.warning) hooks_.warning(warning);
    result_.warnings.push_back(std::move(warning));
  }
  void tell(std::string_view phase, double fraction, int fold = 0) {
    if (!hooks_.progress) return;
    Progress progress;
    progress.phase = phase;
    progress.fraction = fraction;
    progress.fold = fold;
    progress.folds = fold > 0 ? options_.parts.cv : 0;
    hooks_.progress(progress);
  }
  [[nodiscard]] TrainHooks train_hooks(int fold, int iterations);
  [[nodiscard]] bool binary() const noexcept { return result_.kind == bundle::Kind::binary; }
  [[nodiscard]] std::vector<double> labels_of(std::span<const std::uint32_t> rows) const {
    return gather(std::span<const double>(target_.labels), rows);
  }
  [[nodiscard]] std::vector<double> weights_of(std::span<const std::uint32_t> rows) const {
    return gather(std::span<const double>(weights_), rows);
  }
  /// False once an interrupted training is to be kept: what is left to do takes seconds.
  void check(std::string_view phase) const {
    if (!kept_) check_stop(hooks_.stop, phase);
  }

  const StudyOptions& options_;
  Executor& executor_;
  const StudyHooks& hooks_;
  TrainOptions train_options_;
  StudyResult result_;
  RunLog log_;
  Stopwatch total_;
  bool kept_ = false;

  Table table_;
  Schema schema_;  // of the whole table
  Target target_;
  std::vector<double> weights_;
  Parts parts_;
  std::vector<audit::Finding> findings_;
  std::optional<CrossValidation> cv_;
  std::vector<std::uint32_t> train_rows_;
  Fit fit_;
  std::optional<Predictor> predictor_;
  std::vector<double> train_scores_, valid_scores_, test_scores_;
};

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

inline void StudyRun::warn_unseen(std::span<const std::uint32_t> rows, const char* part) {
  const prep::FieldEncoder encoder(fit_.schema);
  for (std::size_t f = 0; f < encoder.fields().size(); ++f) {
    if (encoder.fields()[f].type != ColumnType::category) continue;
    const Column& column = *table_.frame.find(encoder.fields()[f].name);
    std::vector<bool> unseen(column.levels.size());
    bool any = false;
    for (std::size_t code = 0; code < unseen.size(); ++code) {
      unseen[code] = encoder.level_code(f, column.levels[code]) == prep::kUnseen;
      any = any || unseen[code];
    }
    if (!any) continue;
    std::size_t count = 0;
    std::set<std::int32_t> levels;
    for (const std::uint32_t row : rows) {
      const std::int32_t code = column.codes[row];
      if (code == kMissingCode || !unseen[static_cast<std::size_t>(code)]) continue;
      ++count;
      levels.insert(code);
    }
    if (count == 0) continue;
    warn({"unseen_levels",
          std::to_string(count) + " " + part + " rows have " + std::to_string(levels.size()) + " levels of " +
              quoted(column.name) + " that no training row has (such as " +
              quoted(column.levels[static_cast<std::size_t>(*levels.begin())]) + "); they count as missing here, and " +
              (encoder.fields()[f].unseen == UnseenPolicy::error ? "an applicant with one is refused"
                                                                 : "for an applicant too"),
          column.name, "a recipe that groups rare levels", static_cast<double>(count)});
  }
}

inline void StudyRun::score() {
  tell("evaluate", 0);
  const Stopwatch watch;
  predictor_.emplace(value_or_throw(Predictor::make(fit_.trained.model)));
  const auto scores = [&](std::span<const std::uint32_t> rows) {
    return score_rows(table_.frame, fit_.schema, fit_.pipeline, *predictor_, rows, executor_);
  };
  train_scores_ = scores(train_rows_);
  check("evaluate");
  tell("evaluate", 0.4);
  valid_scores_ = scores(parts_.split.valid);
  test_scores_ = scores(parts_.split.test);
  warn_unseen(parts_.split.valid, "validation");
  warn_unseen(parts_.split.test, "test");
  check("evaluate");
  tell("evaluate", 0.7);
  choose_and_judge();
  result_.seconds.evaluate += watch.seconds();
  tell("evaluate", 1);
}

inline void StudyRun::choose_and_judge() {
  const std::vector<std::uint32_t>& chooser = cv_                          ? cv_->rows
                                              : parts_.split.valid.empty() ? train_rows_
                                                                           : parts_.split.valid;
  const std::vector<double>& chooser_scores = cv_                          ? cv_->scores
                                              : parts_.split.valid.empty() ? train_scores_
                                                                           : valid_scores_;
  if (binary())
    result_.threshold = choose_threshold(options_.threshold, chooser_scores, labels_of(chooser), weights_of(chooser));

  const auto judge = [&](std::span<const double> scores, std::span<const std::uint32_t> rows, const char* part) {
    const auto labels = labels_of(rows);
    MetricList list = evaluate(result_.kind, scores, labels, weights_of(rows), result_.threshold);
    if (binary() && !list.empty() && !list.front().second) {
      warn({"one_class_part",
            std::string("the ") + part + " part has labels of one class only; some of its metrics are null",
            "",
            "",
            {}});
    }
    return list;
  };
  result_.train = judge(train_scores_, train_rows_, "training");
  result_.valid = judge(valid_scores_, parts_.split.valid, "validation");
  result_.test = judge(test_scores_, parts_.split.test, "test");
  result_.train_rows = train_rows_.size();
  result_.valid_rows = parts_.split.valid.size();
  result_.test_rows = parts_.split.test.size();
  if (!cv_) return;
  result_.cv = options_.parts.cv;
  std::vector<MetricList> folds;
  for (const std::vector<std::size_t>& fold : cv_->folds) {
    std::vector<std::uint32_t> rows;
    std::vector<double> scores;
    for (const std::size_t position : fold) {
      rows.push_back(cv_->rows[position]);
      scores.push_back(cv_->scores[position]);
    }
    folds.push_back(judge(scores, rows, "held-out"));
  }
  result_.cv_metrics = fold_metrics(folds);
}

inline std::vector<std::optional<double>> StudyRun::permute() {
  // A sample is enough to rank features, and keeps the report of a long table within seconds.
  constexpr std::size_t kRows = 10000;
  const std::vector<std::uint32_t>& from = !parts_.split.valid.empty() ? parts_.split.valid : train_rows_;
  std::vector<std::uint32_t> rows;
  const std::size_t step = std::max<std::size_t>(1, from.size() / kRows);
  for (std::size_t i = 0; i < from.size() && rows.size() < kRows; i += step) rows.push_back(from[i]);
  prep::FeatureMatrix matrix =
      fit_.pipeline.transform(take_features(table_.frame, fit_.schema, rows), fit_.schema, executor_);
  return permutation_importance(*predictor_, std::move(matrix), result_.kind, labels_of(rows), weights_of(rows),
                                options_.seed, executor_, kept_ ? std::stop_token() : hooks_.stop);
}

/// Rows for the bundle's input example. Each cell comes from another training row, so that no row is somebody's
/// application.
inline Frame StudyRun::example_rows() const {
  constexpr std::size_t kExamples = 5;
  Frame example;
  const Random random(options_.seed, 0x6578616d706c65);
  std::uint64_t draw = 0;
  for (std::size_t f = 0; f < schema_.fields.size(); ++f) {
    if (schema_.fields[f].role != Role::feature) continue;
    std::vector<std::uint32_t> rows;
    for (std::size_t i = 0; i < kExamples; ++i) rows.push_back(train_rows_[random.below(train_rows_.size(), draw++)]);
    example.add(take_rows(table_.frame.column(f), rows));
  }
  return example;
}

inline void StudyRun::save() {
  std::string html;
  if (!options_.report.empty() && hooks_.report) {
    tell("report", 0);
    const std::vector<std::optional<double>> permutation = permute();
    check("report");
    result_.peak_rss_bytes = peak_rss_bytes();
    result_.seconds.total = total_.seconds();
    const StudyView view{
        options_,           table_,        fit_.schema,   target_,      parts_.split,          findings_,   weights_,
        fit_.trained.model, train_scores_, valid_scores_, test_scores_, cv_ ? &*cv_ : nullptr, permutation, result_};
    html = hooks_.report(view);
    tell("report", 1);
  }
  check("save");
  tell("save", 0);
  const monitor::Reference reference =
      monitor::make_reference(fit_.schema, take_features(table_.frame, fit_.schema, train_rows_), train_scores_);
  const Frame example = example_rows();
  bundle::BundleParts parts{fit_.schema, fit_.pipeline, fit_.trained.model, reference, example};
  parts.decision.threshold = result_.threshold;
  parts.decision.reasons = options_.reasons;
  parts.metrics_json = metrics_json(result_, options_.threshold);
  parts.run_id = result_.run_id;
  check("save");
  result_.digest = bundle::save(parts, options_.output, options_.replace);
  result_.model = absolute_path(options_.output);
  if (!html.empty()) write_file(options_.report, html);
  tell("save", 1);
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
