#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// `weights` (none: 1 each) times what scale_pos_weight or is_unbalance gives a row's class; empty where classes weigh
/// the same.
[[nodiscard]] inline std::vector<double> class_weighted(const TrainOptions& options, std::span<const double> labels,
                                                        std::span<const double> weights) {
  double of_class[2] = {1.0, options.objective == "binary" ? options.scale_pos_weight : 1.0};
  if (options.is_unbalance) {
    std::uint64_t rows[2] = {0, 0};
    for (std::size_t i = 0; i < labels.size(); ++i)
      rows[labels[i] != 0.0 ? 1 : 0] += weights.empty() || weights[i] > 0.0 ? 1U : 0U;
    const std::size_t rare = rows[1] <= rows[0] ? 1 : 0;
    of_class[rare] = exact::div(static_cast<double>(rows[1 - rare]), static_cast<double>(rows[rare]));
  }
  std::vector<double> out;
  if (of_class[0] == 1.0 && of_class[1] == 1.0) return out;
  out.reserve(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i)
    out.push_back(exact::mul(weights.empty() ? 1.0 : weights[i], of_class[labels[i] != 0.0 ? 1 : 0]));
  return out;
}

}  // namespace riskflag::inline v0_1::detail
