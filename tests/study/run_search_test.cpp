#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/study/study.hpp>

#include "../sanitized.hpp"
#include "text_sink.hpp"

namespace riskflag::study {
namespace {

struct SearchSetup {
  std::string directory =
      (std::filesystem::temp_directory_path() / ("riskflag-run-search-" + track::new_run_id())).string();
  TextSink csv;
  StudyOptions options;
  StudyHooks hooks;
  std::vector<std::string> notes;

  SearchSetup() {
    make_directories(directory);
    write_csv(simulate({.rows = 800}), csv);
    options.data = "loans.csv";
    options.output = join_path(directory, "model");
    options.columns.target = "Risk_Flag";
    options.columns.id = {"Id"};
    options.columns.protected_ = {"Sex"};
    options.train.num_iterations = 15;
    options.search = 5;
    options.search_space = parse_search_space(R"({"num_leaves": {"low": 2, "high": 15}, "eta": [0.05, 0.3]})", "s");
    hooks.open = [this](const std::string& path) -> std::unique_ptr<ByteSource> {
      return std::make_unique<MemorySource>(csv.text, path);
    };
    hooks.note = [this](std::string_view note) { notes.emplace_back(note); };
  }
  ~SearchSetup() { remove_all(directory); }
  SearchSetup(const SearchSetup&) = delete;
  SearchSetup& operator=(const SearchSetup&) = delete;
  StudyResult run(Executor& executor) { return run_study(options, executor, hooks); }
  [[nodiscard]] std::string digest() const { return read_file(join_path(options.output, "manifest.json")); }
};

struct Trials final : track::Logger {
  std::string begin_run(const track::RunInfo& info) override {
    if (info.parent_run_id.empty()) {
      asked_for.push_back(info.run_id);
      parents.push_back(info.run_id.empty() ? track::new_run_id() : info.run_id);
      return parents.back();
    }
    CHECK(info.parent_run_id == parents.back());
    names.push_back(info.name);
    curve_when_begun.push_back(curve);
    return track::new_run_id();
  }
  void log_params(const std::string& run_id, std::span<const track::KeyValue> params) override {
    if (run_id != parents.back()) return;
    for (const auto& param : params) repeated += told.insert_or_assign(param.key, param.value).second ? 0 : 1;
  }
  void log_metrics(const std::string&, std::span<const track::MetricPoint> points) override {
    for (const auto& point : points) {
      losses += point.key == "search.loss" ? 1 : 0;
      held_out += point.key == "valid.roc_auc" ? 1 : 0;
      curve += point.key == "valid.binary_logloss" ? 1 : 0;
    }
  }
  void end_run(const std::string&, track::RunStatus status) override { ended.push_back(status); }
  std::vector<std::string> asked_for, parents, names;
  std::vector<int> curve_when_begun;  ///< points of all curves that had come when a run below began
  std::vector<track::RunStatus> ended;
  std::map<std::string, std::string> told;  ///< parameters of the study itself
  int losses = 0, held_out = 0, curve = 0, repeated = 0;
};

}  // namespace

TEST_CASE("invariant: a search gives the same model on any executor, and the best trial is the one that is trained") {
  SearchSetup one, three;
  SerialExecutor serial;
  Pool pool(3);
  Trials logger;
  one.hooks.logger = [&] { return &logger; };
  const StudyResult result = one.run(serial);
  (void)three.run(pool);
  CHECK(one.digest() == three.digest());
  CHECK(one.notes == three.notes);
  REQUIRE(result.search.trials.size() == 6);
  for (const SearchTrial& trial : result.search.trials)
    CHECK(result.search.trials[result.search.best].score.loss <= trial.score.loss);
  CHECK(logger.names == std::vector<std::string>{"trial 0", "trial 1", "trial 2", "trial 3", "trial 4", "trial 5"});
  CHECK(logger.losses == 6);
  CHECK(one.notes.size() == 7);
  // The same training by hand.
  SearchSetup by_hand;
  by_hand.options.search = 0;
  for (const auto& [name, value] : result.search.trials[result.search.best].settings)
    set_option(by_hand.options.train, name, value);
  (void)by_hand.run(serial);
  CHECK(by_hand.digest() == one.digest());
  // The record says with what the model was trained, not with what the search began.
  REQUIRE(result.search.best > 0);
  CHECK(logger.repeated == 0);
  TrainOptions trained = by_hand.options.train;
  trained.early_stopping_round = kDefaultPatience;  // nobody said otherwise, and there are validation rows
  for (const auto& [name, value] : options_list(trained)) CHECK(logger.told[name] == value);
  CHECK(list_directory(one.directory) == std::vector<std::string>{"model"});  // the search's own file is gone
}

TEST_CASE("with cv the trials are judged out of fold, and each fold is a run below the study's") {
  SearchSetup setup;
  Trials logger;
  setup.hooks.logger = [&] { return &logger; };
  setup.options.parts.cv = 3;
  setup.options.search = 2;
  SerialExecutor serial;
  const StudyResult result = setup.run(serial);
  CHECK(result.search.trials.size() == 3);
  CHECK(result.cv == 3);
  CHECK(logger.names == std::vector<std::string>{"trial 0", "trial 1", "trial 2", "fold 1", "fold 2", "fold 3"});
  CHECK(logger.held_out == 3);
  CHECK(logger.curve == 3 * 15);
  CHECK(logger.curve_when_begun == std::vector<int>{0, 0, 0, 0, 15, 30});  // a fold's curve comes while it is trained
  CHECK(logger.ended == std::vector<track::RunStatus>(7, track::RunStatus::finished));
}

TEST_CASE("a study that is stopped in a fold leaves no run open") {
  SearchSetup setup;
  Trials logger;
  std::stop_source stop;
  setup.hooks.logger = [&] { return &logger; };
  setup.hooks.stop = stop.get_token();
  setup.hooks.progress = [&](const Progress& progress) {
    if (progress.fold == 2 && progress.iteration == 5) stop.request_stop();
  };
  setup.options.parts.cv = 3;
  setup.options.search = 0;
  SerialExecutor serial;
  CHECK_THROWS_AS((void)setup.run(serial), Error);
  CHECK(logger.names == std::vector<std::string>{"fold 1", "fold 2"});
  CHECK(logger.ended == std::vector<track::RunStatus>(3, track::RunStatus::killed));
}

TEST_CASE("a search that is stopped keeps its trials beside the output, and the next one begins there") {
  SearchSetup setup;
  setup.options.search = 10;
  setup.options.command = "riskflag-train --search 10";
  Trials logger;
  setup.hooks.logger = [&] { return &logger; };
  std::stop_source stop;
  setup.hooks.stop = stop.get_token();
  setup.hooks.progress = [&](const Progress& progress) {
    if (progress.phase == "search" && progress.fraction > 0) stop.request_stop();
  };
  SerialExecutor serial;
  try {
    (void)setup.run(serial);
    FAIL("went on");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cancelled);
    CHECK(error.message().find("goes on with the trials that " + setup.options.output + ".search.json has") !=
          std::string::npos);
  }
  CHECK(list_directory(setup.directory) == std::vector<std::string>{"model.search.json"});
  SearchSetup other;  // its trials are other trials
  other.options.search = 10;
  other.options.monotone = {{"Income", -1}};
  write_file(other.options.output + ".search.json", read_file(setup.options.output + ".search.json"));
  double others_first = -1;
  other.hooks.progress = [&](const Progress& progress) {
    if (progress.phase == "search" && progress.fraction > 0 && others_first < 0) others_first = progress.fraction;
  };
  (void)other.run(serial);
  CHECK(others_first == doctest::Approx(8.0 / 11));
  setup.hooks.stop = {};
  double first = -1;
  setup.hooks.progress = [&](const Progress& progress) {
    if (progress.phase == "search" && progress.fraction > 0 && first < 0) first = progress.fraction;
  };
  (void)setup.run(serial);
  CHECK(first == doctest::Approx(3.0 / 11));                                   // 8 of 11 were kept
  CHECK(logger.asked_for == std::vector<std::string>{"", logger.parents[0]});  // in the run of the first
  CHECK(logger.names.size() == 11);
  CHECK(list_directory(setup.directory) == std::vector<std::string>{"model"});
}

