// Reads rows "probability label weight" from standard input and prints the three fitted calibrations and what they
// answer: the C++ side of test_calibrate_sklearn.py, which compiles this file (c++ -std=c++20 -O2 -I include).
//
// Out: lines "platt_a X", "platt_c X", "beta_a X", "beta_b X", "beta_c X", and "platt X", "beta X", "isotonic X" for
// each row of a grid of probabilities 0, 1/1000, ..., 1.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <riskflag/calibrate.hpp>

int main() {
  std::vector<double> p, y, w;
  // strtod: streams do not read every double back.
  for (std::string a, b, c; std::cin >> a >> b >> c;) {
    p.push_back(std::strtod(a.c_str(), nullptr));
    y.push_back(std::strtod(b.c_str(), nullptr));
    w.push_back(std::strtod(c.c_str(), nullptr));
  }
  const riskflag::CalibrationData data{p, y, w};
  const riskflag::Calibration platt = riskflag::fit_platt(data), beta = riskflag::fit_beta(data),
                              isotonic = riskflag::fit_isotonic(data);
  std::printf("platt_a %.17g\nplatt_c %.17g\n", platt.a, platt.c);
  std::printf("beta_a %.17g\nbeta_b %.17g\nbeta_c %.17g\n", beta.a, beta.b, beta.c);
  for (int i = 0; i <= 1000; ++i) {
    const double at = i / 1000.0;
    std::printf("platt %.17g\nbeta %.17g\nisotonic %.17g\n", platt.apply(at), beta.apply(at), isotonic.apply(at));
  }
}
