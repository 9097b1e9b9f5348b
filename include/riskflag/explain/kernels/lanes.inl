// One tree and some rows with RISKFLAG_LANES quadrature points a vector; included once for each instruction set, with
//   RISKFLAG_LANES   doubles a vector
//   RISKFLAG_TARGET  the target attribute of every function
//   RISKFLAG_PIN     the register constraint of a vector
//   RISKFLAG_LEVEL   the namespace that it goes to
// No lambdas and no functions from outside: they would be compiled for the consumer's flags. Every product that is
// added is pinned, as in core/exact.hpp, so that every width gives the same bits.

namespace riskflag::inline v0_1::shap_kernels::RISKFLAG_LEVEL {

typedef double Doubles __attribute__((vector_size(RISKFLAG_LANES * 8), may_alias));

RISKFLAG_TARGET inline Doubles pin(Doubles x) noexcept {
  asm("" : RISKFLAG_PIN(x));
  return x;
}
RISKFLAG_TARGET inline Doubles all(double x) noexcept { return Doubles{} + x; }
RISKFLAG_TARGET inline Doubles at(const double* place) noexcept { return *reinterpret_cast<const Doubles*>(place); }
RISKFLAG_TARGET inline void put(double* place, Doubles x) noexcept { *reinterpret_cast<Doubles*>(place) = x; }

/// The row's side at every node, and where that leads. No branches: which features repeat differs from tree to tree.
RISKFLAG_TARGET inline void answer(const ShapTree& tree, const std::int64_t* keys, const ShapRoom& room,
                                   std::uint32_t width) noexcept {
  room.hot[0] = 0;
  room.on[0] = 1;
  const std::uint32_t entry_size = 2 * tree.count;
  for (std::uint32_t n = 0; n < tree.num_nodes; ++n) {
    const ShapNode& node = tree.nodes[n];
    const std::uint32_t hot = keys[node.column] <= node.key ? 0 : 1;
    const std::uint32_t on = room.on[node.above] & (room.hot[node.above] == node.above_side ? 1U : 0U);
    room.hot[n + 1] = static_cast<std::uint8_t>(hot);
    room.on[n + 1] = static_cast<std::uint8_t>(on);
    ShapStep& step = room.steps[n];
    step.cold_share = node.share[1 - hot];
    step.hot = node.slot[hot] * width;
    step.cold = node.slot[1 - hot] * width;
    step.entry = on * node.entry * entry_size;
    step.feature = node.feature;
  }
}

/// With every feature known with chance x, independently: value(node) = V - y D, where V is the value of the child that
/// the row takes, y = 1 - x and D = (V - value(the other child)) times the other child's share, so that V - D is the
/// mean of both; and the node's feature is worth the integral over x of C D, where C is the product of the path's
/// factors: 1 - y share(other) towards the row's child, y share(other) towards the other. A feature that was asked
/// above is known with chance s = x / (z (1 - x) + x) instead, z being the share of its edges so far, and worth
/// C D z / (z (1 - x) + x)^2: the part above counted it with s. Where the row left the path at the feature, s is 0 and
/// there is nothing to add. `first`: of the rule's points; kVectors of them are taken together.
template <int kVectors>
RISKFLAG_TARGET inline void points(const ShapTree& tree, std::uint32_t first, const std::int64_t* keys,
                                   std::size_t columns, std::size_t rows, const ShapRoom& room, ShapLine* phi,
                                   std::size_t features) noexcept {
  constexpr std::uint32_t kWidth = kVectors * RISKFLAG_LANES;
  double* const down = room.down;
  double* const up = room.up;
  for (std::uint32_t l = 0; l < tree.num_leaves; ++l) {
    for (int v = 0; v < kVectors; ++v)
      put(up + (tree.num_nodes + l) * kWidth + v * RISKFLAG_LANES, all(tree.leaves[l]));
  }
  for (int v = 0; v < kVectors; ++v) put(down + v * RISKFLAG_LANES, at(tree.weights + first + v * RISKFLAG_LANES));
  const double* const unknown = tree.entries + first;
  const double* const gain = unknown + tree.count;
  for (std::size_t r = 0; r < rows; ++r) {
    answer(tree, keys + r * columns, room, kWidth);
    for (std::uint32_t n = 0; n < tree.num_nodes; ++n) {
      const ShapStep& step = room.steps[n];
      const Doubles share = all(step.cold_share);
      for (int v = 0; v < kVectors; ++v) {
        const std::uint32_t lane = static_cast<std::uint32_t>(v) * RISKFLAG_LANES;
        const Doubles c = at(down + n * kWidth + lane);
        const Doubles cold = pin(pin(c * at(unknown + step.entry + lane)) * share);
        put(down + step.cold + lane, cold);
        put(down + step.hot + lane, c - cold);
      }
    }
    ShapLine* const parts = phi + r * features;
    for (std::uint32_t n = tree.num_nodes; n-- > 0;) {
      const ShapStep& step = room.steps[n];
      const Doubles share = all(step.cold_share);
      double* const sums = parts[step.feature].at;
      for (int v = 0; v < kVectors; ++v) {
        const std::uint32_t lane = static_cast<std::uint32_t>(v) * RISKFLAG_LANES;
        const Doubles value = at(up + step.hot + lane);
        const Doubles difference = pin((value - at(up + step.cold + lane)) * share);
        const Doubles part = pin(pin(at(down + n * kWidth + lane) * difference) * at(gain + step.entry + lane));
        put(up + n * kWidth + lane, value - pin(at(unknown + step.entry + lane) * difference));
        put(sums + lane, at(sums + lane) + part);
      }
    }
  }
}

RISKFLAG_TARGET inline void tree(const ShapTree& tree, const std::int64_t* keys, std::size_t columns, std::size_t rows,
                                 const ShapRoom& room, ShapLine* phi, std::size_t features) noexcept {
#if RISKFLAG_LANES < 8
  if (tree.count < kShapPoints) {
    points<kShapPoints / 2 / RISKFLAG_LANES>(tree, 0, keys, columns, rows, room, phi, features);
    return;
  }
#endif
  for (std::uint32_t first = 0; first < tree.count; first += kShapPoints) {
    points<kShapPoints / RISKFLAG_LANES>(tree, first, keys, columns, rows, room, phi, features);
  }
}

}  // namespace riskflag::inline v0_1::shap_kernels::RISKFLAG_LEVEL
