#include <riskflag/monitor/performance.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/random.hpp>
#include <riskflag/monitor/verdict.hpp>

using namespace riskflag;

namespace {

std::int64_t at(const std::string& time) { return parse_rfc3339(time).value(); }

monitor::Evidence evidence_of(std::vector<monitor::JudgedDecision> decisions, std::optional<double> expected) {
  monitor::Evidence evidence;
  evidence.performance = monitor::performance_of("all", decisions);
  evidence.expected_roc_auc = expected;
  evidence.expected_rows = 2000;
  return evidence;
}

/// 400 decisions whose outcome is what the score says with the chance `share`, else a coin's.
std::vector<monitor::JudgedDecision> decisions_of(double share) {
  const Random random(3, 1);
  std::vector<monitor::JudgedDecision> out;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const double p = random.uniform(3 * i);
    const bool right = random.uniform(3 * i + 1) < share;
    out.push_back({0, p, p >= 0.5, right ? p > 0.5 : random.below(2, 3 * i + 2) == 1});
  }
  return out;
}

}  // namespace

TEST_CASE("the outcome that was observed last holds, of equal times the last that came") {
  monitor::OutcomeBook book;
  book.add({"a", true, 10});
  book.add({"a", false, 5});
  CHECK(book.find("a") == true);
  book.add({"a", false, 10});
  CHECK(book.find("a") == false);
  book.add({"a", true, 11});
  CHECK(book.find("a") == true);
  CHECK_FALSE(book.find("b").has_value());
  CHECK(book.size() == 1);
}

TEST_CASE("decisions are judged by those whose outcome is known, and coverage says how many these are") {
  const std::vector<monitor::JudgedDecision> decisions{
      {0, 0.9, true, true}, {0, 0.6, true, false}, {0, 0.4, false, true}, {0, 0.2, false, false}, {0, 0.3, false, {}}};
  const auto seen = monitor::performance_of("all", decisions);
  CHECK(seen.decisions == 5);
  CHECK(seen.high == 2);
  CHECK(seen.outcomes == 4);
  CHECK(seen.positives == 2);
  CHECK(seen.coverage() == 0.8);
  CHECK(seen.roc_auc.value == 0.75);  // of 2 x 2 pairs three are in order
  CHECK(seen.gini.value == 0.5);
  CHECK(seen.ks.value == 0.5);
  CHECK(seen.brier.value.value() == doctest::Approx((0.01 + 0.36 + 0.36 + 0.04) / 4));
  CHECK(seen.mean_probability == doctest::Approx(0.525));
  const auto none = monitor::performance_of("all", std::vector<monitor::JudgedDecision>{{0, 0.5, true, {}}});
  CHECK_FALSE(none.roc_auc);
  CHECK_FALSE(none.roc_auc_interval);
  CHECK(none.coverage() == 0.0);
}

TEST_CASE("weeks begin on Monday, UTC") {
  const std::vector<monitor::JudgedDecision> decisions{{at("2026-11-29T23:59:59.999Z"), 0.5, true, true},  // a Sunday
                                                       {at("2026-11-30T00:00:00.000Z"), 0.5, true, true},
                                                       {at("2026-11-23T00:00:00.000Z"), 0.5, true, {}},
                                                       {at("1969-12-31T12:00:00.000Z"), 0.5, true, {}}};
  const auto weeks = monitor::performance_by_week(decisions);
  REQUIRE(weeks.size() == 3);
  CHECK(weeks[0].cohort == "1969-12-29");
  CHECK(weeks[1].cohort == "2026-11-23");
  CHECK(weeks[1].decisions == 2);
  CHECK(weeks[1].outcomes == 1);
  CHECK(weeks[2].cohort == "2026-11-30");
}

