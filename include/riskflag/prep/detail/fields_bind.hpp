#pragma once

// Definitions of prep/fields.hpp.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/fields.hpp>

namespace riskflag::inline v0_1::prep {

inline FieldEncoder::FieldEncoder(const Schema& schema) {
  for (const std::size_t index : schema.features()) {
    const Field& field = schema.fields[index];
    if (field.type == ColumnType::text) {
      fail(ErrorCode::schema_mismatch, "schema",
           "field " + quoted(field.name) +
               " is text and a feature; accepted: type number, category or date, or role id or dropped");
    }
    std::vector<std::string> tokens = schema.missing;
    tokens.insert(tokens.end(), field.missing.begin(), field.missing.end());
    LevelCodes codes;
    for (std::size_t k = 0; k < field.levels.size(); ++k) {
      const std::string level = field.text_rules.any() ? field.text_rules.apply(field.levels[k]) : field.levels[k];
      if (!codes.emplace(level, static_cast<double>(k)).second) {
        fail(ErrorCode::schema_mismatch, "schema",
             "field " + quoted(field.name) + " has the level " + quoted(level) +
                 " twice after its text rules; accepted: distinct levels (prepare_schema joins them)");
      }
    }
    fields_.push_back(field);
    codes_.push_back(std::move(codes));
    missing_tokens_.push_back(std::move(tokens));
  }
}

inline std::vector<std::string> FieldEncoder::inputs() const {
  std::vector<std::string> out;
  for (const Field& field : fields_) out.push_back(field.name);
  return out;
}

inline bool FieldEncoder::is_missing_token(std::size_t field, std::string_view text) const noexcept {
  const auto& tokens = missing_tokens_[field];
  return std::any_of(tokens.begin(), tokens.end(), [&](const std::string& token) { return text == token; });
}

inline double FieldEncoder::level_code(std::size_t field, std::string_view text) const {
  const LevelCodes& codes = codes_[field];
  const auto find = [&](std::string_view level) {
    const auto it = codes.find(level);
    return it == codes.end() ? kUnseen : it->second;
  };
  const double code = fields_[field].text_rules.any() ? find(fields_[field].text_rules.apply(text)) : find(text);
  return code == kUnseen && is_missing_token(field, text) ? kMissing : code;
}

namespace detail {

/// The value of one cell's text as `field` reads it; nullopt when its type cannot.
[[nodiscard]] inline std::optional<double> cell_value(const FieldEncoder& encoder, std::size_t index,
                                                      std::string_view text) {
  const Field& field = encoder.fields()[index];
  if (field.type == ColumnType::category) return encoder.level_code(index, text);
  if (encoder.is_missing_token(index, text)) return kMissing;
  if (field.type == ColumnType::number) return parse_double(text);
  const std::optional<std::int32_t> day = parse_date(text, field.date_format);
  return day ? std::optional<double>(*day) : std::nullopt;
}

[[nodiscard]] inline double value_or_refuse(const FieldEncoder& encoder, std::size_t index, std::string_view text) {
  if (const auto value = cell_value(encoder, index, text)) return *value;
  const Field& field = encoder.fields()[index];
  fail(ErrorCode::schema_mismatch, "",
       "column " + quoted(field.name) + " has the cell " + quoted(text) + "; the schema says " +
           std::string(name_of(field.type)));
}

}  // namespace detail

inline FrameFields FieldEncoder::bind(const Frame& frame) const {
  FrameFields out;
  out.rows_ = frame.rows();
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    const Field& field = fields_[f];
    FrameFields::Source source;
    const Column* column = frame.find(field.name);
    if (column == nullptr) {
      if (field.required) {
        std::vector<std::string_view> names;
        for (const Column& each : frame.columns()) names.push_back(each.name);
        fail(ErrorCode::schema_mismatch, "",
             "the column " + quoted(field.name) + " is required and absent" + did_you_mean(field.name, names));
      }
    } else if (column->type == ColumnType::category) {
      source.codes = column->codes.data();
      for (const std::string& level : column->levels) source.recode.push_back(detail::value_or_refuse(*this, f, level));
    } else if (column->type == field.type && field.type == ColumnType::number) {
      source.numbers = column->numbers.data();
    } else if (column->type == field.type && field.type == ColumnType::date) {
      source.days = column->days.data();
    } else {
      // A type that the reader guessed otherwise than the schema says: cell by cell, through the canonical text.
      source.values.reserve(out.rows_);
      for (std::size_t i = 0; i < out.rows_; ++i) {
        source.values.push_back(column->is_missing_at(i) ? kMissing
                                                         : detail::value_or_refuse(*this, f, column->cell_text(i)));
      }
    }
    out.columns_.push_back(std::move(source));
  }
  return out;
}

inline void FieldEncoder::encode(const Frame& frame, std::size_t first_row, std::size_t n,
                                 std::span<double* const> out) const {
  bind(frame).encode(first_row, n, out);
}

inline void FrameFields::encode_field(std::size_t field, std::size_t first_row, std::size_t n,
                                      double* out) const noexcept {
  const Source& source = columns_[field];
  if (source.numbers != nullptr) {
    std::copy_n(source.numbers + first_row, n, out);
  } else if (source.codes != nullptr) {
    const std::int32_t* codes = source.codes + first_row;
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = codes[i] == kMissingCode ? kMissing : source.recode[static_cast<std::size_t>(codes[i])];
    }
  } else if (source.days != nullptr) {
    const std::int32_t* days = source.days + first_row;
    for (std::size_t i = 0; i < n; ++i) out[i] = days[i] == kMissingDate ? kMissing : static_cast<double>(days[i]);
  } else if (!source.values.empty()) {
    std::copy_n(source.values.data() + first_row, n, out);
  } else {
    std::fill_n(out, n, kMissing);
  }
}

inline void FrameFields::encode(std::size_t first_row, std::size_t n, std::span<double* const> out) const noexcept {
  for (std::size_t f = 0; f < columns_.size(); ++f) encode_field(f, first_row, n, out[f]);
}

}  // namespace riskflag::inline v0_1::prep
