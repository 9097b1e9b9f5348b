#include <riskflag/monitor/live_performance.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/random.hpp>

#include "kept.hpp"

using namespace riskflag;
using kept_test::with;

namespace {

constexpr std::int64_t kDay = 86'400'000, kWeek = 7 * kDay;
constexpr std::int64_t kMonday = 20'780 * kDay;  // 2026-11-23
constexpr double kThreshold = 0.5;

monitor::DecisionKey key_of(std::int64_t ms, std::uint64_t n) { return {static_cast<std::uint64_t>(ms) << 16, n}; }

struct Made {
  monitor::DecisionKey key;
  double probability = 0;
};
/// `n` decisions, `step_ms` apart.
std::vector<Made> made(std::size_t n, std::int64_t from_ms, std::int64_t step_ms, std::uint64_t seed = 5) {
  const Random random(seed, 1);
  std::vector<Made> out;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back({key_of(from_ms + static_cast<std::int64_t>(i) * step_ms, i), random.uniform(i)});
  }
  return out;
}

/// The slow way: all decisions, each with the outcome that was told of it.
std::vector<monitor::JudgedDecision> judged(const std::vector<Made>& decisions,
                                            const std::vector<std::optional<bool>>& outcomes) {
  std::vector<monitor::JudgedDecision> out;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const Made& each = decisions[i];
    out.push_back({each.key.ms(), each.probability, each.probability >= kThreshold, outcomes[i]});
  }
  return out;
}

void check_same(const monitor::Performance& got, const monitor::Performance& want) {
  CAPTURE(want.cohort);
  CHECK(got.cohort == want.cohort);
  CHECK(got.decisions == want.decisions);
  CHECK(got.high == want.high);
  CHECK(got.outcomes == want.outcomes);
  CHECK(got.positives == want.positives);
  CHECK(got.mean_probability == doctest::Approx(want.mean_probability).epsilon(1e-13));  // summed in another order
  CHECK(got.roc_auc.value == want.roc_auc.value);
  CHECK(got.ks.value == want.ks.value);
  CHECK(got.roc_auc_interval.low == doctest::Approx(want.roc_auc_interval.low).epsilon(1e-12));
}

}  // namespace

TEST_CASE("a decision's id is two numbers in the order of its text, and tells its time") {
  const auto key = monitor::find_decision_key("01a2044a-eda2-715b-8fba-0f3ad562045B");
  REQUIRE(key.has_value());
  CHECK(key->high == 0x01a2044aeda2715bU);
  CHECK(key->low == 0x8fba0f3ad562045bU);
  CHECK(key->ms() == 0x01a2044aeda2);
  CHECK(*key < *monitor::find_decision_key("01a2044a-eda2-715b-8fba-0f3ad562045c"));
  for (const char* bad : {"", "01a2044a-eda2-715b-8fba-0f3ad562045", "01a2044a-eda2-715b-8fba-0f3ad562045g",
                          "01a2044a0eda2-715b-8fba-0f3ad562045b", "01a2044a-eda2-715b-8fba-0f3ad56-045b"}) {
    CHECK_FALSE(monitor::find_decision_key(bad).has_value());
  }
}

TEST_CASE("what promised the training is read where metrics.json says it") {
  CHECK(monitor::find_expected(R"({"rows":{"test":50},"metrics":{"test":{"roc_auc":0.75}}})")->roc_auc == 0.75);
  CHECK(monitor::find_expected(R"({"rows":{"test":0,"valid":9},"metrics":{"test":null,"valid":{"roc_auc":0.5}}})")
            ->rows == 9);
  CHECK_FALSE(monitor::find_expected(R"({"rows":{"test":50},"metrics":{"test":{"roc_auc":null}}})").has_value());
  CHECK_FALSE(monitor::find_expected("{").has_value());
}

