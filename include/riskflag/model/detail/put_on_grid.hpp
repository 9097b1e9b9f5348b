#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/model/linear_trees.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

/// The multiple of `grid` nearest to x.
inline double nearest_multiple(double x, double grid) noexcept {
  constexpr double kWhole = 0x1p52;  // beyond it every double is whole
  const double size = exact::div(x < 0 ? -x : x, grid);
  if (size >= kWhole) return x;
  const double steps = exact::sub(exact::add(size, kWhole), kWhole);
  return exact::mul(x < 0 ? -steps : steps, grid);
}

}  // namespace detail

inline void put_on_grid(Model& model) {
  if (model.leaf_grid != 0.0 || model.num_outputs < 1) return;
  if (find_linear_tree(model)) return;  // what their leaves add is on no grid
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  // The greatest sum that an output can reach, and half a step for the rounding of each of its terms.
  std::vector<double> reach(outputs, 0.0);
  std::vector<double> least(outputs, 0.0);  // what a row's leaves come to at least, in size
  const auto size = [](double x) { return x < 0 ? -x : x; };
  for (std::size_t k = 0; k < outputs && k < model.base_margin.size(); ++k) {
    reach[k] = least[k] = size(model.base_margin[k]);
  }
  for (std::size_t t = 0; t < model.trees.size(); ++t) {
    std::vector<double> sizes;
    for (const double leaf : model.trees[t].leaves) sizes.push_back(size(leaf));
    std::sort(sizes.begin(), sizes.end());
    if (sizes.empty() || !is_finite(sizes.back())) return;
    reach[t % outputs] = exact::add(reach[t % outputs], sizes.back());
    least[t % outputs] = exact::add(least[t % outputs], sizes.front());
  }
  double most = 0.0;
  for (const double each : reach) most = each > most ? each : most;
  const auto exponent = static_cast<std::int64_t>(detail::bit_cast<std::uint64_t>(most) >> 52);
  // 2^(exponent + 1) > most, in 2^52 steps of the grid: half of what check_model allows, all of it where half is too
  // coarse.
  constexpr std::int64_t kSteps = 51;
  if (exponent <= kSteps + 2 || exponent >= 2046) return;
  double grid = detail::bit_cast<double>(static_cast<std::uint64_t>(exponent - kSteps) << 52);
  // Leaves far beyond the others would make the grid too coarse for these: then all stay as they are. The roundings of
  // n leaves add up to 0.3 sqrt(n) steps, as chance has it; four times that must not be seen.
  const std::size_t count = model.trees.size() / outputs + 1;
  const auto terms = static_cast<double>(count);
  const auto is_seen = [&] {
    const double moved = exact::mul(exact::mul(1.2, grid), exact::sqrt(terms));
    for (const double each : least) {
      if (moved > exact::mul(1e-12, each > 1.0 ? each : 1.0)) return true;
    }
    return false;
  };
  if (is_seen()) {
    grid = exact::mul(0.5, grid);
    // Rounded, every term may be half a step more.
    if (is_seen() || exact::add(exact::div(most, grid), terms) > 0x1p53) return;
  }
  for (double& base : model.base_margin) base = detail::nearest_multiple(base, grid);
  for (Tree& tree : model.trees) {
    for (double& leaf : tree.leaves) leaf = detail::nearest_multiple(leaf, grid);
  }
  model.leaf_grid = grid;
}

}  // namespace riskflag::inline v0_1
