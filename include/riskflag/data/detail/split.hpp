#pragma once

// Definitions of data/split.hpp.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/split.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

/// Rows in the order in which they are dealt out, in units that stay together.
struct Stratum {
  std::vector<std::uint32_t> rows;
  std::vector<std::size_t> ends;  ///< of each unit, in `rows`; empty: every row is a unit

  [[nodiscard]] std::size_t units() const noexcept { return ends.empty() ? rows.size() : ends.size(); }
  [[nodiscard]] std::span<const std::uint32_t> unit(std::size_t i) const noexcept {
    if (ends.empty()) return {&rows[i], 1};
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    return std::span(rows).subspan(begin, ends[i] - begin);
  }
};

/// Groups in shuffled order, each with its rows.
[[nodiscard]] inline Stratum shuffled_groups(std::span<const std::uint64_t> groups, const Random& random) {
  std::unordered_map<std::uint64_t, std::uint32_t> index;
  std::vector<std::uint32_t> group_of(groups.size());
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    group_of[i] = index.emplace(groups[i], static_cast<std::uint32_t>(sizes.size())).first->second;
    if (group_of[i] == sizes.size()) sizes.push_back(0);
    ++sizes[group_of[i]];
  }
  std::vector<std::uint32_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0U);
  shuffle(order, random);
  Stratum out;
  std::vector<std::size_t> next(sizes.size());
  std::size_t end = 0;
  for (const std::uint32_t group : order) {
    next[group] = end;
    end += sizes[group];
    out.ends.push_back(end);
  }
  out.rows.resize(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) out.rows[next[group_of[i]]++] = static_cast<std::uint32_t>(i);
  return out;
}

/// The latest first: they are dealt first, to the test part. Equal times are one unit.
[[nodiscard]] inline Stratum latest_first(std::span<const std::int64_t> times) {
  Stratum out;
  out.rows.resize(times.size());
  std::iota(out.rows.begin(), out.rows.end(), 0U);
  // Not std::stable_sort: Clang 19 warns about the buffer that libstdc++ 12 takes for it.
  std::sort(out.rows.begin(), out.rows.end(),
            [&](std::uint32_t a, std::uint32_t b) { return times[a] != times[b] ? times[a] > times[b] : a < b; });
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    if (i + 1 == out.rows.size() || times[out.rows[i]] != times[out.rows[i + 1]]) out.ends.push_back(i + 1);
  }
  return out;
}

/// What is dealt, stratum after stratum; checks the arguments of split_rows and k_folds.
[[nodiscard]] inline std::vector<Stratum> dealing_order(std::size_t rows, const SplitOptions& options,
                                                        std::span<const double> labels,
                                                        std::span<const std::uint64_t> groups,
                                                        std::span<const std::int64_t> times) {
  const auto need = [&](std::size_t size, std::string_view what) {
    if (size != rows) {
      fail(ErrorCode::invalid_data, "split",
           std::to_string(size) + " " + std::string(what) + " for " + std::to_string(rows) +
               " rows; this kind of split needs one a row");
    }
  };
  if (rows >= UINT32_MAX)
    fail(ErrorCode::invalid_data, "split", std::to_string(rows) + " rows; at most 2^32 - 2 can be split");
  const Random random(options.seed);
  std::vector<Stratum> strata;
  switch (options.kind) {
    case SplitKind::random:
      strata.emplace_back().rows.resize(rows);
      std::iota(strata[0].rows.begin(), strata[0].rows.end(), 0U);
      shuffle(strata[0].rows, random.split(0));
      break;
    case SplitKind::stratified: {
      need(labels.size(), "labels");
      std::map<double, std::vector<std::uint32_t>> by_label;
      for (std::size_t i = 0; i < rows; ++i) {
        if (is_missing(labels[i]))
          fail(ErrorCode::invalid_data, "split", "the label of row " + std::to_string(i) + " is missing");
        by_label[labels[i]].push_back(static_cast<std::uint32_t>(i));
      }
      for (auto& [label, members] : by_label) {
        shuffle(members, random.split(strata.size() + 1));
        strata.emplace_back().rows = std::move(members);
      }
      break;
    }
    case SplitKind::group:
      need(groups.size(), "group ids");
      strata.push_back(shuffled_groups(groups, random.split(0)));
      break;
    case SplitKind::time:
      need(times.size(), "times");
      strata.push_back(latest_first(times));
      break;
  }
  return strata;
}

