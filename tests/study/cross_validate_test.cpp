#include <riskflag/study/cross_validate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include <riskflag/data/simulate.hpp>

namespace riskflag::study {
namespace {

struct Loans {
  Frame frame = simulate({.rows = 600});
  std::vector<double> labels = frame.remove("Risk_Flag").numbers;
  Schema schema;
  std::vector<std::uint64_t> groups;
  std::vector<std::int64_t> times;
  Loans() {
    (void)frame.remove("Id");
    schema = infer_schema(frame);
    for (std::size_t i = 0; i < 600; ++i) {
      groups.push_back(i % 50);
      times.push_back(static_cast<std::int64_t>((i * 7) % 600));
    }
  }
  [[nodiscard]] CrossValidateOptions options(SplitKind kind) const {
    CrossValidateOptions out;
    out.folds = 4;
    out.kind = kind;
    out.train.num_iterations = 8;
    out.train.num_leaves = 5;
    if (kind == SplitKind::group) out.groups = groups;
    if (kind == SplitKind::time) out.times = times;
    return out;
  }
};

}  // namespace

TEST_CASE("every kind of fold scores each row once, by a model of the other folds' rows alone") {
  const Loans table;
  SerialExecutor executor;
  for (const SplitKind kind : {SplitKind::random, SplitKind::stratified, SplitKind::group, SplitKind::time}) {
    CAPTURE(static_cast<int>(kind));
    const CrossValidateOptions options = table.options(kind);
    const CrossValidation cv = cross_validate(table.frame, table.schema, table.labels, options, executor);
    REQUIRE(cv.folds.size() == 4);
    std::set<std::size_t> seen;
    for (const auto& fold : cv.folds) seen.insert(fold.begin(), fold.end());
    CHECK(seen.size() == 600);
    // The first fold by hand.
    std::vector<std::uint32_t> held_out, rest;
    for (std::uint32_t i = 0; i < 600; ++i) {
      const bool held = std::find(cv.folds[0].begin(), cv.folds[0].end(), i) != cv.folds[0].end();
      (held ? held_out : rest).push_back(i);
    }
    Seconds seconds;
    const std::vector<std::uint64_t> groups(options.groups.begin(), options.groups.end());
    const FitJob job{table.frame, table.schema, options.recipe, table.labels, {},
                     groups,      rest,         held_out,       options.train};
    const Fit fitted = fit(job, executor, {}, seconds, [](std::string_view, double) {});
    const Predictor predictor = value_or_throw(Predictor::make(fitted.trained.model));
    const auto want = score_rows(table.frame, fitted.schema, fitted.pipeline, predictor, held_out, {}, executor);
    for (std::size_t i = 0; i < held_out.size(); ++i) CHECK(cv.scores[held_out[i]] == want[i]);
  }
}

TEST_CASE("folds by group cut no group, folds by time are stretches, stratified folds share the positives") {
  const Loans table;
  SerialExecutor executor;
  std::map<std::uint64_t, std::set<std::size_t>> folds_of_group;
  const auto by_group =
      cross_validate(table.frame, table.schema, table.labels, table.options(SplitKind::group), executor);
  const auto by_time =
      cross_validate(table.frame, table.schema, table.labels, table.options(SplitKind::time), executor);
  const auto stratified =
      cross_validate(table.frame, table.schema, table.labels, table.options(SplitKind::stratified), executor);
  std::vector<double> positives;
  std::int64_t last_end = -1;
  for (std::size_t f = 0; f < 4; ++f) {
    for (const std::size_t row : by_group.folds[f]) folds_of_group[table.groups[row]].insert(f);
    std::int64_t low = 1000, high = -1;
    for (const std::size_t row : by_time.folds[f]) {
      low = std::min(low, table.times[row]);
      high = std::max(high, table.times[row]);
    }
    CHECK(low > last_end);
    last_end = high;
    positives.push_back(0);
    for (const std::size_t row : stratified.folds[f]) positives.back() += table.labels[row];
  }
  for (const auto& [group, folds] : folds_of_group) CHECK(folds.size() == 1);
  CHECK(*std::max_element(positives.begin(), positives.end()) - *std::min_element(positives.begin(), positives.end()) <=
        1);
}

TEST_CASE("invariant: cross-validation is the same for any executor") {
  const Loans table;
  SerialExecutor serial;
  Pool pool(3);
  const auto options = table.options(SplitKind::stratified);
  CHECK(cross_validate(table.frame, table.schema, table.labels, options, serial).scores ==
        cross_validate(table.frame, table.schema, table.labels, options, pool).scores);
}

TEST_CASE("cross-validation refuses labels of another length and one fold, and stops when it is told to") {
  const Loans table;
  SerialExecutor executor;
  auto options = table.options(SplitKind::random);
  CHECK_THROWS_AS((void)cross_validate(table.frame, table.schema, std::vector<double>{0, 1}, options, executor), Error);
  options.folds = 1;
  CHECK_THROWS_AS((void)cross_validate(table.frame, table.schema, table.labels, options, executor), Error);
  options.folds = 2;
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS((void)cross_validate(table.frame, table.schema, table.labels, options, executor, stop.get_token()),
                  Error);
}

}  // namespace riskflag::study
