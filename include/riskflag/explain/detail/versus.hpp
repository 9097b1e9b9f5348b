#pragma once

// Interventional contributions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/explain/kernels/dispatch.hpp>
#include <riskflag/explain/shap.hpp>

namespace riskflag::inline v0_1 {

inline void Explainer::look_at(MatrixView<double> rows, References& out, Scratch& scratch) const {
  const Parts& parts = *parts_;
  const std::size_t nodes = parts.nodes.size(), groups = (rows.rows() + kReferenceRows - 1) / kReferenceRows;
  out.rows_ = rows.rows();
  out.left_.assign(groups * nodes, 0);
  out.base_.assign(outputs(), 0.0);
  scratch.keys.resize(parts.columns.size());
  const std::int64_t* const keys = scratch.keys.data();
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    make_keys(rows.row(r), rows.col_stride(), scratch.keys.data());
    std::uint64_t* const left = out.left_.data() + r / kReferenceRows * nodes;
    for (std::size_t n = 0; n < nodes; ++n) {
      const std::uint64_t goes = keys[parts.nodes[n].column] <= parts.nodes[n].key ? 1 : 0;
      left[n] |= goes << r % kReferenceRows;
    }
    for (std::size_t t = 0; t < parts.trees.size(); ++t) {
      const ShapTree flat = tree(t);
      std::uint32_t slot = 0;
      while (slot < flat.num_nodes) {
        const ShapNode& node = flat.nodes[slot];
        slot = node.slot[keys[node.column] <= node.key ? 0 : 1];
      }
      double& base = out.base_[t % outputs()];
      base = exact::add(base, flat.leaves[slot - flat.num_nodes]);
    }
  }
  const double share = exact::div(parts.scale, static_cast<double>(rows.rows()));
  for (std::size_t k = 0; k < outputs(); ++k) out.base_[k] = exact::add(parts.base[k], exact::mul(out.base_[k], share));
}

inline std::optional<Explainer::References> Explainer::references(MatrixView<double> rows) const {
  if (rows.rows() == 0 || rows.cols() != parts_->features) return std::nullopt;
  References out;
  Scratch scratch;
  look_at(rows, out, scratch);
  return out;
}

inline bool Explainer::contributions_against(const double* row, const References& references, std::span<double> out,
                                             Scratch& scratch) const {
  const Parts& parts = *parts_;
  const std::size_t nodes = parts.nodes.size(), count = references.rows_;
  const std::size_t groups = (count + kReferenceRows - 1) / kReferenceRows;
  if (count == 0 || out.size() != outputs() * parts.features || references.base_.size() != outputs() ||
      references.left_.size() != groups * nodes) {
    return false;
  }
  for (double& x : out) x = 0.0;
  scratch.keys.resize(parts.columns.size());
  make_keys(row, 1, scratch.keys.data());
  const std::size_t places = parts.most_distinct + 2;
  if (scratch.words.size() < 2 * places) scratch.words.resize(2 * places);
  if (scratch.features.size() < places) scratch.features.resize(places);
  if (scratch.bytes.size() < places) scratch.bytes.resize(places);
  const ReferenceRoom room{scratch.words.data(), scratch.words.data() + places, scratch.features.data(),
                           scratch.bytes.data()};
  for (std::size_t t = 0; t < parts.trees.size(); ++t) {
    const TreeRange& range = parts.trees[t];
    if (range.nodes == 0) continue;
    double* const phi = out.data() + t % outputs() * parts.features;
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t rows = std::min(kReferenceRows, count - g * kReferenceRows);
      const ReferenceTree flat{parts.nodes.data() + range.first_node, parts.leaves.data() + range.first_leaf,
                               references.left_.data() + g * nodes + range.first_node, parts.reference_weights.data(),
                               range.nodes};
      parts.reference_kernel(flat, scratch.keys.data(), ~std::uint64_t{0} >> (kReferenceRows - rows), room, phi);
    }
  }
  const double share = exact::div(parts.scale, static_cast<double>(count));
  for (double& x : out) x = exact::mul(x, share);
  return true;
}

inline bool Explainer::contributions_against(const double* row, MatrixView<double> references, std::span<double> out,
                                             std::span<double> base, Scratch& scratch) const {
  if (references.rows() == 0 || references.cols() != parts_->features || out.size() != outputs() * parts_->features ||
      base.size() != outputs()) {
    return false;
  }
  look_at(references, scratch.references, scratch);
  std::copy(scratch.references.base_.begin(), scratch.references.base_.end(), base.begin());
  return contributions_against(row, scratch.references, out, scratch);
}

}  // namespace riskflag::inline v0_1