/// Moves units from `at` on to `part` while that brings the number of rows closer to `want`.
inline void deal(const Stratum& stratum, std::size_t& at, double want, std::vector<std::uint32_t>& part) {
  double have = 0;
  for (; at < stratum.units(); ++at) {
    const auto unit = stratum.unit(at);
    const double size = static_cast<double>(unit.size());
    if (std::abs(have + size - want) >= std::abs(have - want)) break;
    have += size;
    part.insert(part.end(), unit.begin(), unit.end());
  }
}

}  // namespace detail

inline Split split_rows(std::size_t rows, const SplitOptions& options, std::span<const double> labels,
                        std::span<const std::uint64_t> groups, std::span<const std::int64_t> times) {
  for (const auto& [value, name] :
       {std::pair{options.test_fraction, "test_fraction"}, std::pair{options.valid_fraction, "valid_fraction"}}) {
    if (!(value >= 0 && value < 1)) {
      fail(ErrorCode::invalid_option, name,
           number_text(value) + "; accepted is 0 (no such part) up to, not including, 1");
    }
  }
  const auto strata = detail::dealing_order(rows, options, labels, groups, times);
  Split split;
  // What rounding leaves over in one stratum is handed on to the next, so the parts as a whole have their shares too.
  double test_debt = 0, valid_debt = 0;
  for (const detail::Stratum& stratum : strata) {
    const auto size = static_cast<double>(stratum.rows.size());
    std::size_t at = 0;
    const std::size_t test_before = split.test.size();
    const double test_want = size * options.test_fraction + test_debt;
    detail::deal(stratum, at, test_want, split.test);
    const auto tested = static_cast<double>(split.test.size() - test_before);
    test_debt = test_want - tested;
    const std::size_t valid_before = split.valid.size();
    const double valid_want = (size - tested) * options.valid_fraction + valid_debt;
    detail::deal(stratum, at, valid_want, split.valid);
    valid_debt = valid_want - static_cast<double>(split.valid.size() - valid_before);
    for (; at < stratum.units(); ++at) {
      const auto unit = stratum.unit(at);
      split.train.insert(split.train.end(), unit.begin(), unit.end());
    }
  }
  for (auto* part : {&split.train, &split.valid, &split.test}) std::sort(part->begin(), part->end());
  const auto check = [&](const std::vector<std::uint32_t>& part, bool wanted, const char* name) {
    if (wanted && part.empty()) {
      fail(ErrorCode::invalid_data, "split",
           "the " + std::string(name) + " part would be empty: " + std::to_string(rows) +
               " rows are too few for these fractions and groups");
    }
  };
  check(split.train, true, "training");
  check(split.valid, options.valid_fraction > 0, "validation");
  check(split.test, options.test_fraction > 0, "test");
  return split;
}

