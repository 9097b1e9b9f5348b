#pragma once

// What ordinal, one-hot, frequency and group encodings learn about one category: tables by level code.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/detail/statistics.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// True when `rows` of `all` are fewer than a min_frequency (rows when >= 1, a share of `all` below 1).
[[nodiscard]] inline bool is_rare(std::uint64_t rows, std::uint64_t all, double min_frequency) noexcept {
  const double least = min_frequency < 1 ? exact::mul(min_frequency, static_cast<double>(all)) : min_frequency;
  return static_cast<double>(rows) < least;
}

[[nodiscard]] inline Lookup fit_ordinal(const OrdinalEncode& step, const LevelCounts& counts,
                                        const std::vector<std::string>& levels, const std::string& column) {
  Lookup out;
  out.missing = step.missing.value_or(kMissing);
  out.unseen = step.unseen.value_or(kMissing);
  out.table.assign(levels.size(), out.unseen);
  double next = 0;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    if (counts.rows[k] == 0) continue;
    if (step.order.empty()) {
      out.table[k] = next++;
      continue;
    }
    const auto place = std::find(step.order.begin(), step.order.end(), levels[k]);
    if (place == step.order.end()) {
      fail(ErrorCode::invalid_option, "ordinal_encode",
           "column " + quoted(column) + " has the level " + quoted(levels[k]) + ", which \"order\" leaves out" +
               did_you_mean(levels[k], step.order));
    }
  }
  for (std::size_t k = 0; !step.order.empty() && k < levels.size(); ++k) {
    const auto place = std::find(step.order.begin(), step.order.end(), levels[k]);
    if (place != step.order.end()) out.table[k] = static_cast<double>(place - step.order.begin());
  }
  return out;
}

/// `name`, with as many "_" behind it as make it no level.
[[nodiscard]] inline std::string free_name(std::string name, const std::vector<std::string>& levels) {
  while (std::find(levels.begin(), levels.end(), name) != levels.end()) name.push_back('_');
  return name;
}

struct FittedOneHot {
  OneHot operation;
  std::vector<std::string> names;  ///< of the columns, without "COL="
};

/// scikit-learn's OneHotEncoder (1.9, _identify_infrequent), its order of columns and its ties: the last of equally
/// rare levels stays. Missing is the last category where there was any, and may be infrequent.
[[nodiscard]] inline FittedOneHot fit_one_hot(const OneHotEncode& step, const LevelCounts& counts,
                                              const std::vector<std::string>& levels) {
  struct Category {
    std::size_t level;  // levels.size() = missing
    std::uint64_t rows;
    bool infrequent;
  };
  const std::uint64_t all = std::accumulate(counts.rows.begin(), counts.rows.end(), counts.missing);
  std::vector<Category> categories;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    if (counts.rows[k] > 0) categories.push_back({k, counts.rows[k], is_rare(counts.rows[k], all, step.min_frequency)});
  }
  if (counts.missing > 0)
    categories.push_back({levels.size(), counts.missing, is_rare(counts.missing, all, step.min_frequency)});

  const auto joined =
      std::count_if(categories.begin(), categories.end(), [](const Category& c) { return c.infrequent; });
  const auto columns = static_cast<std::ptrdiff_t>(categories.size()) - joined + 1;
  if (step.max_categories > 0 && step.max_categories < columns) {
    std::vector<std::size_t> by_rows(categories.size());
    std::iota(by_rows.begin(), by_rows.end(), std::size_t{0});
    // Not std::stable_sort: libstdc++'s uses a function that clang 19 reports as deprecated in the consumer's build.
    std::sort(by_rows.begin(), by_rows.end(), [&](std::size_t a, std::size_t b) {
      return categories[a].rows != categories[b].rows ? categories[a].rows < categories[b].rows : a < b;
    });
    const auto kept = std::min(static_cast<std::size_t>(step.max_categories - 1), by_rows.size());
    for (std::size_t i = 0; i < by_rows.size() - kept; ++i) categories[by_rows[i]].infrequent = true;
  }

  FittedOneHot out;
  out.operation.table.assign(levels.size(), -1);
  const auto place = [&](const Category& category, std::int32_t column) {
    (category.level == levels.size() ? out.operation.missing : out.operation.table[category.level]) = column;
  };
  for (const Category& category : categories) {
    if (category.infrequent) continue;
    place(category, static_cast<std::int32_t>(out.names.size()));
    out.names.push_back(category.level == levels.size() ? free_name("missing", levels) : levels[category.level]);
  }
  if (out.names.size() < categories.size()) {
    const auto infrequent = static_cast<std::int32_t>(out.names.size());
    out.names.push_back(free_name("infrequent", levels));
    for (const Category& category : categories) {
      if (category.infrequent) place(category, infrequent);
    }
    out.operation.unseen = infrequent;
    for (std::size_t k = 0; k < levels.size(); ++k) {
      if (counts.rows[k] == 0) out.operation.table[k] = infrequent;  // known to the schema, not to these rows: unseen
    }
  }
  out.operation.count = static_cast<std::uint32_t>(out.names.size());
  return out;
}

