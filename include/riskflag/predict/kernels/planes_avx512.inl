// Planes of 512 rows with AVX-512 (VBMI, VNNI): included by x86.hpp after avx512.inl.

typedef __m512i Plane;
#include <riskflag/predict/kernels/planes.inl>

inline void spread(const std::uint8_t* ranks, unsigned bits, Plane* planes) {
  for (unsigned q = 0; q < 8; ++q) {
    const __m512i x = _mm512_load_si512(ranks + 64 * q);
    for (unsigned bit = 0; bit < bits; ++bit) {
      const std::uint64_t mask = _mm512_test_epi8_mask(x, _mm512_set1_epi8(static_cast<char>(1U << bit)));
      __builtin_memcpy(reinterpret_cast<std::uint8_t*>(planes + bit) + 8 * q, &mask, sizeof mask);
    }
  }
}

/// Adds 1 << bit to the bytes of 64 rows.
inline __m512i add_bit(__m512i number, const Plane* planes, unsigned bit, unsigned q) {
  std::uint64_t mask;
  __builtin_memcpy(&mask, reinterpret_cast<const std::uint8_t*>(planes + bit) + 8 * q, sizeof mask);
  return _mm512_mask_add_epi8(number, mask, number, _mm512_set1_epi8(static_cast<char>(1U << bit)));
}

/// Leaf numbers of 64 rows as bytes, added to `first`.
inline __m512i numbers(const Plane* planes, unsigned bits, unsigned q, unsigned first) {
  __m512i out = _mm512_set1_epi8(static_cast<char>(first));
  out = add_bit(out, planes, 0, q);
  out = add_bit(out, planes, 1, q);
  out = add_bit(out, planes, 2, q);
  out = add_bit(out, planes, 3, q);
  out = add_bit(out, planes, 4, q);
  for (unsigned bit = 5; bit < bits; ++bit) out = add_bit(out, planes, bit, q);
  return out;
}

/// Leaf numbers of up to four trees, side by side in the bytes of a 32-bit lane for each row: register m of piece q has
/// rows 64 q + 16 l + 4 m + i in lane 4 l + i. Numbers of a tree begin where its table of `width` bytes does in the two
/// registers that a permutation takes. `at` is scratch of 4 * width planes.
inline void number_leaves(const PlaneView& view, const PlaneTree* trees, std::uint32_t count, unsigned width,
                          const Plane* tests, Plane* at, __m512i* out) {
  const unsigned wrap = width == 256 ? 256 : 128;
  const unsigned used = width == 32 ? 5 : width == 64 ? 6 : width == 128 ? 7 : 8;
  Plane bits[4][8];
  if (!view.symmetric) walk_trees(view, trees, count, width, tests, at);
  for (std::uint32_t t = 0; t < count; ++t) {
    if (view.symmetric) {
      level_bits(view, trees[t], tests, bits[t]);
    } else {
      number_bits(trees[t].leaves, at + std::size_t{t} * width, bits[t]);
    }
  }
  for (std::uint32_t t = count; t < 4; ++t) {
    for (unsigned i = 0; i < 8; ++i) bits[t][i] = Plane{};
  }
  for (unsigned q = 0; q < 8; ++q) {
    const __m512i e0 = numbers(bits[0], used, q, 0);
    const __m512i e1 = numbers(bits[1], used, q, width % wrap);
    const __m512i e2 = numbers(bits[2], used, q, 2 * width % wrap);
    const __m512i e3 = numbers(bits[3], used, q, 3 * width % wrap);
    const __m512i low01 = _mm512_unpacklo_epi8(e0, e1), high01 = _mm512_unpackhi_epi8(e0, e1);
    const __m512i low23 = _mm512_unpacklo_epi8(e2, e3), high23 = _mm512_unpackhi_epi8(e2, e3);
    out[4 * q] = _mm512_unpacklo_epi16(low01, low23);
    out[4 * q + 1] = _mm512_unpackhi_epi16(low01, low23);
    out[4 * q + 2] = _mm512_unpacklo_epi16(high01, high23);
    out[4 * q + 3] = _mm512_unpackhi_epi16(high01, high23);
  }
}

