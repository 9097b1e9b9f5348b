#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/calendar.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::bundle {
namespace detail {

/// The shape of a decimal number, whatever its magnitude: tells 1e999 (no finite double) from rubbish.
[[nodiscard]] inline bool looks_like_number(std::string_view text) noexcept {
  std::size_t i = 0;
  auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - begin;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  std::size_t mantissa = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    mantissa += digits();
  }
  if (mantissa == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

/// NaN, an infinity, or a number too great for a double.
[[nodiscard]] inline bool is_not_finite_text(std::string_view text) noexcept {
  if (looks_like_number(text)) return !parse_double(text).has_value();
  const auto value = parse_double(text, Specials::accept);
  return value && !is_finite(*value);
}

/// What came, as a message shows it.
[[nodiscard]] inline std::string found_text(const RawCell& cell) {
  switch (cell.kind) {
    case RawCell::Kind::absent: return "nothing";
    case RawCell::Kind::null: return "null";
    case RawCell::Kind::cell:
    case RawCell::Kind::text: return quoted(cell.text);
    case RawCell::Kind::number:
    case RawCell::Kind::boolean: break;
  }
  return cell.text.size() <= 60 ? std::string(cell.text) : std::string(cell.text.substr(0, 57)) + "...";
}

inline constexpr std::size_t kNearestUpTo = 2000;  // levels: a longer list is not searched for the nearest
inline constexpr std::size_t kLevelsShown = 10;

[[nodiscard]] inline std::string levels_text(const std::vector<std::string>& levels, std::string_view found) {
  std::string out = levels.size() == 1 ? "" : "one of ";
  const std::size_t shown = levels.size() <= kLevelsShown ? levels.size() : 5;
  for (std::size_t i = 0; i < shown; ++i) out += (i == 0 ? "" : ", ") + quoted(levels[i]);
  if (shown < levels.size()) out += ", … (" + std::to_string(levels.size()) + " levels)";
  if (levels.size() <= kNearestUpTo && found.size() <= 200) out += did_you_mean(found, levels);
  return out;
}

}  // namespace detail

inline std::string FieldIssue::sentence() const {
  const auto because = [this](std::string_view defect) { return ": " + found + " is " + std::string(defect); };
  std::string what;
  if (code == "missing_field") {
    what = " is missing";
  } else if (code == "unknown_field") {
    what = " is unknown to the model";
  } else if (code == "duplicate_key") {
    what = " is given more than once";
  } else if (code == "out_of_range") {
    what = because("out of range");
  } else if (code == "unseen_category") {
    what = because("not a known level");
  } else if (code == "not_finite") {
    what = because("not a finite number");
  } else {
    what = because("of the wrong type");
  }
  return "field " + quoted(field) + what + " (" + std::string(code) + "); expected " + expected;
}

inline RowProgram::RowProgram(const Bundle& bundle)
    : RowProgram(bundle.schema, bundle.pipeline, bundle.predictor, bundle.calibration) {
  probabilities_ = bundle.kind() == Kind::binary;
}

inline RowProgram::RowProgram(const Schema& schema, const prep::Pipeline& pipeline, const Predictor& predictor,
                              const Calibration& calibration)
    : schema_(&schema), pipeline_(&pipeline), predictor_(&predictor), calibration_(calibration), encoder_(schema) {
  for (const std::size_t place : schema.features()) {
    const Field& field = schema.fields[place];
    Input input{.field = place};
    const auto number_like = [](const std::string& text) { return parse_double(text, Specials::accept).has_value(); };
    input.numeric_tokens = std::any_of(field.missing.begin(), field.missing.end(), detail::looks_like_number) ||
                           std::any_of(schema.missing.begin(), schema.missing.end(), detail::looks_like_number);
    input.numeric_levels = std::any_of(field.levels.begin(), field.levels.end(), number_like);
    inputs_.push_back(input);
    names_.push_back(field.name);
    by_name_.push_back(static_cast<std::uint32_t>(by_name_.size()));
  }
  std::sort(by_name_.begin(), by_name_.end(), [&](std::uint32_t a, std::uint32_t b) { return names_[a] < names_[b]; });
}

inline const std::vector<std::string>& RowProgram::inputs() const noexcept { return names_; }
inline const Field& RowProgram::field(std::size_t input) const noexcept {
  return schema_->fields[inputs_[input].field];
}
inline std::size_t RowProgram::features() const noexcept { return pipeline_->features().size(); }
inline std::size_t RowProgram::outputs() const noexcept { return static_cast<std::size_t>(predictor_->outputs()); }

inline std::size_t RowProgram::find_input(std::string_view name) const noexcept {
  const auto it =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](std::uint32_t input, std::string_view wanted) { return names_[input] < wanted; });
  return it != by_name_.end() && names_[*it] == name ? *it : ColumnMap::kAbsent;
}