TEST_CASE("invariant: a running server judges decisions by week to the figures of all of them in one table") {
  const auto decisions = made(3000, kMonday + kDay, 3 * kWeek / 3000);
  std::vector<std::optional<bool>> outcomes(decisions.size());
  monitor::LivePerformance live(kThreshold);
  std::size_t i = 0;
  for (; i < 2000; ++i) live.decided(decisions[i].key, decisions[i].probability);
  const Random random(8, 1);
  // In any order, some twice, some before later decisions are made.
  const auto tell = [&](std::size_t n, std::int64_t observed_ms) {
    const bool positive = random.uniform(n) < decisions[n].probability;
    if (n % 3 == 0) CHECK(live.outcome(decisions[n].key, !positive, observed_ms - 1));
    CHECK(live.outcome(decisions[n].key, positive, observed_ms));
    if (n % 3 == 1) CHECK(live.outcome(decisions[n].key, !positive, observed_ms - 1));
    outcomes[n] = positive;
  };
  for (std::size_t n = 0; n < 1500; n += 2) tell(1499 - n, kMonday + 5 * kWeek);
  live.judge();
  for (; i < decisions.size(); ++i) live.decided(decisions[i].key, decisions[i].probability);
  for (std::size_t n = 1600; n < 2800; n += 5) tell(n, -7);
  CHECK_FALSE(live.outcome(key_of(kMonday, 7), true, 0));
  live.judge();
  const auto table = judged(decisions, outcomes);
  const auto weeks = monitor::performance_by_week(table);
  REQUIRE(weeks.size() == 4);
  REQUIRE(live.weeks().size() == weeks.size());
  for (std::size_t week = 0; week < weeks.size(); ++week) check_same(live.weeks()[week], weeks[week]);
  check_same(live.all(), monitor::performance_of("all", table));
}

TEST_CASE("decisions come from many threads, and none is lost beyond what the queue holds") {
  constexpr std::size_t kThreads = 4, kEach = 40'000;  // more than wait for a tick
  monitor::LivePerformance live(kThreshold);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&live, t] {
      for (std::size_t i = 0; i < kEach; ++i) {
        live.decided(key_of(kMonday + static_cast<std::int64_t>(i), t * kEach + i), i % 4 == 0 ? 0.75 : 0.25);
      }
    });
  }
  for (auto& each : threads) each.join();
  live.judge();
  REQUIRE(live.weeks().size() == 1);
  CHECK(live.weeks()[0].decisions == kThreads * kEach);
  CHECK(live.weeks()[0].high == kThreads * kEach / 4);
  std::size_t found = 0;
  for (std::size_t i = 0; i < kEach; i += 97) {
    for (std::size_t t = 0; t < kThreads; ++t) {
      found += live.outcome(key_of(kMonday + static_cast<std::int64_t>(i), t * kEach + i), true, 1) ? 1 : 0;
    }
  }
  CHECK(found == kThreads * ((kEach + 96) / 97));
}

