#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/detail/row_gradients.hpp>

namespace riskflag::inline v0_1::detail {

/// Each class's weighted share of the rows (labels 0, 1, ..., classes - 1), 0 for a class without rows that count. Sums
/// are made row after row within blocks, then block after block.
[[nodiscard]] inline std::vector<double> class_shares(std::span<const double> labels, std::span<const double> weights,
                                                      std::size_t classes) {
  std::vector<double> all(classes), block(classes);
  double sum = 0.0;
  for (std::size_t begin = 0; begin < labels.size(); begin += kSumBlock) {
    const std::size_t end = std::min(begin + kSumBlock, labels.size());
    std::fill(block.begin(), block.end(), 0.0);
    for (std::size_t i = begin; i < end; ++i) {
      double& of_class = block[static_cast<std::size_t>(labels[i])];
      of_class = exact::add(of_class, weights.empty() ? 1.0 : weights[i]);
    }
    for (std::size_t k = 0; k < classes; ++k) all[k] = exact::add(all[k], block[k]);
  }
  for (const double of_class : all) sum = exact::add(sum, of_class);
  for (double& of_class : all) of_class = exact::div(of_class, sum);
  return all;
}

}  // namespace riskflag::inline v0_1::detail
