#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

/// Writes JSON text piece by piece; the same calls give the same bytes everywhere. Doubles in shortest round-trip form;
/// infinities as the strings "inf" and "-inf"; NaN as null. Strings are escaped minimally, UTF-8 passes through,
/// invalid bytes become U+FFFD.
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
  /// An object or array that is open.
  struct Level {
    bool is_array = false;
    bool is_empty = true;
    bool on_one_line = false;  ///< an array that began with a number
  };
  enum class Item { number, other };
  void begin_item(Item item);
  void break_line();
  void end(char bracket);

  JsonStyle style_;
  std::string out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

/// `text` as a JSON string with its quotes.
[[nodiscard]] std::string json_quoted(std::string_view text);
void append_json_quoted(std::string& out, std::string_view text);

}  // namespace riskflag::inline v0_1

namespace riskflag::inline v0_1 {

inline void append_json_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;  // characters that stand for themselves, a byte each: nearly all are
    while (plain < text.size() && text[plain] >= ' ' && text[plain] <= '~' && text[plain] != '"' && text[plain] != '\\')
      ++plain;
    if (plain > 0) {
      out.append(text.substr(0, plain));
      text.remove_prefix(plain);
      continue;
    }
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";  // U+FFFD
      text.remove_prefix(1);
      continue;
    }
    if (detail::append_short_escape(out, text.front())) {
      text.remove_prefix(1);
      continue;
    }
    if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  out += '"';
}

inline std::string json_quoted(std::string_view text) {
  std::string out;
  append_json_quoted(out, text);
  return out;
}

inline void JsonWriter::break_line() {
  if (style_ == JsonStyle::compact) return;
  out_ += '\n';
  out_.append(2 * levels_.size(), ' ');
}

inline void JsonWriter::begin_item(Item item) {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  Level& level = levels_.back();
  if (level.is_empty) {
    level.is_empty = false;
    level.on_one_line = level.is_array && item == Item::number;
    if (!level.on_one_line) break_line();
    return;
  }
  out_ += ',';
  if (!level.on_one_line) {
    break_line();
  } else if (style_ == JsonStyle::pretty) {
    out_ += ' ';
  }
}

inline void JsonWriter::end(char bracket) {
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.is_empty && !level.on_one_line) break_line();
  out_ += bracket;
}

inline JsonWriter& JsonWriter::begin_object() {
  begin_item(Item::other);
  out_ += '{';
  levels_.push_back({});
  return *this;
}

inline JsonWriter& JsonWriter::end_object() {
  end('}');
  return *this;
}

inline JsonWriter& JsonWriter::begin_array() {
  begin_item(Item::other);
  out_ += '[';
  levels_.push_back({.is_array = true});
  return *this;
}

inline JsonWriter& JsonWriter::end_array() {
  end(']');
  return *this;
}

inline JsonWriter& JsonWriter::key(std::string_view name) {
  begin_item(Item::other);
  append_json_quoted(out_, name);
  out_ += style_ == JsonStyle::pretty ? ": " : ":";
  after_key_ = true;
  return *this;
}

inline JsonWriter& JsonWriter::value(double x) {
  begin_item(Item::number);
  const std::uint64_t bits = detail::opaque_bits(x), magnitude = bits << 1 >> 1;
  if (magnitude > 0x7ff0000000000000ULL) {
    out_ += "null";
  } else if (magnitude == 0x7ff0000000000000ULL) {
    out_ += (bits >> 63) != 0 ? "\"-inf\"" : "\"inf\"";
  } else {
    append_number(out_, x);
  }
  return *this;
}

inline JsonWriter& JsonWriter::value(std::int64_t x) {
  begin_item(Item::number);
  append_number(out_, x);
  return *this;
}

inline JsonWriter& JsonWriter::value(std::uint64_t x) {
  begin_item(Item::number);
  append_number(out_, x);
  return *this;
}

inline JsonWriter& JsonWriter::value(bool x) {
  begin_item(Item::number);
  out_ += x ? "true" : "false";
  return *this;
}

inline JsonWriter& JsonWriter::value(std::string_view x) {
  begin_item(Item::other);
  append_json_quoted(out_, x);
  return *this;
}

inline JsonWriter& JsonWriter::null() {
  begin_item(Item::number);
  out_ += "null";
  return *this;
}

inline JsonWriter& JsonWriter::raw(std::string_view json) {
  begin_item(Item::other);
  out_ += json;
  return *this;
}

}  // namespace riskflag::inline v0_1
