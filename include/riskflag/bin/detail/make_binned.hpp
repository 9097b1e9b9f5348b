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
#include <riskflag/core/missing.hpp>

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

}  // namespace detail

template <class T>
Binned Binned::make(Cuts cuts, MatrixView<T> x, Use use, Executor& executor) {
  if (x.cols() != cuts.bins.size()) {
    fail(ErrorCode::schema_mismatch, "table",
         std::to_string(x.cols()) + " columns; the bins were made for " + std::to_string(cuts.bins.size()));
  }
  Binned out;
  out.cuts_ = std::move(cuts);
  out.rows_ = x.rows();
  out.columns_.resize(out.cols() * x.rows());
  out.fill_columns(x, executor);
  if (use != Use::validation) {
    out.place_features(use, executor);
    out.fill_tiles(executor);
  }
  return out;
}

template <class T>
void Binned::fill_columns(MatrixView<T> x, Executor& executor) {
  std::vector<kernels::CutTable> tables;
  for (const FeatureCuts& feature : cuts_.bins) tables.push_back(detail::cut_table(feature));
  const kernels::FindBins find_bins = kernels::find_bins_for(cpu_level());
  parallel_for(executor, rows_, 8 * detail::kBinBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::array<double, detail::kBinBlock> values;
    for (std::size_t first = begin; first < end; first += detail::kBinBlock) {
      const std::size_t n = std::min(detail::kBinBlock, end - first);
      for (std::size_t f = 0; f < cols(); ++f) {
        const FeatureCuts& cuts = cuts_.bins[f];
        const T* cell = x.col(f) + static_cast<std::ptrdiff_t>(first) * x.row_stride();
        std::uint8_t* const bins = columns_.data() + f * rows_ + first;
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
  detail::Bundles bundles = detail::choose_bundles(cuts_.bins, counts_, columns_.data(), rows_, use == Use::training);
  members_ = std::move(bundles.members);
  places_.resize(cols());
  for (std::size_t c = 0; c < members_.size(); ++c) {
    const bool shared = members_[c].size() > 1;
    unsigned next = 1;  // stored bin 0: all members in their most frequent bin
    for (const std::uint32_t f : members_[c]) {
      const unsigned others = detail::other_bins(feature(f), counts_[f]);
      places_[f] = {static_cast<std::uint32_t>(c), shared, bundles.most_frequent[f], static_cast<std::uint16_t>(next),
                    static_cast<std::uint16_t>(others)};
      next += others;
    }
    stored_bins_.push_back(shared ? next : feature(members_[c][0]).missing_bin() + 1);
  }
}

inline void Binned::fill_tiles(Executor& executor) {
  const std::size_t stored = stored_columns();
  const std::size_t tiles = (stored + kTileWidth - 1) / kTileWidth;
  for (std::size_t t = 1; t <= tiles; ++t) tile_first_.push_back(t * stored / tiles);
  tiled_.resize(stored * rows_);
  std::vector<std::array<std::uint8_t, 256>> to_stored(cols());  // a feature's bin in a shared column
  for (std::size_t f = 0; f < cols(); ++f) {
    unsigned at = places_[f].first;
    for (unsigned b = 0; b < 256; ++b) {
      const bool is_other = b != places_[f].most_frequent && at < unsigned{places_[f].first} + places_[f].others;
      to_stored[f][b] = static_cast<std::uint8_t>(is_other ? at++ : 0);
    }
  }
  parallel_for(executor, rows_, 8 * detail::kBinBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::array<std::uint8_t, detail::kBinBlock> together;
    for (std::size_t first = begin; first < end; first += detail::kBinBlock) {
      const std::size_t n = std::min(detail::kBinBlock, end - first);
      for (std::size_t t = 0; t < tiles; ++t) {
        const std::size_t width = tile_first_[t + 1] - tile_first_[t];
        std::uint8_t* const tile = tiled_.data() + tile_first_[t] * rows_ + first * width;
        for (std::size_t k = 0; k < width; ++k) {
          const std::vector<std::uint32_t>& members = members_[tile_first_[t] + k];
          const std::uint8_t* bins = column(members[0]) + first;
          if (members.size() > 1) {
            together.fill(0);
            for (const std::uint32_t f : members) {
              const std::uint8_t* const own = column(f) + first;
              for (std::size_t i = 0; i < n; ++i) together[i] |= to_stored[f][own[i]];  // at most one is not 0
            }
            bins = together.data();
          }
          for (std::size_t i = 0; i < n; ++i) tile[i * width + k] = bins[i];
        }
      }
    }
  });
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
