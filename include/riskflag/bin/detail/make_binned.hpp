#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/bin/detail/bundles.hpp>
#include <riskflag/bin/kernels/find_bins.hpp>
#include <riskflag/core/cpu.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/memory.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

inline constexpr std::size_t kBinBlock = 1024;  ///< rows binned at a time: a tile of them fits the first-level cache

[[nodiscard]] inline kernels::CutTable cut_table(const FeatureCuts& feature) {
  kernels::CutTable table{};
  std::fill(std::begin(table.cuts), std::end(table.cuts), kMissing);
  std::copy(feature.cuts.begin(), feature.cuts.end(), table.cuts);
  table.missing_bin = static_cast<std::uint8_t>(feature.missing_bin());
  while (table.first_step * 2 <= feature.cuts.size())
    table.first_step = table.first_step == 0 ? 1 : table.first_step * 2;
  if (feature.cuts.empty()) table.first_step = 0;
  return table;
}

[[nodiscard]] inline std::string needs_of_bins(std::size_t rows, std::size_t cols) {
  return std::to_string(rows) + " rows x " + std::to_string(cols) +
         " columns take up to two bytes a cell; fewer rows or columns need less";
}

}  // namespace detail

template <class T>
Binned Binned::make(Cuts cuts, MatrixView<T> x, Use use, Executor& executor) {
  if (x.cols() != cuts.bins.size()) {
    fail(ErrorCode::schema_mismatch, "table",
         std::to_string(x.cols()) + " columns; the bins were made for " + std::to_string(cuts.bins.size()));
  }
  return or_out_of_memory(
      "bins", [&] { return detail::needs_of_bins(x.rows(), x.cols()); },
      [&] {
        Binned out = start(std::move(cuts), x.rows());
        out.fill_columns(x, 0, executor);
        out.finish(use, executor);
        return out;
      });
}

inline Binned Binned::start(Cuts cuts, std::size_t rows) {
  Binned out;
  out.cuts_ = std::move(cuts);
  out.rows_ = rows;
  out.columns_.resize(out.cols() * rows);
  return out;
}

inline void Binned::finish(Use use, Executor& executor) {
  if (use == Use::validation) return;
  place_features(use, executor);
  fill_tiles(executor);
  fill_sparse(executor);
}

template <class T>
void Binned::fill_columns(MatrixView<T> x, std::size_t at, Executor& executor) {
  std::vector<kernels::CutTable> tables;
  for (const FeatureCuts& feature : cuts_.bins) tables.push_back(detail::cut_table(feature));
  const kernels::FindBins find_bins = kernels::find_bins_for(cpu_level());
  parallel_for(executor, x.rows(), 8 * detail::kBinBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::array<double, detail::kBinBlock> values;
    for (std::size_t first = begin; first < end; first += detail::kBinBlock) {
      const std::size_t n = std::min(detail::kBinBlock, end - first);
      for (std::size_t f = 0; f < cols(); ++f) {
        const FeatureCuts& cuts = cuts_.bins[f];
        const T* cell = x.col(f) + static_cast<std::ptrdiff_t>(first) * x.row_stride();
        std::uint8_t* const bins = columns_.data() + f * rows_ + at + first;
        if (cuts.type == FeatureType::categorical) {
          for (std::size_t i = 0; i < n; ++i, cell += x.row_stride()) bins[i] = cuts.bin_of(static_cast<double>(*cell));
          continue;
        }
        for (std::size_t i = 0; i < n; ++i, cell += x.row_stride()) values[i] = static_cast<double>(*cell);
        if (cuts.zero_is_missing) {
          for (std::size_t i = 0; i < n; ++i) values[i] = detail::is_zero(values[i]) ? kMissing : values[i];
        }
        find_bins(tables[f], values.data(), n, bins);
      }
    }
  });
}

