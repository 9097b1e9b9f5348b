#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <riskflag/calibrate/detail/check_data.hpp>
#include <riskflag/calibrate/fit.hpp>
#include <riskflag/core/exact.hpp>

namespace riskflag::inline v0_1 {

inline Calibration fit_isotonic(const CalibrationData& data) {
  detail::check_two_classes(data);
  std::vector<std::size_t> order(data.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return data.probabilities[i] != data.probabilities[j] ? data.probabilities[i] < data.probabilities[j] : i < j;
  });
  struct Block {
    double first, last;  // probabilities
    double weight, positive;
    [[nodiscard]] double mean() const noexcept { return exact::div(positive, weight); }
  };
  std::vector<Block> blocks;
  const auto pool_violators = [&] {
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() >= blocks.back().mean()) {
      const Block right = blocks.back();
      blocks.pop_back();
      blocks.back().last = right.last;
      blocks.back().weight = exact::add(blocks.back().weight, right.weight);
      blocks.back().positive = exact::add(blocks.back().positive, right.positive);
    }
  };
  for (std::size_t k = 0; k < order.size();) {
    const double p = data.probabilities[order[k]];
    Block block{p, p, 0, 0};
    for (; k < order.size() && data.probabilities[order[k]] == p; ++k) {
      const double w = detail::weight_at(data, order[k]);
      block.weight = exact::add(block.weight, w);
      if (data.labels[order[k]] == 1) block.positive = exact::add(block.positive, w);
    }
    if (!(block.weight > 0)) continue;
    blocks.push_back(block);
    pool_violators();
  }
  Calibration out;
  out.method = CalibrationMethod::isotonic;
  out.rows = data.labels.size();
  for (const Block& block : blocks) {
    out.knots.emplace_back(block.first, block.mean());
    if (block.last > block.first) out.knots.emplace_back(block.last, block.mean());
  }
  return out;
}

}  // namespace riskflag::inline v0_1
