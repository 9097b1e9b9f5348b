#pragma once

#include <cstdint>
#include <vector>

namespace riskflag::inline v0_1 {

/// A leaf that adds constant + sum of coefficient * value, term after term in this order, each product and each sum
/// rounded once: LightGBM's linear_tree. A value with |x| <= kZeroBand counts as 0, as LightGBM's predictors take it.
/// Where one of the values is missing, the leaf adds its constant of Tree::leaves instead.
struct LinearLeaf {
  double constant = 0.0;
  std::vector<std::int32_t> features{};  ///< numeric ones, as indices into Model::features
  std::vector<double> coefficients{};    ///< one for each of them

  bool operator==(const LinearLeaf&) const = default;
};

}  // namespace riskflag::inline v0_1