[[nodiscard]] inline Lookup fit_frequency(const LevelCounts& counts) {
  const std::uint64_t all = std::accumulate(counts.rows.begin(), counts.rows.end(), counts.missing);
  const auto share = [&](std::uint64_t rows) {
    return all == 0 ? 0.0 : exact::div(static_cast<double>(rows), static_cast<double>(all));
  };
  Lookup out;
  out.missing = share(counts.missing);
  for (const std::uint64_t rows : counts.rows) out.table.push_back(share(rows));
  return out;
}

struct FittedGroup {
  Lookup operation;
  std::vector<std::string> levels;  ///< of the groups, sorted by bytes
};

/// `rules` are the field's: the map's keys are looked up under them, as levels are.
[[nodiscard]] inline FittedGroup fit_group(const Group& step, const LevelCounts& counts,
                                           const std::vector<std::string>& levels, const TextRules& rules,
                                           const std::string& column) {
  std::map<std::string, std::string> map;
  for (const auto& [level, group] : step.map) {
    const std::string key = rules.any() ? rules.apply(level) : level;
    if (std::find(levels.begin(), levels.end(), key) == levels.end()) {
      fail(ErrorCode::invalid_option, "group",
           "the map's level " + quoted(level) + " is none of column " + quoted(column) + did_you_mean(key, levels) +
               "; prepare_schema(recipe, schema) adds the levels of a raw column's map");
    }
    map.emplace(key, group);
  }
  std::vector<std::string> group_of;
  std::map<std::string, std::uint64_t> rows_of;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const auto it = map.find(levels[k]);
    std::string group = it != map.end() ? it->second : !map.empty() && step.other ? *step.other : levels[k];
    rows_of[group] += counts.rows[k];
    group_of.push_back(std::move(group));
  }
  const std::uint64_t all = std::accumulate(counts.rows.begin(), counts.rows.end(), counts.missing);
  std::set<std::string> groups;
  for (std::string& group : group_of) {
    if (step.other && is_rare(rows_of[group], all, step.min_frequency)) group = *step.other;
    groups.insert(group);
  }
  if (step.other) groups.insert(*step.other);

  FittedGroup out;
  out.levels.assign(groups.begin(), groups.end());
  const auto code = [&](const std::string& group) {
    return static_cast<double>(std::lower_bound(out.levels.begin(), out.levels.end(), group) - out.levels.begin());
  };
  out.operation.missing = kMissing;
  out.operation.unseen = step.other ? code(*step.other) : kUnseen;
  for (const std::string& group : group_of) out.operation.table.push_back(code(group));
  return out;
}

}  // namespace riskflag::inline v0_1::prep::detail
