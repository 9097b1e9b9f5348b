#pragma once

// Json's members, of core/json_reader.hpp.

#include <algorithm>
#include <limits>
#include <span>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

inline Json::Json(const Json& other)
    : kind_(other.kind_),
      boolean_(other.boolean_),
      number_(other.number_),
      composite_(other.composite_ ? std::make_unique<Composite>(*other.composite_) : nullptr),
      where_(other.where_),
      line_(other.line_),
      column_(other.column_) {}

inline Json& Json::operator=(const Json& other) {
  if (this != &other) *this = Json(other);
  return *this;
}

inline std::string Json::place() const {
  if (where_ == nullptr) return "JSON";
  return *where_ + ":" + std::to_string(line_) + ":" + std::to_string(column_);
}

inline Failure Json::failure(std::string message, ErrorCode code) const { return {code, place(), std::move(message)}; }

inline std::string Json::description() const {
  switch (kind()) {
    case Kind::null: return "null";
    case Kind::boolean: return boolean_ ? "true" : "false";
    case Kind::number: {
      const Number& number = number_;
      std::string text = "the number ";
      if (number.form == Number::Form::real) {
        append_number(text, number.real);
      } else if (number.form == Number::Form::negative) {
        append_number(text, static_cast<std::int64_t>(number.integer));
      } else {
        append_number(text, number.integer);
      }
      return text;
    }
    case Kind::string: return "the string " + quoted(composite_->text);
    case Kind::array: return "an array of " + std::to_string(array()->size());
    case Kind::object: return "an object of " + std::to_string(object()->size());
  }
  return "null";
}

inline Result<bool> Json::boolean() const {
  if (kind_ == Kind::boolean) return boolean_;
  return failure("found " + description() + ", expected true or false");
}

inline Result<double> Json::number() const {
  if (kind_ == Kind::number) return number_.real;
  if (kind_ == Kind::string) {
    if (composite_->text == "inf") return detail::infinity();
    if (composite_->text == "-inf") return -detail::infinity();
  }
  return failure("found " + description() + ", expected a number");
}

inline Result<std::int64_t> Json::integer() const {
  const Number* value = kind_ == Kind::number ? &number_ : nullptr;
  if (value == nullptr || value->form == Number::Form::real) {
    return failure("found " + description() + ", expected a whole number without point or exponent");
  }
  if (value->form == Number::Form::positive && value->integer > std::uint64_t{INT64_MAX}) {
    return failure("found " + description() + ", expected a whole number of at most 9223372036854775807");
  }
  return static_cast<std::int64_t>(value->integer);
}

inline Result<std::uint64_t> Json::unsigned_integer() const {
  const Number* value = kind_ == Kind::number ? &number_ : nullptr;
  if (value == nullptr || value->form != Number::Form::positive) {
    return failure("found " + description() + ", expected a whole number from 0 to 18446744073709551615");
  }
  return value->integer;
}

inline Result<std::string> Json::string() const {
  if (kind_ == Kind::string) return composite_->text;
  return failure("found " + description() + ", expected a string");
}

inline const JsonArray* Json::array() const noexcept { return kind_ == Kind::array ? &composite_->items : nullptr; }
inline const JsonObject* Json::object() const noexcept {
  return kind_ == Kind::object ? &composite_->members : nullptr;
}

inline const Json* Json::find(std::string_view key) const noexcept {
  if (const JsonObject* members = object()) {
    for (const auto& [name, value] : *members) {
      if (name == key) return &value;
    }
  }
  return nullptr;
}

inline Result<const Json*> Json::at(std::string_view key) const {
  if (const Json* value = find(key)) return value;
  if (object() == nullptr) {
    return failure("found " + description() + ", expected an object with a member " + quoted(key));
  }
  std::string names;
  for (const auto& [name, value] : *object()) {
    if (names.size() > 200) {
      names += ", ...";
      break;
    }
    names += (names.empty() ? "" : ", ") + quoted(name);
  }
  return failure("member " + quoted(key) + " is missing; there is " + (names.empty() ? "none" : names));
}

inline Result<void> Json::only(std::initializer_list<std::string_view> known) const {
  if (object() == nullptr) return failure("found " + description() + ", expected an object");
  for (const auto& [name, value] : *object()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return value.failure("unknown member " + quoted(name) +
                         did_you_mean(name, std::span<const std::string_view>(known.begin(), known.size())));
  }
  return {};
}

}  // namespace riskflag::inline v0_1
