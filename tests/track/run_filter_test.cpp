#include <riskflag/track/run_filter.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace track = riskflag::track;

namespace {

track::RunRecord run_of(std::string id, double auc, std::string leaves) {
  track::RunRecord run;
  run.run_id = std::move(id);
  run.info.name = "first try";
  run.status = track::RunStatus::finished;
  run.metrics = {{"test.roc_auc", 0.1, 0, 0}, {"test.roc_auc", auc, 1, 0}};
  run.params = {{"num_leaves", std::move(leaves)}};
  run.tags = {{"git commit", "abc"}};
  return run;
}

}  // namespace

TEST_CASE("runs match by the last value of metrics, by parameters, tags and attributes") {
  const track::RunRecord run = run_of("a", 0.75, "31");
  const auto matches = [&](const char* text) { return track::RunFilter(text).matches(run); };
  CHECK(matches(""));
  CHECK(matches("metrics.test.roc_auc > 0.7"));
  CHECK_FALSE(matches("metrics.test.roc_auc > 0.75"));
  CHECK(matches("metrics.test.roc_auc>=0.75 and params.num_leaves = '31'"));
  CHECK_FALSE(matches("metrics.test.roc_auc >= 0.75 and params.num_leaves != '31'"));
  CHECK(matches("tags.`git commit` = 'abc' AND attributes.status = 'FINISHED'"));
  CHECK(matches("attributes.run_name = \"first try\""));
  CHECK_FALSE(matches("attributes.status = 'KILLED'"));
  CHECK_FALSE(matches("metrics.other < 1"));  // a run without it does not match
  CHECK_FALSE(matches("params.other != 'x'"));
}

TEST_CASE("a filter that makes no sense shows where") {
  for (const char* text : {"auc > 0.7", "metrics.auc", "metrics.auc > high", "params.a > 'x'", "params.a = x",
                           "params.a = 'x", "attributes.state = 'x'", "attributes.status = 'DONE'",
                           "metrics.a > 1 or metrics.b > 1", "metrics. > 1", "metrics.`a > 1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(track::RunFilter{text}, const riskflag::Error&);
  }
}

TEST_CASE("a key that no run has is an error with those there are, one that some run has is none") {
  const std::vector<track::RunRecord> runs{run_of("a", 0.6, "1"), run_of("b", 0.7, "2")};
  const auto says = [&](const char* text, const char* words) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(track::RunFilter(text).require_keys(runs), doctest::Contains(words), riskflag::Error);
  };
  says("metrics.test.roc_acu > 0", "did you mean \"test.roc_auc\"?");
  says("params.num_leafs = '1'", "there is only \"num_leaves\"");
  says("tags.commit = 'abc'", "no run has the tag \"commit\"");
  track::RunFilter("metrics.test.roc_auc > 9 and params.num_leaves = '7' and tags.`git commit` = 'x'")
      .require_keys(runs);
  track::RunFilter("metrics.test.roc_acu > 0").require_keys({});
  track::require_metric(runs, "test.roc_auc", "--sort");
  CHECK_THROWS_WITH_AS(track::require_metric(runs, "auc", "--sort"), doctest::Contains("--sort: no run has"),
                       riskflag::Error);
}

TEST_CASE("the best run comes first, runs without the metric last") {
  std::vector<track::RunRecord> runs{run_of("low", 0.6, "1"), run_of("none", 0.6, "1"), run_of("high", 0.8, "1")};
  runs[1].metrics.clear();
  track::sort_runs(runs, "test.roc_auc", track::MetricOrder::greatest_first);
  CHECK(runs[0].run_id == "high");
  CHECK(runs[1].run_id == "low");
  CHECK(runs[2].run_id == "none");
  track::sort_runs(runs, "test.roc_auc", track::MetricOrder::smallest_first);
  CHECK(runs[0].run_id == "low");
  CHECK(track::smaller_is_better("valid.log_loss"));
  CHECK_FALSE(track::smaller_is_better("test.roc_auc"));
}
