// Trees in planes: included once for every instruction set, inside its namespace and target region. Needs Plane, a
// vector of 64-bit numbers with & | ^, and the including kernel's spread().

inline constexpr std::size_t kPlaneRows = 8 * sizeof(Plane);

/// A column's ranks of kPlaneRows rows to the planes of their lowest `bits` bits: the kernel's own.
inline void spread(const std::uint8_t* ranks, unsigned bits, Plane* planes);

/// rank > threshold, from the two highest bits of the rank and what the lower ones say, for the threshold's two highest
/// bits 0, 1, 2 and 3.
template <int High>
inline Plane above(Plane high, Plane low, Plane lower) {
  if constexpr (High == 0) return high | low | lower;
  if constexpr (High == 1) return high | (low & lower);
  if constexpr (High == 2) return high & (low | lower);
  return high & low & lower;
}

template <int High>
inline const std::uint8_t* make_some(std::uint32_t count, const std::uint8_t* low, Plane x1, Plane x0,
                                     const Plane* lower, Plane*& out) {
  for (std::uint32_t i = 0; i < count; ++i) *out++ = above<High>(x1, x0, lower[low[i]]);
  return low + count;
}

/// All tests of a tile.
inline void make_tests(const PlaneView& view, const PlaneTile& tile, const Plane* planes, Plane* out) {
  const std::uint8_t* low = view.lows + tile.first_low;
  Plane lower[64];
  for (std::uint32_t c = 0; c < tile.columns; ++c) {
    const PlaneColumn& column = view.columns[tile.first_column + c];
    const Plane* x = planes + std::size_t{column.column} * 8;
    lower[0] = Plane{};
    std::uint32_t size = 1;
    for (int pair = 1; pair < column.pairs; ++pair, x += 2, size *= 4) {
      for (std::uint32_t i = 0; i < size; ++i) {
        const Plane before = lower[i];
        lower[i] = above<0>(x[1], x[0], before);
        lower[size + i] = above<1>(x[1], x[0], before);
        lower[2 * size + i] = above<2>(x[1], x[0], before);
        lower[3 * size + i] = above<3>(x[1], x[0], before);
      }
    }
    low = make_some<0>(column.count[0], low, x[1], x[0], lower, out);
    low = make_some<1>(column.count[1], low, x[1], x[0], lower, out);
    low = make_some<2>(column.count[2], low, x[1], x[0], lower, out);
    low = make_some<3>(column.count[3], low, x[1], x[0], lower, out);
  }
}

/// The rows of some leaves together; of the bits of the leaves' numbers, the planes.
template <int Leaves>
[[gnu::always_inline]] inline Plane fold(const Plane* at, Plane& b0, Plane& b1, Plane& b2, Plane& b3, Plane& b4) {
  if constexpr (Leaves == 1) {
    return at[0];
  } else {
    const Plane left = fold<Leaves / 2>(at, b0, b1, b2, b3, b4);
    const Plane right = fold<Leaves / 2>(at + Leaves / 2, b0, b1, b2, b3, b4);
    (Leaves == 2 ? b0 : Leaves == 4 ? b1 : Leaves == 8 ? b2 : Leaves == 16 ? b3 : b4) |= right;
    return left | right;
  }
}

/// The planes of the bits of a symmetric tree's leaf numbers.
inline void level_bits(const PlaneView& view, const PlaneTree& tree, const Plane* tests, Plane* out) {
  for (unsigned bit = 0; bit < 8; ++bit) {
    out[bit] = bit < tree.nodes ? tests[view.nodes[tree.first_node + tree.nodes - 1U - bit].test] : Plane{};
  }
}

/// Moves the rows that a node sends right.
inline void move_rows(const PlaneNode* node, const Plane* tests, Plane* at) {
  const Plane here = at[node->a];
  const Plane moved = here & tests[node->test];
  at[node->b] = moved;
  at[node->a] = here ^ moved;
}

/// Of up to four trees, the rows of every leaf: those of tree t begin at at[t * width]. Side by side, because a node
/// waits for its parent's store.
inline void walk_trees(const PlaneView& view, const PlaneTree* trees, std::uint32_t count, std::size_t width,
                       const Plane* tests, Plane* at) {
  const PlaneNode* node[4];
  const PlaneNode* end[4];
  std::uint32_t common = count == 4 ? trees[0].nodes : 0;
  for (std::uint32_t t = 0; t < count; ++t) {
    node[t] = view.nodes + trees[t].first_node;
    end[t] = node[t] + trees[t].nodes;
    if (trees[t].nodes < common) common = trees[t].nodes;
    at[t * width] = ~Plane{};
  }
  if (common > 0) {
    const PlaneNode *n0 = node[0], *n1 = node[1], *n2 = node[2], *n3 = node[3];
    for (std::uint32_t n = 0; n < common; ++n) {
      move_rows(n0++, tests, at);
      move_rows(n1++, tests, at + width);
      move_rows(n2++, tests, at + 2 * width);
      move_rows(n3++, tests, at + 3 * width);
    }
    for (std::uint32_t t = 0; t < 4; ++t) node[t] += common;
  }
  for (std::uint32_t t = 0; t < count; ++t) {
    for (const PlaneNode* n = node[t]; n != end[t]; ++n) move_rows(n, tests, at + t * width);
  }
}

/// The planes of the bits of a tree's leaf numbers, from the rows of its leaves, which it overwrites past the last one.
inline void number_bits(std::uint32_t leaves, Plane* at, Plane* out) {
  // Named, not an array: registers.
  Plane b0{}, b1{}, b2{}, b3{}, b4{}, b5{}, b6{}, b7{};
  if (leaves <= 8) {
    while (leaves < 8) at[leaves++] = Plane{};
    fold<8>(at, b0, b1, b2, b3, b4);
  } else if (leaves <= 16) {
    while (leaves < 16) at[leaves++] = Plane{};
    fold<16>(at, b0, b1, b2, b3, b4);
  } else {
    while (leaves % 32 != 0) at[leaves++] = Plane{};
    for (std::uint32_t block = 0; block * 32 < leaves; ++block, at += 32) {
      const Plane all = fold<32>(at, b0, b1, b2, b3, b4);
      if ((block & 1U) != 0) b5 |= all;
      if ((block & 2U) != 0) b6 |= all;
      if ((block & 4U) != 0) b7 |= all;
    }
  }
  out[0] = b0, out[1] = b1, out[2] = b2, out[3] = b3, out[4] = b4, out[5] = b5, out[6] = b6, out[7] = b7;
}
