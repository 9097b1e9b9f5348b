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
  const std::size_t features = out.cuts_.bins.size();
  const std::size_t tiles = (features + kTileWidth - 1) / kTileWidth;
  for (std::size_t t = 0; t <= tiles; ++t) out.tile_first_.push_back(t * features / tiles);
  out.columns_.resize(features * x.rows());
  if (use == Use::training) out.tiled_.resize(features * x.rows());

  std::vector<kernels::CutTable> tables;
  for (const FeatureCuts& feature : out.cuts_.bins) tables.push_back(detail::cut_table(feature));
  const kernels::FindBins find_bins = kernels::find_bins_for(cpu_level());
  parallel_for(executor, x.rows(), 8 * detail::kBinBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    std::array<double, detail::kBinBlock> values;
    for (std::size_t first = begin; first < end; first += detail::kBinBlock) {
      const std::size_t n = std::min(detail::kBinBlock, end - first);
      for (std::size_t t = 0; t < tiles; ++t) {
        const std::size_t width = out.tile_first_[t + 1] - out.tile_first_[t];
        for (std::size_t f = out.tile_first_[t]; f < out.tile_first_[t + 1]; ++f) {
          const T* cell = x.col(f) + static_cast<std::ptrdiff_t>(first) * x.row_stride();
          std::uint8_t* const bins = out.columns_.data() + f * out.rows_ + first;
          if (out.cuts_.bins[f].type == FeatureType::categorical) {
            for (std::size_t i = 0; i < n; ++i, cell += x.row_stride())
              bins[i] = out.cuts_.bins[f].bin_of(static_cast<double>(*cell));
          } else {
            for (std::size_t i = 0; i < n; ++i, cell += x.row_stride()) values[i] = static_cast<double>(*cell);
            if (out.cuts_.bins[f].zero_is_missing) {
              for (std::size_t i = 0; i < n; ++i) values[i] = detail::is_zero(values[i]) ? kMissing : values[i];
            }
            find_bins(tables[f], values.data(), n, bins);
          }
          if (use != Use::training) continue;
          std::uint8_t* tiled =
              out.tiled_.data() + out.tile_first_[t] * out.rows_ + first * width + (f - out.tile_first_[t]);
          for (std::size_t i = 0; i < n; ++i, tiled += width) *tiled = bins[i];
        }
      }
    }
  });
  return out;
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
