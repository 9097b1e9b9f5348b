#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/bin/cuts.hpp>
#include <riskflag/core/feature.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>

namespace riskflag::inline v0_1 {

/// Bins a table that is never in memory as a whole: its rows come twice, in chunks of any size, in one order.
///
/// Life: 1. made with the number of rows; 2. look() at every chunk; 3. fill() every chunk again; 4. take() the bins.
/// They are those of bin_matrix() over the whole table, byte for byte, whatever the chunks: cuts come from rows that
/// are sampled by their number. Memory besides the bins: the sample (bin_construct_sample_cnt rows of 8 bytes a cell).
/// Not thread-safe; each call shares its work out to the executor.
class ChunkedBinning {
 public:
  /// Throws what make_cuts() throws of options, features and the number of rows; Error(resource), here and below, when
  /// memory runs out.
  ChunkedBinning(std::size_t rows, std::span<const Feature> features, const BinOptions& options, Executor& executor);

  /// The next rows of the first pass. Throws Error(schema_mismatch) for another number of columns or more rows than
  /// were announced, Error(invalid_data) for a categorical value that is no index, with its row: the chunk then counts
  /// as not seen, and may come again.
  template <class T>
  void look(MatrixView<T> chunk);
  /// The next rows of the second pass. Throws Error(schema_mismatch) as look() does, or before look() has seen all
  /// rows.
  template <class T>
  void fill(MatrixView<T> chunk);
  /// The bins, for training; the object is empty afterwards, whatever happens. Throws Error(schema_mismatch) before
  /// fill() has seen all rows.
  [[nodiscard]] Binned take();

 private:
  void make_room();
  void check_chunk(std::size_t rows, std::size_t cols, std::size_t seen) const;
  void choose();

  std::size_t rows_;
  std::vector<Feature> features_;
  BinOptions options_;
  Executor& executor_;
  std::vector<std::size_t> sampled_;                ///< row numbers, rising
  std::vector<double> sample_;                      ///< their cells, column after column
  std::vector<std::vector<std::uint64_t>> counts_;  ///< of levels, by feature; empty for numbers
  std::size_t looked_ = 0, filled_ = 0;
  std::size_t next_sampled_ = 0;
  std::optional<Binned> bins_{};
};

}  // namespace riskflag::inline v0_1

#include <riskflag/bin/detail/bin_chunks.hpp>
