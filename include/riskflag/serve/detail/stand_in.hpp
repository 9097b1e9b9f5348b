#pragma once

// Whether a second model can take the requests that the champion takes.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/serve/loaded.hpp>
#include <riskflag/serve/model_role.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// A value that `champion` accepts in this field and `other` might refuse or read otherwise, as the end of a sentence;
/// "" when there is none.
[[nodiscard]] inline std::string narrower(const Field& champion, const Field& other) {
  const auto has = [](const auto& all, const auto& each) {
    return std::find(all.begin(), all.end(), each) != all.end();
  };
  if (champion.role != Role::feature) return "is a feature, and of any value to the champion, which does not use it";
  if (champion.type != other.type) {
    return "has the type " + std::string(name_of(other.type)) + " and not the champion's, " +
           std::string(name_of(champion.type));
  }
  if (!champion.required && other.required) return "is required, and the champion's requests may leave it out";
  for (const std::string& token : champion.missing) {
    if (!has(other.missing, token)) return "does not know the missing token " + quoted(token);
  }
  if (champion.type == ColumnType::date && champion.date_format != other.date_format) {
    return "has dates of the form " + quoted(other.date_format) + " and not " + quoted(champion.date_format);
  }
  if (champion.type == ColumnType::category && other.unseen == UnseenPolicy::error) {
    if (champion.unseen == UnseenPolicy::missing)
      return "refuses levels that it has not seen, which the champion takes";
    if (champion.text_rules != other.text_rules) return "has other text rules";
    for (const std::string& level : champion.levels) {
      if (!std::binary_search(other.levels.begin(), other.levels.end(), level))
        return "does not know the level " + quoted(level);
    }
  }
  if (champion.type == ColumnType::number) {
    for (const double code : champion.special) {
      if (!has(other.special, code) && (other.minimum || other.maximum)) {
        return "does not know the code " + number_text(code);
      }
    }
    if (other.minimum && !(champion.minimum && *champion.minimum >= *other.minimum)) {
      return "refuses numbers below " + number_text(*other.minimum);
    }
    if (other.maximum && !(champion.maximum && *champion.maximum <= *other.maximum)) {
      return "refuses numbers above " + number_text(*other.maximum);
    }
  }
  return {};
}

/// Throws Error(unsupported) with the first reason why `other` could not answer, in the same form, what `champion`
/// does.
inline void check_stand_in(const Loaded& champion, const Loaded& other, ModelRole role) {
  const Schema &ours = champion.model->schema, &theirs = other.model->schema;
  const auto refuse = [&](const std::string& why) {
    fail(ErrorCode::unsupported, other.model->path,
         "cannot be the " + std::string(name_of(role)) + " of " + quoted(champion.model->name) + ": " + why);
  };
  for (const std::string& token : ours.missing) {
    if (std::find(theirs.missing.begin(), theirs.missing.end(), token) == theirs.missing.end()) {
      refuse("its schema does not know the missing token " + quoted(token));
    }
  }
  for (const Field& field : ours.fields) {
    if (theirs.find(field.name) == nullptr) refuse("its schema has no field " + quoted(field.name));
  }
  for (const Field& field : theirs.fields) {
    if (field.role != Role::feature) continue;
    const Field* same = ours.find(field.name);
    if (same == nullptr) {
      if (field.required)
        refuse("it requires the field " + quoted(field.name) + ", which the champion's schema has not");
      continue;  // no request has it
    }
    if (const std::string why = narrower(*same, field); !why.empty()) {
      refuse("its field " + quoted(field.name) + " " + why);
    }
  }
  if (champion.codec.book().ids() != other.codec.book().ids()) refuse("it has other id fields, which answers echo");
  if (champion.codec.can_explain() && !other.codec.can_explain())
    refuse("it cannot give reasons, which requests may ask for");
}

}  // namespace riskflag::inline v0_1::serve::detail
