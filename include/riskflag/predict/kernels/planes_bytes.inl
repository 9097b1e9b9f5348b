// Sums of planes on registers of 16 or 32 bytes: included after planes.inl, inside the kernel's namespace and target
// region. Needs the including kernel's kPickWidth, the most leaves whose bytes it picks out of registers, a power of
// two or 0, and pick_four().
//
// The bits of eight registers of bytes are turned to eight planes and back by the same three exchanges, so that rows
// come back to where they were: row sizeof(Plane) * q + j is byte j of register q, and bit q of byte j of a plane.

typedef std::uint16_t PlaneHalves __attribute__((vector_size(sizeof(Plane))));
typedef std::uint32_t PlaneQuarters __attribute__((vector_size(sizeof(Plane))));
typedef std::uint64_t PlaneEighths __attribute__((vector_size(sizeof(Plane))));

inline Plane bytes_of(std::uint8_t b) { return reinterpret_cast<Plane>(PlaneEighths{} + b * 0x0101010101010101U); }

/// The bits of `mask` of `high` and those `Shift` places above them of `low` change places.
template <int Shift>
[[gnu::always_inline]] inline void exchange(Plane& low, Plane& high, Plane mask) {
  const Plane both = (reinterpret_cast<Plane>(reinterpret_cast<PlaneEighths>(low) >> Shift) ^ high) & mask;
  high ^= both;
  low ^= reinterpret_cast<Plane>(reinterpret_cast<PlaneEighths>(both) << Shift);
}

/// Bit i of byte j of x[k] and bit k of byte j of x[i] change places. Written out: compilers leave loops in memory.
[[gnu::always_inline]] inline void turn(const Plane* from, Plane* to) {
  const Plane nibbles = bytes_of(0x0f), pairs = bytes_of(0x33), bits = bytes_of(0x55);
  Plane x0 = from[0], x1 = from[1], x2 = from[2], x3 = from[3], x4 = from[4], x5 = from[5], x6 = from[6], x7 = from[7];
  exchange<4>(x0, x4, nibbles);
  exchange<4>(x1, x5, nibbles);
  exchange<4>(x2, x6, nibbles);
  exchange<4>(x3, x7, nibbles);
  exchange<2>(x0, x2, pairs);
  exchange<2>(x1, x3, pairs);
  exchange<2>(x4, x6, pairs);
  exchange<2>(x5, x7, pairs);
  exchange<1>(x0, x1, bits);
  exchange<1>(x2, x3, bits);
  exchange<1>(x4, x5, bits);
  exchange<1>(x6, x7, bits);
  to[0] = x0, to[1] = x1, to[2] = x2, to[3] = x3, to[4] = x4, to[5] = x5, to[6] = x6, to[7] = x7;
}

inline void spread(const std::uint8_t* ranks, unsigned, Plane* planes) {
  turn(reinterpret_cast<const Plane*>(ranks), planes);
}

/// Trees whose bytes 16 bits can sum.
inline constexpr std::uint32_t kPlaneCarry = 257;

/// Sums of the leaves' bytes, for each byte: of all registers of values as 16-bit numbers, modulo 2^16, and of the
/// upper bytes of these, from which follows the sum of the lower ones.
struct PlaneSums {
  PlaneHalves all[kPlaneMaxBytes][8], upper[kPlaneMaxBytes][8];
  PlaneEighths totals[8][8];
  std::uint32_t trees;
};

/// Moves the 16-bit sums to the totals: row sizeof(Plane) * q + 8 u + i is number u of totals[q][i].
inline void carry(PlaneSums& sums) {
  constexpr unsigned kPairs = (kPlaneMaxBytes + 1) / 2;
  for (int q = 0; q < 8; ++q) {
    // Two bytes together, below 2^25: of rows 4 p + i in number p.
    PlaneQuarters pairs[kPairs][4] = {};
    for (unsigned b = 0; b < kPlaneMaxBytes; ++b) {
      const PlaneHalves upper = sums.upper[b][q];
      const auto even = reinterpret_cast<PlaneQuarters>(sums.all[b][q] - (upper << 8));
      const auto odd = reinterpret_cast<PlaneQuarters>(upper);
      const unsigned shift = 8 * (b % 2);
      pairs[b / 2][0] += (even & 0xffffU) << shift;
      pairs[b / 2][1] += (odd & 0xffffU) << shift;
      pairs[b / 2][2] += (even >> 16) << shift;
      pairs[b / 2][3] += (odd >> 16) << shift;
      sums.all[b][q] = sums.upper[b][q] = PlaneHalves{};
    }
    for (unsigned p = 0; p < kPairs; ++p) {
      for (int i = 0; i < 4; ++i) {
        const auto two = reinterpret_cast<PlaneEighths>(pairs[p][i]);
        sums.totals[q][i] += (two & 0xffffffffU) << (16 * p);
        sums.totals[q][i + 4] += (two >> 32) << (16 * p);
      }
    }
  }
  sums.trees = 0;
}

