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
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/split.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

/// Rows that must go to one part together.
using Unit = std::vector<std::uint32_t>;

/// Strata of units, each in the order in which its units are dealt out.
[[nodiscard]] inline std::vector<std::vector<Unit>> dealing_order(std::size_t rows, const SplitOptions& options,
                                                                  std::span<const double> labels,
                                                                  std::span<const std::uint64_t> groups,
                                                                  std::span<const std::int64_t> times) {
  const auto need = [&](std::size_t size, std::string_view what) {
    if (size != rows) {
      fail(ErrorCode::invalid_data, "split", std::to_string(size) + " " + std::string(what) + " for " + std::to_string(rows) +
                                                 " rows; this kind of split needs one a row");
    }
  };
  if (rows >= UINT32_MAX) fail(ErrorCode::invalid_data, "split", std::to_string(rows) + " rows; at most 2^32 - 2 can be split");
  std::vector<std::vector<Unit>> strata;
  const auto shuffled = [&](std::vector<Unit> units, std::uint64_t use) {
    std::vector<std::uint32_t> order(units.size());
    std::iota(order.begin(), order.end(), 0U);
    shuffle(order, Random(options.seed).split(use));
    std::vector<Unit> out;
    out.reserve(units.size());
    for (const std::uint32_t i : order) out.push_back(std::move(units[i]));
    return out;
  };
  switch (options.kind) {
    case SplitKind::random: {
      std::vector<Unit> units;
      for (std::size_t i = 0; i < rows; ++i) units.push_back({static_cast<std::uint32_t>(i)});
      strata.push_back(shuffled(std::move(units), 0));
      break;
    }
    case SplitKind::stratified: {
      need(labels.size(), "labels");
      std::map<double, std::vector<Unit>> by_label;
      for (std::size_t i = 0; i < rows; ++i) {
        if (is_missing(labels[i])) fail(ErrorCode::invalid_data, "split", "the label of row " + std::to_string(i) + " is missing");
        by_label[labels[i]].push_back({static_cast<std::uint32_t>(i)});
      }
      std::uint64_t use = 0;
      for (auto& [label, units] : by_label) strata.push_back(shuffled(std::move(units), ++use));
      break;
    }
    case SplitKind::group: {
      need(groups.size(), "group ids");
      std::unordered_map<std::uint64_t, std::size_t> index;
      std::vector<Unit> units;
      for (std::size_t i = 0; i < rows; ++i) {
        const auto [at, is_new] = index.emplace(groups[i], units.size());
        if (is_new) units.emplace_back();
        units[at->second].push_back(static_cast<std::uint32_t>(i));
      }
      strata.push_back(shuffled(std::move(units), 0));
      break;
    }
    case SplitKind::time: {
      need(times.size(), "times");
      std::map<std::int64_t, Unit, std::greater<>> by_time;  // the latest first: they are dealt first, to the test part
      for (std::size_t i = 0; i < rows; ++i) by_time[times[i]].push_back(static_cast<std::uint32_t>(i));
      strata.emplace_back();
      for (auto& [time, unit] : by_time) strata.back().push_back(std::move(unit));
      break;
    }
  }
  return strata;
}

/// Moves units from the front of `units` to `part` while that brings the number of rows closer to `want`.
inline void deal(std::vector<Unit>& units, std::size_t& at, double want, std::vector<std::uint32_t>& part) {
  double have = 0;
  while (at < units.size()) {
    const double size = static_cast<double>(units[at].size());
    if (std::abs(have + size - want) >= std::abs(have - want)) break;
    have += size;
    part.insert(part.end(), units[at].begin(), units[at].end());
    ++at;
  }
}

}  // namespace detail

