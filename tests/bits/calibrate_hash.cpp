// A hash of calibrations fitted on random rows, and of what they answer. tests/bits/run.sh compares it across compilers
// and flags: "all" fits; "scoring" applies given curves and knots, which must hold under -ffast-math too.

#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <riskflag/calibrate.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/sha256.hpp>

namespace {

using namespace riskflag;

void take_answers(const Calibration& calibration, std::string& all) {
  const Random random(17, 1);
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const double u = random.uniform(2 * i), small = std::bit_cast<double>(random.bits(2 * i + 1) >> 2);
    for (const double p :
         {u, exact::mul(u, 0x1p-30), exact::sub(1.0, exact::mul(u, 0x1p-20)), small < 1 ? small : 1.0}) {
      const double answer = calibration.apply(p);
      all.append(reinterpret_cast<const char*>(&answer), sizeof answer);
    }
    if (all.size() > 1000000) all = sha256_hex(all);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "all";
  std::string all;
  Calibration given;
  given.method = CalibrationMethod::beta;
  given.a = 0.37;
  given.b = 1.61;
  given.c = -0.2;
  take_answers(given, all);
  take_answers(odds_correction(12.5), all);
  given = {};
  given.method = CalibrationMethod::isotonic;
  for (int i = 0; i < 200; ++i)
    given.knots.emplace_back(exact::div(i, 200.0), exact::div(static_cast<double>(i) * i, 40000.0));
  take_answers(given, all);
  if (mode == "all") {
    const Random random(18, 1);
    std::vector<double> p, y, w;
    for (std::uint64_t i = 0; i < 3000; ++i) {
      p.push_back(random.uniform(3 * i));
      y.push_back(random.uniform(3 * i + 1) < exact::mul(p.back(), p.back()) ? 1 : 0);
      w.push_back(random.uniform(3 * i + 2));
    }
    for (const Calibration& fitted : {fit_platt({p, y, w}), fit_beta({p, y, w}), fit_isotonic({p, y, w}),
                                      choose_calibration({p, y}, {.odds_factor = 2})}) {
      all += calibration_text(fitted);
      take_answers(fitted, all);
    }
  }
  std::printf("calibrate_hash %s %s\n", mode.c_str(), sha256_hex(all).c_str());
}
