#include <riskflag/study/study.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/study/result_json.hpp>

#include "../sanitized.hpp"
#include "metric_value.hpp"
#include "text_sink.hpp"

namespace riskflag::study {
namespace {

std::string csv_text(const Frame& frame) {
  TextSink sink;
  write_csv(frame, sink);
  return sink.text;
}

/// A fresh directory, removed at the end.
class Scratch {
 public:
  Scratch() : path_((std::filesystem::temp_directory_path() / ("riskflag-study-" + track::new_run_id())).string()) {
    make_directories(path_);
  }
  ~Scratch() { remove_all(path_); }
  [[nodiscard]] std::string operator/(const char* name) const { return join_path(path_, name); }
  [[nodiscard]] std::vector<std::string> names() const { return list_directory(path_); }

 private:
  std::string path_;
};

/// Files in memory, and a study over them.
struct Setup {
  Scratch dir;
  std::map<std::string, std::string> files;
  StudyOptions options;
  StudyHooks hooks;

  explicit Setup(std::uint64_t rows = 1200) {
    files["loans.csv"] = csv_text(simulate({.rows = rows}));
    options.data = "loans.csv";
    options.output = dir / "model";
    options.columns.target = "Risk_Flag";
    options.columns.id = {"Id"};
    options.columns.protected_ = {"Sex"};
    options.train.num_iterations = 20;
    options.train.num_leaves = 7;
    hooks.open = [this](const std::string& path) -> std::unique_ptr<ByteSource> {
      return std::make_unique<MemorySource>(files.at(path), path);
    };
  }
  StudyResult run() {
    SerialExecutor executor;
    return run_study(options, executor, hooks);
  }
  [[nodiscard]] std::string saved(const char* file) const { return read_file(join_path(options.output, file)); }
};

/// Trees and leaves of the saved model, without digests.
std::vector<Tree> trees_of(const Setup& setup) {
  return value_or_throw(parse_model(setup.saved("model.json"), "model.json")).trees;
}

/// The frame with the target of some rows turned around.
Frame with_turned_labels(Frame frame, std::span<const std::uint32_t> rows) {
  Column target = frame.remove("Risk_Flag");
  for (const std::uint32_t row : rows) target.numbers[row] = 1 - target.numbers[row];
  frame.add(std::move(target));
  return frame;
}

/// The study ends as cancelled, and leaves nothing.
void expect_stopped(Setup& setup) {
  try {
    (void)setup.run();
    FAIL("went on");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cancelled);
  }
  CHECK(setup.dir.names().empty());
}

}  // namespace

TEST_CASE("a study makes a model directory that opens, with threshold and metrics in it") {
  Setup setup;
  const StudyResult result = setup.run();
  const bundle::Bundle bundle = bundle::open(setup.options.output);
  CHECK(bundle.decision.threshold == result.threshold);
  CHECK(bundle.digest == result.digest);
  CHECK(bundle.schema.positive == "1");
  CHECK(bundle.model.trees.size() == result.trees);
  CHECK(bundle.metrics_json == setup.saved("metrics.json"));
  CHECK(result.train_rows + result.valid_rows + result.test_rows == 1200);
  CHECK(value_of(result.train, "roc_auc") > 0.7);
  CHECK(setup.dir.names() == std::vector<std::string>{"model"});
}

