#pragma once

#include <algorithm>
#include <array>
#include <bit>
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
/// them that their entries are added faster: measured in hundredths of a nanosecond as 26 a byte of a tile, 26 a slot,
/// 100 a row and 1,500 a row with more entries than slots. Of columns that can be joined a byte holds several, so they
/// move only where they are as rare as that. One column stays in the tiles, whose sum is every leaf's total.
inline void Binned::choose_sparse() {
  std::vector<std::vector<std::uint32_t>> dense, sparse;
  std::vector<std::uint8_t> entries(rows_);
  for (const std::vector<std::uint32_t>& members : members_) {
    std::uint64_t here = 0;
    for (const std::uint32_t f : members) here += rows_ - *std::max_element(counts_[f].begin(), counts_[f].end());
    const bool may_join = rows_ >= detail::kWorthJoining && members.size() == 1;
    const std::uint64_t bits =
        may_join ? static_cast<std::uint64_t>(std::bit_width(detail::bins_in_use(counts_[members[0]]) - 1)) : 8;
    const bool is_sparse =
        6 * here <= rows_ && 16 * here <= bits * rows_ && !(dense.empty() && sparse.size() + 1 == members_.size());
    (is_sparse ? sparse : dense).push_back(members);
    for (std::size_t k = 0; is_sparse && k < members.size(); ++k) {
      const auto& counts = counts_[members[k]];
      const auto usual = static_cast<std::uint8_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
      detail::count_elsewhere(column(members[k]), rows_, usual, entries.data());
    }
  }
  std::array<std::uint64_t, 256> rows_with{};
  for (const std::uint8_t n : entries) ++rows_with[n];
  std::uint64_t more = rows_, least = 26 * sparse.size() * rows_;
  for (std::size_t k = 0; k <= Sparse::kMostSlots; ++k) {
    more -= rows_with[k];
    const std::uint64_t cost = (100 + 26 * k) * rows_ + 1500 * more;
    if (k < 2 || cost >= least) continue;
    least = cost;
    sparse_.slots = k;
  }
  if (sparse_.slots == 0) return;
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

/// Fills each row's slots, then lists the rows that have more entries.
inline void Binned::fill_sparse(Executor& executor) {
  if (sparse_.slots == 0) return;
  const std::size_t slots = sparse_.slots;
  const auto offset = [&](std::size_t c) { return static_cast<std::uint32_t>(c - sparse_.first) * Sparse::kStride; };
  sparse_.entries.resize(rows_ * slots);
  parallel_for(executor, rows_, 8 * detail::kBinBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::array<std::uint8_t, detail::kBinBlock> used;
    for (std::size_t first = begin; first < end; first += detail::kBinBlock) {
      const std::size_t n = std::min(detail::kBinBlock, end - first);
      std::uint32_t* const entries = sparse_.entries.data() + first * slots;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t s = 0; s < slots; ++s) entries[i * slots + s] = Sparse::empty_slot(s, i);
      }
      used.fill(0);
      for (std::size_t c = sparse_.first; c < members_.size(); ++c) {
        for (const std::uint32_t f : members_[c]) {
          const std::uint8_t* const bins = column(f) + first;
          for (std::size_t i = 0; i < n; ++i) {
            if (bins[i] == places_[f].most_frequent) continue;
            if (used[i] == slots) {
              entries[i * slots + slots - 1] = Sparse::kListed;
            } else {
              entries[i * slots + used[i]++] = offset(c) + to_stored_[f][bins[i]];
            }
          }
        }
      }
    }
  });
  sparse_.begin.push_back(0);
  for (std::size_t row = 0; row < rows_; ++row) {
    std::uint32_t* const entries = sparse_.entries.data() + row * slots;
    if (entries[slots - 1] != Sparse::kListed) continue;
    entries[0] = static_cast<std::uint32_t>(sparse_.begin.size() - 1);
    for (std::size_t c = sparse_.first; c < members_.size(); ++c) {
      for (const std::uint32_t f : members_[c]) {
        const std::uint8_t bin = column(f)[row];
        if (bin != places_[f].most_frequent) sparse_.listed.push_back(offset(c) + to_stored_[f][bin]);
      }
    }
    sparse_.begin.push_back(sparse_.listed.size());
  }
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
