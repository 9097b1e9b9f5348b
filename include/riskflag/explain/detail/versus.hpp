#pragma once

// Interventional contributions.

#include <cstddef>
#include <cstdint>
#include <span>

#include <riskflag/core/exact.hpp>
#include <riskflag/explain/shap.hpp>

namespace riskflag::inline v0_1 {

/// One row against one reference in one tree. A feature whose answers lead to different children belongs to the row or
/// to the reference on each path that is left; a leaf with a features of the row and b of the reference's is worth
/// (a - 1)! b! / (a + b)! to each of the former and -a! (b - 1)! / (a + b)! to each of the latter.
struct Explainer::Versus {
  struct Worth {
    double row = 0.0, reference = 0.0;
  };

  ShapTree tree;
  const std::int64_t* row;
  const std::int64_t* reference;
  double* phi;
  std::uint8_t* owner;  ///< of each feature on the path: 0 nobody, 1 the row, 2 the reference

  /// 1 / (a C(a + b, a)) = (a - 1)! b! / (a + b)!, for a >= 1.
  static double weight(std::uint32_t a, std::uint32_t b) noexcept {
    double choose = 1.0;
    for (std::uint32_t i = 1; i <= b; ++i) {
      choose = exact::div(exact::mul(choose, static_cast<double>(a + i)), static_cast<double>(i));
    }
    return exact::div(1.0, exact::mul(static_cast<double>(a), choose));
  }

  /// As deep as the tree, which check_model bounds.
  Worth at(std::uint32_t slot, std::uint32_t a, std::uint32_t b) const noexcept {
    if (slot >= tree.num_nodes) {
      const double value = tree.leaves[slot - tree.num_nodes];
      return {a == 0 ? 0.0 : exact::mul(value, weight(a, b)), b == 0 ? 0.0 : exact::mul(value, weight(b, a))};
    }
    const ShapNode& node = tree.nodes[slot];
    const std::size_t ours = row[node.column] <= node.key ? 0 : 1;
    const std::size_t theirs = reference[node.column] <= node.key ? 0 : 1;
    std::uint8_t& who = owner[node.feature];
    if (ours == theirs || who == 1) return at(node.slot[ours], a, b);
    if (who == 2) return at(node.slot[theirs], a, b);
    who = 1;
    const Worth known = at(node.slot[ours], a + 1, b);
    who = 2;
    const Worth unknown = at(node.slot[theirs], a, b + 1);
    who = 0;
    phi[node.feature] = exact::add(phi[node.feature], exact::sub(known.row, unknown.reference));
    return {exact::add(known.row, unknown.row), exact::add(known.reference, unknown.reference)};
  }
};

inline bool Explainer::contributions_against(const double* row, MatrixView<double> references, std::span<double> out,
                                             std::span<double> base, Scratch& scratch) const {
  const Parts& parts = *parts_;
  if (references.rows() == 0 || references.cols() != parts.features || out.size() != outputs() * parts.features ||
      base.size() != outputs()) {
    return false;
  }
  for (double& x : out) x = 0.0;
  for (double& x : base) x = 0.0;
  scratch.bytes.assign(parts.features + 2 * parts.most_nodes, 0);
  make_keys(row, 1, scratch.keys);
  for (std::size_t r = 0; r < references.rows(); ++r) {
    make_keys(references.row(r), references.col_stride(), scratch.reference_keys);
    for (std::size_t t = 0; t < parts.trees.size(); ++t) {
      const std::size_t k = t % outputs();
      const ShapTree flat = tree(t);
      std::uint32_t slot = 0;
      while (slot < flat.num_nodes) {
        const ShapNode& node = flat.nodes[slot];
        slot = node.slot[scratch.reference_keys[node.column] <= node.key ? 0 : 1];
      }
      base[k] = exact::add(base[k], flat.leaves[slot - flat.num_nodes]);
      const Versus versus{flat, scratch.keys.data(), scratch.reference_keys.data(), out.data() + k * parts.features,
                          scratch.bytes.data()};
      (void)versus.at(0, 0, 0);
    }
  }
  const double share = exact::div(parts.scale, static_cast<double>(references.rows()));
  for (double& x : out) x = exact::mul(x, share);
  for (std::size_t k = 0; k < base.size(); ++k) base[k] = exact::add(parts.base[k], exact::mul(base[k], share));
  return true;
}

}  // namespace riskflag::inline v0_1