TEST_CASE("a run's parameters are all that decides over its model") {
  struct Params final : track::Logger {
    void log_params(const std::string&, std::span<const track::KeyValue> params) override {
      for (const auto& param : params) CHECK(told.try_emplace(param.key, param.value).second);  // each once
    }
    std::map<std::string, std::string> told;
  };
  Params plain, other;
  Setup setup;
  setup.options.early_stopping_given = true;
  setup.hooks.logger = [&] { return &plain; };
  (void)setup.run();
  for (const auto& [name, value] : options_list(setup.options.train)) CHECK(plain.told[name] == value);
  const std::vector<std::pair<std::string, std::string>> study{
      {"target", "Risk_Flag"},       {"id", "Id"},    {"protected", "Sex"},      {"split", "stratified"},
      {"test_fraction", "0.2"},      {"cv", "0"},     {"valid_fraction", "0.1"}, {"threshold_rule", "f1"},
      {"reason_reference", "train"}, {"search", "0"}, {"calibrate", "none"},     {"table_defaults", "false"},
      {"refit_with_valid", "false"}};
  for (const auto& [name, value] : study) CHECK(plain.told[name] == value);
  CHECK(plain.told.size() == options_list(setup.options.train).size() + study.size());

  Setup more;
  more.hooks.logger = [&] { return &other; };
  more.options.early_stopping_given = true;
  more.options.columns.drop = {"CITY", "STATE"};
  more.options.reading.special = {{"past_due_30", {96, 98}}, {"past_due_90", {96}}};
  more.options.parts.kind = SplitKind::group;
  more.options.parts.group_by = {"Profession"};
  more.options.recipe = prep::parse_recipe(R"({"format": 1, "steps": [{"op": "impute", "columns": ["Income"]}]})", "r");
  more.options.calibrate = "platt";
  more.options.monotone = {{"Income", -1}};
  (void)more.run();
  const std::map<std::string, std::string> differ{{"drop", "CITY,STATE"},
                                                  {"special", "past_due_30=96,98;past_due_90=96"},
                                                  {"split", "group"},
                                                  {"group_by", "Profession"},
                                                  {"recipe_digest", sha256_hex(prep::recipe_text(more.options.recipe))},
                                                  {"calibrate", "platt"},
                                                  {"monotone.Income", "-1"}};
  for (const auto& [name, value] : differ) CHECK(other.told[name] == value);
  for (const auto& [name, value] : other.told) {
    if (!differ.contains(name)) CHECK_MESSAGE(plain.told[name] == value, name);
  }
}

TEST_CASE("invariant: the same study gives the same model directory, whatever the executor") {
  Setup one, three;
  one.options.report = three.options.report = "";
  (void)one.run();
  Pool pool(3);
  (void)run_study(three.options, pool, three.hooks);
  CHECK(one.saved("manifest.json") == three.saved("manifest.json"));
}

TEST_CASE("invariant: test rows reach neither trees, nor rounds, nor the threshold") {
  Setup plain, turned;
  plain.options.parts.kind = turned.options.parts.kind = SplitKind::random;  // stratified would deal turned labels anew
  std::vector<std::uint32_t> test_rows;
  plain.options.report = "r.html";
  plain.hooks.report = [&](const StudyView& view) {
    test_rows = view.split.test;
    return std::string();
  };
  const StudyResult before = plain.run();
  REQUIRE(test_rows.size() == 240);
  turned.files["loans.csv"] = csv_text(with_turned_labels(simulate({.rows = 1200}), test_rows));
  const StudyResult after = turned.run();
  CHECK(trees_of(turned) == trees_of(plain));
  CHECK(after.best_iteration == before.best_iteration);
  CHECK(after.threshold == before.threshold);
  CHECK(value_of(after.valid, "roc_auc") == value_of(before.valid, "roc_auc"));
  CHECK(std::fabs(value_of(after.test, "roc_auc") + value_of(before.test, "roc_auc") - 1) < 1e-12);
}

TEST_CASE("invariant: validation rows choose rounds and threshold, and reach no tree") {
  Setup plain, turned;
  for (Setup* setup : {&plain, &turned}) {
    setup->options.parts.kind = SplitKind::random;
    setup->options.early_stopping_given = true;  // off: all rounds are kept, so that trees can be compared
  }
  std::vector<std::uint32_t> valid_rows;
  plain.options.report = "r.html";
  plain.hooks.report = [&](const StudyView& view) {
    valid_rows = view.split.valid;
    return std::string();
  };
  const StudyResult before = plain.run();
  turned.files["loans.csv"] = csv_text(with_turned_labels(simulate({.rows = 1200}), valid_rows));
  const StudyResult after = turned.run();
  CHECK(trees_of(turned) == trees_of(plain));
  CHECK(after.threshold != before.threshold);
}

