#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <riskflag/bin/cuts.hpp>
#include <riskflag/bin/detail/level_bins.hpp>
#include <riskflag/bin/detail/numeric_cuts.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/memory.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

namespace detail {
/// By bits, as everything that sends rows left and right.
[[nodiscard]] inline bool is_zero(double x) noexcept {
  return order_key(x) >= order_key(-kZeroIsMissing) && order_key(x) <= order_key(kZeroIsMissing);
}
}  // namespace detail

inline std::uint8_t FeatureCuts::bin_of(double x) const noexcept {
  if (is_missing(x)) return static_cast<std::uint8_t>(missing_bin());
  if (type == FeatureType::categorical) {
    // The cut to an integer is the walker's (model/walk.hpp): -0.5 is level 0 there.
    if (!(x > -1.0 && x < static_cast<double>(level_bins.size()))) return static_cast<std::uint8_t>(unseen_bin());
    return level_bins[static_cast<std::size_t>(static_cast<std::int64_t>(x))];
  }
  if (zero_is_missing && detail::is_zero(x)) return static_cast<std::uint8_t>(missing_bin());
  unsigned b = 0;
  while (b < cuts.size() && order_key(cuts[b]) < order_key(x)) ++b;
  return static_cast<std::uint8_t>(b);
}

inline double FeatureCuts::threshold(unsigned b) const noexcept {
  return b < cuts.size() ? cuts[b] : std::numeric_limits<double>::infinity();
}

namespace detail {

/// One row of each of `sample` equal stretches of the table, rising; all rows when there are no more than that.
[[nodiscard]] inline std::vector<std::size_t> sampled_rows(std::size_t rows, std::uint64_t sample, std::uint64_t seed) {
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(rows, sample));
  std::vector<std::size_t> out(n);
  const Random random = Random(seed).split(0x62696e);  // "bin"
  // first(i) = floor(i * rows / n) without overflow.
  const auto first = [&](std::size_t i) { return i * (rows / n) + i * (rows % n) / n; };
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = n == rows ? i : first(i) + static_cast<std::size_t>(random.below(first(i + 1) - first(i), i));
  }
  return out;
}

/// Adds the rows of each level; `first`: the number of the first row, for messages.
template <class T>
void count_levels(MatrixView<T> x, std::size_t column, const Feature& feature, std::size_t first,
                  std::vector<std::uint64_t>& counts) {
  constexpr double kMost = 1048576.0;
  const std::size_t declared = feature.levels.size();
  const T* cell = x.col(column);
  for (std::size_t i = 0; i < x.rows(); ++i, cell += x.row_stride()) {
    const double value = static_cast<double>(*cell);
    if (is_missing(value)) continue;
    const double limit = declared != 0 ? static_cast<double>(declared) : kMost;
    if (!(value >= 0.0 && value < limit) || static_cast<double>(static_cast<std::int64_t>(value)) != value) {
      fail(ErrorCode::invalid_data, "row " + std::to_string(first + i) + ", feature " + quoted(feature.name),
           number_text(value) + " is no level; a categorical value is an index from 0 to " + number_text(limit - 1.0) +
               ", or NaN");
    }
    const auto level = static_cast<std::size_t>(value);
    if (level >= counts.size()) counts.resize(level + 1);
    ++counts[level];
  }
}

template <class T>
[[nodiscard]] FeatureCuts level_cuts(MatrixView<T> x, std::size_t column, const Feature& feature) {
  std::vector<std::uint64_t> counts(feature.levels.size());
  count_levels(x, column, feature, 0, counts);
  return bins_of_levels(counts);
}

/// Sorts; flags and codes, of which there are few different ones, by counting.
inline void sort_keys(std::vector<std::int64_t>& keys, std::vector<std::int64_t>& scratch) {
  constexpr std::size_t kFew = 12;
  std::array<std::int64_t, kFew> different{};
  std::array<std::size_t, kFew> counts{};
  std::size_t found = 0;
  for (const std::int64_t key : keys) {
    std::size_t k = 0;
    while (k < found && different[k] != key) ++k;
    if (k == kFew) {
      radix_sort(keys, scratch);
      return;
    }
    if (k == found) different[found++] = key;
    ++counts[k];
  }
  std::array<std::size_t, kFew> order{};
  for (std::size_t k = 0; k < found; ++k) order[k] = k;
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(found),
            [&](std::size_t a, std::size_t b) { return different[a] < different[b]; });
  auto at = keys.begin();
  for (std::size_t k = 0; k < found; ++k)
    at = std::fill_n(at, static_cast<std::ptrdiff_t>(counts[order[k]]), different[order[k]]);
}

