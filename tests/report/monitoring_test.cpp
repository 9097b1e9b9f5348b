#include <riskflag/report/monitoring.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("the monitoring page says the verdict, escapes names, and shows no figure where there is none") {
  monitor::Evidence evidence;
  evidence.model_name = "a<b>";
  evidence.decisions = 1500;
  monitor::FieldDrift income;
  income.field = "income & more";
  income.rows = 1500;
  income.psi = 0.4123;
  income.alarm = true;
  income.live = {0.125, 0.5};
  income.training = {0.0312, 0};
  monitor::FieldDrift empty;
  empty.field = "unused";
  evidence.drift = {income, empty};
  evidence.row_drift = monitor::RowDrift{6000, 1500, 0.6123, 0.55, true, {{"a & b", 0.75}, {"c", 0.25}}};
  evidence.performance = monitor::performance_of(
      "all", std::vector<monitor::JudgedDecision>{
                 {0, 0.9, true, true}, {0, 0.2, false, false}, {0, 0.5, false, {}}, {0, 0.5, false, {}}});
  evidence.weeks = {evidence.performance};
  evidence.weeks[0].cohort = "2026-11-23";
  const std::string page = report::render_monitoring(evidence);
  for (const char* words :
       {"<b>drift</b>", "a&lt;b&gt;", "income &amp; more", "0.4123", "week of 2026-11-23", "50.0", "no rows",
        "approved applicants", "1,500 live rows from 6,000", "0.6123", "a &amp; b 75.0", "12.5", "(3.1", "(0.0"}) {
    CAPTURE(words);
    CHECK(page.find(words) != std::string::npos);
  }
  CHECK(page.find("a<b>") == std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find(">nan") == std::string::npos);
  CHECK(page.find("Calibration") == std::string::npos);  // there are no bands
}
