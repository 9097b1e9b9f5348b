// Leaves picked out of registers, 16 bytes at a time: included after planes_bytes.inl, where registers can be permuted.
// Needs the including kernel's piece(), place() and pick().

/// A byte of a tree's leaves.
template <int Pieces>
struct PlaneTable {
  Plane t0, t1, t2, t3;
  explicit PlaneTable(const std::uint8_t* from) {
    t0 = piece(from);
    t1 = Pieces > 1 ? piece(from + 16) : t0;
    t2 = Pieces > 2 ? piece(from + 32) : t0;
    t3 = Pieces > 2 ? piece(from + 48) : t0;
  }
  /// Adds those of the rows of a register to its two sums. `places` of the pieces lie 8 registers apart.
  [[gnu::always_inline]] void add(const Plane* places, PlaneHalves& all, PlaneHalves& upper) const {
    Plane value = pick(t0, places[0]);
    if constexpr (Pieces > 1) value |= pick(t1, places[8]);
    if constexpr (Pieces > 2) value |= pick(t2, places[16]) | pick(t3, places[24]);
    all += reinterpret_cast<PlaneHalves>(value);
    upper += reinterpret_cast<PlaneHalves>(value) >> 8;
  }
};

/// Adds one byte of the leaves of Trees trees for all rows. Tables are `step` bytes apart.
template <int Pieces, int Trees>
inline void add_byte(const std::uint8_t* tables, std::size_t step, const Plane* places, PlaneHalves* all,
                     PlaneHalves* upper) {
  const PlaneTable<Pieces> t0(tables), t1(tables + (Trees > 1 ? step : 0)), t2(tables + (Trees > 2 ? 2 * step : 0)),
      t3(tables + (Trees > 2 ? 3 * step : 0));
  for (int q = 0; q < 8; ++q, ++places) {
    PlaneHalves sum = all[q], sum_upper = upper[q];
    t0.add(places, sum, sum_upper);
    if constexpr (Trees > 1) t1.add(places + 8 * Pieces, sum, sum_upper);
    if constexpr (Trees > 2) t2.add(places + 16 * Pieces, sum, sum_upper);
    if constexpr (Trees > 2) t3.add(places + 24 * Pieces, sum, sum_upper);
    all[q] = sum;
    upper[q] = sum_upper;
  }
}

/// Adds the leaves of up to four trees by their numbers, 8 registers a tree.
template <int Pieces>
inline void pick_leaves(const std::uint8_t* tables, std::size_t width, std::uint32_t bytes, std::uint32_t count,
                        const Plane* numbers, PlaneSums& sums) {
  // As many tables as registers hold.
  constexpr std::uint32_t kTogether = Pieces <= 2 ? 4 : 2;
  Plane places[std::size_t{4} * 8 * Pieces];
  Plane* out = places;
  for (std::uint32_t t = 0; t < count; ++t, numbers += 8) {
    for (int p = 0; p < Pieces; ++p) {
      for (int q = 0; q < 8; ++q) *out++ = place(numbers[q], p);
    }
  }
  for (std::uint32_t b = 0; b < bytes; ++b, tables += 4 * width) {
    std::uint32_t t = 0;
    for (; t + kTogether <= count; t += kTogether) {
      add_byte<Pieces, kTogether>(tables + t * width, width, places + 8 * Pieces * t, sums.all[b], sums.upper[b]);
    }
    for (; t < count; ++t) {
      add_byte<Pieces, 1>(tables + t * width, width, places + 8 * Pieces * t, sums.all[b], sums.upper[b]);
    }
  }
}

inline void pick_four(const std::uint8_t* tables, const PlaneGroup& group, std::uint32_t most, std::uint32_t count,
                      const Plane* numbers, PlaneSums& sums) {
  if (most <= 16) return pick_leaves<1>(tables, group.width, group.bytes, count, numbers, sums);
  if (most <= 32) return pick_leaves<2>(tables, group.width, group.bytes, count, numbers, sums);
  pick_leaves<4>(tables, group.width, group.bytes, count, numbers, sums);
}
