#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/core/random.hpp>

namespace riskflag_test {

/// Probabilities, labels that follow them loosely, weights.
struct Scores {
  std::vector<double> p, y, w;
};

/// `levels` > 0: that many distinct scores, so that there are ties.
inline Scores random_scores(std::uint64_t seed, std::size_t rows, std::size_t levels, bool weighted) {
  const riskflag::Random random(seed);
  Scores out;
  for (std::size_t i = 0; i < rows; ++i) {
    double p = random.uniform(4 * i);
    if (levels > 0) p = std::floor(p * static_cast<double>(levels)) / static_cast<double>(levels);
    out.p.push_back(p);
    out.y.push_back(random.uniform(4 * i + 1) < 0.1 + 0.6 * p ? 1.0 : 0.0);
    out.w.push_back(weighted ? random.uniform(4 * i + 2) * 3.0 : 1.0);
  }
  return out;
}

}  // namespace riskflag_test
