// One row against up to 64 reference rows in one tree; included once for each instruction set, with
//   RISKFLAG_TARGET  the target attribute of every function: for the instruction that counts bits
//   RISKFLAG_PIN     the register constraint of a double
//   RISKFLAG_LEVEL   the namespace that it goes to
// No lambdas and no functions from outside, and every product that is added is pinned: see lanes.inl.

namespace riskflag::inline v0_1::shap_kernels::RISKFLAG_LEVEL {

RISKFLAG_TARGET inline double pin_one(double x) noexcept {
  asm("" : RISKFLAG_PIN(x));
  return x;
}

/// (a - 1)! b! / (a + b)!, from the table where it reaches.
RISKFLAG_TARGET inline double reference_weight(const ReferenceTree& tree, std::uint32_t a, std::uint32_t b) noexcept {
  const std::uint32_t sum = a + b;
  if (sum <= kReferenceTable) return tree.weights[sum * (sum + 1) / 2 + a];
  double weight = 1.0 / static_cast<double>(a);  // 1 / (a C(a + b, a))
  for (std::uint32_t i = 1; i <= b; ++i) weight = pin_one(weight * static_cast<double>(i)) / static_cast<double>(a + i);
  return weight;
}

/// A leaf under a path. Its value counts where the row, with the features of a coalition its own and all others those
/// of a reference, reaches it: the references of `alive` take every feature that the row does not (`misses` of them).
/// Of a reference that leaves the path in a of the row's features, each of these is worth (a - 1)! b! / (a + b)! times
/// the value and each of the b missed ones -a! (b - 1)! / (a + b)! times. Adds the former; returns the sum of the
/// latter's sizes. References are told apart by a alone: they are counted, not walked.
RISKFLAG_TARGET inline double reference_leaf(const ReferenceTree& tree, double value, std::uint32_t places,
                                             std::uint32_t misses, std::uint64_t alive, const ReferenceRoom& room,
                                             double* phi) noexcept {
  std::uint64_t* const at_least = room.at_least;
  std::uint32_t most = 0;
  at_least[0] = alive;
  for (std::uint32_t p = 0; p < places; ++p) {
    const std::uint64_t leave = room.takes[p] != 0 ? alive & ~room.reach[p] : 0;
    if (leave == 0) continue;
    at_least[most + 1] = 0;
    for (std::uint32_t a = most + 1; a > 0; --a) at_least[a] |= at_least[a - 1] & leave;
    most += at_least[most + 1] != 0 ? 1 : 0;
  }
  at_least[most + 1] = 0;
  double lost = 0.0;
  if (misses > 0) {
    for (std::uint32_t a = 0; a <= most; ++a) {
      const auto count = static_cast<double>(__builtin_popcountll(at_least[a] & ~at_least[a + 1]));
      lost = lost + pin_one(count * reference_weight(tree, misses, a));
    }
  }
  if (most > 0) {
    for (std::uint32_t p = 0; p < places; ++p) {
      const std::uint64_t leave = room.takes[p] != 0 ? alive & ~room.reach[p] : 0;
      if (leave == 0) continue;
      double won = 0.0;
      for (std::uint32_t a = 1; a <= most; ++a) {
        const auto count = static_cast<double>(__builtin_popcountll(leave & at_least[a] & ~at_least[a + 1]));
        won = won + pin_one(count * reference_weight(tree, a, misses));
      }
      double& to = phi[room.feature[p]];
      to = to + pin_one(value * won);
    }
  }
  return value * lost;
}

/// The subtree at `slot`: the leaves' sums of what missed features lose, which goes to a feature where the row left it.
/// As deep as the tree, which check_model bounds.
RISKFLAG_TARGET inline double reference_walk(const ReferenceTree& tree, const std::int64_t* keys, std::uint32_t slot,
                                             std::uint32_t places, std::uint32_t misses, std::uint64_t alive,
                                             const ReferenceRoom& room, double* phi) noexcept {
  if (slot >= tree.num_nodes) {
    return reference_leaf(tree, tree.leaves[slot - tree.num_nodes], places, misses, alive, room, phi);
  }
  const ShapNode& node = tree.nodes[slot];
  const std::uint32_t p = node.place, hot = keys[node.column] <= node.key ? 0 : 1;
  const bool asked = node.above != 0;
  const std::uint64_t reach = asked ? room.reach[p] : ~std::uint64_t{0};
  const std::uint8_t takes = asked ? room.takes[p] : 1;
  room.feature[p] = node.feature;
  double lost = 0.0;
  for (std::uint32_t side = 0; side < 2; ++side) {
    const std::uint64_t there = reach & (side == 0 ? tree.left[slot] : ~tree.left[slot]);
    const bool ours = takes != 0 && side == hot;
    const std::uint64_t left = ours ? alive : alive & there;
    if (left == 0) continue;
    room.reach[p] = there;
    room.takes[p] = ours ? 1 : 0;
    const bool missed = takes != 0 && !ours;
    const double below = reference_walk(tree, keys, node.slot[side], asked ? places : places + 1,
                                        misses + (missed ? 1 : 0), left, room, phi);
    if (missed) phi[node.feature] = phi[node.feature] - pin_one(below);
    lost = lost + pin_one(below);
  }
  room.reach[p] = reach;
  room.takes[p] = takes;
  return lost;
}

RISKFLAG_TARGET inline void references(const ReferenceTree& tree, const std::int64_t* keys, std::uint64_t all,
                                       const ReferenceRoom& room, double* phi) noexcept {
  (void)reference_walk(tree, keys, 0, 0, 0, all, room, phi);
}

}  // namespace riskflag::inline v0_1::shap_kernels::RISKFLAG_LEVEL