TEST_CASE("what is told of all decisions and of their weeks is of one moment") {
  monitor::LivePerformance live(kThreshold);
  const auto decisions = made(20'000, kMonday, 1);
  for (const Made& each : decisions) live.decided(each.key, each.probability);
  std::atomic<bool> is_told{false};
  std::thread teller([&] {
    for (const Made& each : decisions) static_cast<void>(live.outcome(each.key, each.probability > 0.7, 1));
    is_told = true;
  });
  std::uint64_t last = 0, rounds = 0;
  for (bool done = false; !done; ++rounds) {
    done = is_told;
    live.judge();
    const auto weeks = live.weeks();
    last = live.all().outcomes;
    CHECK(weeks.size() == 1);
    CHECK((weeks.empty() ? 0 : weeks[0].outcomes) == last);
  }
  teller.join();
  CHECK(rounds > 1);
  CHECK(last == decisions.size());
}

TEST_CASE("beyond the room the oldest decisions go, and a week that loses one keeps its figures") {
  monitor::LivePerformance live(kThreshold, {}, {.most_decisions = 640});
  const auto first = made(600, kMonday, 1000);
  for (const Made& each : first) live.decided(each.key, each.probability);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(live.outcome(first[i].key, i % 3 == 0, 0));
  live.judge();
  const auto before = live.weeks()[0];
  CHECK(before.outcomes == 600);
  const auto second = made(400, kMonday + kWeek, 1000, 6);
  for (const Made& each : second) live.decided(each.key, each.probability);
  live.judge();
  CHECK(live.all().decisions < 1000);
  CHECK(live.all().outcomes == live.all().decisions - 400);  // what went tells nothing any more
  CHECK_FALSE(live.outcome(first[0].key, true, 1));
  CHECK(live.outcome(first[599].key, true, 1));  // still here, but its week is closed
  CHECK(live.outcome(second[0].key, true, 1));
  live.judge();
  REQUIRE(live.weeks().size() == 2);
  check_same(live.weeks()[0], before);
  CHECK(live.weeks()[1].decisions == 400);
  CHECK(live.weeks()[1].outcomes == 1);
  CHECK(live.all().decisions <= 640);
  CHECK(live.all().decisions > 600);
  monitor::LivePerformance none(kThreshold, {}, {.most_decisions = 0});
  none.decided(first[0].key, 0.5);
  none.judge();
  CHECK(none.weeks().empty());
  CHECK_FALSE(none.outcome(first[0].key, true, 0));
}

TEST_CASE("weeks beyond the number that is told go") {
  monitor::LivePerformance live(kThreshold, {}, {.most_weeks = 2});
  for (int week = 0; week < 5; ++week) live.decided(key_of(kMonday + week * kWeek, 1), 0.5);
  live.decided(key_of(kMonday + kWeek, 2), 0.5);  // too old to be told
  live.judge();
  REQUIRE(live.weeks().size() == 2);
  CHECK(live.weeks()[0].cohort == "2026-12-14");
  CHECK(live.weeks()[1].cohort == "2026-12-21");
}

TEST_CASE("/metrics has what the outcomes tell, and the limit of what chance explains") {
  monitor::LivePerformance live(kThreshold, monitor::Expected{0.9, 1000});
  const auto decisions = made(400, kMonday, 1000);
  for (const Made& each : decisions) live.decided(each.key, each.probability);
  monitor::Exposition before;
  live.judge();
  live.write(before);
  const std::string early = std::move(before).text();
  CHECK(early.find(R"({metric="decisions",cohort="2026-11-23",kind="realised"} 400)") != std::string::npos);
  CHECK(early.find(R"({metric="coverage",cohort="all",kind="realised"} 0)") != std::string::npos);
  CHECK(early.find(R"({metric="roc_auc",cohort="training",kind="expected"} 0.9)") != std::string::npos);
  CHECK(early.find(R"(kind="limit")") == std::string::npos);
  JsonWriter none;
  live.write_json(none);
  const std::string untold = R"("mean_probability":null,"roc_auc":null,"roc_auc_interval":null,"gini":null)";
  const auto of_all = none.text().find(untold);
  REQUIRE(of_all != std::string::npos);
  CHECK(none.text().find(untold, of_all + 1) != std::string::npos);  // the week's
  std::vector<std::optional<bool>> outcomes(decisions.size());
  for (std::size_t i = 0; i < 300; ++i) {
    outcomes[i] = i % 2 == 0;
    REQUIRE(live.outcome(decisions[i].key, *outcomes[i], 0));
  }
  live.judge();
  monitor::Exposition page;
  live.write(page);
  const std::string text = std::move(page).text();
  const auto want = monitor::performance_of("all", judged(decisions, outcomes));
  const auto sample = [](std::string_view metric, std::string_view kind, double value) {
    return R"(riskflag_performance{metric=")" + std::string(metric) + R"(",cohort="2026-11-23",kind=")" +
           std::string(kind) + "\"} " + number_text(value) + "\n";
  };
  CHECK(text.find(sample("coverage", "realised", 0.75)) != std::string::npos);
  CHECK(text.find(sample("positive_rate", "realised", 0.5)) != std::string::npos);
  CHECK(text.find(sample("roc_auc", "realised", *want.roc_auc.value)) != std::string::npos);
  CHECK(text.find(sample("roc_auc", "low", want.roc_auc_interval.low)) != std::string::npos);
  CHECK(text.find(sample("roc_auc", "limit", *monitor::decay_limit(want, 0.9, 1000))) != std::string::npos);
  CHECK(text.find(sample("brier", "realised", *want.brier.value)) != std::string::npos);
  JsonWriter json;
  live.write_json(json);
  CHECK(json.text().find(R"("expected_roc_auc":0.9,"decay_limit":0.)") != std::string::npos);
  CHECK(json.text().find(R"("weeks":[{"cohort":"2026-11-23","decisions":400,)") != std::string::npos);
}

