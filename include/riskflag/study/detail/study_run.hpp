#pragma once

// The steps of a study and what they share; run_study.hpp and the headers that it includes define them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/study/fit.hpp>
#include <riskflag/study/hooks.hpp>
#include <riskflag/study/parts.hpp>
#include <riskflag/study/run_log.hpp>
#include <riskflag/study/view.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

struct FoldTrial;

/// One training of a committee.
struct Member {
  TrainOptions options;
  std::vector<std::string> without{};  ///< features that it may not ask
};

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
        recipe_(options.recipe),
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
  void check_multiclass() const;
  void count_classes();
  void check_places() const;
  void check_output() const;
  void begin_log();
  void log_train_params(bool searched);
  void read();
  void audit();
  void choose_defaults();
  [[nodiscard]] std::vector<std::vector<std::uint32_t>> judging_folds(const std::vector<std::uint32_t>& rows) const;
  [[nodiscard]] FoldTrial try_fold(const prep::Recipe& recipe, const TrainOptions& options,
                                   const std::vector<std::uint32_t>& rows, const std::vector<std::uint32_t>& held_out,
                                   Executor& executor) const;
  [[nodiscard]] std::vector<std::string> columns_of_levels(std::size_t least) const;
  void search_if_asked();
  [[nodiscard]] std::string search_key() const;
  [[nodiscard]] TrialScore judge_trial(const SearchTrial& trial, double share, Executor& executor) const;
  void cross_validate_if_asked();
  void fit_all();
  void refit();
  void score();
  /// The rows that choose: out of fold, else validation, else training.
  struct Chooser {
    std::span<const std::uint32_t> rows;
    std::span<const double> scores;
  };
  [[nodiscard]] Chooser chooser();
  void calibrate();
  void choose_and_judge();
  void warn_unseen(std::span<const std::uint32_t> rows, const char* part);
  [[nodiscard]] const std::vector<std::uint32_t>& unseen_rows() const noexcept;
  [[nodiscard]] std::vector<std::optional<double>> permute();
  [[nodiscard]] GlobalView explain_all();
  struct DependentRows {
    std::vector<std::uint64_t> groups{};  // one a row of the table; empty: every row for itself
    std::string by{};
  };
  [[nodiscard]] DependentRows dependent_rows() const;
  [[nodiscard]] bundle::ApprovedRows approved_rows();
  [[nodiscard]] Frame example_rows() const;
  void make_report();
  void save();
  void keep_artifacts(track::Run& run) const;
  void log_folds();
  void finish_log(track::RunStatus status);
  void register_if_asked();
  [[noreturn]] void keep_elsewhere(const bundle::BundleParts& parts, const Error& why) const;

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
  [[nodiscard]] bool multiclass() const noexcept { return result_.kind == bundle::Kind::multiclass; }
  [[nodiscard]] std::vector<double> labels_of(std::span<const std::uint32_t> rows) const {
    return gather(std::span<const double>(target_.labels), rows);
  }
  [[nodiscard]] std::vector<double> weights_of(std::span<const std::uint32_t> rows) const {
    return gather(std::span<const double>(weights_), rows);
  }
  [[nodiscard]] std::vector<double> offsets_of(std::span<const std::uint32_t> rows) const {
    return gather(std::span<const double>(offsets_), rows);
  }
  /// A fit of this study's table; what is given must outlive it.
  [[nodiscard]] FitJob fit_job(const prep::Recipe& recipe, const TrainOptions& options,
                               std::span<const std::uint32_t> train_rows,
                               std::span<const std::uint32_t> valid_rows) const {
    return {.frame = table_.frame,
            .schema = schema_,
            .recipe = recipe,
            .labels = target_.labels,
            .weights = weights_,
            .groups = parts_.groups,
            .train_rows = train_rows,
            .valid_rows = valid_rows,
            .options = options,
            .monotone = options_.monotone,
            .offsets = offsets_};
  }
  /// Obeys a stop; once there is a model to keep, notes it and goes on: what is left to do takes seconds.
  void check(std::string_view phase) {
    if (kept_) return;
    if (!keeps()) return check_stop(hooks_.stop, phase);
    if (hooks_.stop.stop_requested()) keep(std::string(phase));
  }
  [[nodiscard]] bool keeps() const noexcept { return options_.keep_on_interrupt && trained_; }
  void keep(const std::string& phase) {
    kept_ = true;
    warn({"interrupted", "stopped in phase " + phase + "; the model was trained by then and was kept", "", "", {}});
  }
  /// For work without which there is no model directory.
  [[nodiscard]] std::stop_token stop_unless_kept() const { return kept_ || keeps() ? std::stop_token() : hooks_.stop; }

  const StudyOptions& options_;
  Executor& executor_;
  const StudyHooks& hooks_;
  TrainOptions train_options_;
  prep::Recipe recipe_;          // the options', and what table_defaults adds
  std::vector<Member> members_;  // of a committee; empty: one training
  bool folds_chose_ = false;     // table_defaults, by folds
  bool refitted_ = false;
  StudyResult result_;
  RunLog log_;
  Stopwatch total_;
  bool trained_ = false;  // fit_ has the model that is to be saved
  bool kept_ = false;     // interrupted, and its model is kept

  Table table_;
  Schema schema_;  // of the whole table
  Target target_;
  std::vector<double> weights_, offsets_;
  Parts parts_;
  std::vector<audit::Finding> findings_;
  std::optional<CrossValidation> cv_;
  std::vector<MetricList> fold_metrics_;              // of each fold's held-out rows
  std::vector<std::optional<track::Run>> fold_runs_;  // from a fold's first round until it is judged
  std::vector<std::uint32_t> train_rows_;
  Fit fit_;
  std::optional<Predictor> predictor_;
  Calibration calibration_;
  std::string report_;                                             // its text; empty: none was asked for
  std::vector<double> train_scores_, valid_scores_, test_scores_;  // calibrated once calibrate() is done
};

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
