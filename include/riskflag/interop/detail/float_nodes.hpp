#pragma once

// What exports to libraries of floats have in common: a threshold and a missing rule as a float has them.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/model/linear_trees.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1::interop::detail {

/// The least float above `x`, which is not +inf or NaN.
[[nodiscard]] inline float float_above(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffU) == 0) return std::bit_cast<float>(0x00000001U);
  return std::bit_cast<float>((bits & 0x80000000U) != 0 ? bits - 1 : bits + 1);
}

/// The greatest float that is at most `threshold`: of all floats, the same ones are <= it.
[[nodiscard]] inline float float_at_most(double threshold) noexcept {
  constexpr double kMost = 0x1.fffffep127;
  if (!is_finite(threshold)) return static_cast<float>(threshold);
  if (threshold >= kMost) return static_cast<float>(kMost);
  if (threshold < -kMost) return -std::numeric_limits<float>::infinity();
  const float near = to_float32(threshold);
  if (order_key(from_float32(near)) <= order_key(threshold)) return near;
  const auto bits = std::bit_cast<std::uint32_t>(near);
  if ((bits & 0x7fffffffU) == 0) return std::bit_cast<float>(0x80000001U);
  return std::bit_cast<float>((bits & 0x80000000U) != 0 ? bits + 1 : bits - 1);
}

/// The side of NaN at a numeric node, where that is all its rule says; nullopt for MissingRule::zero where a number in
/// the band of zeros would go to the other side.
[[nodiscard]] inline std::optional<bool> missing_goes_left(const Node& node) noexcept {
  const auto left = [&](double x) { return order_key(x) <= order_key(node.threshold); };
  switch (node.missing) {
    case MissingRule::nan: return node.default_left;
    case MissingRule::none: return left(0.0);
    case MissingRule::zero: break;
  }
  if (left(-kZeroBand) != node.default_left || left(kZeroBand) != node.default_left) return std::nullopt;
  return node.default_left;
}

/// A failure for nodes that no single comparison of floats can say, and for linear leaves.
[[nodiscard]] inline Result<void> check_float_nodes(const Model& model, std::string_view library) {
  const std::string why_not = std::string(library) +
                              "'s trees have constants alone; export the model as LightGBM's text, or train it with "
                              "linear_tree=false";
  if (auto constant = require_constant_leaves(model, why_not); !constant) return constant;
  for (std::size_t t = 0; t < model.trees.size(); ++t) {
    const Tree& tree = model.trees[t];
    for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
      if (tree.nodes[i].categorical || missing_goes_left(tree.nodes[i])) continue;
      return Failure{ErrorCode::unsupported, "tree " + std::to_string(t) + ", node " + std::to_string(i),
                     "zeros count as missing there and go to the other side than their number would; " +
                         std::string(library) + " has no such question (train with zero_as_missing=false)"};
    }
  }
  return {};
}

/// The leaf with its output's base margin or its share of the average, rounded to float; of a model without trees the
/// leaf of the constant that stands for them.
[[nodiscard]] inline float float_leaf(const Model& model, std::size_t tree, double leaf, double scale) noexcept {
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  const std::size_t iterations = model.trees.size() / outputs;
  if (model.average_output && iterations > 0) leaf = exact::div(leaf, static_cast<double>(iterations));
  if (tree < outputs && !model.base_margin.empty()) leaf = exact::add(leaf, model.base_margin[tree]);
  return to_float32(exact::mul(leaf, scale));
}

}  // namespace riskflag::inline v0_1::interop::detail
