#include <riskflag/study/search.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::study {
namespace {

std::string space_refusal(std::string_view space) {
  try {
    (void)parse_search_space(space, "s.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

double number_of(const TrialSettings& settings, const std::string& name) {
  for (const auto& [key, value] : settings) {
    if (key == name) return parse_double(value).value();
  }
  return NAN;
}

/// The farther the learning rate is from 0.1, the worse; trial 0 has 0.3.
TrialScore loss_of(const SearchTrial& trial, double share) {
  const double rate = trial.number == 0 ? 0.3 : number_of(trial.settings, "learning_rate");
  return {std::fabs(std::log(rate / 0.1)) + (1 - share), 10};
}

struct Judge {
  std::vector<std::pair<double, std::size_t>> calls;  // share and number of trials
  std::size_t stop_after = SIZE_MAX;                  // trials
  std::size_t judged = 0;
  [[nodiscard]] JudgeTrials function() {
    return [this](const std::vector<SearchTrial>& trials, double share) {
      if (judged >= stop_after) fail(ErrorCode::cancelled, "", "stopped");
      calls.emplace_back(share, trials.size());
      judged += trials.size();
      std::vector<TrialScore> scores;
      for (const SearchTrial& trial : trials) scores.push_back(loss_of(trial, share));
      return scores;
    };
  }
};

std::string fresh_path() {
  return (std::filesystem::temp_directory_path() / ("riskflag-search-" + track::new_run_id() + ".json")).string();
}

}  // namespace

TEST_CASE("a space has ranges, choices and single values; whole ends make whole numbers") {
  const auto space = parse_search_space(
      R"({"num_leaves": {"low": 7, "high": 127, "log": true}, "eta": {"low": 0.01, "high": 0.3},
          "extra_trees": [true, false], "bagging_freq": 1, "lambda_l2": {"low": 0, "high": 10, "whole": false}})",
      "s.json");
  CHECK(space == std::vector<SearchParameter>{{"num_leaves", {}, 7, 127, true, true},
                                              {"learning_rate", {}, 0.01, 0.3, false, false},
                                              {"extra_trees", {"true", "false"}, 0, 0, false, false},
                                              {"bagging_freq", {"1"}, 0, 0, false, false},
                                              {"lambda_l2", {}, 0, 10, false, false}});
}

TEST_CASE("what is no space is refused with its line and the nearest name") {
  CHECK(space_refusal("{\n\"num_leavs\": 3}") ==
        "s.json:2: there is no training option \"num_leavs\" (did you mean \"num_leaves\"?)");
  CHECK(space_refusal(R"({"eta": 0.1, "learning_rate": 0.2})") == "s.json:1: \"learning_rate\" is named twice");
  CHECK(space_refusal(R"({"eta": {"low": 0, "high": 1, "log": true}})") ==
        "s.json:1: \"learning_rate\" begins at 0; a log range begins above 0");
  CHECK(space_refusal(R"({"eta": {"low": 1, "high": 0.1}})") == "s.json:1: \"learning_rate\" has a range that is none");
  CHECK(space_refusal(R"({"eta": []})") == "s.json:1: \"learning_rate\" has no value to choose from");
  CHECK(space_refusal("{}") == "s.json: names no option to search");
  CHECK(space_refusal("[]") != "accepted");
  CHECK(space_refusal(R"({"eta": {"low": 0.1}})") != "accepted");
  CHECK(space_refusal(R"({"eta": {"low": 0.1, "high": 0.2, "steps": 3}})") != "accepted");
}

TEST_CASE("a trial is a pure function of space, seed and number; numbers stay in their range") {
  const auto space = default_search_space();
  CHECK(draw_trial(space, 42, 0).empty());
  CHECK(draw_trial(space, 42, 3) == draw_trial(space, 42, 3));
  CHECK(draw_trial(space, 42, 3) != draw_trial(space, 42, 4));
  CHECK(draw_trial(space, 42, 3) != draw_trial(space, 43, 3));
  int low_rates = 0;
  for (std::size_t t = 1; t <= 300; ++t) {
    const TrialSettings trial = draw_trial(space, 7, t);
    REQUIRE(trial.size() == space.size());
    for (const SearchParameter& p : space) {
      const double x = number_of(trial, p.name);
      if (p.choices.empty()) {
        CHECK(x >= p.low);
        CHECK(x <= p.high);
      }
      if (p.whole) CHECK(x == std::floor(x));
    }
    low_rates += number_of(trial, "learning_rate") < std::sqrt(0.02 * 0.2) ? 1 : 0;
  }
  CHECK(low_rates > 110);  // evenly in the logarithm: half of 300
  CHECK(low_rates < 190);
  // every whole number of a range comes
  std::vector<int> seen(4);
  for (std::size_t t = 1; t <= 100; ++t)
    ++seen[static_cast<std::size_t>(
        number_of(draw_trial({{"bagging_freq", {}, 0, 3, false, true}}, 1, t), "bagging_freq"))];
  for (const int count : seen) CHECK(count > 8);
}

TEST_CASE("a third of the trials goes on to more rows, and the options as given always do") {
  Judge judge;
  SearchJournal journal({}, "key");
  const auto result = search(default_search_space(), 17, 42, {0.1, 0.3, 1.0}, judge.function(), journal);
  REQUIRE(result.trials.size() == 18);
  std::size_t by_share[3] = {0, 0, 0};
  for (const auto& [share, trials] : judge.calls) by_share[share == 0.1 ? 0 : share == 0.3 ? 1 : 2] += trials;
  CHECK(by_share[0] == 18);
  CHECK((by_share[1] == 6 || by_share[1] == 7));  // 7: trial 0 was not among the best
  CHECK((by_share[2] == 2 || by_share[2] == 3 || by_share[2] == 4));
  CHECK(result.trials[0].share == 1.0);
  std::size_t least = 0;  // this loss is alike on every share, so that halving finds the best of all
  for (std::size_t t = 1; t < 18; ++t) {
    if (loss_of(result.trials[t], 1).loss < loss_of(result.trials[least], 1).loss) least = t;
  }
  CHECK(result.best == least);
}

TEST_CASE("few rows are all used at once") {
  CHECK(search_shares(17999) == std::vector<double>{1.0});
  CHECK(search_shares(18000).size() == 3);
}

TEST_CASE("invariant: a search that was stopped goes on where it was, and ends as if it never stopped") {
  const std::string path = fresh_path();
  const std::vector<double> shares{0.3, 1.0};
  Judge whole, stopped, rest;
  SearchJournal none({}, "key");
  const auto want = search(default_search_space(), 20, 42, shares, whole.function(), none);
  stopped.stop_after = 16;
  {
    SearchJournal journal(path, "key");
    CHECK_THROWS_AS((void)search(default_search_space(), 20, 42, shares, stopped.function(), journal), Error);
  }
  SearchJournal journal(path, "key");
  const auto got = search(default_search_space(), 20, 42, shares, rest.function(), journal);
  CHECK(stopped.judged == 16);
  CHECK(rest.judged == whole.judged - 16);
  CHECK(got.best == want.best);
  for (std::size_t t = 0; t <= 20; ++t) {
    CHECK(got.trials[t].score == want.trials[t].score);
    CHECK(got.trials[t].share == want.trials[t].share);
  }
  Judge again;
  SearchJournal other(path, "another key");  // other data: nothing of it counts
  (void)search(default_search_space(), 20, 42, shares, again.function(), other);
  CHECK(again.judged == whole.judged);
  other.remove();
  CHECK_FALSE(exists(path));
}

}  // namespace riskflag::study
