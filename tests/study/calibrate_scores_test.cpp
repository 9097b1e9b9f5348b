#include <riskflag/study/study.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <riskflag/calibrate/fit.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/study/result_json.hpp>

#include "metric_value.hpp"
#include "text_sink.hpp"

namespace riskflag::study {
namespace {

/// What a study of simulated loans ended with.
struct Seen {
  StudyResult result;
  std::optional<bundle::Bundle> model;
  std::vector<std::string> notes;
  std::vector<double> train, valid, test, labels, out_of_fold;  // scores of the parts; labels of the choosing rows
  std::vector<std::uint32_t> choosing;
};

Seen run(const StudyOptions& wanted, std::size_t turned_test_labels = 0) {
  const std::string directory =
      (std::filesystem::temp_directory_path() / ("riskflag-calibrate-" + track::new_run_id())).string();
  make_directories(directory);
  Frame frame = simulate({.rows = 1500});
  if (turned_test_labels > 0) {  // split time by Id: the last rows are the test part
    Column target = frame.remove("Risk_Flag");
    for (std::size_t i = 1500 - turned_test_labels; i < 1500; ++i) target.numbers[i] = 1 - target.numbers[i];
    frame.add(std::move(target));
  }
  TextSink sink;
  write_csv(frame, sink);
  StudyOptions options = wanted;
  options.data = "loans.csv";
  options.output = join_path(directory, "model");
  options.report = join_path(directory, "r.html");
  options.columns.target = "Risk_Flag";
  options.columns.protected_ = {"Sex"};
  options.train.num_iterations = 40;
  options.train.learning_rate = 0.3;
  Seen seen;
  StudyHooks hooks;
  hooks.open = [&](const std::string& path) -> std::unique_ptr<ByteSource> {
    return std::make_unique<MemorySource>(sink.text, path);
  };
  hooks.note = [&](std::string_view note) { seen.notes.emplace_back(note); };
  hooks.report = [&](const StudyView& view) {
    seen.train.assign(view.train_scores.begin(), view.train_scores.end());
    seen.valid.assign(view.valid_scores.begin(), view.valid_scores.end());
    seen.test.assign(view.test_scores.begin(), view.test_scores.end());
    seen.choosing = view.split.valid;
    if (view.cross_validation != nullptr) {
      seen.out_of_fold = view.cross_validation->scores;
      seen.choosing = view.cross_validation->rows;
    }
    for (const std::uint32_t row : seen.choosing) seen.labels.push_back(view.target.labels[row]);
    return std::string("page");
  };
  SerialExecutor executor;
  try {
    seen.result = run_study(options, executor, hooks);
    seen.model.emplace(bundle::open(options.output));
  } catch (...) {
    remove_all(directory);
    throw;
  }
  remove_all(directory);
  return seen;
}

std::vector<double> through(const Calibration& calibration, std::vector<double> scores) {
  apply_calibration(calibration, scores);
  return scores;
}

std::size_t warnings_of(const Seen& seen, const char* code) {
  return static_cast<std::size_t>(std::count_if(seen.result.warnings.begin(), seen.result.warnings.end(),
                                                [&](const Warning& w) { return w.code == code; }));
}

}  // namespace

TEST_CASE("the calibration is fitted on validation scores, and threshold and metrics are of calibrated ones") {
  const Seen plain = run({});
  CHECK(plain.model->calibration == Calibration{});
  CHECK(plain.notes.empty());
  for (const std::string how : {"platt", "beta", "isotonic", "auto"}) {
    CAPTURE(how);
    StudyOptions options;
    options.calibrate = how;
    const Seen seen = run(options);
    const CalibrationData data{plain.valid, plain.labels};
    const Calibration want = how == "platt"  ? fit_platt(data)
                             : how == "beta" ? fit_beta(data)
                             : how == "auto" ? choose_calibration(data)
                                             : fit_isotonic(data);
    CHECK(seen.model->calibration == want);
    CHECK(seen.model->model == plain.model->model);
    CHECK(seen.train == through(want, plain.train));
    CHECK(seen.valid == through(want, plain.valid));
    CHECK(seen.test == through(want, plain.test));
    CHECK(seen.result.threshold == choose_threshold({}, seen.valid, plain.labels, {}));
    CHECK(seen.notes == std::vector<std::string>{calibration_sentence(want)});
    CHECK(seen.model->metrics_json.find("\"calibration\": \"" + std::string(name_of(want.method)) + "\"") !=
          std::string::npos);
    if (how == "platt" || how == "beta")
      CHECK(value_of(seen.result.test, "roc_auc") == value_of(plain.result.test, "roc_auc"));
    if (want.method != CalibrationMethod::identity)
      CHECK(value_of(seen.result.valid, "log_loss") < value_of(plain.result.valid, "log_loss"));
  }
}

TEST_CASE("with cv the calibration is fitted on the out-of-fold scores") {
  StudyOptions options;
  options.parts.cv = 3;
  const Seen plain = run(options);
  options.calibrate = "platt";
  const Seen seen = run(options);
  const Calibration want = fit_platt({plain.out_of_fold, plain.labels});
  CHECK(seen.model->calibration == want);
  CHECK(seen.out_of_fold == through(want, plain.out_of_fold));
  CHECK(seen.result.threshold == choose_threshold({}, seen.out_of_fold, plain.labels, {}));
}

TEST_CASE("invariant: test rows do not reach the calibration") {
  StudyOptions options;
  options.calibrate = "auto";
  options.parts.kind = SplitKind::time;
  options.parts.time_by = "Id";
  const Seen plain = run(options), turned = run(options, 250);
  CHECK(turned.model->calibration == plain.model->calibration);
  CHECK(turned.result.threshold == plain.result.threshold);
  CHECK(value_of(turned.result.test, "log_loss") != value_of(plain.result.test, "log_loss"));
}

TEST_CASE("class weights without calibration are warned of with both rates; prior takes the factor out again") {
  StudyOptions options;
  options.train.scale_pos_weight = 8;
  options.train.early_stopping_round = 5;
  options.early_stopping_given = true;
  const Seen raw = run(options);
  REQUIRE(warnings_of(raw, "uncalibrated_weights") == 1);
  const auto it = std::find_if(raw.result.warnings.begin(), raw.result.warnings.end(),
                               [](const Warning& w) { return w.code == "uncalibrated_weights"; });
  CHECK(it->message.find("multiplied the odds by 8,") != std::string::npos);
  options.calibrate = "prior";
  const Seen prior = run(options);
  CHECK(warnings_of(prior, "uncalibrated_weights") == 0);
  CHECK(prior.model->calibration == odds_correction(8));
  CHECK(prior.test == through(odds_correction(8), raw.test));
  options.calibrate = "auto";
  CHECK(run(options).model->calibration.trials.size() == 5);  // prior among them
  options.train.scale_pos_weight = 1;
  options.train.is_unbalance = true;
  options.calibrate = "none";
  CHECK(warnings_of(run(options), "uncalibrated_weights") == 1);
}

TEST_CASE("a calibration without held-out rows, or of a regression, is refused before anything is read") {
  StudyOptions options;
  options.calibrate = "platt";
  options.parts.valid_fraction = 0;
  CHECK_THROWS_AS((void)run(options), Error);
  options.calibrate = "prior";
  CHECK_NOTHROW((void)run(options));
  StudyOptions regression;
  regression.calibrate = "platt";
  regression.train.objective = "regression";
  regression.parts.kind = SplitKind::random;
  CHECK_THROWS_AS((void)run(regression), Error);
}

}  // namespace riskflag::study