inline std::vector<std::vector<std::uint32_t>> k_folds(std::size_t rows, std::size_t k, const SplitOptions& options,
                                                       std::span<const double> labels,
                                                       std::span<const std::uint64_t> groups,
                                                       std::span<const std::int64_t> times) {
  const auto strata = detail::dealing_order(rows, options, labels, groups, times);
  std::size_t units = 0;
  for (const detail::Stratum& stratum : strata) units += stratum.units();
  if (k < 2 || k > units) {
    fail(ErrorCode::invalid_option, "k",
         std::to_string(k) + "; accepted is 2 to " + std::to_string(units) +
             (options.kind == SplitKind::group  ? ", the number of groups"
              : options.kind == SplitKind::time ? ", the number of distinct times"
                                                : ", the number of rows"));
  }
  std::vector<std::vector<std::uint32_t>> folds(k);
  const auto give = [&](std::size_t fold, std::span<const std::uint32_t> unit) {
    folds[fold].insert(folds[fold].end(), unit.begin(), unit.end());
  };
  if (options.kind == SplitKind::group) {
    // The largest groups first, each to the fold that has the fewest rows (the first of them).
    const detail::Stratum& stratum = strata.front();
    std::vector<std::size_t> order(units);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const std::size_t rows_a = stratum.unit(a).size(), rows_b = stratum.unit(b).size();
      return rows_a != rows_b ? rows_a > rows_b : a < b;
    });
    std::set<std::pair<std::size_t, std::size_t>> by_rows;  // rows, fold
    for (std::size_t fold = 0; fold < k; ++fold) by_rows.emplace(0, fold);
    for (const std::size_t unit : order) {
      const std::size_t fold = by_rows.begin()->second;
      by_rows.erase(by_rows.begin());
      give(fold, stratum.unit(unit));
      by_rows.emplace(folds[fold].size(), fold);
    }
  } else if (options.kind == SplitKind::time) {
    const detail::Stratum& stratum = strata.front();
    std::size_t left = units, dealt = 0;  // from the back: the earliest first
    for (std::size_t fold = 0; fold < k; ++fold) {
      const std::size_t later = k - 1 - fold;  // folds that need a unit each
      do {
        give(fold, stratum.unit(--left));
        dealt += stratum.unit(left).size();
      } while (left > later && (later == 0 || dealt < rows * (fold + 1) / k));
    }
  } else {
    // Round after round, on from where the last stratum stopped: sizes differ by at most one, in all and in each
    // stratum.
    std::size_t next = 0;
    for (const detail::Stratum& stratum : strata) {
      for (std::size_t unit = 0; unit < stratum.units(); ++unit) give(next++ % k, stratum.unit(unit));
    }
  }
  for (auto& fold : folds) std::sort(fold.begin(), fold.end());
  return folds;
}

namespace detail {

/// The cell as a word that is equal for equal cells of one column; for text a hash.
[[nodiscard]] inline std::uint64_t cell_word(const Column& column, std::size_t row) noexcept {
  if (column.is_missing_at(row)) return UINT64_MAX;
  switch (column.type) {
    case ColumnType::number: return std::bit_cast<std::uint64_t>(column.numbers[row] == 0 ? 0.0 : column.numbers[row]);
    case ColumnType::category: return static_cast<std::uint64_t>(column.codes[row]);
    case ColumnType::date: return static_cast<std::uint32_t>(column.days[row]);
    case ColumnType::text: return std::hash<std::string_view>{}(*column.texts[row]);
  }
  return 0;
}

}  // namespace detail

inline std::vector<std::uint64_t> group_ids(const Frame& frame, std::span<const std::string> columns) {
  if (columns.empty()) fail(ErrorCode::invalid_option, "columns", "none; a group is made of at least one column");
  std::vector<const Column*> parts;
  for (const std::string& name : columns) parts.push_back(&frame.column(name));
  const std::size_t rows = frame.rows();
  std::vector<std::uint64_t> hashes(rows, 0);
  for (const Column* column : parts) {
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint64_t hash = (hashes[i] ^ detail::cell_word(*column, i)) * 0x9e3779b97f4a7c15ULL;
      hashes[i] = hash ^ (hash >> 29);
    }
  }
  const auto are_equal = [&](std::size_t a, std::size_t b) {
    for (const Column* column : parts) {
      if (detail::cell_word(*column, a) != detail::cell_word(*column, b)) return false;
      if (column->type == ColumnType::text && column->texts[a] != column->texts[b]) return false;
    }
    return true;
  };
  // Open addressing over the first row of each group, at most half full.
  constexpr std::size_t kFree = SIZE_MAX;
  std::vector<std::size_t> first_rows(std::bit_ceil(rows * 2 + 1), kFree);
  std::vector<std::uint64_t> ids(rows);
  std::uint64_t groups = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    std::size_t at = (hashes[i] ^ (hashes[i] >> 32)) & (first_rows.size() - 1);
    while (first_rows[at] != kFree && !(hashes[first_rows[at]] == hashes[i] && are_equal(first_rows[at], i))) {
      at = (at + 1) & (first_rows.size() - 1);
    }
    if (first_rows[at] == kFree) {
      first_rows[at] = i;
      ids[i] = groups++;
    } else {
      ids[i] = ids[first_rows[at]];
    }
  }
  return ids;
}

}  // namespace riskflag::inline v0_1