/// A byte of the leaves of four trees, by their numbers: tables of 4 x 32, 4 x 64, 4 x 128 or 4 x 256 bytes.
template <int Width>
inline __m512i leaf_bytes(const std::uint8_t* table, __m512i number) {
  const auto part = [&](int i) { return _mm512_load_si512(table + 64 * i); };
  // Bytes of lanes, one bit each: every tree's, and the pairs'.
  constexpr __mmask64 kFirst = 0x1111111111111111ULL, kPair = 0x3333333333333333ULL;
  if constexpr (Width == 32) return _mm512_permutex2var_epi8(part(0), number, part(1));
  if constexpr (Width == 64) {
    number = _mm512_mask2_permutex2var_epi8(part(0), number, kPair, part(1));
    return _mm512_mask2_permutex2var_epi8(part(2), number, kPair << 2, part(3));
  }
  if constexpr (Width == 128) {
    for (int t = 0; t < 4; ++t) {
      number = _mm512_mask2_permutex2var_epi8(part(2 * t), number, kFirst << t, part(2 * t + 1));
    }
    return number;
  }
  const __mmask64 upper = _mm512_movepi8_mask(number);
  for (int t = 0; t < 4; ++t) {
    const __mmask64 tree = kFirst << t;
    number = _mm512_mask2_permutex2var_epi8(part(4 * t), number, tree & ~upper, part(4 * t + 1));
    number = _mm512_mask2_permutex2var_epi8(part(4 * t + 2), number, tree & upper, part(4 * t + 3));
  }
  return number;
}

/// sums += a byte of the leaves of Fours times four trees, for every row. `numbers` and `tables` of one four lie
/// 32 registers and table_step bytes after those of the one before.
template <int Width, int Fours>
inline void add_bytes(const std::uint8_t* tables, std::size_t table_step, const __m512i* numbers, __m512i* sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  for (int i = 0; i < 32; ++i) {
    __m512i sum = sums[i];
    for (int f = 0; f < Fours; ++f) {
      sum = _mm512_dpbusd_epi32(
          sum, leaf_bytes<Width>(tables + static_cast<std::size_t>(f) * table_step, numbers[32 * f + i]), ones);
    }
    sums[i] = sum;
  }
}

template <int Width>
inline void add_group(const PlaneGroup& group, const std::uint8_t* tables, const __m512i* numbers, __m512i* sums) {
  const std::uint32_t fours = (group.trees + 3) / 4;
  const std::size_t step = std::size_t{4} * Width;
  for (std::uint32_t b = 0; b < group.bytes; ++b, sums += 32, tables += step) {
    if (Width == 32 && fours == 4) {
      add_bytes<32, 4>(tables, step * group.bytes, numbers, sums);
    } else {
      for (std::uint32_t f = 0; f < fours; ++f) {
        add_bytes<Width, 1>(tables + f * step * group.bytes, 0, numbers + std::size_t{32} * f, sums);
      }
    }
  }
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
  __m512i bytes[kPlaneMaxBytes * 32];
  for (std::size_t i = 0; i < kPlaneMaxBytes * 32; ++i) bytes[i] = _mm512_setzero_si512();
  __m512i numbers[4 * 32];
  for (std::uint32_t t = 0; t < view.tile_count; ++t) {
    const PlaneTile& tile = view.tiles[t];
    make_tests(view, tile, planes, tests);
    for (std::uint32_t g = 0; g < tile.groups; ++g) {
      const PlaneGroup& group = view.groups[tile.first_group + g];
      for (std::uint32_t i = 0; i < group.trees; i += 4) {
        const std::uint32_t count = group.trees - i < 4 ? group.trees - i : 4;
        number_leaves(view, view.trees + group.first_tree + i, count, group.width, tests, at,
                      numbers + std::size_t{8} * i);
      }
      const std::uint8_t* tables = view.tables + std::size_t{group.first_table} * 64;
      if (group.width == 32) add_group<32>(group, tables, numbers, bytes);
      if (group.width == 64) add_group<64>(group, tables, numbers, bytes);
      if (group.width == 128) add_group<128>(group, tables, numbers, bytes);
      if (group.width == 256) add_group<256>(group, tables, numbers, bytes);
    }
  }
  // Whole steps together, then once to doubles: nothing is rounded.
  const __m512d grid = _mm512_set1_pd(view.grid);
  const auto* halves = reinterpret_cast<const __m256i*>(bytes);
  for (std::size_t i = 0; i < 64; ++i) {
    __m512i steps = _mm512_set1_epi64(view.constant);
    for (unsigned b = 0; b < kPlaneMaxBytes; ++b) {
      // The maskz forms: GCC 12 warns of the plain ones' undefined operand.
      const __m512i wide = _mm512_maskz_cvtepu32_epi64(0xff, _mm256_load_si256(halves + 64 * b + i));
      steps = _mm512_add_epi64(steps, _mm512_maskz_slli_epi64(0xff, wide, 8 * b));
    }
    alignas(64) double found[8];
    _mm512_store_pd(found, _mm512_mul_pd(_mm512_maskz_cvtepi64_pd(0xff, steps), grid));
    // Lanes l of register i / 2: rows 64 q + 16 (l / 4) + 4 m + l % 4, its piece q and number m.
    double* out = sums + 64 * (i / 8) + 4 * (i / 2 % 4) + 32 * (i % 2);
    for (std::size_t lane = 0; lane < 8; ++lane) out[16 * (lane / 4) + lane % 4] += found[lane];
  }
}