namespace {

/// How often a probability rises while Income rises, over rows of the study's table and the recipe as it was saved.
std::size_t rises_with_income(const Setup& setup) {
  const bundle::Bundle bundle = bundle::open(setup.options.output);
  const std::vector<std::string>& inputs = bundle.pipeline.inputs();
  const auto income = static_cast<std::size_t>(std::find(inputs.begin(), inputs.end(), "Income") - inputs.begin());
  const Frame frame = simulate({.rows = 60, .seed = 5});
  const prep::FieldEncoder encoder(bundle.schema);
  const prep::FrameFields bound = encoder.bind(frame);
  std::vector<double> row(inputs.size()), features(bundle.model.features.size());
  std::vector<double*> cells;
  for (double& cell : row) cells.push_back(&cell);
  prep::Scratch scratch;
  std::size_t rises = 0;
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    bound.encode(i, 1, cells);
    double last = std::numeric_limits<double>::infinity();
    for (double more = 1e4; more < 4e5; more *= 1.1) {
      row[income] = more;
      bundle.pipeline.transform_row(row, features, scratch);
      const double now = margin(bundle.model, features);
      rises += now > last ? 1 : 0;
      last = now;
    }
  }
  return rises;
}

}  // namespace

TEST_CASE("invariant: a promise about a raw field holds through every feature that derives from it") {
  Setup free, bound;
  for (Setup* setup : {&free, &bound}) {
    setup->options.recipe = prep::parse_recipe(R"recipe({"format":1,"steps":[
          {"op":"derive","name":"burden","expression":"max(Experience, 0) / max(Income, 1)"},
          {"op":"derive","name":"log_income","expression":"log1p(max(Income, 0))"}]})recipe",
                                               "recipe");
  }
  bound.options.monotone = {{"Income", -1}};
  (void)free.run();
  (void)bound.run();
  CHECK(rises_with_income(free) > 0);
  CHECK(rises_with_income(bound) == 0);
  const Model model = value_or_throw(parse_model(bound.saved("model.json"), "model.json"));
  for (std::size_t f = 0; f < model.features.size(); ++f) {
    const std::string& name = model.features[f].name;
    const int sign = name == "Income" || name == "log_income" ? -1 : name == "burden" ? 1 : 0;
    CAPTURE(name);
    CHECK_FALSE(find_monotone_violation(model, static_cast<std::int32_t>(f), sign));
  }
}