inline constexpr std::size_t kCutColumns = 16;

/// The bits of a cell, and the value back.
template <class T>
[[nodiscard]] constexpr std::uint64_t bits_of(T x) noexcept {
  return std::bit_cast<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>(x);
}
template <class T>
[[nodiscard]] constexpr double value_of_bits(std::uint64_t bits) noexcept {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return static_cast<double>(std::bit_cast<T>(static_cast<Bits>(bits)));
}

/// The sampled cells of a column while they are read: the two that its first rows hold most often are counted, as flags
/// and amounts that are mostly zero or missing need no more, the others kept. All as bits.
struct ColumnCells {
  static constexpr std::size_t kFirst = 32;  ///< rows by which the two are chosen: that decides nothing but time
  std::array<std::uint64_t, 2> frequent{};
  std::array<std::size_t, 2> counts{};
  std::vector<std::uint64_t> others{};
  std::size_t used = 0;  ///< of others

  void choose(std::span<const std::uint64_t> first) noexcept {
    counts = {};
    used = 0;
    std::array<std::ptrdiff_t, 2> most{};
    for (const std::size_t k : {0U, 1U}) {
      for (const std::uint64_t cell : first) {
        const std::ptrdiff_t rows = std::count(first.begin(), first.end(), cell);
        if (rows <= most[k] || (k == 1 && cell == frequent[0])) continue;
        most[k] = rows;
        frequent[k] = cell;
      }
    }
    if (most[1] == 0) frequent[1] = ~frequent[0];
  }
  /// Without a branch: which rows hold which value cannot be foreseen.
  template <class T>
  void take(const T* cells, std::ptrdiff_t stride, std::span<const std::size_t> rows) noexcept {
    const std::uint64_t a = frequent[0], b = frequent[1];
    std::size_t rows_a = 0, n = 0;
    std::uint64_t* const out = others.data() + used;
    for (const std::size_t row : rows) {
      const std::uint64_t cell = bits_of(cells[static_cast<std::ptrdiff_t>(row) * stride]);
      out[n] = cell;
      rows_a += cell == a ? 1 : 0;
      n += static_cast<std::size_t>(cell != a) * static_cast<std::size_t>(cell != b);
    }
    used += n;
    counts[0] += rows_a;
    counts[1] += rows.size() - rows_a - n;
  }
};

/// A worker's sampled cells of columns that are read together.
struct CutKeys {
  std::array<ColumnCells, kCutColumns> of_column{};
  std::vector<std::int64_t> keys{}, scratch{};
  std::vector<KeyRun> values{};
};

/// Fills room.values with what a column of T holds, rising, without missing values.
template <class T>
void sort_values(const ColumnCells& column, bool zero_as_missing, CutKeys& room) {
  room.keys.resize(column.used);
  for (std::size_t i = 0; i < column.used; ++i) room.keys[i] = order_key(value_of_bits<T>(column.others[i]));
  sort_keys(room.keys, room.scratch);
  room.values.clear();
  const auto add = [&](std::int64_t key, std::size_t rows) {
    const double value = from_order_key(key);
    if (rows == 0 || is_missing(value) || (zero_as_missing && is_zero(value))) return;
    if (room.values.empty() || room.values.back().key != key) room.values.push_back({key, 0});
    room.values.back().rows += rows;  // -0 and 0 have other bits and one key
  };
  std::array<std::int64_t, 2> frequent{};
  for (const std::size_t k : {0U, 1U}) frequent[k] = order_key(value_of_bits<T>(column.frequent[k]));
  const std::size_t low = frequent[0] < frequent[1] ? 0 : 1;
  std::size_t at = 0;
  for (const std::size_t k : {low, 1 - low, std::size_t{2}}) {
    while (at < room.keys.size() && (k == 2 || room.keys[at] < frequent[k])) {
      const std::size_t begin = at;
      while (at < room.keys.size() && room.keys[at] == room.keys[begin]) ++at;
      add(room.keys[begin], at - begin);
    }
    if (k < 2) add(frequent[k], column.counts[k]);
  }
}

