#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/detail/select_columns.hpp>
#include <riskflag/prep/recipe.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

/// Raw categories that a Group step names. A name that is no raw feature belongs to a column that an earlier step
/// makes: fit looks at it.
[[nodiscard]] inline std::vector<std::size_t> grouped_fields(const Group& step, const Schema& schema) {
  const std::vector<std::size_t> features = schema.features();
  std::vector<NamedType> all;
  for (const std::size_t f : features) all.push_back({schema.fields[f].name, schema.fields[f].type});
  Columns columns = step.columns;
  const auto is_raw = [&](const std::string& name) {
    return std::any_of(all.begin(), all.end(), [&](const NamedType& each) { return each.name == name; });
  };
  if (!columns.names.empty()) {
    std::erase_if(columns.names, [&](const std::string& name) { return !is_raw(name); });
    if (columns.names.empty()) return {};
  }
  std::vector<std::size_t> out;
  const auto take = [&](std::size_t at) {
    if (all[at].type == ColumnType::category) out.push_back(features[at]);
  };
  if (!columns.names.empty()) {
    for (const std::size_t at : select_columns(columns, all, "group")) take(at);
    return out;
  }
  for (std::size_t at = 0; at < all.size(); ++at) {
    const bool named = std::find(columns.except.begin(), columns.except.end(), all[at].name) != columns.except.end();
    const bool of_type = !columns.type || *columns.type == all[at].type;
    if (!named && of_type && (columns.pattern.empty() || matches(all[at].name, columns.pattern))) take(at);
  }
  return out;
}

inline void prepare_field(const Group& step, Field& field) {
  if (step.text.any()) {
    if (field.text_rules.any() && !(field.text_rules == step.text)) {
      fail(ErrorCode::invalid_option, "group",
           "column " + quoted(field.name) + " is normalised in two ways; accepted: one set of text rules for a column");
    }
    field.text_rules = step.text;
  }
  const auto as_level = [&](const std::string& text) {
    return field.text_rules.any() ? field.text_rules.apply(text) : text;
  };
  std::set<std::string> levels;
  for (const std::string& level : field.levels) levels.insert(as_level(level));
  std::map<std::string, std::string> seen;
  for (const auto& [level, group] : step.map) {
    levels.insert(as_level(level));
    const auto [it, added] = seen.emplace(as_level(level), group);
    if (!added && it->second != group) {
      fail(ErrorCode::invalid_option, "group",
           "the map sends " + quoted(it->first) + " to two groups, " + quoted(it->second) + " and " + quoted(group));
    }
  }
  field.levels.assign(levels.begin(), levels.end());
  if (step.other) field.unseen = UnseenPolicy::missing;
}

}  // namespace detail

inline Schema prepare_schema(const Recipe& recipe, Schema schema) {
  for (const Step& step : recipe.steps) {
    const auto* group = std::get_if<Group>(&step);
    if (group == nullptr) continue;
    for (const std::size_t field : detail::grouped_fields(*group, schema))
      detail::prepare_field(*group, schema.fields[field]);
  }
  return schema;
}

}  // namespace riskflag::inline v0_1::prep
