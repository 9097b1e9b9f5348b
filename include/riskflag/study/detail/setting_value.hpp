#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>

namespace riskflag::inline v0_1::study::detail {

/// What was said about one setting, on its way into StudyOptions.
class SettingValue {
 public:
  SettingValue(const std::vector<std::string>& values, const std::string& where) : values_(values), where_(where) {}

  [[nodiscard]] const std::vector<std::string>& list() const noexcept { return values_; }
  [[nodiscard]] const std::string& text() const {
    if (values_.size() != 1)
      fail(ErrorCode::invalid_option, where_, "has " + std::to_string(values_.size()) + " values; one is accepted");
    return values_[0];
  }
  [[nodiscard]] bool flag() const {
    const std::string lower = lower_ascii(text());
    if (lower == "true" || lower == "1") return true;
    if (lower == "false" || lower == "0") return false;
    refuse("is not true or false");
  }
  [[nodiscard]] double number() const {
    const auto x = parse_double(text());
    if (!x) refuse("is not a number");
    return *x;
  }
  [[nodiscard]] int whole(int least, int most) const {
    const auto x = parse_integer(text());
    if (!x || *x < least || *x > most)
      refuse("is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return static_cast<int>(*x);
  }
  [[noreturn]] void refuse(const std::string& why) const {
    fail(ErrorCode::invalid_option, where_, quoted(values_[0]) + " " + why);
  }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  const std::vector<std::string>& values_;
  const std::string& where_;
};

[[noreturn]] inline void not_yet(const SettingValue& value, const std::string& what) {
  fail(ErrorCode::usage, value.where(), what + " is not built yet in riskflag " + std::string(kVersion));
}

/// A JSON scalar as the text that a flag would have had.
[[nodiscard]] inline std::string scalar_text(const Json& value, const std::string& where) {
  switch (value.kind()) {
    case Json::Kind::string: return value_or_throw(value.string());
    case Json::Kind::boolean: return value_or_throw(value.boolean()) ? "true" : "false";
    case Json::Kind::number: {
      if (const auto integer = value.integer()) return std::to_string(integer.value());
      if (const auto large = value.unsigned_integer()) return std::to_string(large.value());
      return number_text(value_or_throw(value.number()));
    }
    default: break;
  }
  fail(ErrorCode::invalid_option, where,
       "holds an object, an array in an array, or null; accepted: text, numbers, true and false, and arrays of those");
}

}  // namespace riskflag::inline v0_1::study::detail