inline Split split_rows(std::size_t rows, const SplitOptions& options, std::span<const double> labels,
                        std::span<const std::uint64_t> groups, std::span<const std::int64_t> times) {
  for (const auto& [value, name] : {std::pair{options.test_fraction, "test_fraction"}, std::pair{options.valid_fraction, "valid_fraction"}}) {
    if (!(value >= 0 && value < 1)) {
      fail(ErrorCode::invalid_option, name, number_text(value) + "; accepted is 0 (no such part) up to, not including, 1");
    }
  }
  auto strata = detail::dealing_order(rows, options, labels, groups, times);
  Split split;
  // What rounding leaves over in one stratum is handed on to the next, so the parts as a whole have their shares too.
  double test_debt = 0, valid_debt = 0;
  for (auto& units : strata) {
    double size = 0;
    for (const detail::Unit& unit : units) size += static_cast<double>(unit.size());
    std::size_t at = 0;
    const std::size_t test_before = split.test.size();
    const double test_want = size * options.test_fraction + test_debt;
    detail::deal(units, at, test_want, split.test);
    const double tested = static_cast<double>(split.test.size() - test_before);
    test_debt = test_want - tested;
    const std::size_t valid_before = split.valid.size();
    const double valid_want = (size - tested) * options.valid_fraction + valid_debt;
    detail::deal(units, at, valid_want, split.valid);
    valid_debt = valid_want - static_cast<double>(split.valid.size() - valid_before);
    for (; at < units.size(); ++at) split.train.insert(split.train.end(), units[at].begin(), units[at].end());
  }
  for (auto* part : {&split.train, &split.valid, &split.test}) std::sort(part->begin(), part->end());
  const auto check = [&](const std::vector<std::uint32_t>& part, bool wanted, const char* name) {
    if (wanted && part.empty()) {
      fail(ErrorCode::invalid_data, "split", "the " + std::string(name) + " part would be empty: " + std::to_string(rows) +
                                                 " rows are too few for these fractions and groups");
    }
  };
  check(split.train, true, "training");
  check(split.valid, options.valid_fraction > 0, "validation");
  check(split.test, options.test_fraction > 0, "test");
  return split;
}

inline std::vector<std::vector<std::uint32_t>> k_folds(std::size_t rows, std::size_t k, const SplitOptions& options,
                                                       std::span<const double> labels, std::span<const std::uint64_t> groups,
                                                       std::span<const std::int64_t> times) {
  auto strata = detail::dealing_order(rows, options, labels, groups, times);
  std::size_t units_there = 0;
  for (const auto& units : strata) units_there += units.size();
  if (k < 2 || k > units_there) {
    fail(ErrorCode::invalid_option, "k", std::to_string(k) + "; accepted is 2 to " + std::to_string(units_there) +
                                             (options.kind == SplitKind::group  ? ", the number of groups"
                                              : options.kind == SplitKind::time ? ", the number of distinct times"
                                                                                : ", the number of rows"));
  }
  std::vector<std::vector<std::uint32_t>> folds(k);
  if (options.kind == SplitKind::group) {
    // The largest groups first, each to the fold that has the fewest rows.
    auto& units = strata.front();
    std::stable_sort(units.begin(), units.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
    for (const auto& unit : units) {
      auto& fold = *std::min_element(folds.begin(), folds.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
      fold.insert(fold.end(), unit.begin(), unit.end());
    }
  } else if (options.kind == SplitKind::time) {
    auto& units = strata.front();
    std::reverse(units.begin(), units.end());
    std::size_t at = 0, dealt = 0;
    for (std::size_t i = 0; i < k; ++i) {
      // Every fold after this one needs at least one unit.
      const std::size_t last = units.size() - (k - 1 - i);
      const std::size_t want = rows * (i + 1) / k;
      do {
        folds[i].insert(folds[i].end(), units[at].begin(), units[at].end());
        dealt += units[at++].size();
      } while (at < last && (dealt < want || i + 1 == k));
    }
  } else {
    // Round after round, on from where the last stratum stopped: sizes differ by at most one, in all and in each stratum.
    std::size_t next = 0;
    for (const auto& units : strata) {
      for (const auto& unit : units) folds[next++ % k].push_back(unit.front());
    }
  }
  for (auto& fold : folds) std::sort(fold.begin(), fold.end());
  return folds;
}

inline std::vector<std::uint64_t> group_ids(const Frame& frame, std::span<const std::string> columns) {
  if (columns.empty()) fail(ErrorCode::invalid_option, "columns", "none; a group is made of at least one column");
  std::vector<const Column*> parts;
  for (const std::string& name : columns) parts.push_back(&frame.column(name));
  // Column after column: the pair (id so far, value) gets a new dense id.
  std::vector<std::uint64_t> ids(frame.rows(), 0);
  for (const Column* column : parts) {
    std::unordered_map<std::string, std::uint64_t> texts;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> seen;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::uint64_t value = UINT64_MAX;
      if (!column->is_missing_at(i)) {
        switch (column->type) {
          case ColumnType::number: value = std::bit_cast<std::uint64_t>(column->numbers[i] == 0 ? 0.0 : column->numbers[i]); break;
          case ColumnType::category: value = static_cast<std::uint64_t>(column->codes[i]); break;
          case ColumnType::date: value = static_cast<std::uint32_t>(column->days[i]); break;
          case ColumnType::text: value = texts.emplace(*column->texts[i], texts.size()).first->second; break;
        }
      }
      ids[i] = seen.emplace(std::pair{ids[i], value}, seen.size()).first->second;
    }
  }
  return ids;
}

}  // namespace riskflag::inline v0_1