TEST_CASE("calibration bands are the training deciles; a probability on an edge belongs to the band below") {
  const std::vector<double> edges{0.5};
  const auto bands = monitor::calibration_bands(
      std::vector<monitor::JudgedDecision>{
          {0, 0.5, true, true}, {0, 0.1, true, false}, {0, 0.9, true, true}, {0, 0.9, true, {}}},
      edges);
  REQUIRE(bands.size() == 2);
  CHECK(bands[0].outcomes == 2);
  CHECK(bands[0].positives == 1);
  CHECK(bands[0].mean_probability == doctest::Approx(0.3));
  CHECK(bands[1].outcomes == 1);
  CHECK(bands[1].high == 1.0);
}

TEST_CASE("the variance of Hanley and McNeil is that of their paper's example") {
  // Table I: 58 normal, 51 abnormal images, area 0.893; the text gives a standard error of 0.032.
  CHECK(std::sqrt(monitor::hanley_mcneil_variance(0.893, 51, 58)) == doctest::Approx(0.032).epsilon(0.02));
}

TEST_CASE("the verdict is decay when ROC-AUC falls below what chance explains, drift by alarm, else stable") {
  using State = monitor::Verdict::State;
  auto good = evidence_of(decisions_of(0.9), 0.8);
  CHECK(judge(good).state == State::stable);
  auto bad = evidence_of(decisions_of(0.0), 0.8);
  CHECK(judge(bad).state == State::decay);
  CHECK(judge(bad).reason.find("where the test set had 0.8") != std::string::npos);
  bad.expected_roc_auc.reset();
  CHECK_FALSE(monitor::decay_limit(bad).has_value());
  CHECK(judge(bad).state == State::stable);
  // Below by less than the errors of both samples allow: the smaller the test set, the more of it is chance.
  auto close = evidence_of(decisions_of(0.5), {});
  close.expected_roc_auc = *close.performance.roc_auc.value + 0.05;
  CHECK(judge(close).state == State::stable);
  const double wide = *monitor::decay_limit(close);
  close.expected_rows = 100;
  CHECK(*monitor::decay_limit(close) < wide);
  monitor::FieldDrift income;
  income.field = "income";
  income.psi = 0.4;
  income.alarm = true;
  good.drift = {income};
  CHECK(judge(good).state == State::drift);
  CHECK(judge(good).reason.find("income (PSI 0.4 above 0.1)") != std::string::npos);
  bad.expected_roc_auc = 0.8;
  bad.drift = {income};
  CHECK(judge(bad).state == State::decay);
}

TEST_CASE("a verdict without outcomes says that there are none yet") {
  monitor::Evidence evidence;
  CHECK(judge(evidence).reason.find("outcomes") == std::string::npos);  // none were asked for
  evidence.outcome_files = 1;
  CHECK(judge(evidence).reason.find("outcomes") == std::string::npos);
  evidence.outcome_files = 0;
  CHECK(judge(evidence).reason.ends_with("; there are no outcomes yet"));
}

TEST_CASE("fields are compared one by one, and few rows raise no alarm") {
  monitor::Reference reference;
  reference.rows = 1000;
  reference.fields = {{.name = "a", .edges = {1}, .levels = {}, .counts = {500, 500}},
                      {.name = "b", .edges = {1}, .levels = {}, .counts = {500, 500}}};
  const monitor::BinLayout layout(reference);
  const std::vector<std::uint64_t> counts{250, 250, 0, 0, 500, 0};  // a: as in training; b: all above 1
  const auto drift = monitor::drift_of(layout, counts);
  REQUIRE(drift.size() == 2);
  CHECK_FALSE(drift[0].alarm);
  CHECK(drift[1].alarm);
  CHECK(drift[1].rows == 500);
  const std::vector<std::uint64_t> few{50, 50, 0, 0, 100, 0};
  CHECK_FALSE(monitor::drift_of(layout, few)[1].alarm);
  const std::vector<std::uint64_t> none(6, 0);
  CHECK(monitor::drift_of(layout, none)[0].rows == 0);
}
