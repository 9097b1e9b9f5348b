#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace riskflag::inline v0_1 {

/// Writes JSON text piece by piece; the same calls give the same bytes everywhere. Doubles in shortest round-trip form;
/// infinities as the strings "inf" and "-inf"; NaN as null. Strings are escaped minimally, UTF-8 passes through, invalid
/// bytes become U+FFFD.
///
///     JsonWriter json(JsonStyle::pretty);
///     json.begin_object().key("rows").value(std::uint64_t{7}).key("names").begin_array().value("a").end_array().end_object();
///     json.text();
enum class JsonStyle { compact, pretty };  ///< pretty: two blanks a level; arrays of numbers stay on one line

class JsonWriter {
 public:
  explicit JsonWriter(JsonStyle style = JsonStyle::compact) : style_(style) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(double x);
  JsonWriter& value(std::int64_t x);
  JsonWriter& value(std::uint64_t x);
  JsonWriter& value(int x) { return value(static_cast<std::int64_t>(x)); }
  JsonWriter& value(bool x);
  JsonWriter& value(std::string_view x);
  JsonWriter& value(const char* x) { return value(std::string_view(x)); }
  JsonWriter& null();
  /// Text that is JSON already, put in as it stands.
  JsonWriter& raw(std::string_view json);

  [[nodiscard]] const std::string& text() const& noexcept { return out_; }
  [[nodiscard]] std::string text() && noexcept { return static_cast<std::string&&>(out_); }

 private:
  JsonStyle style_;
  std::string out_;
};

/// `text` as a JSON string with its quotes.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace riskflag::inline v0_1
