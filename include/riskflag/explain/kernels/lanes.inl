// One tree and one row with RISKFLAG_LANES quadrature points a vector; included once for each instruction set, with
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
RISKFLAG_TARGET inline Doubles& line(ShapLine* lines, std::size_t i, std::size_t q) noexcept {
  return *reinterpret_cast<Doubles*>(lines[i].at + q % kShapPoints);
}

/// With every feature known with chance x, independently: value(node) = M + x D, where M is the mean of the children by
/// their shares and D = value(the row's child) - M; and the node's feature is worth the integral over x of C D, where C
/// is the product of the path's factors. A feature that was asked above is known with chance s = x / (z (1 - x) + x)
/// instead, z being the share of its edges so far, and worth C D z / (z (1 - x) + x)^2: the part above counted it with
/// s. Where the row left the path at the feature, s is 0 and there is nothing to add.
RISKFLAG_TARGET inline void tree(const ShapTree& tree, const std::int64_t* keys, const ShapRoom& room,
                                 ShapLine* phi) noexcept {
  for (std::size_t q = 0; q < tree.count; q += RISKFLAG_LANES) {
    Doubles x, weight;
    __builtin_memcpy(&x, tree.points + q, sizeof x);
    __builtin_memcpy(&weight, tree.weights + q, sizeof weight);
    const Doubles y = 1.0 - x;
    line(room.down, 0, q) = weight;
    for (std::uint32_t n = 0; n < tree.num_nodes; ++n) {
      const ShapNode& node = tree.nodes[n];
      const std::size_t hot = keys[node.column] <= node.key ? 0 : 1;
      room.hot[n] = static_cast<std::uint8_t>(hot);
      const Doubles c = line(room.down, n, q);
      Doubles s = x;
      if (node.above >= 0) {
        const std::uint8_t on =
            static_cast<std::uint8_t>(room.on[node.above] & (room.hot[node.above] == node.above_side ? 1 : 0));
        room.on[n] = on;
        const Doubles z = all(node.above_share);
        const Doubles inverse = all(static_cast<double>(on)) / pin(pin(z * y) + x);
        s = pin(x * inverse);
        line(room.included, n, q) = s;
        line(room.gain, n, q) = pin(pin(z * inverse) * inverse);
      } else {
        room.on[n] = 1;
      }
      const Doubles u = pin(c * s);
      const Doubles w = pin(c - u);
      line(room.down, node.slot[hot], q) = pin(pin(w * all(node.share[hot])) + u);
      line(room.down, node.slot[1 - hot], q) = pin(w * all(node.share[1 - hot]));
    }
    for (std::uint32_t l = 0; l < tree.num_leaves; ++l) line(room.up, tree.num_nodes + l, q) = all(tree.leaves[l]);
    for (std::uint32_t n = tree.num_nodes; n-- > 0;) {
      const ShapNode& node = tree.nodes[n];
      const Doubles mean = pin(pin(line(room.up, node.slot[0], q) * all(node.share[0])) +
                               pin(line(room.up, node.slot[1], q) * all(node.share[1])));
      const Doubles difference = pin(line(room.up, node.slot[room.hot[n]], q) - mean);
      Doubles part = pin(line(room.down, n, q) * difference);
      Doubles s = x;
      if (node.above >= 0) {
        s = line(room.included, n, q);
        part = pin(part * line(room.gain, n, q));
      }
      line(room.up, n, q) = pin(mean + pin(s * difference));
      Doubles& sum = line(phi, node.feature, q);
      sum = pin(sum + part);
    }
  }
}

}  // namespace riskflag::inline v0_1::shap_kernels::RISKFLAG_LEVEL
