#pragma once

// The second half of a study: scores, threshold, metrics, the model directory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/monitor/reference.hpp>
#include <riskflag/prep/fields.hpp>
#include <riskflag/study/approved.hpp>
#include <riskflag/study/dependent_rows.hpp>
#include <riskflag/study/detail/calibrate_scores.hpp>
#include <riskflag/study/detail/study_run.hpp>
#include <riskflag/study/permutation.hpp>
#include <riskflag/study/result_json.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

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
  StopExecutor scoring(executor_, stop_unless_kept(), "evaluate");
  const auto scores = [&](std::span<const std::uint32_t> rows) {
    return score_rows(table_.frame, fit_.schema, fit_.pipeline, *predictor_, rows, offsets_, scoring);
  };
  train_scores_ = scores(train_rows_);
  check("evaluate");
  tell("evaluate", 0.4);
  if (!refitted_) valid_scores_ = scores(parts_.split.valid);
  test_scores_ = scores(parts_.split.test);
  warn_unseen(parts_.split.valid, "validation");
  warn_unseen(parts_.split.test, "test");
  check("evaluate");
  tell("evaluate", 0.7);
  calibrate();
  choose_and_judge();
  result_.seconds.evaluate += watch.seconds();
  tell("evaluate", 1);
}

inline void StudyRun::choose_and_judge() {
  const Chooser chosen = chooser();
  if (binary()) {
    result_.threshold =
        choose_threshold(options_.threshold, chosen.scores, labels_of(chosen.rows), weights_of(chosen.rows));
  }

  const auto judge = [&](std::span<const double> scores, std::span<const std::uint32_t> rows, const char* part) {
    const auto labels = labels_of(rows);
    check("evaluate");
    MetricList list = evaluate(result_.kind, scores, labels, weights_of(rows), result_.threshold);
    if (!list.empty() && (binary() ? !list.front().second : multiclass() && !list.back().second)) {
      warn({"one_class_part",
            std::string("the ") + part +
                (binary() ? " part has labels of one class only; some of its metrics are null"
                          : " part lacks rows of a class; its roc_auc_ovr is null"),
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
  for (const std::vector<std::size_t>& fold : cv_->folds) {
    std::vector<std::uint32_t> rows;
    std::vector<double> scores;
    const std::size_t width = cv_->scores.size() / cv_->rows.size();
    for (const std::size_t position : fold) {
      rows.push_back(cv_->rows[position]);
      const auto first = cv_->scores.begin() + static_cast<std::ptrdiff_t>(position * width);
      scores.insert(scores.end(), first, first + static_cast<std::ptrdiff_t>(width));
    }
    fold_metrics_.push_back(judge(scores, rows, "held-out"));
  }
  result_.cv_metrics = fold_metrics(fold_metrics_);
}

/// Rows that the saved model did not learn from: validation, test where it learnt from validation rows too; training
/// rows where there are none.
inline const std::vector<std::uint32_t>& StudyRun::unseen_rows() const noexcept {
  if (!parts_.split.valid.empty() && !refitted_) return parts_.split.valid;
  return parts_.split.test.empty() ? train_rows_ : parts_.split.test;
}

inline std::vector<std::optional<double>> StudyRun::permute() {
  // A sample is enough to rank features, and keeps the report of a long table within seconds.
  constexpr std::size_t kRows = 10000;
  const std::vector<std::uint32_t>& from = unseen_rows();
  std::vector<std::uint32_t> rows;
  const std::size_t step = std::max<std::size_t>(1, from.size() / kRows);
  for (std::size_t i = 0; i < from.size() && rows.size() < kRows; i += step) rows.push_back(from[i]);
  const std::stop_token stop = kept_ ? std::stop_token() : hooks_.stop;
  StopExecutor permuting(executor_, stop, "report");
  prep::FeatureMatrix matrix =
      fit_.pipeline.transform(take_features(table_.frame, fit_.schema, rows, permuting), fit_.schema, permuting);
  return permutation_importance(*predictor_, std::move(matrix), result_.kind, labels_of(rows), weights_of(rows),
                                offsets_of(rows), options_.seed, permuting, stop);
}

/// Of a seeded sample of the rows that permute() looks at.
inline GlobalView StudyRun::explain_all() {
  constexpr std::size_t kRows = 500, kFeatures = 6;
  const std::vector<std::uint32_t>& from = unseen_rows();
  std::vector<std::uint32_t> rows;
  for (const std::size_t i : riskflag::detail::sample_rows(from.size(), {.sample = kRows, .seed = options_.seed})) {
    rows.push_back(from[i]);
  }
  const std::stop_token stop = kept_ ? std::stop_token() : hooks_.stop;
  StopExecutor explaining(executor_, stop, "report");
  const prep::FeatureMatrix matrix =
      fit_.pipeline.transform(take_features(table_.frame, fit_.schema, rows, explaining), fit_.schema, explaining);
  return explain_globally(fit_.trained.model, matrix.view(), kFeatures, explaining, stop);
}

/// Which rows are not independent: those of a group where the split is by groups, else equal ones where the guard found
/// that they repeat.
inline StudyRun::DependentRows StudyRun::dependent_rows() const {
  const auto names = [](const std::vector<std::string>& columns) {
    std::string text;
    for (const std::string& column : columns) text += (text.empty() ? "" : ", ") + column;
    return text;
  };
  if (!parts_.groups.empty()) {
    const std::vector<std::string>& by = options_.parts.group_by;
    return {parts_.groups, by == std::vector<std::string>{"fields"} ? "features" : names(by)};
  }
  std::vector<std::uint64_t> groups = repeated_row_groups(table_.frame, schema_, findings_);
  const bool repeat = !groups.empty();
  return {std::move(groups), repeat ? "features" : ""};
}

/// Validation rows (training rows where there are none) that this very model lets pass, as it sees them: no column that
/// is no feature is among them.
inline bundle::ApprovedRows StudyRun::approved_rows() {
  if (options_.reason_reference != "approved") return {};
  const bool valid = !parts_.split.valid.empty() && !refitted_;  // then the scores are another model's
  const std::vector<std::uint32_t>& from = valid ? parts_.split.valid : train_rows_;
  std::vector<std::uint32_t> rows;
  for (const std::size_t i :
       choose_approved(valid ? valid_scores_ : train_scores_, result_.threshold, bundle::kMostApproved)) {
    rows.push_back(from[i]);
  }
  if (rows.empty()) {
    warn({"no_approved_rows",
          std::string("no ") + (valid ? "validation" : "training") +
              " row scores below the threshold, so that reasons compare with the training mean",
          "", "another --threshold", result_.threshold});
    return {};
  }
  const prep::FeatureMatrix matrix =
      fit_.pipeline.transform(take_features(table_.frame, fit_.schema, rows, executor_), fit_.schema, executor_);
  bundle::ApprovedRows approved{matrix.cols, {}};
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    for (std::size_t f = 0; f < matrix.cols; ++f) approved.cells.push_back(matrix.view()(i, f));
  }
  return approved;
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

/// The output's place took no model directory: saves it where temporary files go, and says so. Minutes of training must
/// not be lost to a disk that filled up in them.
inline void StudyRun::keep_elsewhere(const bundle::BundleParts& parts, const Error& why) const {
  if (why.code() != ErrorCode::io && why.code() != ErrorCode::already_exists && why.code() != ErrorCode::unsupported)
    throw why;
  std::string kept, failure;
  try {
    kept = join_path(std::filesystem::temp_directory_path().string(),
                     file_name(absolute_path(options_.output)) + "-kept-" + track::new_run_id());
    (void)bundle::save(parts, kept);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  fail(why.code(), why.where(),
       why.message() + (failure.empty()
                            ? "; the trained model is kept in " + kept + ": move it where there is room"
                            : "; it could not be kept elsewhere either (" + failure + "), so the training is lost"));
}

inline void StudyRun::make_report() {
  tell("report", 0);
  const std::vector<std::optional<double>> permutation = permute();
  check("report");
  const GlobalView global = explain_all();
  check("report");
  result_.peak_rss_bytes = peak_rss_bytes();
  result_.seconds.total = total_.seconds();
  const DependentRows dependent = dependent_rows();
  const StudyView view{options_,         table_,        fit_.schema,  target_,
                       parts_.split,     findings_,     weights_,     fit_.trained.model,
                       train_scores_,    valid_scores_, test_scores_, cv_ ? &*cv_ : nullptr,
                       permutation,      global,        result_,      kept_ ? std::stop_token() : hooks_.stop,
                       dependent.groups, dependent.by};
  report_ = hooks_.report(view);
  tell("report", 1);
}

inline void StudyRun::save() {
  const bool reports = !options_.report.empty() && hooks_.report;
  // After an interrupt the model comes first: the second one ends the program at once.
  bool reports_last = reports && kept_;
  try {
    if (reports && !reports_last) make_report();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled || !keeps()) throw;
    keep("report");
    reports_last = true;
  }
  check("save");
  tell("save", 0);
  StopExecutor taking(executor_, stop_unless_kept(), "save");
  const Frame features = take_features(table_.frame, fit_.schema, train_rows_, taking);
  check("save");
  // A profile is of one score; several classes have none.
  const monitor::Reference reference = monitor::make_reference(
      fit_.schema, features, multiclass() ? std::span<const double>{} : std::span<const double>(train_scores_), taking);
  const Frame example = example_rows();
  bundle::BundleParts parts{fit_.schema, fit_.pipeline, fit_.trained.model, reference, example};
  parts.decision.threshold = result_.threshold;
  parts.decision.reasons = options_.reasons;
  parts.approved = approved_rows();
  parts.calibration = calibration_;
  parts.metrics_json = metrics_json(result_, options_.threshold);
  parts.run_id = result_.run_id;
  check("save");
  try {
    result_.digest = bundle::save(parts, options_.output, options_.replace);
  } catch (const Error& error) {
    keep_elsewhere(parts, error);
  }
  result_.model = absolute_path(options_.output);
  if (keeps()) check("save");  // else what is saved stays, and the run ends as it would
  try {
    if (reports_last) make_report();
    if (!report_.empty()) write_file(options_.report, report_);
  } catch (const Error& error) {
    fail(error.code(), error.where(), error.message() + "; the model itself is saved in " + result_.model);
  }
  tell("save", 1);
}

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