TEST_CASE("a promise that cannot be kept, and an objective without gradients, are refused with a sentence") {
  const auto refusal = [](auto change) {
    Setup setup(300);
    change(setup.options);
    try {
      (void)setup.run();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(refusal([](StudyOptions& o) { o.monotone = {{"Incme", 1}}; }), "--monotone: there is no column \"Incme\"");
  has(refusal([](StudyOptions& o) { o.monotone = {{"CITY", 1}}; }), "is a category column; its levels have no order");
  has(refusal([](StudyOptions& o) { o.monotone = {{"Id", 1}}; }), "\"Id\" is no feature but id");
  has(refusal([](StudyOptions& o) {
        o.monotone = {{"Income", 1}};
        o.recipe = prep::parse_recipe(
            R"({"format":1,"steps":[{"op":"derive","name":"r","expression":"Age / Income"}]})", "recipe");
      }),
      "feature \"r\" derives from \"Income\" in a way whose direction is not known: \"Age / Income\"");
  has(refusal([](StudyOptions& o) {
        o.monotone = {{"Income", 1}};
        o.train.monotone_constraints = {1};
      }),
      "one of both is accepted");
  has(refusal([](StudyOptions& o) { o.train.objective = "custom"; }), "a command line has none");
}

TEST_CASE("where no option of capacity is given folds choose them; one that is given leaves LightGBM's") {
  Setup setup(600);
  setup.options.train = {};
  setup.options.replace = Replace::exchange, setup.options.table_defaults = true;
  const auto recorded = [&] {
    const Model model = value_or_throw(parse_model(setup.saved("model.json"), "model.json"));
    return std::map<std::string, std::string>(model.options.begin(), model.options.end());
  };
  const StudyResult chosen = setup.run();
  auto options = recorded();
  CHECK(std::to_string(chosen.trees) == options["num_iterations"]);
  CHECK(options["learning_rate"] != "0.1");
  CHECK(options["early_stopping_round"] == "0");  // the folds chose the rounds
  for (const bool by_name : {true, false}) {      // the value is the default: only the name says that it was given
    setup.options.given = by_name ? std::vector<std::string>{"num_leaves"} : std::vector<std::string>{};
    setup.options.table_defaults = by_name;
    (void)setup.run();
    options = recorded();
    CHECK(options["learning_rate"] == "0.1");
    CHECK(options["early_stopping_round"] == "50");
  }
}

TEST_CASE("where folds cannot judge the profiles the careful one it is, and a note says so") {
  Setup setup(600);
  setup.options.train = {};
  setup.options.replace = Replace::exchange, setup.options.table_defaults = true;
  std::vector<std::string> notes;
  setup.hooks.note = [&](std::string_view note) { notes.emplace_back(note); };
  Frame frame = simulate({.rows = 600});
  Column branch;
  branch.name = "Branch", branch.type = ColumnType::number;
  for (std::size_t i = 0; i < 600; ++i) branch.numbers.push_back(static_cast<double>(i % 3));
  frame.add(std::move(branch));
  setup.files["loans.csv"] = csv_text(frame);
  setup.options.parts.group_by = {"Branch"}, setup.options.parts.kind = SplitKind::group;
  setup.options.parts.test_fraction = 0.34, setup.options.parts.valid_fraction = 0.5;
  (void)setup.run();
  CHECK(notes == std::vector<std::string>{
                     "defaults: careful, for training rows that cannot be cut into 5 folds of both classes"});
  const Model model = value_or_throw(parse_model(setup.saved("model.json"), "model.json"));
  const std::map<std::string, std::string> options(model.options.begin(), model.options.end());
  CHECK(options.at("num_leaves") == "7");
  CHECK(options.at("early_stopping_round") == "50");
  setup.options.train.num_leaves = 4;
  (void)setup.run();
  CHECK(notes.size() == 1);  // an option of capacity was given: LightGBM's defaults, and nothing to say
}

// Folds that choose defaults take minutes under a sanitizer: the case above runs their lines there, this one and
// refit_with_valid do not.
TEST_CASE("invariant: neither held-out labels nor the executor reach the defaults that few rows choose" *
          doctest::skip(riskflag_test::kSanitized)) {
  Setup plain(600), turned(600);
  plain.options.train = turned.options.train = TrainOptions{};
  plain.options.table_defaults = turned.options.table_defaults = true;
  plain.options.parts.kind = turned.options.parts.kind = SplitKind::random;
  std::vector<std::uint32_t> held_out;
  plain.options.report = "r.html";
  plain.hooks.report = [&](const StudyView& view) {
    held_out = view.split.test;
    held_out.insert(held_out.end(), view.split.valid.begin(), view.split.valid.end());
    return std::string();
  };
  (void)plain.run();
  turned.files["loans.csv"] = csv_text(with_turned_labels(simulate({.rows = 600}), held_out));
  (void)run_study(turned.options, *std::make_unique<Pool>(3), turned.hooks);
  CHECK(trees_of(turned) == trees_of(plain));
}

TEST_CASE("a committee's margin is the mean of its members', round by round") {
  Model a, b;
  a.features = b.features = {{"x"}};
  a.base_margin = b.base_margin = {0.5};
  a.leaf_grid = b.leaf_grid = 0.25;
  const auto constant = [](double leaf) {
    Tree tree;
    tree.leaves = {leaf};
    return tree;
  };
  a.trees = {constant(2), constant(1)};
  b.trees = {constant(-1)};
  const Model mean = detail::mean_of({a, b});
  REQUIRE(mean.trees.size() == 3);
  CHECK(mean.trees[0].leaves[0] == 1);     // 2 / 2
  CHECK(mean.trees[1].leaves[0] == -0.5);  // of b's first round
  CHECK(mean.trees[2].leaves[0] == 0.5);
  CHECK(mean.best_iteration == 3);
  CHECK(margin(mean, std::vector<double>{0}) == 0.5 + (2 + 1 - 1) / 2.0);
}

TEST_CASE("refit_with_valid: validation rows choose as before, then the saved model learns from them; test rows never" *
          doctest::skip(riskflag_test::kSanitized)) {
  Setup plain(600), refitted(600), turned(600);
  for (Setup* setup : {&plain, &refitted, &turned}) {
    setup->options.train = {};
    setup->options.table_defaults = true;
    setup->options.refit_with_valid = setup != &plain;
    setup->options.parts.kind = SplitKind::random;
  }
  std::vector<std::uint32_t> test;
  std::vector<std::optional<double>> lost, lost_turned;
  refitted.options.report = turned.options.report = "r.html";
  refitted.hooks.report = [&](const StudyView& view) {
    test = view.split.test;
    lost.assign(view.permutation.begin(), view.permutation.end());
    return std::string();
  };
  turned.hooks.report = [&](const StudyView& view) {
    lost_turned.assign(view.permutation.begin(), view.permutation.end());
    return std::string();
  };
  const StudyResult before = plain.run(), after = refitted.run();
  CHECK(value_of(after.valid, "roc_auc") == value_of(before.valid, "roc_auc"));
  CHECK(after.threshold == before.threshold);
  CHECK(after.trees == before.trees);
  CHECK(trees_of(refitted) != trees_of(plain));
  turned.files["loans.csv"] = csv_text(with_turned_labels(simulate({.rows = 600}), test));
  (void)turned.run();
  CHECK(trees_of(turned) == trees_of(refitted));
  CHECK(lost != lost_turned);  // permutation importance is of rows that the model did not learn from
}

TEST_CASE("cross-validation: out-of-fold scores choose, the final fit sees all but test, valid is not told") {
  Setup setup;
  setup.options.parts.cv = 3;
  CrossValidation folds;
  std::vector<std::uint32_t> train_rows;
  std::vector<double> labels;
  setup.options.report = "r.html";
  setup.hooks.report = [&](const StudyView& view) {
    folds = *view.cross_validation;
    train_rows = view.split.train;
    labels = view.target.labels;
    return std::string();
  };
  const StudyResult result = setup.run();
  CHECK(result.train_rows == 960);
  CHECK(result.valid_rows == 0);
  CHECK(result.valid.empty());
  CHECK(folds.rows == train_rows);
  CHECK(result.trees == static_cast<std::size_t>(folds.rounds));
  CHECK(folds.rounds == median_rounds(folds.best_iterations));
  std::vector<double> out_of_fold_labels;
  for (const std::uint32_t row : folds.rows) out_of_fold_labels.push_back(labels[row]);
  CHECK(result.threshold == metrics::threshold_f1(folds.scores, out_of_fold_labels));
  std::vector<std::size_t> all;
  for (const auto& fold : folds.folds) all.insert(all.end(), fold.begin(), fold.end());
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == i);
}

TEST_CASE("invariant: a row's own label reaches neither its out-of-fold score nor its fold's pipeline") {
  // Target encoding of a column that names rows in pairs would give the label away if the pipeline saw the held-out
  // fold.
  const auto out_of_fold_score_of = [](bool turn) {
    Setup setup(400);
    setup.options.parts.kind = SplitKind::random;
    setup.options.parts.test_fraction = 0;
    setup.options.parts.cv = 4;
    setup.options.early_stopping_given = true;
    setup.options.recipe = prep::parse_recipe(
        R"({"format":1,"steps":[{"op":"target_encode","columns":["CITY","STATE","Profession"]}]})", "recipe");
    const std::vector<std::uint32_t> row = {7};
    setup.files["loans.csv"] =
        csv_text(turn ? with_turned_labels(simulate({.rows = 400}), row) : simulate({.rows = 400}));
    double score = -1;
    std::size_t others_changed = 0;
    setup.options.report = "r.html";
    setup.hooks.report = [&](const StudyView& view) {
      score = view.cross_validation->scores[7];
      others_changed = view.cross_validation->scores.size();
      return std::string();
    };
    (void)setup.run();
    CHECK(others_changed == 400);
    return score;
  };
  CHECK(out_of_fold_score_of(false) == out_of_fold_score_of(true));
}

TEST_CASE("median_rounds: the middle one, of two the mean rounded up") {
  CHECK(median_rounds({5, 1, 9}) == 5);
  CHECK(median_rounds({4, 7}) == 6);
  CHECK(median_rounds({10, 2, 4, 4}) == 4);
}

TEST_CASE("a stop is obeyed in every phase, leaves nothing, and ends the run as KILLED") {
  for (const std::string phase : {"read", "audit", "search", "prepare", "bin", "train", "evaluate", "report"}) {
    CAPTURE(phase);
    Setup setup(600);
    if (phase == "search") setup.options.search = 2;
    std::stop_source stop;
    setup.hooks.stop = stop.get_token();
    setup.hooks.progress = [&](const Progress& progress) {
      if (progress.phase == phase) stop.request_stop();
    };
    setup.options.report = setup.dir / "r.html";
    setup.hooks.report = [](const StudyView&) { return std::string("page"); };
    struct Statuses final : track::Logger {
      void end_run(const std::string&, track::RunStatus status) override { ends.push_back(status); }
      std::vector<track::RunStatus> ends;
    } logger;
    setup.hooks.logger = [&] { return &logger; };
    expect_stopped(setup);
    CHECK(logger.ends == std::vector{track::RunStatus::killed});
  }
}

TEST_CASE("invariant: once a stop was asked for, no phase but the training starts another piece of work") {
  /// Everything on the calling thread; counts the tasks that begin after the stop.
  struct Counter final : Executor {
    explicit Counter(std::stop_token token) : stop(std::move(token)) {}
    [[nodiscard]] unsigned concurrency() const noexcept override { return 1; }
    void run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) override {
      for (std::size_t i = 0; i < tasks; ++i) {
        const bool late = stop.stop_requested();
        task(i, 0);
        late_tasks += late ? 1 : 0;  // not reached by a task that refuses
      }
    }
    std::stop_token stop;
    int late_tasks = 0;
  };
  for (const int folds : {0, 2}) {
    for (const std::string phase : {"audit", "prepare", "bin", "evaluate", "report", "save"}) {
      CAPTURE(phase);
      CAPTURE(folds);
      Setup setup(600);
      std::stop_source stop;
      setup.options.parts.cv = folds;
      setup.hooks.stop = stop.get_token();
      setup.hooks.progress = [&](const Progress& progress) {
        if (progress.phase == phase) stop.request_stop();
      };
      setup.options.report = setup.dir / "r.html";
      setup.hooks.report = [](const StudyView& view) {
        return std::string(view.stop.stop_requested() ? "stop" : "page");
      };
      Counter executor(stop.get_token());
      CHECK_THROWS_AS((void)run_study(setup.options, executor, setup.hooks), Error);
      CHECK(executor.late_tasks == 0);
      CHECK(setup.dir.names().empty());
    }
  }
}