/// Columns read together: neighbours in a row-major table share a line; 4 MB of values, but never below four columns.
[[nodiscard]] inline std::size_t columns_together(std::size_t rows) noexcept {
  return std::clamp<std::size_t>((std::size_t{1} << 19) / rows, 4, kCutColumns);
}

inline constexpr std::string_view kNeedsOfCuts =
    "each thread holds bin_construct_sample_cnt values of up to 16 columns; a smaller sample or fewer threads need "
    "less";

/// Where bins of the feature have to end.
[[nodiscard]] inline std::span<const double> forced_bounds(const BinOptions& options, std::string_view feature) {
  for (const ForcedBins& forced : options.forced_bins) {
    if (forced.feature == feature) return forced.upper_bounds;
  }
  return {};
}

/// Throws Error(invalid_option) unless every entry is of a numeric feature of its own, with finite, rising bounds.
inline void check_forced_bins(std::span<const Feature> features, const BinOptions& options) {
  for (std::size_t i = 0; i < options.forced_bins.size(); ++i) {
    const ForcedBins& forced = options.forced_bins[i];
    const auto refuse = [&](const std::string& why) { fail(ErrorCode::invalid_option, "forced_bins", why); };
    const auto found =
        std::find_if(features.begin(), features.end(), [&](const Feature& f) { return f.name == forced.feature; });
    if (found == features.end()) {
      std::vector<std::string_view> known;
      for (const Feature& feature : features) known.push_back(feature.name);
      refuse("no feature is called " + quoted(forced.feature) + did_you_mean(forced.feature, known));
    }
    if (found->type == FeatureType::categorical)
      refuse("feature " + quoted(forced.feature) + " is categorical: its bins are levels");
    for (std::size_t k = 0; k < i; ++k) {
      if (options.forced_bins[k].feature == forced.feature)
        refuse("feature " + quoted(forced.feature) + " is named twice");
    }
    for (std::size_t k = 0; k < forced.upper_bounds.size(); ++k) {
      const double bound = forced.upper_bounds[k];
      if (!is_finite(bound) || (k > 0 && order_key(forced.upper_bounds[k - 1]) >= order_key(bound))) {
        refuse("bounds of feature " + quoted(forced.feature) +
               " are finite numbers, each larger than the one before; " + number_text(bound) + " is not");
      }
    }
  }
}

/// Cuts of the numeric ones among columns [first, end), at most kCutColumns.
template <class T>
void numeric_cuts(MatrixView<T> x, std::size_t first, std::size_t end, std::span<const Feature> features,
                  std::span<const std::size_t> rows, const BinOptions& options, CutKeys& room,
                  std::vector<FeatureCuts>& out) {
  std::array<std::size_t, kCutColumns> column{};
  std::size_t columns = 0;
  for (std::size_t f = first; f < end; ++f) {
    if (features[f].type != FeatureType::categorical) column[columns++] = f;
  }
  for (std::size_t k = 0; k < columns; ++k) {
    std::array<std::uint64_t, ColumnCells::kFirst> head;
    const std::size_t n = std::min(head.size(), rows.size());
    for (std::size_t i = 0; i < n; ++i) head[i] = bits_of(x(rows[i], column[k]));
    room.of_column[k].choose(std::span(head).first(n));
    room.of_column[k].others.resize(rows.size() + 1);
  }
  constexpr std::size_t kRows = 32;  // of a column before the next one: their lines are still in the cache
  for (std::size_t begin = 0; begin < rows.size(); begin += kRows) {
    const std::span<const std::size_t> here = rows.subspan(begin, std::min(kRows, rows.size() - begin));
    for (std::size_t k = 0; k < columns; ++k) room.of_column[k].take(x.col(column[k]), x.row_stride(), here);
  }
  for (std::size_t k = 0; k < columns; ++k) {
    const std::size_t f = column[k];
    sort_values<T>(room.of_column[k], options.zero_as_missing, room);
    const int most = options.max_bin_by_feature.empty() ? options.max_bin : options.max_bin_by_feature[f];
    out[f].cuts =
        cuts_with_forced(room.values, most, options.min_data_in_bin, forced_bounds(options, features[f].name));
    out[f].zero_is_missing = options.zero_as_missing;
    out[f].value_bins = static_cast<unsigned>(out[f].cuts.size() + 1);
  }
}