/// Which stored column each feature goes to, and which of its bins.
inline void Binned::place_features(Use use, Executor& executor) {
  counts_.resize(cols());
  executor.run(cols(), [&](std::size_t f, unsigned) { counts_[f] = detail::count_bins(column(f), nullptr, rows_); });
  for (std::size_t f = 0; use == Use::training && f < cols(); ++f) {
    if (feature(f).type == FeatureType::categorical && counts_[f][feature(f).unseen_bin()] != 0) {
      fail(ErrorCode::schema_mismatch, "feature " + quoted(cuts_.features[f].name),
           std::to_string(counts_[f][feature(f).unseen_bin()]) +
               " rows have levels that its cuts have not seen; train on the rows that the cuts were made of");
    }
  }
  detail::Bundles bundles = detail::choose_bundles(cuts_.bins, counts_, columns_.data(), rows_, use == Use::training);
  members_ = std::move(bundles.members);
  sparse_.first = members_.size();
  std::vector<std::uint8_t> joined(cols());
  if (use == Use::training) {
    choose_sparse();
    sparse_.first = detail::join_columns(counts_, rows_, sparse_.first, members_, joined);
  }
  places_.resize(cols());
  to_stored_.resize(cols());
  for (std::size_t c = 0; c < members_.size(); ++c) {
    const bool shared = members_[c].size() > 1;
    if (joined[members_[c][0]] != 0) {
      stored_bins_.push_back(place_joined(static_cast<std::uint32_t>(c), bundles.most_frequent));
      continue;
    }
    unsigned next = 1;  // stored bin 0: all members in their most frequent bin
    for (const std::uint32_t f : members_[c]) {
      const unsigned most = bundles.most_frequent[f], others = detail::other_bins(feature(f), counts_[f]);
      places_[f] = {static_cast<std::uint32_t>(c), shared, bundles.most_frequent[f], static_cast<std::uint16_t>(next),
                    static_cast<std::uint16_t>(others)};
      const unsigned end = next + others;
      for (unsigned b = 0; b < 256; ++b)
        to_stored_[f][b] = static_cast<std::uint8_t>(shared ? (b != most && next < end ? next++ : 0) : b);
      next = end;
    }
    stored_bins_.push_back(shared ? next : feature(members_[c][0]).missing_bin() + 1);
    if (c >= sparse_.first) sparse_.usual.push_back(shared ? std::uint8_t{0} : bundles.most_frequent[members_[c][0]]);
  }
  cut_into_tiles();
}

/// Places of the features that share stored column c as combinations of their bins; returns how many there are.
inline std::size_t Binned::place_joined(std::uint32_t c, const std::vector<std::uint8_t>& most_frequent) {
  unsigned step = 1;
  for (const std::uint32_t f : members_[c]) {
    const unsigned bins = detail::bins_in_use(counts_[f]);
    places_[f] = {c, true, most_frequent[f], 0, 0, static_cast<std::uint16_t>(step), static_cast<std::uint16_t>(bins)};
    for (unsigned b = 0; b < bins; ++b) to_stored_[f][b] = static_cast<std::uint8_t>(b * step);
    step *= bins;
  }
  return step;
}

/// Moves columns that hold their usual bin in at least five rows of six behind the others, where there are so many of
/// them that a list of the rest is read faster: measured as 0.36 ns a byte of a tile, 6 ns a row and 1.5 ns an entry.
/// One column stays in the tiles, whose sum is every leaf's total.
inline void Binned::choose_sparse() {
  std::vector<std::vector<std::uint32_t>> dense, sparse;
  std::uint64_t entries = 0;
  for (const std::vector<std::uint32_t>& members : members_) {
    std::uint64_t here = 0;
    for (const std::uint32_t f : members) here += rows_ - *std::max_element(counts_[f].begin(), counts_[f].end());
    const bool is_sparse = 6 * here <= rows_ && !(dense.empty() && sparse.size() + 1 == members_.size());
    (is_sparse ? sparse : dense).push_back(members);
    if (is_sparse) entries += here;
  }
  if (36 * sparse.size() * rows_ <= 600 * rows_ + 150 * entries) return;
  sparse_.first = dense.size();
  dense.insert(dense.end(), sparse.begin(), sparse.end());
  members_ = std::move(dense);
}