TEST_CASE("with keep_on_interrupt the trees so far become the model, and a warning says so") {
  Setup setup;
  setup.options.keep_on_interrupt = true;
  std::stop_source stop;
  setup.hooks.stop = stop.get_token();
  setup.hooks.progress = [&](const Progress& progress) {
    if (progress.iteration == 5) stop.request_stop();
  };
  const StudyResult result = setup.run();
  CHECK(result.trees >= 5);
  CHECK(result.trees < 20);
  CHECK(result.warnings.back().code == "interrupted");
  CHECK(bundle::open(setup.options.output).model.trees.size() == result.trees);
}

TEST_CASE("with keep_on_interrupt a trained model is saved whatever phase a stop comes in, report and all") {
  Setup plain(600);
  (void)plain.run();
  for (const std::string phase : {"evaluate", "report", "save"}) {
    CAPTURE(phase);
    Setup setup(600);
    setup.options.keep_on_interrupt = true;
    setup.options.report = setup.dir / "r.html";
    std::stop_source stop;
    setup.hooks.stop = stop.get_token();
    setup.hooks.progress = [&](const Progress& progress) {
      if (progress.phase == phase) stop.request_stop();
    };
    std::vector<std::string> there;  // when a report was made
    setup.hooks.report = [&](const StudyView& view) {
      there = setup.dir.names();
      return std::string(view.stop.stop_requested() ? "stop" : "page");
    };
    const StudyResult result = setup.run();
    CHECK(setup.saved("model.json") == plain.saved("model.json"));
    CHECK(setup.saved("decision.json") == plain.saved("decision.json"));
    CHECK(read_file(setup.options.report) == "page");
    std::vector<std::string> said;
    for (const Warning& warning : result.warnings) {
      if (warning.code == "interrupted") said.push_back(warning.message);
    }
    CHECK(said ==
          std::vector<std::string>{"stopped in phase " + phase + "; the model was trained by then and was kept"});
    // A second stop, which ends a program, finds the model saved.
    if (phase != "save") CHECK(there == std::vector<std::string>{"model"});
  }
}

