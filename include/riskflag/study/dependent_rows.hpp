#pragma once

// Which rows say the same thing again, so that they are drawn together where chance is measured.

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <riskflag/audit/leak.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/data/split.hpp>

namespace riskflag::inline v0_1::study {

/// One number a row, the same for rows with equal features, where the leak guard's `findings` about that table say that
/// rows repeat; empty where they do not. Columns that are nearly a key tell equal rows apart and are left out.
[[nodiscard]] inline std::vector<std::uint64_t> repeated_row_groups(const Frame& frame, const Schema& schema,
                                                                    std::span<const audit::Finding> findings) {
  bool repeat = false;
  std::set<std::string> keys;
  for (const audit::Finding& finding : findings) {
    repeat = repeat || finding.code == "split_leak" || finding.code == "duplicate_rows";
    if (finding.code == "near_key") keys.insert(finding.column);
  }
  std::vector<std::string> columns;
  for (const std::size_t f : schema.features()) {
    if (!keys.contains(schema.fields[f].name)) columns.push_back(schema.fields[f].name);
  }
  if (!repeat || columns.empty()) return {};
  return group_ids(frame, columns);
}

}  // namespace riskflag::inline v0_1::study
