#pragma once

// The search of a study: trials on its own training and held-out rows, before the training that makes the model.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/json/schema_json.hpp>
#include <riskflag/study/detail/study_run.hpp>
#include <riskflag/study/evaluate.hpp>
#include <riskflag/study/search.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// `base` with a trial's settings; Error(invalid_option) says which trial and value cannot be.
[[nodiscard]] inline TrainOptions trial_options(TrainOptions base, const SearchTrial& trial) {
  try {
    for (const auto& [name, value] : trial.settings) set_option(base, name, value);
    validate(base);
  } catch (const Error& error) {
    fail(error.code(), "--search-space", error.message() + " (in \"" + trial_text(trial.settings) + "\")");
  }
  return base;
}

[[nodiscard]] inline double held_out_loss(bundle::Kind kind, std::span<const double> scores,
                                          std::span<const double> labels, std::span<const double> weights) {
  for (const auto& [name, value] : evaluate(kind, scores, labels, weights, 0.5)) {
    if (name == (kind == bundle::Kind::regression ? "rmse" : "log_loss") && value) return *value;
  }
  fail(ErrorCode::invalid_data, "--search", "the held-out rows give no loss; they have no weight");
}

/// Six digits, for a sentence.
[[nodiscard]] inline std::string rounded(double x) {
  return number_text(static_cast<double>(static_cast<long long>(x * 1e6 + 0.5)) / 1e6);
}

/// Everything but the trial that a trial's score depends on.
inline std::string StudyRun::search_key() const {
  JsonWriter json;
  json.begin_object();
  for (const DataFile& file : table_.files) json.key(file.context).value(file.sha256);
  json.key("schema").value(schema_digest(schema_)).key("recipe").value(prep::recipe_text(options_.recipe));
  for (const auto& [name, value] : options_list(train_options_)) json.key(name).value(value);
  json.key("seed").value(options_.seed).key("target").value(options_.columns.target);
  json.key("positive").value(target_.positive).key("cv").value(options_.parts.cv);
  json.key("split").value(static_cast<int>(options_.parts.kind)).key("time_by").value(options_.parts.time_by);
  json.key("group_by").begin_array();
  for (const std::string& column : options_.parts.group_by) json.value(column);
  json.end_array().key("monotone").begin_array();
  for (const prep::FieldDirection& promise : options_.monotone) json.value(promise.field).value(promise.sign);
  json.end_array();
  json.key("space").begin_array();
  for (const SearchParameter& p : options_.search_space) {
    json.value(p.name).value(p.low).value(p.high).value(p.log).value(p.whole);
    for (const std::string& choice : p.choices) json.value(choice);
  }
  json.end_array();
  for (const auto* rows : {&parts_.split.train, &parts_.split.valid}) {
    const auto* bytes = reinterpret_cast<const char*>(rows->data());
    json.key("rows").value(sha256_hex(std::string_view(bytes, rows->size() * sizeof(std::uint32_t))));
  }
  json.end_object();
  return sha256_hex(json.text());
}

inline TrialScore StudyRun::judge_trial(const SearchTrial& trial, double share, Executor& executor) const {
  const TrainOptions options = trial_options(train_options_, trial);
  // Nested: the rows of a share are among those of every greater one.
  std::vector<std::uint32_t> rows;
  const Random random = Random(options_.seed, 0x736861726573);
  for (const std::uint32_t row : parts_.split.train) {
    if (share >= 1 || random.uniform(row) < share) rows.push_back(row);
  }
  TrainHooks train_hooks;
  train_hooks.stop = hooks_.stop;
  Seconds seconds;
  const FitJob job = fit_job(recipe_, options, rows, parts_.split.valid);
  if (options_.parts.cv > 0) {
    FoldHooks hooks;
    hooks.train = [&](int) { return train_hooks; };
    hooks.on_phase = [](int, std::string_view, double) {};
    const CrossValidation cv =
        cross_validate(job, parts_, options_.parts.cv, split_options(options_), executor, hooks, seconds);
    return {held_out_loss(result_.kind, cv.scores, labels_of(cv.rows), weights_of(cv.rows)), cv.rounds};
  }
  const Fit fitted = fit(job, executor, train_hooks, seconds, [](std::string_view, double) {});
  if (fitted.trained.cancelled) check_stop(hooks_.stop, "search");
  const Predictor predictor = value_or_throw(Predictor::make(fitted.trained.model));
  const std::vector<double> scores =
      score_rows(table_.frame, fitted.schema, fitted.pipeline, predictor, parts_.split.valid, offsets_, executor);
  return {held_out_loss(result_.kind, scores, labels_of(parts_.split.valid), weights_of(parts_.split.valid)),
          fitted.trained.best_iteration};
}

