// Reads lines "position training live" from standard input, one a bin, and prints every distance: the C++ side of
// test_drift_scipy.py, which compiles this file (c++ -std=c++20 -O2 -I include).

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <riskflag/monitor/drift.hpp>

int main() {
  namespace monitor = riskflag::monitor;
  std::vector<double> positions;
  std::vector<std::uint64_t> training, live;
  std::uint64_t e = 0, a = 0;
  for (std::string position; std::cin >> position >> e >> a;) {
    positions.push_back(std::strtod(position.c_str(), nullptr));  // streams do not read every double back
    training.push_back(e);
    live.push_back(a);
  }
  const auto chi_square = monitor::chi_square(training, live);
  std::printf("%.17g %.17g %.17g %.17g %d\n", monitor::ks_distance(training, live),
              monitor::jensen_shannon(training, live), monitor::wasserstein(positions, training, live),
              chi_square.statistic, chi_square.degrees);
}
