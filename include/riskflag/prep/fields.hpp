#pragma once

// Raw cells become numbers here, against the schema; nothing after this knows text.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/operation.hpp>

namespace riskflag::inline v0_1::prep {

class FrameFields;

/// Turns the schema's features into doubles: number -> itself, date -> days since 1970, category -> index of its level
/// in Field::levels, after the field's text rules; NaN = missing, kUnseen = a level that the schema does not know.
///
/// Const members are thread-safe.
class FieldEncoder {
 public:
  /// Throws Error: schema_mismatch when a feature is a text column, or when levels are empty names or repeat after the
  /// field's text rules.
  explicit FieldEncoder(const Schema& schema);

  /// Fields with role feature, in the schema's order.
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::vector<std::string> inputs() const;

  /// The code of a level of field `field` (index into inputs()): kUnseen when the schema does not know it, NaN for a
  /// missing token. Applies the text rules. No allocation when the field has no rules.
  [[nodiscard]] double level_code(std::size_t field, std::string_view text) const;
  [[nodiscard]] bool is_missing_token(std::size_t field, std::string_view text) const noexcept;

  /// The frame's columns matched to the fields by name, its dictionaries recoded once: use this for many blocks.
  /// Throws Error schema_mismatch: a required column is absent; a column that cannot be read as the field's type (with
  /// the first cell that cannot). The frame must outlive the result.
  [[nodiscard]] FrameFields bind(const Frame& frame) const;
  /// Rows [first_row, first_row + n) of each field into out[field][0..n). Same as bind(frame).encode(...).
  void encode(const Frame& frame, std::size_t first_row, std::size_t n, std::span<double* const> out) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using LevelCodes = std::unordered_map<std::string, double, TextHash, std::equal_to<>>;

  std::vector<Field> fields_;
  std::vector<LevelCodes> codes_;
  std::vector<std::vector<std::string>> missing_tokens_;
};

/// One frame seen through a FieldEncoder.
class FrameFields {
 public:
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t fields() const noexcept { return columns_.size(); }
  /// Rows [first_row, first_row + n) of one field.
  void encode_field(std::size_t field, std::size_t first_row, std::size_t n, double* out) const noexcept;
  /// The same of every field, into out[field].
  void encode(std::size_t first_row, std::size_t n, std::span<double* const> out) const noexcept;

 private:
  friend class FieldEncoder;
  /// How one field is read: straight from numbers or days, by `recode` from codes, or from values made when bound.
  struct Source {
    const double* numbers = nullptr;
    const std::int32_t* days = nullptr;
    const std::int32_t* codes = nullptr;
    std::vector<double> recode;  // value of each of the frame's levels
    std::vector<double> values;
  };
  std::size_t rows_ = 0;
  std::vector<Source> columns_;
};

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/fields_bind.hpp>
