#pragma once

// Which columns can share one byte a row: those of which no row holds more than one away from its most frequent bin,
// and those whose combinations are few.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <riskflag/bin/cuts.hpp>

namespace riskflag::inline v0_1::detail {

using BinRows = std::array<std::uint32_t, 256>;

/// Rows in each bin, over n rows; `rows` null: the first n.
[[nodiscard]] inline BinRows count_bins(const std::uint8_t* column, const std::uint32_t* rows, std::size_t n) noexcept {
  BinRows counts[4] = {};  // four chains: neighbouring rows often share a bin
  for (std::size_t i = 0; i < n; ++i) ++counts[i % 4][column[rows != nullptr ? rows[i] : i]];
  for (std::size_t b = 0; b < 256; ++b) counts[0][b] += counts[1][b] + counts[2][b] + counts[3][b];
  return counts[0];
}

/// A bit for each row whose bin is another than `bin`.
[[nodiscard]] inline std::vector<std::uint64_t> rows_elsewhere(const std::uint8_t* column, std::size_t rows,
                                                               std::uint8_t bin) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL, kHigh = 0x8080808080808080ULL;
  std::vector<std::uint64_t> out((rows + 63) / 64);
  const std::uint64_t everywhere = kOnes * bin;
  std::size_t i = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; i + 8 <= rows; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, column + i, 8);
      eight ^= everywhere;
      const std::uint64_t differs = (((eight & ~kHigh) + ~kHigh) | eight) & kHigh;  // the high bit of each such byte
      out[i / 64] |= ((differs >> 7) * 0x0102040810204080ULL >> 56) << (i % 64);
    }
  }
  for (; i < rows; ++i) out[i / 64] |= static_cast<std::uint64_t>(column[i] != bin) << (i % 64);
  return out;
}

/// Adds 1 to the count of each row whose bin is another than `bin`; counts stay at 255.
inline void count_elsewhere(const std::uint8_t* column, std::size_t rows, std::uint8_t bin,
                            std::uint8_t* counts) noexcept {
  typedef std::uint8_t Bytes __attribute__((vector_size(16), aligned(1), may_alias));
  const Bytes usual = Bytes{} + bin;
  std::size_t i = 0;
  for (; i + sizeof(Bytes) <= rows; i += sizeof(Bytes)) {
    Bytes& here = *reinterpret_cast<Bytes*>(counts + i);
    const Bytes bins = *reinterpret_cast<const Bytes*>(column + i);
    here += reinterpret_cast<Bytes>(bins != usual) & reinterpret_cast<Bytes>(here != 255) & 1;
  }
  for (; i < rows; ++i) counts[i] = static_cast<std::uint8_t>(counts[i] + (column[i] != bin && counts[i] != 255));
}

/// How features share stored columns.
struct Bundles {
  std::vector<std::vector<std::uint32_t>> members{};  ///< of each stored column, rising; most have one
  std::vector<std::uint8_t> most_frequent{};          ///< bin of each feature; the lowest of equals
};

/// Bins of a feature up to the last that holds rows.
[[nodiscard]] inline unsigned bins_in_use(const BinRows& rows) noexcept {
  unsigned bins = 256;
  while (bins > 1 && rows[bins - 1] == 0) --bins;
  return bins;
}

/// Bins of a feature beyond its most frequent one that any row can be in.
[[nodiscard]] inline unsigned other_bins(const FeatureCuts& cuts, const BinRows& rows) noexcept {
  return cuts.missing_bin() - (rows[cuts.missing_bin()] == 0 ? 1U : 0U);
}