inline void StudyRun::search_if_asked() {
  if (options_.search == 0) return;
  tell("search", 0);
  const std::size_t rows = parts_.split.train.size(), count = static_cast<std::size_t>(options_.search);
  for (std::size_t t = 0; t <= count; ++t)
    (void)trial_options(train_options_, {t, draw_trial(options_.search_space, options_.seed, t), 0, {}});
  SearchJournal journal(options_.output + ".search.json", search_key(), {log_.id(), options_.command});
  const std::vector<double> shares = search_shares(rows);
  std::size_t judged = 0;
  const JudgeTrials judge = [&](const std::vector<SearchTrial>& trials, double share) {
    std::vector<TrialScore> scores(trials.size());
    constexpr std::size_t kSideBySide = 200'000;  // rows: below, a core a trial; above, all cores one trial
    if (static_cast<double>(rows) * share < kSideBySide) {
      executor_.run(trials.size(), [&](std::size_t i, unsigned) {
        SerialExecutor alone;
        scores[i] = judge_trial(trials[i], share, alone);
      });
    } else {
      for (std::size_t i = 0; i < trials.size(); ++i) scores[i] = judge_trial(trials[i], share, executor_);
    }
    check("search");
    judged += trials.size();
    tell("search", static_cast<double>(judged) / static_cast<double>((count + 1) * shares.size()));
    return scores;
  };
  try {
    result_.search = search(options_.search_space, count, options_.seed, shares, judge, journal);
  } catch (const Error& error) {
    const std::string kept = options_.output + ".search.json";
    if (error.code() != ErrorCode::cancelled || !exists(kept)) throw;
    fail(error.code(), error.where(),
         "stopped in phase search; the same command goes on with the trials that " + kept + " has");
  }
  const char* const loss = result_.kind == bundle::Kind::regression ? "rmse " : "log loss ";
  for (const SearchTrial& trial : result_.search.trials) {
    log_.child("trial " + std::to_string(trial.number), options_.experiment, [&](track::Run& run) {
      std::vector<track::KeyValue> params;
      for (const auto& [name, value] : trial.settings) params.push_back({name, value});
      run.params(params);
      run.metric("search.loss", trial.score.loss);
      run.metric("search.rounds", trial.score.rounds);
      run.metric("search.share", trial.share);
    });
    if (hooks_.note) {
      hooks_.note("search: trial " + std::to_string(trial.number) + ": " + loss + rounded(trial.score.loss) +
                  (trial.share < 1 ? " on " + rounded(trial.share) + " of the rows" : "") + " (" +
                  trial_text(trial.settings) + ")");
    }
  }
  const SearchTrial &best = result_.search.trials[result_.search.best], &given = result_.search.trials[0];
  if (hooks_.note) {
    hooks_.note("search: trial " + std::to_string(best.number) + " of " + std::to_string(count) + " it is, " + loss +
                rounded(best.score.loss) + " against " + rounded(given.score.loss) + " of the options as given");
  }
  train_options_ = trial_options(train_options_, best);
  log_.log([&](track::Run& run) {
    run.tag("riskflag.search", "trial " + std::to_string(best.number) + ": " + trial_text(best.settings));
  });
}

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
