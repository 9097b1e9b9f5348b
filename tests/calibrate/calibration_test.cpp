#include <riskflag/calibrate/calibration.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/random.hpp>

using namespace riskflag;

namespace {

Calibration curve(CalibrationMethod method, double a, double b, double c) {
  Calibration out;
  out.method = method;
  out.a = a;
  out.b = b;
  out.c = c;
  return out;
}

Calibration isotonic() {
  Calibration out;
  out.method = CalibrationMethod::isotonic;
  out.knots = {{0.1, 0.0}, {0.2, 0.5}, {0.3, 0.5}, {0.7, 1.0}};
  return out;
}

std::vector<Calibration> one_of_each() {
  return {Calibration{},
          curve(CalibrationMethod::prior, 1, 1, -1.3),
          curve(CalibrationMethod::platt, 0.37, 0.37, -0.2),
          curve(CalibrationMethod::platt, 2.9, 2.9, 0.7),
          curve(CalibrationMethod::beta, 0.3, 1.9, 0.4),
          curve(CalibrationMethod::beta, 0, 1.2, -1),
          isotonic()};
}

double next_up(double x) { return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) + 1); }

}  // namespace

TEST_CASE("the identity gives every double back") {
  for (const double p : {0.0, 0.25, 1.0, 5e-324, 0.1}) CHECK(Calibration{}.apply(p) == p);
}

TEST_CASE("the curves are what their formulas say") {
  for (const double p : {1e-12, 0.001, 0.2, 0.5, 0.75, 0.999, 1 - 1e-9}) {
    CAPTURE(p);
    const double log_odds = std::log(p) - std::log1p(-p);
    CHECK(curve(CalibrationMethod::platt, 0.5, 0.5, 0.1).apply(p) ==
          doctest::Approx(1 / (1 + std::exp(-(0.5 * log_odds + 0.1)))).epsilon(1e-12));
    CHECK(curve(CalibrationMethod::beta, 0.5, 2, 0.1).apply(p) ==
          doctest::Approx(1 / (1 + std::exp(-(0.5 * std::log(p) - 2 * std::log1p(-p) + 0.1)))).epsilon(1e-12));
    CHECK(curve(CalibrationMethod::prior, 1, 1, -std::log(4.0)).apply(p) ==
          doctest::Approx(p / 4 / (p / 4 + 1 - p)).epsilon(1e-12));
  }
}

TEST_CASE("isotonic knots answer their own value, a line between them, and their ends beyond") {
  const Calibration c = isotonic();
  for (const auto& [from, to] : c.knots) CHECK(c.apply(from) == to);
  CHECK(c.apply(0.0) == 0.0);
  CHECK(c.apply(0.25) == 0.5);
  CHECK(c.apply(0.15) == doctest::Approx(0.25).epsilon(1e-15));
  CHECK(c.apply(0.5) == doctest::Approx(0.75).epsilon(1e-15));
  CHECK(c.apply(1.0) == 1.0);
}

TEST_CASE("a calibrated probability is a probability at both ends, and NaN stays NaN") {
  for (const Calibration& c : one_of_each()) {
    CAPTURE(name_of(c.method));
    for (const double p : {0.0, 5e-324, 1e-300, 1.0, next_up(0.0)}) {
      CHECK(c.apply(p) >= 0.0);
      CHECK(c.apply(p) <= 1.0);
    }
    CHECK(std::isnan(c.apply(std::numeric_limits<double>::quiet_NaN())));
  }
}

TEST_CASE("invariant: a calibration never falls as the probability rises, from one double to the next") {
  const Random random(5, 1);
  std::uint64_t draw = 0, falls = 0;
  for (const Calibration& c : one_of_each()) {
    for (int start = 0; start < 300; ++start) {
      // Probabilities of every size, 1/2 and the ends of [0, 1] and of the steps of z among them.
      const double u = random.uniform(draw++), size = std::exp2(-60 * random.uniform(draw++));
      double p = start % 3 == 0 ? u : start % 3 == 1 ? u * size : 1 - u * size;
      if (start == 0) p = 0.5 - 100 * 0x1p-54;
      double before = c.apply(p);
      for (int step = 0; step < 300 && p < 1; ++step) {
        p = next_up(p);
        const double after = c.apply(p);
        falls += after < before ? 1 : 0;
        before = after;
      }
      // ... and by a few hundred doubles at a time
      for (int step = 0; step < 300 && p < 1 - 1e-12; ++step) {
        p = std::bit_cast<double>(std::bit_cast<std::uint64_t>(p) + random.below(500, draw++));
        const double after = c.apply(p);
        falls += after < before ? 1 : 0;
        before = after;
      }
    }
  }
  CHECK(falls == 0);
}

TEST_CASE("every calibration comes back from its text") {
  for (Calibration c : one_of_each()) {
    CAPTURE(name_of(c.method));
    CHECK(parse_calibration(calibration_text(c), "calibration.json") == c);
    c.rows = 600;
    c.trials = {{CalibrationMethod::identity, 0.31}, {CalibrationMethod::beta, 0.3}};
    CHECK(parse_calibration(calibration_text(c), "calibration.json") == c);
  }
  CHECK(calibration_text({}) == "{\n  \"format\": 1,\n  \"method\": \"identity\"\n}\n");
}

TEST_CASE("the sentence says which method, on how many rows, and what the others gave") {
  Calibration c = curve(CalibrationMethod::platt, 1, 1, 0);
  CHECK(calibration_sentence(c) == "calibration: platt");
  c.rows = 600;
  c.trials = {{CalibrationMethod::identity, 0.31}, {CalibrationMethod::platt, 0.3}};
  CHECK(calibration_sentence(c) ==
        "calibration: platt on 600 rows, the least cross-validated log loss of identity 0.31, platt 0.3");
}

TEST_CASE("a calibration.json that is no calibration is refused") {
  for (const char* bad : {
           R"({"format":1,"method":"platt"})",
           R"({"format":1,"method":"spline"})",
           R"({"format":2,"method":"identity"})",
           R"({"format":1,"method":"identity","a":1})",
           R"({"format":1,"method":"platt","a":-1,"b":-1,"c":0})",
           R"({"format":1,"method":"platt","a":1,"b":2,"c":0})",
           R"({"format":1,"method":"prior","a":2,"b":2,"c":0})",
           R"({"format":1,"method":"beta","a":1,"b":"inf","c":0})",
           R"({"format":1,"method":"isotonic","from":[],"to":[]})",
           R"({"format":1,"method":"isotonic","from":[0.1,0.1],"to":[0,1]})",
           R"({"format":1,"method":"isotonic","from":[0.1,0.2],"to":[1,0]})",
           R"({"format":1,"method":"isotonic","from":[0.1,0.2],"to":[0,1.5]})",
           R"({"format":1,"method":"isotonic","from":[0.1,0.2],"to":[0]})",
           R"({"format":1,"method":"identity","cv_log_loss":{"spline":1}})",
           R"({"format":1,"method":"identity","rows":-1})",
       }) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(parse_calibration(bad, "calibration.json")), Error);
  }
}