inline std::string RowProgram::expected(std::size_t input, std::string_view found) const {
  const Field& f = field(input);
  switch (f.type) {
    case ColumnType::number:
      if (f.minimum && f.maximum) return "a number from " + number_text(*f.minimum) + " to " + number_text(*f.maximum);
      if (f.minimum) return "a number of at least " + number_text(*f.minimum);
      if (f.maximum) return "a number of at most " + number_text(*f.maximum);
      return "a finite number";
    case ColumnType::category: return detail::levels_text(f.levels, found);
    case ColumnType::date: return "a date of the form " + f.date_format;
    case ColumnType::text: break;
  }
  return "text";
}

inline bool RowProgram::refuse(std::size_t input, std::string_view code, const RawCell& cell,
                               std::vector<FieldIssue>& issues) const {
  issues.push_back({names_[input], code, detail::found_text(cell), expected(input, cell.text)});
  return false;
}

inline bool RowProgram::read(std::size_t input, const RawCell& cell, double& value,
                             std::vector<FieldIssue>& issues) const {
  value = kMissing;
  if (cell.kind == RawCell::Kind::absent) return !field(input).required || refuse(input, "missing_field", cell, issues);
  if (cell.kind == RawCell::Kind::null) return true;
  switch (field(input).type) {
    case ColumnType::number: return read_number(input, cell, value, issues);
    case ColumnType::category: return read_level(input, cell, value, issues);
    case ColumnType::date: return read_date(input, cell, value, issues);
    case ColumnType::text: break;  // FieldEncoder refuses text features
  }
  return refuse(input, "wrong_type", cell, issues);
}

inline bool RowProgram::read_number(std::size_t input, const RawCell& cell, double& value,
                                    std::vector<FieldIssue>& issues) const {
  const Field& f = field(input);
  if (cell.kind == RawCell::Kind::boolean) return refuse(input, "wrong_type", cell, issues);
  if (inputs_[input].numeric_tokens && encoder_.is_missing_token(input, cell.text)) return true;
  const auto number = parse_double(cell.text);
  if (number && cell.kind != RawCell::Kind::text) {
    value = *number;
    if (f.minimum || f.maximum) {
      const bool inside = (!f.minimum || value >= *f.minimum) && (!f.maximum || value <= *f.maximum);
      const bool special = std::find(f.special.begin(), f.special.end(), value) != f.special.end();
      if (!inside && !special) return refuse(input, "out_of_range", cell, issues);
    }
    return true;
  }
  if (encoder_.is_missing_token(input, cell.text)) return true;
  return refuse(input, detail::is_not_finite_text(cell.text) ? "not_finite" : "wrong_type", cell, issues);
}

