#pragma once

#include <string>
#include <vector>

namespace riskflag::inline v0_1 {

/// The evaluation values of a training run, iteration by iteration.
struct History {
  std::vector<std::string> names{};           ///< "valid.binary_logloss": data set, dot, metric
  std::vector<std::vector<double>> values{};  ///< [iteration][name]

  bool operator==(const History&) const = default;
};

}  // namespace riskflag::inline v0_1
