// Batches in registers of 16 bytes, without intrinsics: included after rank.inl, inside a kernel's namespace.

/// 16 bytes that the compiler keeps in whatever registers there are (SSE2 on any x86-64).
typedef std::uint8_t Bytes __attribute__((vector_size(16)));

inline Bytes load(const std::uint8_t* at) {
  Bytes out;
  __builtin_memcpy(&out, at, sizeof out);
  return out;
}

/// here ? b : e.
inline Bytes select(Bytes here, Bytes b, Bytes e) { return (here & b) | (~here & e); }

/// e = (x > rank and e == a) ? b : e.
inline Bytes select(Bytes x, Bytes rank, Bytes a, Bytes b, Bytes e) {
  return select(reinterpret_cast<Bytes>(x > rank) & reinterpret_cast<Bytes>(e == a), b, e);
}

inline void tree_leaves(const ScanView& forest, const ScanTree& tree, const std::uint8_t* ranks, std::size_t rows,
                        std::size_t stride, std::uint8_t* leaf) {
  if (forest.symmetric != 0) return level_leaves(forest, tree, ranks, rows, stride, leaf);
  for (std::size_t r = 0; r < rows; r += 64) {
    const std::uint8_t* node = forest.nodes + std::size_t{tree.first_node} * 4;
    Bytes e0 = {}, e1 = {}, e2 = {}, e3 = {};
    for (std::uint32_t n = 0; n < tree.nodes; ++n, node += 4) {
      const std::uint8_t* x = ranks + node[0] * stride + r;
      const Bytes rank = Bytes{} + node[1], a = Bytes{} + node[2], b = Bytes{} + node[3];
      e0 = select(load(x), rank, a, b, e0);
      e1 = select(load(x + 16), rank, a, b, e1);
      e2 = select(load(x + 32), rank, a, b, e2);
      e3 = select(load(x + 48), rank, a, b, e3);
    }
    __builtin_memcpy(leaf + r, &e0, sizeof e0);
    __builtin_memcpy(leaf + r + 16, &e1, sizeof e1);
    __builtin_memcpy(leaf + r + 32, &e2, sizeof e2);
    __builtin_memcpy(leaf + r + 48, &e3, sizeof e3);
  }
}
