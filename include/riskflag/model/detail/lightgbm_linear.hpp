#pragma once

// The linear leaves of LightGBM's text models (linear_tree=true).

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/model/detail/lightgbm_lines.hpp>
#include <riskflag/model/tree.hpp>

namespace riskflag::inline v0_1::detail {

/// leaf_const has a number for each leaf, num_features how many terms each has; leaf_features and leaf_coeff have the
/// terms of all leaves one after another. Shrinkage and boost_from_average stand in these numbers already.
class LightgbmLinearLeaves : protected LightgbmLines {
 protected:
  using LightgbmLines::LightgbmLines;

  /// Fills tree.linear; or tree.leaves alone, where no leaf has a term (LightGBM's first tree has none).
  bool read_linear_leaves(const std::vector<Entry>& entries, Tree& tree) {
    const std::size_t leaves = tree.leaves.size();
    std::vector<double> constants, coefficients;
    std::vector<std::uint32_t> terms;
    std::vector<std::int32_t> features;
    if (!numbers(entries, "leaf_const", leaves, constants) || !numbers(entries, "num_features", leaves, terms)) {
      return false;
    }
    const std::size_t all = std::accumulate(terms.begin(), terms.end(), std::size_t{0});
    if (!numbers(entries, "leaf_features", all, features, false, Blanks::any) ||
        !numbers(entries, "leaf_coeff", all, coefficients, false, Blanks::any)) {
      return false;
    }
    if (all == 0) {
      tree.leaves = std::move(constants);
      return true;
    }
    std::size_t at = 0;
    for (std::size_t i = 0; i < leaves; ++i) {
      LinearLeaf& leaf = tree.linear.emplace_back();
      leaf.constant = constants[i];
      const auto first = static_cast<std::ptrdiff_t>(at), last = static_cast<std::ptrdiff_t>(at + terms[i]);
      leaf.features.assign(features.begin() + first, features.begin() + last);
      leaf.coefficients.assign(coefficients.begin() + first, coefficients.begin() + last);
      at += terms[i];
    }
    return true;
  }
};

}  // namespace riskflag::inline v0_1::detail