TEST_CASE("with keep_on_interrupt a stop before there is a tree is obeyed") {
  for (const std::string phase : {"read", "audit", "search", "prepare", "bin"}) {
    CAPTURE(phase);
    Setup setup(600);
    setup.options.keep_on_interrupt = true;
    if (phase == "search") setup.options.search = 2;
    std::stop_source stop;
    setup.hooks.stop = stop.get_token();
    setup.hooks.progress = [&](const Progress& progress) {
      if (progress.phase == phase) stop.request_stop();
    };
    expect_stopped(setup);
  }
}

TEST_CASE("a logger that fails costs a warning, or the study when its records are required") {
  struct Broken final : track::Logger {
    void log_metrics(const std::string&, std::span<const track::MetricPoint>) override {
      fail(ErrorCode::io, "journal", "disk full");
    }
  } broken;
  Setup setup;
  setup.hooks.logger = [&] { return &broken; };
  const StudyResult result = setup.run();
  CHECK(std::count_if(result.warnings.begin(), result.warnings.end(),
                      [](const Warning& w) { return w.code == "tracking_failed"; }) == 1);
  Setup strict;
  strict.hooks.logger = [&] { return &broken; };
  strict.hooks.tracking_required = true;
  CHECK_THROWS_AS((void)strict.run(), Error);
  CHECK(strict.dir.names().empty());
}

