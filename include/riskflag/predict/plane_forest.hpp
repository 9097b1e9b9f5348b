#pragma once

// The flat form that scores large batches; made of a ScanForest on load, never saved.
//
// A plane is one bit for each row of a block, as wide as a register. A test "rank[column] > k" of a whole block is one
// plane, made once for all nodes that ask it: the column's rank bytes become eight planes, and two planes at a time
// decide all of its thresholds together. A tree is then walked in planes: at[0] starts with every row, and each node,
// parents first, moves the rows that go right from slot a, its subtree's first leaf, to slot b:
//
//     moved = at[a] & test;   at[b] = moved;   at[a] ^= moved
//
// and ends with the rows of every leaf, whose numbers' bits are again planes. Two operations a node for as many rows as
// a register has bits, where the interval scan has three or five for as many as it has bytes.

#include <cstddef>
#include <cstdint>

#include <riskflag/predict/detail/flat_array.hpp>
#include <riskflag/predict/scan_forest.hpp>

namespace riskflag::inline v0_1 {

/// Tests of one tile: as planes of 64 bytes they are to stay in the second cache level, beside the nodes.
inline constexpr std::size_t kPlaneMaxTests = 8192;
/// Leaves are summed as whole steps of the leaf grid above the tree's least leaf, in bytes: so many at most,
/// because check_model keeps leaves below 2^53 steps.
inline constexpr std::size_t kPlaneMaxBytes = 7;
/// Trees of an output whose bytes 32 bits can sum.
inline constexpr std::size_t kPlaneMaxTrees = std::size_t{1} << 23;

/// The tests of one column in a tile, by rising threshold: `count[h]` of them have the number h in the highest pair of
/// the column's `pairs` pairs of bits; of each the lower bits stand in lows.
struct PlaneColumn {
  std::uint8_t column, pairs;
  std::uint8_t count[4];
};

struct PlaneNode {
  std::uint16_t test;
  std::uint8_t a, b;
};

/// Up to 16 trees, four by four; of each four the tables of their leaves stand together.
///
/// tables[first_table ...]: for each four, for each of `bytes` bytes of a leaf's steps, least first: `width` bytes for
/// each of four trees. Of missing trees they are zero.
struct PlaneGroup {
  std::uint32_t first_tree;  ///< in trees
  std::uint32_t trees;
  std::uint32_t first_table;  ///< in lines of 64 bytes
  std::uint16_t width;        ///< 32, 64, 128 or 256: no less than the leaves of any of its trees
  std::uint16_t bytes;
  std::int64_t constant;  ///< the least leaves of its trees, summed
};

/// Of a symmetric forest the nodes are the levels, from the root down, and the tests themselves the leaf number's bits.
struct PlaneTree {
  std::uint32_t first_node;
  std::uint16_t nodes, leaves;
  std::uint32_t first_leaf;  ///< in the scan's leaves
};

/// Trees of one output that share their tests.
struct PlaneTile {
  std::uint32_t first_column, columns;
  std::uint32_t first_low;
  std::uint32_t first_group, groups;
};

/// What a kernel sums: some tiles, for one block of rows.
struct PlaneView {
  const PlaneColumn* columns;
  const std::uint8_t* lows;
  const PlaneNode* nodes;
  const PlaneTree* trees;
  const PlaneGroup* groups;
  const std::uint8_t* tables;
  const PlaneTile* tiles;
  std::uint32_t tile_count, column_count;
  std::int64_t constant;
  double grid;
  bool symmetric;
  const double* leaves;  ///< the scan's
};

/// Owner of all of the above.
struct PlaneForest {
  detail::FlatArray<PlaneColumn> columns;
  detail::FlatArray<std::uint8_t> lows;
  detail::FlatArray<PlaneNode> nodes;
  detail::FlatArray<PlaneTree> trees;
  detail::FlatArray<PlaneGroup> groups;
  detail::FlatArray<std::uint8_t> tables;
  detail::FlatArray<PlaneTile> tiles;
  /// Output k of chunk c has tiles [output_tiles[c * (outputs + 1) + k], the next one).
  detail::FlatArray<std::uint32_t> output_tiles;
  detail::FlatArray<std::int64_t> constants;  ///< of each output of each chunk: the least leaves of its trees, summed
  double grid = 0.0;                          ///< the step; 0 = there is no plane form
  std::size_t most_tests = 0;

  /// What one chunk adds to one output: valid while the forests live and do not change.
  [[nodiscard]] PlaneView view(std::size_t chunk, std::size_t output, std::size_t outputs,
                               const ScanForest& scan) const noexcept {
    const std::uint32_t* own = output_tiles.data() + chunk * (outputs + 1) + output;
    return {columns.data(),
            lows.data(),
            nodes.data(),
            trees.data(),
            groups.data(),
            tables.data(),
            tiles.data() + own[0],
            own[1] - own[0],
            scan.chunks[chunk].columns,
            constants[chunk * outputs + output],
            grid,
            scan.symmetric,
            scan.leaves.data()};
  }
};

}  // namespace riskflag::inline v0_1