/// sums[r] += the leaves of up to four trees, looked up one by one.
inline void look_up_leaves(const PlaneView& view, const PlaneTree* trees, std::uint32_t count, const Plane* numbers,
                           double* sums) {
  const auto* number = reinterpret_cast<const std::uint8_t*>(numbers);
  if (count == 4) {
    const double *l0 = view.leaves + trees[0].first_leaf, *l1 = view.leaves + trees[1].first_leaf;
    const double *l2 = view.leaves + trees[2].first_leaf, *l3 = view.leaves + trees[3].first_leaf;
    for (std::size_t r = 0; r < kPlaneRows; ++r, ++number) {
      sums[r] += (l0[number[0]] + l1[number[kPlaneRows]]) + (l2[number[2 * kPlaneRows]] + l3[number[3 * kPlaneRows]]);
    }
    return;
  }
  for (std::uint32_t t = 0; t < count; ++t, number += kPlaneRows) {
    const double* leaves = view.leaves + trees[t].first_leaf;
    for (std::size_t r = 0; r < kPlaneRows; ++r) sums[r] += leaves[number[r]];
  }
}

/// Leaves of the others are looked up one by one.
inline bool is_picked(const PlaneGroup& group) { return group.width <= kPickWidth; }

/// Adds the leaves of up to four trees, none with more than `most`, by their numbers, 8 registers a tree: the kernel's
/// own.
inline void pick_four(const std::uint8_t* tables, const PlaneGroup& group, std::uint32_t most, std::uint32_t count,
                      const Plane* numbers, PlaneSums& sums);

/// Up to four trees of a group, from their tests.
inline void add_four(const PlaneView& view, const PlaneGroup& group, std::uint32_t first, const Plane* tests, Plane* at,
                     PlaneSums& sums, double* wide) {
  const std::uint32_t count = group.trees - first < 4 ? group.trees - first : 4;
  const PlaneTree* trees = view.trees + group.first_tree + first;
  Plane numbers[4 * 8];
  std::uint32_t most = 0;
  if (!view.symmetric) walk_trees(view, trees, count, group.width, tests, at);
  for (std::uint32_t t = 0; t < count; ++t) {
    if (trees[t].leaves > most) most = trees[t].leaves;
    if (view.symmetric) {
      level_bits(view, trees[t], tests, numbers + std::size_t{8} * t);
    } else {
      number_bits(trees[t].leaves, at + std::size_t{t} * group.width, numbers + std::size_t{8} * t);
    }
    turn(numbers + std::size_t{8} * t, numbers + std::size_t{8} * t);
  }
  if (!is_picked(group)) return look_up_leaves(view, trees, count, numbers, wide);
  const std::size_t table = std::size_t{group.first_table} * 64 + std::size_t{first} * group.width * group.bytes;
  pick_four(view.tables + table, group, most, count, numbers, sums);
}

inline std::size_t plane_scratch(std::size_t columns, std::size_t tests) {
  return (8 * columns + tests + 4 * kScanMaxLeaves) * sizeof(Plane);
}

/// sums[r] += the leaves of all trees of the view, for kPlaneRows rows. `scratch` has plane_scratch() bytes.
inline void sum_planes(const PlaneView& view, const std::uint8_t* ranks, std::uint8_t* scratch, double* sums) {
  Plane* const planes = reinterpret_cast<Plane*>(scratch);
  Plane* const at = planes + std::size_t{8} * view.column_count;
  Plane* const tests = at + 4 * kScanMaxLeaves;
  for (std::uint32_t c = 0; c < view.column_count; ++c) spread(ranks + c * kPlaneRows, 8, planes + std::size_t{8} * c);
  PlaneSums bytes = {};
  std::int64_t constant = view.constant;
  for (std::uint32_t t = 0; t < view.tile_count; ++t) {
    const PlaneTile& tile = view.tiles[t];
    make_tests(view, tile, planes, tests);
    for (std::uint32_t g = 0; g < tile.groups; ++g) {
      const PlaneGroup& group = view.groups[tile.first_group + g];
      if (!is_picked(group)) constant -= group.constant;
      bytes.trees += group.trees;
      if (bytes.trees > kPlaneCarry) {
        carry(bytes);
        bytes.trees = group.trees;
      }
      for (std::uint32_t i = 0; i < group.trees; i += 4) add_four(view, group, i, tests, at, bytes, sums);
    }
  }
  carry(bytes);
  // Whole steps together, then once to doubles: nothing is rounded.
  alignas(sizeof(Plane)) std::int64_t steps[sizeof(Plane) / 8];
  for (std::size_t i = 0; i < 64; ++i) {
    __builtin_memcpy(steps, &bytes.totals[i / 8][i % 8], sizeof steps);
    double* out = sums + i / 8 * sizeof(Plane) + i % 8;
    for (std::size_t u = 0; u < sizeof(Plane) / 8; ++u) {
      out[8 * u] += static_cast<double>(steps[u] + constant) * view.grid;
    }
  }
}
