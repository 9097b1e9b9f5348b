#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

struct NamedType {
  std::string_view name;
  ColumnType type;
};

/// `*` is any run of characters, `?` one byte; the whole name must match. Linear in practice, no recursion.
[[nodiscard]] inline bool matches(std::string_view name, std::string_view pattern) noexcept {
  std::size_t n = 0, p = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == name[n]))) {
      ++n;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Positions in `all` that `columns` selects: named ones in the order of the names, others as they stand.
[[nodiscard]] inline std::vector<std::size_t> select_columns(const Columns& columns, const std::vector<NamedType>& all,
                                                             std::string_view op) {
  const auto position = [&](const std::string& name) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].name == name) return i;
    }
    std::vector<std::string_view> names;
    for (const NamedType& each : all) names.push_back(each.name);
    fail(ErrorCode::not_found, std::string(op), "there is no column " + quoted(name) + did_you_mean(name, names));
  };
  std::vector<std::size_t> out;
  if (!columns.names.empty()) {
    for (const std::string& name : columns.names) {
      const std::size_t at = position(name);
      if (std::find(out.begin(), out.end(), at) != out.end()) {
        fail(ErrorCode::invalid_option, std::string(op), "the column " + quoted(name) + " is named twice");
      }
      out.push_back(at);
    }
    return out;
  }
  if (!columns.type && columns.pattern.empty()) {
    fail(ErrorCode::invalid_option, std::string(op), "no columns; accepted: names, a type or a pattern");
  }
  std::vector<std::size_t> left_out;
  for (const std::string& name : columns.except) left_out.push_back(position(name));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (columns.type && all[i].type != *columns.type) continue;
    if (!columns.pattern.empty() && !matches(all[i].name, columns.pattern)) continue;
    if (std::find(left_out.begin(), left_out.end(), i) == left_out.end()) out.push_back(i);
  }
  if (out.empty() && !columns.pattern.empty()) {
    fail(ErrorCode::not_found, std::string(op), "no column matches the pattern " + quoted(columns.pattern));
  }
  return out;
}

}  // namespace riskflag::inline v0_1::prep::detail
