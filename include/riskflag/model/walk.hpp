#pragma once

// The slow scorer: walks the trees node by node. Every fast path must give its bits.

#include <cstddef>
#include <cstdint>
#include <span>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// True when value `x` (not missing) is one of the levels of a bitset. -0.5 is cut to 0, as LightGBM's cast to int
/// does; under Model::float32_inputs nothing below 0 is a level, as in XGBoost.
[[nodiscard]] inline bool is_in_set(std::span<const std::uint32_t> words, double x,
                                    bool float32_inputs = false) noexcept {
  if (words.empty() || order_key(x) <= order_key(-1.0) || (float32_inputs && order_key(x) < 0)) return false;
  if (order_key(x) >= order_key(static_cast<double>(words.size()) * 32.0)) return false;
  const auto level = static_cast<std::uint64_t>(static_cast<std::int64_t>(x));
  return ((words[level / 32] >> (level % 32)) & 1U) != 0;
}

/// True when value `x` of the node's feature, already rounded under Model::float32_inputs, takes the left side.
[[nodiscard]] inline bool goes_left(const Tree& tree, const Node& node, double x,
                                    bool float32_inputs = false) noexcept {
  if (node.categorical) {
    return is_missing(x) ? node.default_left : is_in_set(tree.category_sets[node.category_set], x, float32_inputs);
  }
  if (node.missing == MissingRule::none) {
    if (is_missing(x)) x = 0.0;
  } else {
    if (is_missing(x)) return node.default_left;
    if (node.missing == MissingRule::zero && order_key(x) >= order_key(-kZeroBand) &&
        order_key(x) <= order_key(kZeroBand)) {
      return node.default_left;
    }
  }
  return order_key(x) <= order_key(node.threshold);
}

/// The index of the leaf that `row` (one value for each feature of the model) falls into. Requires a checked tree.
[[nodiscard]] inline std::size_t leaf_of(const Tree& tree, std::span<const double> row,
                                         bool float32_inputs = false) noexcept {
  if (tree.nodes.empty()) return 0;
  std::int32_t at = 0;
  while (at >= 0) {
    const Node& node = tree.nodes[static_cast<std::size_t>(at)];
    double x = row[static_cast<std::size_t>(node.feature)];
    if (float32_inputs && !is_missing(x)) x = rounded_to_float32(x);
    at = goes_left(tree, node, x, float32_inputs) ? node.left : node.right;
  }
  return static_cast<std::size_t>(~at);
}

/// `x`, and +0 for -0: a sum of zeros has one sign in whatever order it is taken. By bits, because -ffast-math folds x
/// + 0.0.
[[nodiscard]] inline double without_negative_zero(double x) noexcept { return from_order_key(order_key(x)); }

/// `x`, and kMissing for every NaN: which one a processor makes of inf - inf differs.
[[nodiscard]] inline double with_one_nan(double x) noexcept {
  std::uint64_t bits = detail::opaque_bits(x);
  if ((bits & 0x7fffffffffffffffULL) > 0x7ff0000000000000ULL) bits = detail::bit_cast<std::uint64_t>(kMissing);
  asm("" : "+r"(bits));  // under -ffast-math Clang takes code that returns a NaN that it sees for unreachable
  return detail::bit_cast<double>(bits);
}

/// What a linear leaf multiplies for the value `x`, which is not missing.
[[nodiscard]] inline double without_zero_band(double x) noexcept {
  return order_key(x) >= order_key(-kZeroBand) && order_key(x) <= order_key(kZeroBand) ? 0.0 : x;
}

/// What `leaf` of the tree adds for `row`.
[[nodiscard]] inline double leaf_output(const Tree& tree, std::size_t leaf, std::span<const double> row) noexcept {
  if (tree.linear.empty()) return tree.leaves[leaf];
  const LinearLeaf& linear = tree.linear[leaf];
  double sum = linear.constant;
  for (std::size_t i = 0; i < linear.features.size(); ++i) {
    const double x = row[static_cast<std::size_t>(linear.features[i])];
    if (is_missing(x)) return tree.leaves[leaf];
    sum = exact::add(sum, exact::mul(linear.coefficients[i], without_zero_band(x)));
  }
  return sum;
}

/// The margin of one row before the link: base margin plus the leaves of the output's trees, in tree order.
///
/// Requires row.size() == model.features.size() and 0 <= output < num_outputs. With average_output the leaves' sum is
/// divided by their number before the base margin is added. Linear leaves of infinite or huge values may add up to an
/// infinity, or cancel to kMissing.
[[nodiscard]] inline double margin(const Model& model, std::span<const double> row, int output = 0) noexcept {
  const auto step = static_cast<std::size_t>(model.num_outputs);
  const auto first = static_cast<std::size_t>(output);
  const double base = model.base_margin.empty() ? 0.0 : model.base_margin[first];
  double sum = model.average_output ? 0.0 : base;
  std::size_t trees = 0;
  for (std::size_t t = first; t < model.trees.size(); t += step, ++trees) {
    const Tree& tree = model.trees[t];
    sum = exact::add(sum, leaf_output(tree, leaf_of(tree, row, model.float32_inputs), row));
  }
  if (model.average_output) sum = exact::add(base, trees == 0 ? 0.0 : exact::div(sum, static_cast<double>(trees)));
  return with_one_nan(without_negative_zero(sum));
}

/// The predictions of one row after the link, one for each output, into `out` (num_outputs long).
inline void predict_row(const Model& model, std::span<const double> row, std::span<double> out) noexcept {
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = margin(model, row, static_cast<int>(k));
  apply_link(find_link(model.objective.name).value_or(Link::identity), model.objective.sigmoid, out);
}

}  // namespace riskflag::inline v0_1
