#pragma once

// Path-dependent contributions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/explain/shap.hpp>
#include <riskflag/model/walk.hpp>

namespace riskflag::inline v0_1 {

inline ShapTree Explainer::tree(std::size_t t) const noexcept {
  const Parts& parts = *parts_;
  const TreeRange& range = parts.trees[t];
  const Rule& rule = parts.rules[range.rule];
  return {parts.nodes.data() + range.first_node,
          parts.leaves.data() + range.first_leaf,
          rule.weights.front().at,
          rule.entries.front().at,
          range.nodes,
          range.leaves,
          rule.count};
}

inline void Explainer::make_keys(const double* row, std::ptrdiff_t stride, std::int64_t* keys) const noexcept {
  constexpr std::int64_t kLeft = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kRight = std::numeric_limits<std::int64_t>::max();
  const Parts& parts = *parts_;
  for (std::size_t i = 0; i < parts.columns.size(); ++i) {
    const KeyColumn& column = parts.columns[i];
    double x = row[static_cast<std::ptrdiff_t>(column.feature) * stride];
    const bool missing = is_missing(x);
    if (parts.float32_inputs && !missing) x = rounded_to_float32(x);
    const std::int64_t key = order_key(x);
    const bool zero = missing || (key >= order_key(-kZeroBand) && key <= order_key(kZeroBand));
    switch (column.rule) {
      case KeyRule::nan_left: keys[i] = missing ? kLeft : key; break;
      case KeyRule::nan_right: keys[i] = missing ? kRight : key; break;
      case KeyRule::none: keys[i] = missing ? order_key(0.0) : key; break;
      case KeyRule::zero_left: keys[i] = zero ? kLeft : key; break;
      case KeyRule::zero_right: keys[i] = zero ? kRight : key; break;
      case KeyRule::set: {
        const std::span<const std::uint32_t> words(parts.words.data() + column.first_word, column.words);
        keys[i] = (missing ? column.default_left : is_in_set(words, x, parts.float32_inputs)) ? kLeft : kRight;
        break;
      }
    }
  }
}

inline void Explainer::explain_rows(MatrixView<double> rows, double* out, Scratch& scratch) const {
  // A tree stays in the nearest cache while a block of rows passes it.
  constexpr std::size_t kBlock = 16;
  const Parts& parts = *parts_;
  const std::size_t slots = parts.most_slots;
  const std::size_t width = outputs() * parts.features;
  if (scratch.lines.size() < 2 * slots) scratch.lines.resize(2 * slots);
  if (scratch.steps.size() < parts.most_nodes) scratch.steps.resize(parts.most_nodes);
  if (scratch.bytes.size() < 2 * (parts.most_nodes + 1)) scratch.bytes.resize(2 * (parts.most_nodes + 1));
  const ShapRoom room{scratch.lines.data()->at, scratch.lines[slots].at, scratch.steps.data(), scratch.bytes.data(),
                      scratch.bytes.data() + parts.most_nodes + 1};
  const std::size_t columns = parts.columns.size();
  for (std::size_t first = 0; first < rows.rows(); first += kBlock) {
    const std::size_t count = std::min(kBlock, rows.rows() - first);
    scratch.phi.assign(count * width, ShapLine{});
    scratch.keys.resize(count * columns);
    for (std::size_t r = 0; r < count; ++r) {
      make_keys(rows.row(first + r), rows.col_stride(), scratch.keys.data() + r * columns);
    }
    for (std::size_t t = 0; t < parts.trees.size(); ++t) {
      if (parts.trees[t].nodes == 0) continue;
      const std::size_t shift = t % outputs() * parts.features;
      parts.rules[parts.trees[t].rule].kernel(tree(t), scratch.keys.data(), columns, count, room,
                                              scratch.phi.data() + shift, width);
    }
    for (std::size_t i = 0; i < count * width; ++i) {
      const double(&at)[kShapPoints] = scratch.phi[i].at;
      const double left = exact::add(exact::add(at[0], at[4]), exact::add(at[2], at[6]));
      const double right = exact::add(exact::add(at[1], at[5]), exact::add(at[3], at[7]));
      out[first * width + i] = exact::mul(parts.scale, exact::add(left, right));
    }
  }
}

inline void Explainer::contributions(const double* row, double* out, Scratch& scratch) const {
  explain_rows(MatrixView<double>::row_major(row, 1, parts_->features), out, scratch);
}

inline bool Explainer::contributions(MatrixView<double> rows, std::span<double> out, Scratch& scratch) const {
  if (rows.cols() != parts_->features || out.size() != rows.rows() * outputs() * parts_->features) return false;
  explain_rows(rows, out.data(), scratch);
  return true;
}

}  // namespace riskflag::inline v0_1
