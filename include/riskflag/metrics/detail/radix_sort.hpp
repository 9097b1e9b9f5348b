#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace riskflag::inline v0_1::metrics::detail {

/// Sorts by `key(item)` (unsigned 64 bits), stable, with one scratch copy of the items.
///
/// Least significant digit first, 11 bits a pass; a digit in which all keys agree is skipped. Small inputs are merged
/// from runs of 1, 2, 4, ... instead (std::stable_sort of libstdc++ 12 warns in Clang 19).
template <class Item, class Key>
void radix_sort(std::vector<Item>& items, Key key) {
  constexpr unsigned kBits = 11;
  constexpr std::size_t kBuckets = std::size_t{1} << kBits;
  std::vector<Item> scratch(items.size());
  if (items.size() < 4096) {
    const auto less = [&](const Item& a, const Item& b) { return key(a) < key(b); };
    const auto at = [&](std::size_t i) {
      return items.begin() + static_cast<std::ptrdiff_t>(std::min(i, items.size()));
    };
    for (std::size_t run = 1; run < items.size(); run *= 2) {
      auto out = scratch.begin();
      for (std::size_t i = 0; i < items.size(); i += 2 * run) {
        out = std::merge(at(i), at(i + run), at(i + run), at(i + 2 * run), out, less);
      }
      items.swap(scratch);
    }
    return;
  }
  std::vector<std::size_t> starts(kBuckets);
  for (unsigned shift = 0; shift < 64; shift += kBits) {
    std::fill(starts.begin(), starts.end(), std::size_t{0});
    for (const Item& item : items) ++starts[(key(item) >> shift) & (kBuckets - 1)];
    if (starts[(key(items[0]) >> shift) & (kBuckets - 1)] == items.size()) continue;
    std::size_t at = 0;
    for (std::size_t& start : starts) at += std::exchange(start, at);
    for (const Item& item : items) scratch[starts[(key(item) >> shift) & (kBuckets - 1)]++] = item;
    items.swap(scratch);
  }
}

}  // namespace riskflag::inline v0_1::metrics::detail