TEST_CASE("decisions and outcomes go on over a restart to the figures of one that never stopped") {
  const auto decisions = made(3000, kMonday + kDay, 3 * kWeek / 3000);
  std::vector<std::optional<bool>> outcomes(decisions.size());
  monitor::LivePerformance before(kThreshold), after(kThreshold);
  const auto tell = [&](monitor::LivePerformance& live, std::size_t n, std::int64_t observed_ms) {
    outcomes[n] = decisions[n].probability > 0.3 && n % 5 != 0;
    CHECK(live.outcome(decisions[n].key, *outcomes[n], observed_ms));
  };
  for (std::size_t i = 0; i < 2000; ++i) before.decided(decisions[i].key, decisions[i].probability);
  for (std::size_t n = 0; n < 1500; n += 2) tell(before, n, 77);
  const auto revision = before.revision();
  const std::string kept = before.save();  // never judged
  CHECK(before.revision() == revision);
  after.restore(kept, "performance.state");
  CHECK(after.save() == kept);
  for (std::size_t i = 2000; i < 3000; ++i) after.decided(decisions[i].key, decisions[i].probability);
  const auto restored = after.revision();
  CHECK(after.outcome(decisions[0].key, !*outcomes[0], 76));  // observed before what is known
  CHECK(after.revision() == restored);
  for (std::size_t n = 1001; n < 2900; n += 2) tell(after, n, 78);
  CHECK(after.revision() > restored);
  after.judge();
  const auto table = judged(decisions, outcomes);
  const auto weeks = monitor::performance_by_week(table);
  REQUIRE(after.weeks().size() == weeks.size());
  for (std::size_t week = 0; week < weeks.size(); ++week) check_same(after.weeks()[week], weeks[week]);
  check_same(after.all(), monitor::performance_of("all", table));
}

TEST_CASE("a week that lost decisions keeps its figures over a restart, and so does one that finds less room then") {
  monitor::LivePerformance before(kThreshold, {}, {.most_decisions = 640});
  const auto first = made(600, kMonday, 1000), second = made(400, kMonday + kWeek, 1000, 6);
  for (const Made& each : first) before.decided(each.key, each.probability);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(before.outcome(first[i].key, i % 3 == 0, 0));
  before.judge();
  for (const Made& each : second) before.decided(each.key, each.probability);
  for (std::size_t i = 0; i < second.size(); ++i) CHECK(before.outcome(second[i].key, i % 4 == 0, 0));
  before.judge();
  const auto weeks = before.weeks();
  REQUIRE(weeks.size() == 2);
  for (const std::size_t room : {std::size_t{640}, std::size_t{64}, std::size_t{0}}) {
    CAPTURE(room);
    monitor::LivePerformance after(kThreshold, {}, {.most_decisions = room});
    after.restore(before.save(), "performance.state");
    after.judge();
    REQUIRE(after.weeks().size() == 2);
    for (std::size_t week = 0; week < 2; ++week) {
      check_same(after.weeks()[week], weeks[week]);
      CHECK(after.weeks()[week].roc_auc_variance.value == weeks[week].roc_auc_variance.value);
    }
    CHECK(after.all().decisions <= room);
    if (room > 0) CHECK(after.outcome(second[399].key, true, 1));
  }
}

TEST_CASE("decisions that were kept otherwise are refused, and what was there goes on") {
  monitor::LivePerformance live(kThreshold);
  live.decided(key_of(kMonday, 1), 0.25);
  live.judge();
  const std::string good = live.save();
  const auto refused = [&](const std::string& bytes, const char* word) {
    kept_test::check_refused([&](const std::string& kept) { live.restore(kept, "performance.state"); }, bytes, word);
  };
  refused("", "performance.state");
  refused(good.substr(0, good.size() - 1), "31 bytes for 1 decisions");
  refused(with(good, "\"format\":1", "\"format\":9"), "format 9");
  refused(with(good, "2026-11-23", "2026-11-24"), "Monday");
  std::string odd = good;
  odd[good.size() - 9] = '\x40';  // the exponent's upper byte: a probability of 8
  refused(odd, "no probability");
  CHECK(live.save() == good);
  CHECK(live.outcome(key_of(kMonday, 1), true, 0));
}
