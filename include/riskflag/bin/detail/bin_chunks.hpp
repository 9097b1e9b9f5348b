#pragma once

// Definitions of bin/chunks.hpp.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bin/chunks.hpp>
#include <riskflag/bin/detail/level_bins.hpp>
#include <riskflag/bin/detail/make_binned.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/memory.hpp>

namespace riskflag::inline v0_1 {

inline ChunkedBinning::ChunkedBinning(std::size_t rows, std::span<const Feature> features, const BinOptions& options,
                                      Executor& executor)
    : rows_(rows), features_(features.begin(), features.end()), options_(options), executor_(executor) {
  detail::check_cut_input(rows, features_.size(), features_, options_);
  const auto needs = [&] {
    return "the sample is " + std::to_string(options_.sample_rows) +
           " rows of 8 bytes a cell; a smaller one needs less";
  };
  or_out_of_memory("chunks", needs, [&] { make_room(); });
}

inline void ChunkedBinning::make_room() {
  sampled_ = detail::sampled_rows(rows_, options_.sample_rows, options_.seed);
  sample_.resize(sampled_.size() * features_.size());
  for (const Feature& feature : features_)
    counts_.emplace_back(feature.type == FeatureType::categorical ? feature.levels.size() : 0);
}

inline void ChunkedBinning::check_chunk(std::size_t rows, std::size_t cols, std::size_t seen) const {
  if (cols != features_.size()) {
    fail(ErrorCode::schema_mismatch, "chunk",
         std::to_string(cols) + " columns; " + std::to_string(features_.size()) + " features were announced");
  }
  if (rows > rows_ - seen) {
    fail(ErrorCode::schema_mismatch, "chunk",
         std::to_string(rows) + " rows after " + std::to_string(seen) + "; " + std::to_string(rows_) +
             " were announced");
  }
}

template <class T>
void ChunkedBinning::look(MatrixView<T> chunk) {
  check_chunk(chunk.rows(), chunk.cols(), looked_);
  std::size_t end = next_sampled_;
  while (end < sampled_.size() && sampled_[end] < looked_ + chunk.rows()) ++end;
  // Nothing counts before all of the chunk is good: it may come again, mended.
  std::vector<std::vector<std::uint64_t>> counts(features_.size());
  executor_.run(features_.size(), [&](std::size_t f, unsigned) {
    if (features_[f].type == FeatureType::categorical) {
      detail::count_levels(chunk, f, features_[f], looked_, counts[f]);
      return;
    }
    double* const column = sample_.data() + f * sampled_.size();
    for (std::size_t i = next_sampled_; i < end; ++i) column[i] = static_cast<double>(chunk(sampled_[i] - looked_, f));
  });
  for (std::size_t f = 0; f < counts.size(); ++f)
    if (counts[f].size() > counts_[f].size()) counts_[f].resize(counts[f].size());
  for (std::size_t f = 0; f < counts.size(); ++f)
    for (std::size_t level = 0; level < counts[f].size(); ++level) counts_[f][level] += counts[f][level];
  next_sampled_ = end;
  looked_ += chunk.rows();
}

inline void ChunkedBinning::choose() {
  Cuts cuts;
  cuts.bins.resize(features_.size());
  const auto sample = MatrixView<double>::col_major(sample_.data(), sampled_.size(), features_.size());
  std::vector<std::size_t> all(sampled_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const std::size_t together = detail::columns_together(sampled_.size());
  std::vector<detail::CutKeys> room(executor_.concurrency());
  executor_.run((features_.size() + together - 1) / together, [&](std::size_t group, unsigned worker) {
    const std::size_t first = group * together, end = std::min(first + together, features_.size());
    detail::numeric_cuts(sample, first, end, features_, all, options_, room[worker], cuts.bins);
    for (std::size_t f = first; f < end; ++f) {
      if (features_[f].type == FeatureType::categorical) cuts.bins[f] = detail::bins_of_levels(counts_[f]);
    }
  });
  cuts.features = features_;
  bins_ = or_out_of_memory(
      "chunks", [&] { return detail::needs_of_bins(rows_, features_.size()); },
      [&] { return Binned::start(std::move(cuts), rows_); });
  sample_ = {};
}

template <class T>
void ChunkedBinning::fill(MatrixView<T> chunk) {
  if (looked_ != rows_) {
    fail(ErrorCode::schema_mismatch, "chunk",
         "look() has seen " + std::to_string(looked_) + " of " + std::to_string(rows_) +
             " rows; it sees all before fill()");
  }
  if (!bins_) {
    check_chunk(chunk.rows(), chunk.cols(), filled_);
    choose();
  } else if (chunk.cols() != bins_->cols() || chunk.rows() > rows_ - filled_) {
    fail(ErrorCode::schema_mismatch, "chunk", "it has other columns than before, or more rows than were announced");
  }
  bins_->fill_columns(chunk, filled_, executor_);
  filled_ += chunk.rows();
}

inline Binned ChunkedBinning::take() {
  if (filled_ != rows_ || !bins_) {
    fail(ErrorCode::schema_mismatch, "chunks",
         "fill() has seen " + std::to_string(filled_) + " of " + std::to_string(rows_) + " rows");
  }
  Binned out = std::move(*bins_);
  bins_.reset();
  filled_ = 0;
  or_out_of_memory(
      "chunks", [&] { return detail::needs_of_bins(out.rows(), out.cols()); },
      [&] { out.finish(Binned::Use::training, executor_); });
  return out;
}

}  // namespace riskflag::inline v0_1
