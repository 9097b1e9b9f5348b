#pragma once

// From columns and flags to a Schema: what each column is for, and which levels the training rows know.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/study/options.hpp>
#include <riskflag/study/target.hpp>
#include <riskflag/study/warning.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// Refuses a name that is no column, under the flag that said it.
class ColumnNames {
 public:
  ColumnNames(const std::vector<std::string>& names, const std::string& where) : names_(names), where_(where) {}

  void require(const std::string& name, const std::string& flag) const {
    if (name.empty() || std::find(names_.begin(), names_.end(), name) != names_.end()) return;
    std::string list = delimiter_hint(names_);
    if (list.empty() && names_.size() <= 40) {
      for (const std::string& each : names_) list += (list.empty() ? "; it has " : ", ") + each;
    } else if (list.empty()) {
      list = "; it has " + std::to_string(names_.size()) + " columns";
    }
    fail(ErrorCode::not_found, where_,
         flag + ": there is no column " + quoted(name) + did_you_mean(name, names_) + list);
  }
  template <class Map>
  void require_keys(const Map& map, const std::string& flag) const {
    for (const auto& [name, value] : map) require(name, flag);
  }

 private:
  const std::vector<std::string>& names_;
  const std::string& where_;
};

/// Notes a column's role; refuses columns with two.
class RoleBook {
 public:
  void set(const std::string& name, Role role, const std::string& flag) {
    if (name.empty()) return;
    const auto [it, fresh] = roles_.emplace(name, std::pair(role, flag));
    if (!fresh && it->second.first != role) {
      fail(ErrorCode::invalid_option, flag,
           "column " + quoted(name) + " is named by " + it->second.second + " already; a column has one role");
    }
  }
  [[nodiscard]] Role role_of(const std::string& name) const {
    const auto it = roles_.find(name);
    return it == roles_.end() ? Role::feature : it->second.first;
  }

 private:
  std::map<std::string, std::pair<Role, std::string>> roles_;
};

}  // namespace detail

/// Every column that the options name is one of `names`, the header of options.data. Throws Error(not_found) with the
/// flag that names another, the nearest column and those there are.
inline void require_named_columns(const std::vector<std::string>& names, const StudyOptions& options) {
  const ColumnOptions& columns = options.columns;
  const detail::ColumnNames book(names, options.data);
  book.require(columns.target, "--target");
  for (const std::string& name : columns.id) book.require(name, "--id");
  for (const std::string& name : columns.drop) book.require(name, "--drop");
  for (const std::string& name : columns.protected_) book.require(name, "--protected");
  book.require(columns.weight, "--weight");
  book.require(columns.offset, "--offset");
  for (const std::string& name : columns.categorical) book.require(name, "--categorical");
  for (const std::string& name : columns.numeric) book.require(name, "--numeric");
  book.require_keys(options.reading.column_missing, "--missing");
  book.require_keys(options.reading.special, "--special");
  book.require_keys(options.reading.date_formats, "--date-format");
  for (const std::string& name : options.parts.group_by) {
    if (name != "fields") book.require(name, "--group-by");
  }
  book.require(options.parts.time_by, "--time-by");
  for (const prep::FieldDirection& promise : options.monotone) book.require(promise.field, "--monotone");
  for (const bundle::ReasonText& reason : options.reasons) book.require(reason.field, "--reasons");
}

/// The schema of the whole table: types and roles, special codes, missing tokens, date formats. Text columns without a
/// role are dropped, each with a warning. Throws Error: not_found as require_named_columns() does, invalid_option (two
/// roles for one column, codes of a column that is no number), invalid_data (no feature is left).
[[nodiscard]] inline Schema make_schema(const Frame& frame, const StudyOptions& options,
                                        std::vector<Warning>& warnings) {
  const ColumnOptions& columns = options.columns;
  std::vector<std::string> names;
  for (const Column& column : frame.columns()) names.push_back(column.name);
  require_named_columns(names, options);
  detail::RoleBook book;
  book.set(columns.target, Role::target, "--target");
  for (const std::string& name : columns.id) book.set(name, Role::id, "--id");
  for (const std::string& name : columns.drop) book.set(name, Role::dropped, "--drop");
  for (const std::string& name : columns.protected_) book.set(name, Role::protected_, "--protected");
  book.set(columns.weight, Role::weight, "--weight");
  book.set(columns.offset, Role::offset, "--offset");
  // An id or a protected column may cut the parts too; the target would put each class on a side of its own.
  const auto is_feature_or_target = [&](const std::string& name) {
    return book.role_of(name) == Role::feature || book.role_of(name) == Role::target;
  };
  for (const std::string& name : options.parts.group_by) {
    if (name != "fields" && is_feature_or_target(name)) book.set(name, Role::group, "--group-by");
  }
  if (is_feature_or_target(options.parts.time_by)) book.set(options.parts.time_by, Role::time, "--time-by");

  Schema schema;
  if (options.reading.missing) schema.missing = *options.reading.missing;
  std::size_t features = 0;
  for (const Column& column : frame.columns()) {
    Field field;
    field.name = column.name;
    field.type = column.type;
    field.role = book.role_of(column.name);
    field.required = false;
    if (column.type == ColumnType::text && (field.role == Role::feature || field.role == Role::protected_)) {
      warnings.push_back({"text_dropped",
                          "column " + quoted(column.name) + " is text and is not used",
                          column.name,
                          "--id " + column.name + ", --drop " + column.name + " or --categorical " + column.name,
                          {}});
      field.role = Role::dropped;
    }
    if (const auto it = options.reading.column_missing.find(column.name); it != options.reading.column_missing.end()) {
      field.missing = it->second;
    }
    if (const auto it = options.reading.special.find(column.name); it != options.reading.special.end()) {
      if (column.type != ColumnType::number) {
        fail(ErrorCode::invalid_option, "--special",
             "column " + quoted(column.name) + " is a " + std::string(name_of(column.type)) +
                 " column; special codes are for numbers");
      }
      field.special = it->second;
    }
    if (const auto it = options.reading.date_formats.find(column.name);
        it != options.reading.date_formats.end() && column.type == ColumnType::date) {
      field.date_format = it->second;
    }
    if (field.role == Role::feature) ++features;
    schema.fields.push_back(std::move(field));
  }
  for (const prep::FieldDirection& promise : options.monotone) {
    const Field& field = *std::find_if(schema.fields.begin(), schema.fields.end(),
                                       [&](const Field& known) { return known.name == promise.field; });
    if (field.role != Role::feature) {
      fail(ErrorCode::invalid_option, "--monotone",
           "column " + quoted(field.name) + " is no feature but " + std::string(name_of(field.role)));
    }
    if (field.type != ColumnType::number && field.type != ColumnType::date) {
      fail(ErrorCode::invalid_option, "--monotone",
           "column " + quoted(field.name) + " is a " + std::string(name_of(field.type)) +
               " column; its levels have no order that a model could follow");
    }
  }
  if (features == 0) {
    fail(ErrorCode::invalid_data, options.data, "no column is left to learn from: all have another role or are text");
  }
  return schema;
}