inline void Binned::cut_into_tiles() {
  for (const std::size_t end : {sparse_.first, members_.size()}) {
    const std::size_t begin = tile_first_.back(), columns = end - begin;
    const std::size_t tiles = (columns + kTileWidth - 1) / kTileWidth;
    for (std::size_t t = 1; t <= tiles; ++t) tile_first_.push_back(begin + t * columns / tiles);
  }
}

inline void Binned::fill_tiles(Executor& executor) {
  tiled_.resize(sparse_.first * rows_);
  parallel_for(executor, rows_, 8 * detail::kBinBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::array<std::uint8_t, detail::kBinBlock> together;
    for (std::size_t first = begin; first < end; first += detail::kBinBlock) {
      const std::size_t n = std::min(detail::kBinBlock, end - first);
      for (std::size_t t = 0; tile_first_[t] < sparse_.first; ++t) {
        const std::size_t width = tile_first_[t + 1] - tile_first_[t];
        std::uint8_t* const tile = tiled_.data() + tile_first_[t] * rows_ + first * width;
        for (std::size_t k = 0; k < width; ++k) {
          const std::vector<std::uint32_t>& members = members_[tile_first_[t] + k];
          const std::uint8_t* bins = column(members[0]) + first;
          if (members.size() > 1) {
            together.fill(0);
            for (const std::uint32_t f : members) {  // a combination is a sum; of those that exclude, one is not 0
              const std::uint8_t* const own = column(f) + first;
              const std::array<std::uint8_t, 256>& stored = to_stored_[f];
              for (std::size_t i = 0; i < n; ++i) together[i] = static_cast<std::uint8_t>(together[i] + stored[own[i]]);
            }
            bins = together.data();
          }
          for (std::size_t i = 0; i < n; ++i) tile[i * width + k] = bins[i];
        }
      }
    }
  });
}

/// Counts each row's entries, then writes them where they begin.
inline void Binned::fill_sparse(Executor& executor) {
  if (sparse_.first == members_.size()) return;
  sparse_.begin.assign(rows_ + 1, 0);
  const auto each_entry = [&](auto&& found) {
    parallel_for(executor, rows_, 8 * detail::kBinBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t c = sparse_.first; c < members_.size(); ++c) {
        for (const std::uint32_t f : members_[c]) {
          const std::uint8_t* const bins = column(f);
          const std::uint8_t usual = places_[f].most_frequent;
          const auto offset = static_cast<std::uint32_t>(c - sparse_.first) * Sparse::kStride;
          for (std::size_t i = begin; i < end; ++i) {
            if (bins[i] != usual) found(i, offset + to_stored_[f][bins[i]]);
          }
        }
      }
    });
  };
  each_entry([&](std::size_t row, std::uint32_t) { ++sparse_.begin[row + 1]; });
  for (std::size_t i = 0; i < rows_; ++i) sparse_.begin[i + 1] += sparse_.begin[i];
  sparse_.entries.resize(sparse_.begin[rows_]);
  std::vector<std::uint64_t> next(sparse_.begin.begin(), sparse_.begin.end() - 1);
  each_entry([&](std::size_t row, std::uint32_t entry) { sparse_.entries[next[row]++] = entry; });
}

inline Binned bin_matrix(MatrixView<double> x, std::span<const Feature> features, const BinOptions& options,
                         Executor& executor) {
  return Binned::make(make_cuts(x, features, options, executor), x, Binned::Use::training, executor);
}
inline Binned bin_matrix(MatrixView<float> x, std::span<const Feature> features, const BinOptions& options,
                         Executor& executor) {
  return Binned::make(make_cuts(x, features, options, executor), x, Binned::Use::training, executor);
}
inline Binned bin_like(const Cuts& cuts, MatrixView<double> x, Executor& executor) {
  return Binned::make(cuts, x, Binned::Use::validation, executor);
}
inline Binned bin_like(const Cuts& cuts, MatrixView<float> x, Executor& executor) {
  return Binned::make(cuts, x, Binned::Use::validation, executor);
}

}  // namespace riskflag::inline v0_1