/// Throws what make_cuts() throws of options, features and the table's size.
inline void check_cut_input(std::size_t rows, std::size_t cols, std::span<const Feature> features,
                            const BinOptions& options) {
  if (options.max_bin < 2 || options.max_bin > 255) {
    fail(ErrorCode::invalid_option, "max_bin", std::to_string(options.max_bin) + " is not in 2 to 255");
  }
  if (options.min_data_in_bin < 1) {
    fail(ErrorCode::invalid_option, "min_data_in_bin", std::to_string(options.min_data_in_bin) + " is not at least 1");
  }
  if (options.sample_rows < 1) fail(ErrorCode::invalid_option, "sample_rows", "0 is not at least 1");
  if (features.size() != cols) {
    fail(ErrorCode::schema_mismatch, "features",
         std::to_string(features.size()) + " are described, but the table has " + std::to_string(cols) + " columns");
  }
  if (!options.max_bin_by_feature.empty() && options.max_bin_by_feature.size() != cols) {
    fail(ErrorCode::invalid_option, "max_bin_by_feature",
         std::to_string(options.max_bin_by_feature.size()) + " numbers for " + std::to_string(cols) + " features");
  }
  for (const int most : options.max_bin_by_feature) {
    if (most < 2 || most > 255)
      fail(ErrorCode::invalid_option, "max_bin_by_feature", std::to_string(most) + " is not in 2 to 255");
  }
  check_forced_bins(features, options);
  if (cols == 0) fail(ErrorCode::invalid_data, "table", "has no columns; at least one feature is needed");
  if (rows == 0) fail(ErrorCode::invalid_data, "table", "has no rows; at least one is needed");
  if (rows >= std::numeric_limits<std::uint32_t>::max()) {
    fail(ErrorCode::unsupported, "table", std::to_string(rows) + " rows; up to 4,294,967,294 can be trained on");
  }
}

template <class T>
[[nodiscard]] Cuts make_cuts(MatrixView<T> x, std::span<const Feature> features, const BinOptions& options,
                             Executor& executor) {
  check_cut_input(x.rows(), x.cols(), features, options);
  return or_out_of_memory(
      "cuts", [] { return std::string(kNeedsOfCuts); },
      [&] {
        const std::vector<std::size_t> rows = sampled_rows(x.rows(), options.sample_rows, options.seed);
        Cuts out;
        out.features.assign(features.begin(), features.end());
        out.bins.resize(features.size());
        const std::size_t together = columns_together(rows.size());
        std::vector<CutKeys> room(executor.concurrency());
        executor.run((features.size() + together - 1) / together, [&](std::size_t group, unsigned worker) {
          const std::size_t first = group * together, end = std::min(first + together, features.size());
          numeric_cuts(x, first, end, features, rows, options, room[worker], out.bins);
          for (std::size_t f = first; f < end; ++f) {
            if (features[f].type == FeatureType::categorical) out.bins[f] = level_cuts(x, f, features[f]);
          }
        });
        return out;
      });
}

}  // namespace detail

inline Cuts make_cuts(MatrixView<double> x, std::span<const Feature> features, const BinOptions& options,
                      Executor& executor) {
  return detail::make_cuts(x, features, options, executor);
}
inline Cuts make_cuts(MatrixView<float> x, std::span<const Feature> features, const BinOptions& options,
                      Executor& executor) {
  return detail::make_cuts(x, features, options, executor);
}

}  // namespace riskflag::inline v0_1
