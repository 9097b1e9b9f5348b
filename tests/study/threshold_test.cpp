#include <riskflag/study/threshold.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace riskflag::study {

TEST_CASE("threshold rules are read as --threshold writes them") {
  CHECK(parse_threshold_rule("f1").kind == ThresholdRule::Kind::f1);
  const ThresholdRule cost = parse_threshold_rule("cost:5,0.5");
  CHECK(cost.kind == ThresholdRule::Kind::cost);
  CHECK(cost.fn_cost == 5);
  CHECK(cost.fp_cost == 0.5);
  CHECK(parse_threshold_rule("approve:0.8").rate == 0.8);
  CHECK(parse_threshold_rule("0.35").value == 0.35);
  CHECK_FALSE(parse_threshold_rule("0").needs_rows());
  CHECK(parse_threshold_rule("approve:1").needs_rows());
}

TEST_CASE("what is no rule is refused with what would be accepted") {
  for (const char* text : {"", "f2", "F1", "cost:1", "cost:1,2,3", "cost:-1,2", "cost:0,0", "cost:a,b", "cost:inf,1",
                           "approve:", "approve:1.5", "-0.1", "1.01", "nan", "0.5 "}) {
    CAPTURE(text);
    try {
      (void)parse_threshold_rule(text);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid_option);
      CHECK(std::string(error.what()).find("accepted: f1, cost:FN,FP, approve:RATE or a number in [0, 1]") !=
            std::string::npos);
    }
  }
}

TEST_CASE("each rule's threshold on four rows, worked out by hand") {
  const std::vector<double> p = {0.1, 0.4, 0.6, 0.9}, y = {0, 1, 0, 1};
  // High from 0.4: tp 2, fp 1, F1 = 4/5; from 0.9: tp 1, F1 = 2/3; from 0.6: tp 1, fp 1, F1 = 1/2.
  CHECK(choose_threshold(parse_threshold_rule("f1"), p, y, {}) == 0.4);
  // Missing a positive costs 1, a false alarm 3: from 0.9 costs 1 (misses 0.4), from 0.4 costs 3.
  CHECK(choose_threshold(parse_threshold_rule("cost:1,3"), p, y, {}) == 0.9);
  CHECK(choose_threshold(parse_threshold_rule("cost:3,1"), p, y, {}) == 0.4);
  // At most half of the rows below the threshold: 0.1 and 0.4 are below 0.6.
  CHECK(choose_threshold(parse_threshold_rule("approve:0.5"), p, y, {}) == 0.6);
  CHECK(choose_threshold(parse_threshold_rule("0.25"), p, y, {}) == 0.25);
}

}  // namespace riskflag::study
