#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/data/frame.hpp>

namespace riskflag::inline v0_1 {

/// What a column is for. Only `feature` reaches the feature matrix.
enum class Role {
  feature,     ///< the applicant's field that the model may see
  target,      ///< what is predicted
  id,          ///< names the row; copied to outputs
  protected_,  ///< protected attribute: reported by group, never a feature
  weight,      ///< weight of the row, >= 0
  offset,      ///< added to the margin
  time,        ///< orders rows for a split by time
  group,       ///< rows of one group stay on one side of a split
  dropped,     ///< known, not used
};

/// "feature", "target", "id", "protected", "weight", "offset", "time", "group", "dropped".
[[nodiscard]] constexpr std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::feature: return "feature";
    case Role::target: return "target";
    case Role::id: return "id";
    case Role::protected_: return "protected";
    case Role::weight: return "weight";
    case Role::offset: return "offset";
    case Role::time: return "time";
    case Role::group: return "group";
    case Role::dropped: return "dropped";
  }
  return "feature";
}
/// The role of that name; nullopt for any other text.
[[nodiscard]] constexpr std::optional<Role> find_role(std::string_view name) noexcept {
  for (const Role role : {Role::feature, Role::target, Role::id, Role::protected_, Role::weight, Role::offset,
                          Role::time, Role::group, Role::dropped}) {
    if (name == name_of(role)) return role;
  }
  return std::nullopt;
}

/// What becomes of a level that the training data did not have.
enum class UnseenPolicy {
  error,    ///< the row is refused, naming the field
  missing,  ///< the cell goes to the pipeline as unseen: missing for a native category, its own value in each encoder
};
/// "error", "missing".
[[nodiscard]] constexpr std::string_view name_of(UnseenPolicy policy) noexcept {
  return policy == UnseenPolicy::error ? "error" : "missing";
}

/// How a text is changed before its level is looked up, so that "New York" and "new_york" can be one level.
struct TextRules {
  bool ignore_case = false;            ///< ASCII letters become lower case
  bool collapse_blanks = false;        ///< outer blanks go, inner runs of blanks become one space
  bool underscores_as_blanks = false;  ///< each underscore becomes a space (before collapse_blanks)

  [[nodiscard]] bool any() const noexcept { return ignore_case || collapse_blanks || underscores_as_blanks; }
  /// The text under these rules. apply(apply(x)) == apply(x).
  [[nodiscard]] std::string apply(std::string_view text) const;
  [[nodiscard]] friend bool operator==(const TextRules&, const TextRules&) = default;
};

/// What is known about one column of the applicant's data.
struct Field {
  std::string name{};
  ColumnType type = ColumnType::number;
  Role role = Role::feature;
  bool required = true;                  ///< false: may be absent, then missing
  std::vector<std::string> levels{};     ///< type category: distinct, sorted by bytes
  std::vector<std::string> missing{};    ///< tokens that mean missing here, beside Schema::missing
  std::vector<double> special{};         ///< type number: codes such as 96 that mean something else than their value
  std::string date_format = "%Y-%m-%d";  ///< type date
  UnseenPolicy unseen = UnseenPolicy::error;
  TextRules text_rules{};           ///< type category
  std::optional<double> minimum{};  ///< a smaller number is refused (out_of_range); none by default
  std::optional<double> maximum{};  ///< a greater number is refused

  [[nodiscard]] friend bool operator==(const Field&, const Field&) = default;
};

/// Names, types, levels and roles of a table's columns: what a row must look like to be scored.
struct Schema {
  std::vector<Field> fields{};
  std::vector<std::string> missing = {"", "NA", "NaN", "null", "?"};  ///< tokens that mean missing in every field
  std::string positive{};  ///< level of the target that counts as 1; "" but for two classes
  std::vector<std::string>
      target_levels{};  ///< of the target, in the order of the model's outputs; empty for regression

  /// The field of that name, or nullptr.
  [[nodiscard]] const Field* find(std::string_view name) const noexcept {
    for (const Field& field : fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }
  /// The field of that name; throws not_found, naming the nearest one there is.
  [[nodiscard]] const Field& field(std::string_view name) const {
    if (const Field* found = find(name)) return *found;
    std::vector<std::string_view> names;
    for (const Field& each : fields) names.push_back(each.name);
    fail(ErrorCode::not_found, "schema", "there is no field " + quoted(name) + did_you_mean(name, names));
  }
  /// Indices into `fields` with that role, ascending.
  [[nodiscard]] std::vector<std::size_t> with_role(Role role) const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].role == role) out.push_back(i);
    }
    return out;
  }
  /// Indices into `fields` with role feature, ascending: the inputs of the pipeline, in order.
  [[nodiscard]] std::vector<std::size_t> features() const { return with_role(Role::feature); }

  [[nodiscard]] friend bool operator==(const Schema&, const Schema&) = default;
};

/// True when the text is one of the field's or the schema's missing tokens.
[[nodiscard]] inline bool is_missing_token(const Schema& schema, const Field& field, std::string_view text) noexcept {
  for (const std::string& token : schema.missing) {
    if (text == token) return true;
  }
  for (const std::string& token : field.missing) {
    if (text == token) return true;
  }
  return false;
}

/// A schema that says what the frame is: names, types, levels; every role feature; a field is required when none of its
/// cells is missing.
[[nodiscard]] inline Schema infer_schema(const Frame& frame) {
  Schema schema;
  schema.fields.reserve(frame.cols());
  for (const Column& column : frame.columns()) {
    Field field;
    field.name = column.name;
    field.type = column.type;
    if (column.type == ColumnType::category) field.levels = column.levels;
    for (std::size_t i = 0; i < column.size() && field.required; ++i) field.required = !column.is_missing_at(i);
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

inline std::string TextRules::apply(std::string_view text) const {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (underscores_as_blanks && c == '_') c = ' ';
    if (ignore_case && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (collapse_blanks && kBlanks.find(c) != std::string_view::npos) {
      if (out.empty() || out.back() == ' ') continue;
      c = ' ';
    }
    out.push_back(c);
  }
  if (collapse_blanks && !out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace riskflag::inline v0_1
