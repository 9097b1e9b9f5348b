#include <riskflag/monitor/verdict.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace riskflag;

namespace {

/// debt: four bins, and gaps; home: a level that is called missing.
monitor::BinLayout small_layout() {
  monitor::Reference reference;
  reference.rows = 1000;
  monitor::FieldProfile debt{.name = "debt", .edges = {1, 2, 3}, .counts = {240, 240, 240, 240}};
  debt.missing = 40;
  monitor::FieldProfile home{
      .name = "home", .type = ColumnType::category, .levels = {"OWN", "missing"}, .counts = {600, 390}};
  home.missing = 10;
  reference.fields = {debt, home};
  return monitor::BinLayout(reference);
}

}  // namespace

TEST_CASE(
    "drift by field tells missing and unseen rates, of training and of live rows, and confuses no level with them") {
  const auto layout = small_layout();
  //                                             <=1 <=2 <=3  >3 gap  OWN "missing" gap unseen
  const std::vector<std::uint64_t> counts{20, 20, 20, 20, 20, 50, 30, 0, 20};
  const auto drift = monitor::drift_of(layout, counts);
  REQUIRE(drift.size() == 2);
  CHECK(drift[0].training.missing == 0.04);
  CHECK(drift[0].live.missing == 0.2);
  CHECK(drift[0].live.unseen == 0);
  CHECK(drift[1].training.missing == 0.01);
  CHECK(drift[1].training.unseen == 0);
  CHECK(drift[1].live.missing == 0);
  CHECK(drift[1].live.unseen == 0.2);
  const auto none = monitor::drift_of(layout, std::vector<std::uint64_t>(9, 0));
  CHECK(none[0].live.missing == 0);
}

TEST_CASE("whole rows that differ are drift by themselves, and stand behind the fields in the reason") {
  monitor::Evidence evidence;
  evidence.row_drift = monitor::RowDrift{5000, 800, 0.54, 0.55, false, {{"debt", 1.0}}};
  CHECK(monitor::judge(evidence).state == monitor::Verdict::State::stable);
  evidence.row_drift->alarm = true;
  evidence.row_drift->roc_auc = 0.625;
  const auto rows = monitor::judge(evidence);
  CHECK(rows.state == monitor::Verdict::State::drift);
  CHECK(rows.reason ==
        "live rows differ from training rows in how fields go together: a small model tells them apart with ROC-AUC "
        "0.625 above 0.55, most by debt");
  monitor::FieldDrift field;
  field.field = "home";
  field.psi = 0.5;
  field.threshold = 0.1;
  field.alarm = true;
  evidence.drift = {field};
  CHECK(monitor::judge(evidence).reason.find("rows in home (PSI 0.5 above 0.1); and in how fields go together") !=
        std::string::npos);
}
