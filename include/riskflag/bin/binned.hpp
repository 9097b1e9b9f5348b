#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/bin/cuts.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>

namespace riskflag::inline v0_1 {

/// A table of one byte a cell, in the two orders that training reads: by column (to send rows left and right), and in
/// tiles of neighbouring columns, row after row within a tile (to fill histograms that stay in the first-level cache).
///
/// In tiles, features that exclude each other (one-hot columns: no row is outside the most frequent bin of two of them)
/// share one stored column, whose histogram holds those of all of them; and in long tables features of few bins are
/// joined, a stored bin for each combination: see Place.
///
/// Life: 1. made by bin_matrix() or bin_like(); 2. read by any number of trainings and threads.
class Binned {
 public:
  /// Stored columns [first, first + width); row i's bins stand at cells + i * width; null: among the sparse ones.
  struct Tile {
    std::size_t first;
    std::size_t width;
    const std::uint8_t* cells;
  };
  /// The stored columns from `first` on, which nearly always hold their usual bin, as entries of the others, each
  /// (column - first) * kStride + bin, rising.
  ///
  /// Every row has the same number of slots, so that adding them up knows no length to mispredict: slot s of row i is
  /// entries[i * slots + s]. Empty ones name empty_slot(s, i), where no bin is. A row with more entries than slots has
  /// kListed in its last slot and in its first one a number k: its entries are listed[begin[k]] to listed[begin[k +
  /// 1]].
  struct Sparse {
    static constexpr std::uint32_t kStride = 264;  ///< kCellStride of histograms
    static constexpr std::size_t kMostSlots = 8;
    static constexpr std::uint32_t kListed = 0xffffffff;
    /// Neighbouring rows take turns: additions to one cell would wait for each other.
    static constexpr std::size_t kTurns = 4;
    static constexpr std::uint32_t empty_slot(std::size_t s, std::size_t row) noexcept {
      return static_cast<std::uint32_t>(row % kTurns + 1) * kStride - static_cast<std::uint32_t>(kMostSlots - s);
    }
    std::size_t first = 0;
    std::size_t slots = 0;  ///< 0: no sparse columns
    std::vector<std::uint32_t> entries{};
    std::vector<std::uint64_t> begin{};
    std::vector<std::uint32_t> listed{};
    std::vector<std::uint8_t> usual{};  ///< of each of these columns
  };
  /// Where a feature's bins stand in the tiles: alone in a stored column, or with others, where stored bins first,
  /// first + 1, ... are the feature's bins but for its most frequent one, and all other bins of the column are that
  /// one; or joined with others, where the stored bin is the sum of each one's bin times its step.
  struct Place {
    std::uint32_t column;
    bool is_shared;
    std::uint8_t most_frequent;
    std::uint16_t first;
    std::uint16_t others;    ///< shared: bins from `first`; a missing bin that no row is in has no place
    std::uint16_t step = 0;  ///< joined: product of the bins of those before it; 0: not joined
    std::uint16_t bins = 0;  ///< joined: up to the last that holds rows
  };
  static constexpr std::size_t kTileWidth = 16;  ///< the widest tile: 16 x 264 x 8 bytes of histogram fit 48 KB

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cuts_.bins.size(); }
  [[nodiscard]] const Cuts& cuts() const noexcept { return cuts_; }
  [[nodiscard]] const FeatureCuts& feature(std::size_t f) const noexcept { return cuts_.bins[f]; }
  /// The bins of column f, one a row.
  [[nodiscard]] const std::uint8_t* column(std::size_t f) const noexcept { return columns_.data() + f * rows_; }
  /// Rows in each bin of feature f. Of training tables, as all that follows.
  [[nodiscard]] const std::array<std::uint32_t, 256>& rows_in_bins(std::size_t f) const noexcept { return counts_[f]; }
  [[nodiscard]] Place place(std::size_t f) const noexcept { return places_[f]; }
  /// The features of stored column c, rising.
  [[nodiscard]] std::span<const std::uint32_t> features_in(std::size_t c) const noexcept { return members_[c]; }
  [[nodiscard]] std::size_t stored_columns() const noexcept { return members_.size(); }
  /// Bins that stored column c uses.
  [[nodiscard]] std::size_t stored_bins(std::size_t c) const noexcept { return stored_bins_[c]; }
  [[nodiscard]] std::size_t tiles() const noexcept { return tile_first_.size() - 1; }
  [[nodiscard]] Tile tile(std::size_t t) const noexcept {
    const std::size_t first = tile_first_[t];
    return {first, tile_first_[t + 1] - first, first < sparse_.first ? tiled_.data() + first * rows_ : nullptr};
  }
  [[nodiscard]] const Sparse& sparse() const noexcept { return sparse_; }
  /// True when the tiles exist: bin_like() for validation rows leaves them out.
  [[nodiscard]] bool has_tiles() const noexcept { return !tiled_.empty(); }

  /// What the tables are for; see has_tiles(). `unshared`: training without shared and sparse
  /// columns, which give the same model.
  enum class Use { training, unshared, validation };
  /// Bins `x` with given cuts. Throws Error(schema_mismatch) when x.cols() differs from the number of features.
  template <class T>
  [[nodiscard]] static Binned make(Cuts cuts, MatrixView<T> x, Use use, Executor& executor);

 private:
  friend class ChunkedBinning;
  /// Empty columns for so many rows, to be filled.
  [[nodiscard]] static Binned start(Cuts cuts, std::size_t rows);
  /// Rows [first, first + x.rows()) from `x`.
  template <class T>
  void fill_columns(MatrixView<T> x, std::size_t first, Executor& executor);
  void finish(Use use, Executor& executor);
  void place_features(Use use, Executor& executor);
  [[nodiscard]] std::size_t place_joined(std::uint32_t c, const std::vector<std::uint8_t>& most_frequent);
  void choose_sparse();
  void cut_into_tiles();
  void fill_tiles(Executor& executor);
  void fill_sparse(Executor& executor);

  Cuts cuts_;
  std::size_t rows_ = 0;
  std::vector<std::uint8_t> columns_;
  std::vector<std::array<std::uint32_t, 256>> counts_;
  std::vector<Place> places_;
  std::vector<std::vector<std::uint32_t>> members_;
  std::vector<std::size_t> stored_bins_;
  std::vector<std::array<std::uint8_t, 256>> to_stored_;  ///< a feature's bin in a shared column
  std::vector<std::uint8_t> tiled_;
  Sparse sparse_;
  std::vector<std::size_t> tile_first_{0};
};

/// Chooses cuts and bins `x` (rows x features, NaN = missing; read in place, whatever its layout). See make_cuts().
/// Throws Error(resource) when memory runs out.
[[nodiscard]] Binned bin_matrix(MatrixView<double> x, std::span<const Feature> features, const BinOptions& options,
                                Executor& executor);
[[nodiscard]] Binned bin_matrix(MatrixView<float> x, std::span<const Feature> features, const BinOptions& options,
                                Executor& executor);

/// Bins more rows with the cuts of an earlier table: validation sets, live rows. Unknown categorical values are no
/// error.
[[nodiscard]] Binned bin_like(const Cuts& cuts, MatrixView<double> x, Executor& executor);
[[nodiscard]] Binned bin_like(const Cuts& cuts, MatrixView<float> x, Executor& executor);

}  // namespace riskflag::inline v0_1

#include <riskflag/bin/detail/make_binned.hpp>
