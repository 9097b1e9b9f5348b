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
RISKFLAG_TARGET inline Doubles all(double x) noexcept { return x - Doubles{}; }  // + would be an addition: -0
RISKFLAG_TARGET inline Doubles at(const double* place) noexcept { return *reinterpret_cast<const Doubles*>(place); }
RISKFLAG_TARGET inline void put(double* place, Doubles x) noexcept { *reinterpret_cast<Doubles*>(place) = x; }

/// The row's side at every node, and where that leads. No branches: which features repeat differs from tree to tree.
RISKFLAG_TARGET inline void answer(const ShapTree& tree, const std::int64_t* keys, const ShapRoom& room,
                                   std::uint32_t width) noexcept {
  // Local pointers: a store of a byte might change whatever else is read through `room` and `tree`.
  std::uint8_t* const hots = room.hot;
  std::uint8_t* const ons = room.on;
  ShapStep* const steps = room.steps;
  const ShapNode* const nodes = tree.nodes;
  const std::uint32_t num_nodes = tree.num_nodes;
  hots[0] = 0;
  ons[0] = 1;
  for (std::uint32_t n = 0; n < num_nodes; ++n) {
    const ShapNode& node = nodes[n];
    const std::uint32_t hot = keys[node.column] <= node.key ? 0 : 1;
    const std::uint32_t on = ons[node.above] & (hots[node.above] == node.above_side ? 1U : 0U);
    const std::uint64_t to = node.slot[hot] * width, other = node.slot[1 - hot] * width;
    const std::uint64_t entry = on * node.entry, feature = node.feature;
    steps[n].cold_share = node.share[1 - hot];
    steps[n].children = to | other << 32;
    steps[n].entry_feature = entry | feature << 32;
    hots[n + 1] = static_cast<std::uint8_t>(hot);
    ons[n + 1] = static_cast<std::uint8_t>(on);
  }
}

/// One node on the way down, and on the way up: see points(). `n`, `hot` and `cold` are places of one vector.
RISKFLAG_TARGET inline void go_down(double* down, const double* unknown, Doubles share, std::size_t n, std::size_t hot,
                                    std::size_t cold) noexcept {
  const Doubles c = at(down + n);
  const Doubles part = pin(pin(c * at(unknown)) * share);
  put(down + cold, part);
  put(down + hot, c - part);
}
RISKFLAG_TARGET inline void go_up(const double* down, double* up, const double* unknown, const double* gain,
                                  double* sums, Doubles share, std::size_t n, std::size_t hot,
                                  std::size_t cold) noexcept {
  const Doubles value = at(up + hot);
  const Doubles difference = pin((value - at(up + cold)) * share);
  const Doubles part = pin(pin(at(down + n) * difference) * at(gain));
  put(up + n, value - pin(at(unknown) * difference));
  put(sums, at(sums) + part);
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
  const ShapStep* const steps = room.steps;
  const std::uint32_t num_nodes = tree.num_nodes;
  constexpr std::size_t kLanes = RISKFLAG_LANES;
  for (std::size_t r = 0; r < rows; ++r) {
    answer(tree, keys + r * columns, room, kWidth);
    for (std::uint32_t i = 0; i < num_nodes; ++i) {
      const Doubles share = all(steps[i].cold_share);
      const std::size_t n = i * kWidth, hot = static_cast<std::uint32_t>(steps[i].children),
                        cold = steps[i].children >> 32;
      const double* const y = unknown + static_cast<std::uint32_t>(steps[i].entry_feature);
      // Written out: GCC 12 unrolls no loop here at -O2.
      go_down(down, y, share, n, hot, cold);
      if constexpr (kVectors > 1) go_down(down + kLanes, y + kLanes, share, n, hot, cold);
      if constexpr (kVectors > 2) go_down(down + 2 * kLanes, y + 2 * kLanes, share, n, hot, cold);
      if constexpr (kVectors > 3) go_down(down + 3 * kLanes, y + 3 * kLanes, share, n, hot, cold);
    }
    ShapLine* const parts = phi + r * features;
    for (std::uint32_t i = num_nodes; i-- > 0;) {
      const Doubles share = all(steps[i].cold_share);
      const std::size_t n = i * kWidth, hot = static_cast<std::uint32_t>(steps[i].children),
                        cold = steps[i].children >> 32;
      const std::size_t entry = static_cast<std::uint32_t>(steps[i].entry_feature);
      const double* const y = unknown + entry;
      const double* const g = gain + entry;
      double* const sums = parts[steps[i].entry_feature >> 32].at;
      go_up(down, up, y, g, sums, share, n, hot, cold);
      if constexpr (kVectors > 1)
        go_up(down + kLanes, up + kLanes, y + kLanes, g + kLanes, sums + kLanes, share, n, hot, cold);
      if constexpr (kVectors > 2)
        go_up(down + 2 * kLanes, up + 2 * kLanes, y + 2 * kLanes, g + 2 * kLanes, sums + 2 * kLanes, share, n, hot,
              cold);
      if constexpr (kVectors > 3)
        go_up(down + 3 * kLanes, up + 3 * kLanes, y + 3 * kLanes, g + 3 * kLanes, sums + 3 * kLanes, share, n, hot,
              cold);
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