inline bool RowProgram::read_level(std::size_t input, const RawCell& cell, double& value,
                                   std::vector<FieldIssue>& issues) const {
  const Field& f = field(input);
  value = encoder_.level_code(input, cell.text);
  if (value != prep::kUnseen) return true;
  if (cell.kind == RawCell::Kind::number) {
    // 1.0 and 1e0 are the level "1".
    if (const auto number = parse_double(cell.text)) value = encoder_.level_code(input, number_text(*number));
    if (value != prep::kUnseen) return true;
    if (!inputs_[input].numeric_levels) return refuse(input, "wrong_type", cell, issues);
  }
  if (cell.kind == RawCell::Kind::boolean) return refuse(input, "wrong_type", cell, issues);
  if (f.unseen == UnseenPolicy::missing) return true;  // kUnseen: as in a frame, the pipeline says what it becomes
  return refuse(input, "unseen_category", cell, issues);
}

inline bool RowProgram::read_date(std::size_t input, const RawCell& cell, double& value,
                                  std::vector<FieldIssue>& issues) const {
  if (cell.kind == RawCell::Kind::boolean) return refuse(input, "wrong_type", cell, issues);
  if (encoder_.is_missing_token(input, cell.text)) return true;
  const auto day = parse_date(cell.text, field(input).date_format);
  if (!day) return refuse(input, "wrong_type", cell, issues);
  value = static_cast<double>(*day);
  return true;
}

inline bool RowProgram::prepare(std::span<const RawCell> cells, std::span<double> features, Scratch& scratch,
                                std::vector<FieldIssue>& issues) const {
  scratch.fields.resize(inputs_.size());
  bool good = true;
  for (std::size_t i = 0; i < inputs_.size(); ++i) good = read(i, cells[i], scratch.fields[i], issues) && good;
  if (good) pipeline_->transform_row(scratch.fields, features, scratch.pipeline);
  if (good && predictor_->has_linear_leaves()) return has_score(cells, features, scratch, issues);
  return good;
}

inline bool RowProgram::has_score(std::span<const RawCell> cells, std::span<const double> features, Scratch& scratch,
                                  std::vector<FieldIssue>& issues) const {
  scratch.scores.resize(outputs());
  scores(features, scratch.scores);
  if (std::all_of(scratch.scores.begin(), scratch.scores.end(), is_finite)) return true;
  std::size_t greatest = 0;
  double most = -1.0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const double size = scratch.fields[i] < 0 ? -scratch.fields[i] : scratch.fields[i];
    if (field(i).type != ColumnType::number || !(size > most)) continue;
    greatest = i;
    most = size;
  }
  issues.push_back({names_[greatest], "out_of_range", detail::found_text(cells[greatest]),
                    "a number that the model's linear leaves can multiply without an overflow"});
  return false;
}

inline double RowProgram::probability(std::span<const double> features) const noexcept {
  const double p = predictor_->probability(features.data());
  return probabilities_ ? calibration_.apply(p) : p;
}

inline void RowProgram::scores(std::span<const double> features, std::span<double> out) const {
  if (outputs() == 1) {
    out[0] = probability(features);
  } else {
    predictor_->row_probabilities(features.data(), out.data());
  }
}

inline ColumnMap map_columns(const Schema& schema, std::span<const std::string> header) {
  ColumnMap map;
  std::vector<unsigned char> used(header.size(), 0);
  auto place_of = [&](const std::string& name) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (header[i] == name) {
        used[i] = 1;
        return i;
      }
    }
    return ColumnMap::kAbsent;
  };
  for (const Field& field : schema.fields) {
    if (field.role == Role::feature) {
      map.inputs.push_back(place_of(field.name));
      if (map.inputs.back() == ColumnMap::kAbsent && field.required) map.missing_required.push_back(field.name);
    } else if (field.role == Role::id) {
      if (const std::size_t at = place_of(field.name); at != ColumnMap::kAbsent) {
        map.ids.push_back(at);
        map.id_names.push_back(field.name);
      }
    }
  }
  map.ignored = static_cast<std::size_t>(std::count(used.begin(), used.end(), static_cast<unsigned char>(0)));
  return map;
}

}  // namespace riskflag::inline v0_1::bundle