// Folds take minutes under a sanitizer; study_test.cpp has one such case that runs there.
TEST_CASE("trials keep early stopping where folds chose the defaults" * doctest::skip(riskflag_test::kSanitized)) {
  SearchSetup setup;
  setup.options.train = {};
  setup.options.search = 1;
  setup.options.table_defaults = true;
  SerialExecutor serial;
  (void)setup.run(serial);
  REQUIRE(!setup.notes.empty());
  CHECK(setup.notes[0].find("of 4 profiles has the least log loss on 5 folds") != std::string::npos);
  const std::string text = read_file(join_path(setup.options.output, "model.json"));
  const Model model = value_or_throw(parse_model(text, "model.json"));
  const std::map<std::string, std::string> options(model.options.begin(), model.options.end());
  CHECK(options.at("early_stopping_round") == "50");
  CHECK(options.at("num_iterations") == "1000");
}

TEST_CASE("a search without held-out rows, or with a value that cannot be, is refused") {
  SerialExecutor serial;
  SearchSetup none, bad;
  none.options.parts.valid_fraction = 0;
  CHECK_THROWS_AS((void)none.run(serial), Error);
  bad.options.search_space = parse_search_space(R"({"num_leaves": [1]})", "s");
  CHECK_THROWS_AS((void)bad.run(serial), Error);
}

}  // namespace riskflag::study