/// `schema` with what only rows can say, from those rows alone: the levels of each category, and whether a feature was
/// never missing (then it is required).
[[nodiscard]] inline Schema narrow_to_rows(Schema schema, const Frame& frame, std::span<const std::uint32_t> rows,
                                           Executor& executor) {
  executor.run(schema.fields.size(), [&](std::size_t f, unsigned) {
    Field& field = schema.fields[f];
    if (field.role != Role::feature && field.role != Role::protected_) return;
    const Column& column = frame.column(f);
    bool missing = false;
    if (column.type == ColumnType::category) {
      std::vector<bool> used(column.levels.size());
      for (const std::uint32_t row : rows) {
        const std::int32_t code = column.codes[row];
        if (code == kMissingCode)
          missing = true;
        else
          used[static_cast<std::size_t>(code)] = true;
      }
      field.levels.clear();
      for (std::size_t code = 0; code < used.size(); ++code) {
        if (used[code]) field.levels.push_back(column.levels[code]);
      }
    } else {
      for (std::size_t i = 0; i < rows.size() && !missing; ++i) missing = column.is_missing_at(rows[i]);
    }
    field.required = field.role == Role::feature && !missing;
  });
  return schema;
}

/// The features of some rows, as a frame of their own: what fitting and encoding see.
[[nodiscard]] inline Frame take_features(const Frame& frame, const Schema& schema, std::span<const std::uint32_t> rows,
                                         Executor& executor) {
  const std::vector<std::size_t> features = schema.features();
  std::vector<Column> columns(features.size());
  executor.run(features.size(),
               [&](std::size_t i, unsigned) { columns[i] = take_rows(frame.column(features[i]), rows); });
  Frame out;
  for (Column& column : columns) out.add(std::move(column));
  return out;
}

namespace detail {
/// The numbers of a column that says something of each row; `accepted` is what they are, and `proper` tells.
template <class Proper>
[[nodiscard]] inline std::vector<double> read_row_numbers(const Frame& frame, const std::string& name,
                                                          const std::string& role, const std::string& accepted,
                                                          const std::string& file, const Proper& proper) {
  if (name.empty()) return {};
  const Column& column = frame.column(name);
  const std::string what = role + " column " + quoted(column.name);
  if (column.type != ColumnType::number) {
    fail(ErrorCode::invalid_data, file,
         what + " is a " + std::string(name_of(column.type)) + " column; " + role + "s are numbers that are " +
             accepted);
  }
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (is_finite(column.numbers[i]) && proper(column.numbers[i])) continue;
    fail(ErrorCode::invalid_data, file,
         what + " holds " + (column.is_missing_at(i) ? "a missing value" : number_text(column.numbers[i])) +
             " in data row " + std::to_string(i + 1) + "; " + role + "s are " + accepted);
  }
  return column.numbers;
}
}  // namespace detail

/// The rows' weights: of the weight column, or empty. Throws Error(invalid_data) for a cell that is missing, negative
/// or not finite.
[[nodiscard]] inline std::vector<double> read_weights(const Frame& frame, const StudyOptions& options) {
  return detail::read_row_numbers(frame, options.columns.weight, "weight", "finite and >= 0", options.data,
                                  [](double x) { return x >= 0; });
}

/// The rows' offsets, which margins are taken from: of the offset column, or empty. Throws Error(invalid_data) for a
/// cell that is missing or beyond 1e6 either way: exp of it is no number.
[[nodiscard]] inline std::vector<double> read_offsets(const Frame& frame, const StudyOptions& options) {
  return detail::read_row_numbers(frame, options.columns.offset, "offset", "finite, at most 1e6 either way",
                                  options.data, [](double x) { return x >= -1e6 && x <= 1e6; });
}

}  // namespace riskflag::inline v0_1::study