TEST_CASE("no row of the input example is a training row") {
  Setup setup;
  setup.options.report = "r.html";
  std::vector<std::string> people;
  setup.hooks.report = [&](const StudyView& view) {
    for (const double income : view.table.frame.column("Income").numbers) people.push_back(number_text(income));
    return std::string();
  };
  (void)setup.run();
  // Income is nearly a key: were a row somebody's, its Age and Income would stand together in the table.
  const Frame frame = simulate({.rows = 1200});
  const std::string example = setup.saved("input_example.json");
  std::size_t whole_rows = 0;
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    std::size_t found = 0;
    for (const char* name : {"Income", "loan_amount"}) {
      found += example.find(frame.column(name).cell_text(i)) != std::string::npos ? 1 : 0;
    }
    whole_rows += found == 2 ? 1 : 0;
  }
  CHECK(example.find("Income") != std::string::npos);
  CHECK(whole_rows == 0);
}

TEST_CASE("permutation importance finds the feature that decides, and none where nothing does") {
  const Frame frame = simulate({.rows = 2000});
  const std::vector<double>& labels = frame.column("Risk_Flag").numbers;
  prep::FeatureMatrix matrix{2000, 2, {}};
  for (std::size_t i = 0; i < 2000; ++i) matrix.values.push_back(labels[i] + 0.25 * static_cast<double>(i % 3));
  for (std::size_t i = 0; i < 2000; ++i) matrix.values.push_back(static_cast<double>(i % 7));
  const std::vector<Feature> features = {{.name = "decides"}, {.name = "idle"}};
  SerialExecutor executor;
  const TrainResult trained = train(matrix.view(), features, labels, {.num_iterations = 5}, executor);
  const Predictor predictor = value_or_throw(Predictor::make(trained.model));
  const auto lost = permutation_importance(predictor, matrix, bundle::Kind::binary, labels, {}, {}, 42, executor);
  REQUIRE(lost.size() == 2);
  CHECK(lost[0].value() > 0.4);  // ROC-AUC 1 falls to about one half
  CHECK(std::fabs(lost[1].value()) < 0.01);
}

TEST_CASE("the result as JSON has every key, null where it does not apply") {
  StudyResult result;
  result.model = "/m";
  CHECK(
      result_json(result) ==
      R"({"model":"/m","rows":{"train":0,"valid":0,"test":0},"features":0,"trees":0,"best_iteration":0,)"
      R"("seconds":{"read":0,"prepare":0,"bin":0,"train":0,"evaluate":0,"total":0},"peak_rss_bytes":0,)"
      R"("metrics":{"train":null,"valid":null,"test":null},"cv":null,"warnings":[],"run_id":null,"model_name":null,"model_version":null})");
  result.cv = 2;
  result.cv_metrics =
      fold_metrics(std::vector<MetricList>{{{"roc_auc", 0.5}, {"ks", 0.1}}, {{"roc_auc", 0.7}, {"ks", std::nullopt}}});
  result.warnings.push_back({"constant", "c", "x", "--drop x", 1.0});
  const std::string text = result_json(result);
  // Mean of 0.5 and 0.7, sample deviation sqrt(2 * 0.1^2).
  CHECK(text.find(R"("cv":{"k":2,"metrics":{"roc_auc":{"mean":0.6,"std":0.14142135623730)") != std::string::npos);
  CHECK(text.find(R"("ks":{"mean":null,"std":null})") != std::string::npos);
  CHECK(text.find(R"("warnings":[{"code":"constant","message":"c","column":"x","number":1,"remedy":"--drop x"}])") !=
        std::string::npos);
}

}  // namespace riskflag::study
