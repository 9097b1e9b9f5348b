#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/order_key.hpp>

namespace riskflag::inline v0_1::detail {

/// Sorts by rising value, least significant byte first; bytes that all keys share cost one look.
/// 200,000 doubles take 2 ms where std::sort takes 14: cuts are chosen for every column.
inline void radix_sort(std::vector<std::int64_t>& keys, std::vector<std::int64_t>& scratch) {
  std::vector<std::array<std::uint32_t, 256>> counts(8);
  for (auto& byte : counts) byte.fill(0);
  for (const std::int64_t key : keys) {
    const std::uint64_t bits = static_cast<std::uint64_t>(key) ^ 0x8000000000000000ULL;
    for (unsigned byte = 0; byte < 8; ++byte) ++counts[byte][(bits >> (8 * byte)) & 0xff];
  }
  scratch.resize(keys.size());
  for (unsigned byte = 0; byte < 8; ++byte) {
    std::uint32_t at = 0;
    bool shared = false;
    for (std::uint32_t& count : counts[byte]) {
      shared = shared || count == keys.size();
      const std::uint32_t here = count;
      count = at;
      at += here;
    }
    if (shared) continue;
    for (const std::int64_t key : keys) {
      const std::uint64_t bits = static_cast<std::uint64_t>(key) ^ 0x8000000000000000ULL;
      scratch[counts[byte][(bits >> (8 * byte)) & 0xff]++] = key;
    }
    keys.swap(scratch);
  }
}

/// A finite t with a <= t < b for a < b, halfway where that is possible. False when there is none: -inf beside the
/// lowest finite number, which stay in one bin.
[[nodiscard]] inline bool halfway(double a, double b, double& t) noexcept {
  constexpr double kMax = std::numeric_limits<double>::max();
  const bool below_all = order_key(a) < order_key(-kMax);
  const bool above_all = order_key(b) > order_key(kMax);
  if (below_all && above_all) {
    t = 0.0;
  } else if (below_all) {
    t = -kMax;
    return order_key(t) < order_key(b);
  } else if (above_all) {
    t = kMax;
  } else {
    t = exact::add(exact::mul(a, 0.5), exact::mul(b, 0.5));
    if (!(order_key(a) <= order_key(t) && order_key(t) < order_key(b))) t = a;  // neighbours: the half rounds away
    if (order_key(t) == 0) t = 0.0;
  }
  return true;
}

/// A value among the sampled ones, as its order key.
struct KeyRun {
  std::int64_t key;
  std::uint64_t rows;
};

[[nodiscard]] inline std::uint64_t rows_of(std::span<const KeyRun> values) noexcept {
  std::uint64_t out = 0;
  for (const KeyRun& value : values) out += value.rows;
  return out;
}

/// Cuts from the sampled values of one feature, rising and without missing values: LightGBM's
/// GreedyFindBin (src/io/bin.cpp).
///
/// At most `max_bin` different values: a cut after each that brings its bin to min_data_in_bin rows. More: a value that
/// fills a whole bin gets its own, and the others are spread evenly over what is left.
[[nodiscard]] inline std::vector<double> cuts_of_sorted(std::span<const KeyRun> values, int max_bin,
                                                        int min_data_in_bin) {
  std::vector<double> cuts;
  const auto cut_after = [&](std::size_t i) {
    double t = 0.0;
    const bool exists = halfway(from_order_key(values[i].key), from_order_key(values[i + 1].key), t);
    if (exists) cuts.push_back(t);
    return exists;
  };
  if (values.size() <= static_cast<std::size_t>(max_bin)) {
    std::uint64_t in_bin = 0;
    for (std::size_t i = 0; i + 1 < values.size(); ++i) {
      in_bin += values[i].rows;
      if (in_bin < static_cast<std::uint64_t>(min_data_in_bin) || !cut_after(i)) continue;
      in_bin = 0;
    }
    return cuts;
  }
  const std::uint64_t all = rows_of(values);
  const std::uint64_t bins = std::max<std::uint64_t>(
      1,
      std::min<std::uint64_t>(static_cast<std::uint64_t>(max_bin), all / static_cast<std::uint64_t>(min_data_in_bin)));
  // Shares are compared as integers (count * bins against the sample): nothing here depends on rounding.
  std::uint64_t rest_bins = bins;
  std::uint64_t rest_rows = all;
  std::vector<bool> big(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    big[i] = values[i].rows * bins >= all;
    if (big[i]) {
      --rest_bins;
      rest_rows -= values[i].rows;
    }
  }
  std::uint64_t share_rows = rest_rows,
                share_bins = rest_bins;  // a small bin is full with share_rows / share_bins rows
  std::uint64_t in_bin = 0;
  for (std::size_t i = 0; i + 1 < values.size() && cuts.size() + 1 < bins; ++i) {
    if (!big[i]) rest_rows -= values[i].rows;
    in_bin += values[i].rows;
    const bool full = in_bin * share_bins >= share_rows;
    const bool half_before_big = big[i + 1] && in_bin * share_bins * 2 >= share_rows;
    if (!big[i] && !full && !half_before_big) continue;
    (void)cut_after(i);
    in_bin = 0;
    if (!big[i]) {
      if (rest_bins > 0) --rest_bins;
      share_rows = rest_rows;
      share_bins = std::max<std::uint64_t>(rest_bins, 1);
    }
  }
  return cuts;
}

/// The same with cuts that have to be there: LightGBM's FindBinWithPredefinedBin (src/io/bin.cpp). The first
/// max_bin - 1 of `forced` (rising) are kept; each stretch between them gets the share of the other bins that its rows
/// have of all, rounded, and the last one what is left.
///
/// Where we differ: zero has no bin of its own, and a value that equals a bound counts below it, as it is binned.
[[nodiscard]] inline std::vector<double> cuts_with_forced(std::span<const KeyRun> values, int max_bin,
                                                          int min_data_in_bin, std::span<const double> forced) {
  forced = forced.first(std::min(forced.size(), static_cast<std::size_t>(max_bin - 1)));
  std::vector<double> cuts(forced.begin(), forced.end());
  const std::uint64_t free_bins = static_cast<std::uint64_t>(max_bin) - 1 - forced.size();
  const std::uint64_t all = rows_of(values);
  std::uint64_t rest = free_bins;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= forced.size() && begin < values.size(); ++i) {
    std::size_t end = begin;
    while (end < values.size() && (i == forced.size() || values[end].key <= order_key(forced[i]))) ++end;
    const std::uint64_t rows = rows_of(values.subspan(begin, end - begin));
    // lround(rows * free_bins / all), in integers.
    const std::uint64_t share = i == forced.size() ? rest : std::min(rest, (2 * rows * free_bins + all) / (2 * all));
    if (rows != 0 && share != 0) {
      const std::vector<double> own =
          cuts_of_sorted(values.subspan(begin, end - begin), static_cast<int>(share) + 1, min_data_in_bin);
      cuts.insert(cuts.end(), own.begin(), own.end());
      rest -= own.size();
    }
    begin = end;
  }
  std::sort(cuts.begin(), cuts.end(), [](double a, double b) { return order_key(a) < order_key(b); });
  return cuts;
}

}  // namespace riskflag::inline v0_1::detail