/// Features in their order, each into the newest of the last kMostTried columns that has room and shares no row with
/// it: a choice by the bins alone; not `share`: each has a column of its own. One-hot columns, which stand side by
/// side, end up in one column a field.
[[nodiscard]] inline Bundles choose_bundles(std::span<const FeatureCuts> features, std::span<const BinRows> counts,
                                            const std::uint8_t* columns, std::size_t rows, bool share) {
  constexpr std::size_t kMostTried = 32;
  struct Open {
    std::size_t column;
    unsigned bins;  ///< so far, with the shared one of all rows that are in none of the others
    std::vector<std::uint64_t> rows;
  };
  Bundles out;
  std::vector<Open> open;
  for (std::uint32_t f = 0; f < features.size(); ++f) {
    const auto most = std::max_element(counts[f].begin(), counts[f].end());
    out.most_frequent.push_back(static_cast<std::uint8_t>(most - counts[f].begin()));
    const unsigned bins = other_bins(features[f], counts[f]);
    const bool may_share = share && *most < rows && rows - *most <= rows / 2 && bins < 255;
    Open* found = nullptr;
    std::vector<std::uint64_t> here;
    if (may_share) {
      here = rows_elsewhere(columns + f * rows, rows, out.most_frequent[f]);
      const auto fits = [&](const Open& other) {
        if (other.bins + bins > 256) return false;
        for (std::size_t w = 0; w < here.size(); ++w) {
          if ((here[w] & other.rows[w]) != 0) return false;
        }
        return true;
      };
      const auto at = std::find_if(open.rbegin(), open.rend(), fits);
      if (at != open.rend()) found = &*at;
    }
    if (found != nullptr) {
      out.members[found->column].push_back(f);
      found->bins += bins;
      for (std::size_t w = 0; w < here.size(); ++w) found->rows[w] |= here[w];
      continue;
    }
    if (may_share) {
      if (open.size() == kMostTried) open.erase(open.begin());
      open.push_back({out.members.size(), bins + 1, std::move(here)});
    }
    out.members.push_back({f});
  }
  return out;
}

/// Rows from which columns of few bins are joined.
inline constexpr std::size_t kWorthJoining = 16384;

/// Joins columns of few bins among the first `columns` of `members`, a bin for each combination, at most 256 in all: an
/// addition a row less for each, and sums over combinations, exact as they are integers, give back the histograms of
/// each. The sums cost some 60 ns a feature and leaf, so tables that are short go without. Largest first, each into the
/// first column that has room. Returns how many columns are left of these; joined[f]: 1 for the features that moved.
[[nodiscard]] inline std::size_t join_columns(std::span<const BinRows> counts, std::size_t rows, std::size_t columns,
                                              std::vector<std::vector<std::uint32_t>>& members,
                                              std::vector<std::uint8_t>& joined) {
  if (rows < kWorthJoining) return columns;
  struct Few {
    unsigned bins;
    std::uint32_t feature;
  };
  std::vector<Few> few;
  for (std::size_t c = 0; c < columns; ++c) {
    const unsigned bins = bins_in_use(counts[members[c][0]]);
    if (members[c].size() == 1 && bins <= 128) few.push_back({bins, members[c][0]});
  }
  std::sort(few.begin(), few.end(),
            [](const Few& a, const Few& b) { return a.bins != b.bins ? a.bins > b.bins : a.feature < b.feature; });
  struct Group {
    unsigned bins;
    std::vector<std::uint32_t> members;
  };
  std::vector<Group> groups;
  for (const Few& column : few) {
    const auto at =
        std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.bins * column.bins <= 256; });
    if (at == groups.end()) {
      groups.push_back({column.bins, {column.feature}});
    } else {
      at->bins *= column.bins;
      at->members.push_back(column.feature);
    }
  }
  std::vector<const Group*> group_of(counts.size());
  for (Group& group : groups) {
    std::sort(group.members.begin(), group.members.end());
    for (const std::uint32_t f : group.members) {
      group_of[f] = &group;
      joined[f] = group.members.size() > 1 ? 1 : 0;
    }
  }
  std::vector<std::vector<std::uint32_t>> out;
  std::size_t left = columns;
  for (std::size_t c = 0; c < members.size(); ++c) {
    const Group* const group = group_of[members[c][0]];
    if (c >= columns || members[c].size() > 1 || group == nullptr) {
      out.push_back(std::move(members[c]));
    } else if (group->members[0] == members[c][0]) {
      out.push_back(group->members);
    } else {
      --left;
    }
  }
  members = std::move(out);
  return left;
}

}  // namespace riskflag::inline v0_1::detail
