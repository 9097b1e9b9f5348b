// Reads lines "probability decision" (1 = High) from standard input and prints what is estimated before any outcome:
// ROC-AUC, Brier, accuracy. The C++ side of test_monitoring_peers.py, which compiles this file (c++ -std=c++20 -O2 -I
// include).

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <riskflag/monitor/estimated.hpp>

int main() {
  std::vector<riskflag::monitor::JudgedDecision> decisions;
  int high = 0;
  for (std::string probability; std::cin >> probability >> high;) {
    decisions.push_back({0, std::strtod(probability.c_str(), nullptr), high == 1, {}});
  }
  const auto estimated = riskflag::monitor::estimate_performance(decisions);
  std::printf("%.17g %.17g %.17g\n", estimated.roc_auc.value.value(), estimated.brier.value.value(),
              estimated.accuracy.value.value());
}
