#pragma once

// Definitions of core/json_reader.hpp.

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <system_error>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

/// One pass over the text; the first thing that is wrong ends it.
class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view where, std::size_t max_depth)
      : text_(text), where_(new std::string(where)), max_depth_(max_depth) {}

  [[nodiscard]] Result<Json> parse() {
    if (text_.substr(0, 3) == "\xef\xbb\xbf") {
      refuse(0, "the file begins with a byte order mark; save it as UTF-8 without one");
      return std::move(failure_);
    }
    Json root;
    skip_blanks();
    if (!read_value(root, 0)) return std::move(failure_);
    skip_blanks();
    if (at_ != text_.size()) {
      refuse(at_, "found " + found() + " after the end of the JSON value; one value is all a file holds");
      return std::move(failure_);
    }
    return root;
  }

 private:
  bool refuse(std::size_t at, std::string message) {
    std::size_t line = line_, begin = line_begin_;
    for (std::size_t i = line_scanned_; i < at; ++i) {
      if (text_[i] == '\n') {
        ++line;
        begin = i + 1;
      }
    }
    std::string place = *where_ + ":" + std::to_string(line) + ":" + std::to_string(at - begin + 1);
    failure_ = Failure{ErrorCode::parse, std::move(place), std::move(message)};
    return false;
  }

  /// What stands at the reading position, for a message.
  [[nodiscard]] std::string found() const {
    if (at_ >= text_.size()) return "the end of the text";
    const std::string_view rest = text_.substr(at_);
    return quoted(rest.substr(0, std::max<std::size_t>(utf8_length(rest), 1)));
  }

  void skip_blanks() noexcept {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
      ++at_;
    }
  }

  void mark(Json& value) noexcept {
    for (; line_scanned_ < at_; ++line_scanned_) {
      if (text_[line_scanned_] == '\n') {
        ++line_;
        line_begin_ = line_scanned_ + 1;
      }
    }
    value.where_ = where_;
    value.line_ = static_cast<std::uint32_t>(line_);
    value.column_ = static_cast<std::uint32_t>(at_ - line_begin_ + 1);
  }

  [[nodiscard]] bool read_value(Json& out, std::size_t depth) {
    mark(out);
    if (at_ == text_.size()) return refuse(at_, "the text ends where a value is expected");
    switch (text_[at_]) {
      case '{': return read_object(out, depth);
      case '[': return read_array(out, depth);
      case '"': return read_string(out.composite(Json::Kind::string).text);
      case 't': return read_boolean(out, true);
      case 'f': return read_boolean(out, false);
      case 'n': return read_word("null");
      default: break;
    }
    if (text_[at_] == '-' || is_digit(text_[at_])) {
      out.kind_ = Json::Kind::number;
      return read_number(out.number_);
    }
    return refuse(at_, "found " + found() + " where a value is expected");
  }

  [[nodiscard]] bool read_boolean(Json& out, bool value) {
    out.kind_ = Json::Kind::boolean;
    out.boolean_ = value;
    return read_word(value ? "true" : "false");
  }

  [[nodiscard]] bool read_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) {
      return refuse(at_, "found " + quoted(text_.substr(at_, word.size())) + " where a value is expected");
    }
    at_ += word.size();
    return true;
  }

  [[nodiscard]] bool read_number(Json::Number& out) {
    const std::size_t begin = at_;
    const bool negative = text_[at_] == '-';
    if (negative) ++at_;
    const std::size_t first_digit = at_;
    skip_digits();
    if (at_ == first_digit) return refuse(at_, "found " + found() + " where a digit is expected");
    if (text_[first_digit] == '0' && at_ > first_digit + 1)
      return refuse(first_digit, "a number begins with a needless 0");
    bool whole = true;
    if (at_ < text_.size() && text_[at_] == '.') {
      whole = false;
      const std::size_t point = at_++;
      skip_digits();
      if (at_ == point + 1) return refuse(at_, "found " + found() + " where a digit is expected after the point");
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      whole = false;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      const std::size_t exponent = at_;
      skip_digits();
      if (at_ == exponent) return refuse(at_, "found " + found() + " where a digit of the exponent is expected");
    }
    const std::string_view digits = text_.substr(first_digit, at_ - first_digit);
    const auto value = decimal_value(digits);
    if (!value) {
      return refuse(begin, "the number " + quoted(text_.substr(begin, at_ - begin), 40) +
                               " is beyond the range of double (about 1.8e308)");
    }
    out.real = negative ? -*value : *value;
    if (whole) read_integer(digits, negative, out);
    return true;
  }

  static void read_integer(std::string_view digits, bool negative, Json::Number& out) noexcept {
    constexpr std::uint64_t kLowest = std::uint64_t{1} << 63;  // magnitude of the lowest int64
    std::uint64_t magnitude = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
    if (error != std::errc{} || (negative && magnitude > kLowest)) return;  // a real
    out.form = negative && magnitude != 0 ? Json::Number::Form::negative : Json::Number::Form::positive;
    out.integer = negative ? 0 - magnitude : magnitude;
  }

  void skip_digits() noexcept {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }

  [[nodiscard]] bool read_string(std::string& out) {
    const std::size_t begin = at_++;
    for (;;) {
      const std::size_t plain = at_;
      while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x20 &&
             static_cast<unsigned char>(text_[at_]) < 0x80 && text_[at_] != '"' && text_[at_] != '\\') {
        ++at_;
      }
      out.append(text_.substr(plain, at_ - plain));
      if (at_ == text_.size()) return refuse(begin, "a string begins here and never ends");
      if (text_[at_] == '"') {
        ++at_;
        return true;
      }
      if (text_[at_] == '\\') {
        if (!read_escape(out)) return false;
        continue;
      }
      const std::size_t length = utf8_length(text_.substr(at_));
      if (static_cast<unsigned char>(text_[at_]) < 0x20) {
        return refuse(at_, "a control byte stands unescaped in a string: " + found());
      }
      if (length == 0) return refuse(at_, "bytes that are not UTF-8 in a string: " + found());
      out.append(text_.substr(at_, length));
      at_ += length;
    }
  }

  [[nodiscard]] bool read_escape(std::string& out) {
    const std::size_t begin = at_++;
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': break;
      default:
        return refuse(begin,
                      "unknown escape in a string; \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX are the known ones");
    }
    std::uint32_t code = 0;
    if (!read_hex(code)) return refuse(begin, "\\u needs four hex digits");
    if (code >= 0xd800 && code < 0xdc00) {  // the first half of a pair
      std::uint32_t low = 0;
      if (text_.substr(at_, 2) != "\\u") return refuse(begin, "half of a surrogate pair stands alone");
      at_ += 2;
      if (!read_hex(low)) return refuse(at_ - 2, "\\u needs four hex digits");
      if (low < 0xdc00 || low > 0xdfff) return refuse(begin, "half of a surrogate pair stands alone");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      return refuse(begin, "half of a surrogate pair stands alone");
    }
    append_utf8(out, code);
    return true;
  }

  [[nodiscard]] bool read_hex(std::uint32_t& code) noexcept {
    const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc{} || end != digits.data() + 4) return false;
    at_ += 4;
    return true;
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | code >> 6);
      put(0x80 | (code & 63));
    } else if (code < 0x10000) {
      put(0xe0 | code >> 12);
      put(0x80 | (code >> 6 & 63));
      put(0x80 | (code & 63));
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 63));
      put(0x80 | (code >> 6 & 63));
      put(0x80 | (code & 63));
    }
  }

  [[nodiscard]] bool read_array(Json& out, std::size_t depth) {
    if (depth >= max_depth_) return refuse(at_, "nested deeper than " + std::to_string(max_depth_) + " levels");
    auto& items = out.composite(Json::Kind::array).items;
    ++at_;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == ']') {
      ++at_;
      return true;
    }
    for (;;) {
      if (!read_value(items.emplace_back(), depth + 1)) return false;
      skip_blanks();
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      if (c == ']') {
        ++at_;
        return true;
      }
      if (c != ',') return refuse(at_, "found " + found() + " where \",\" or \"]\" is expected in an array");
      ++at_;
      skip_blanks();
    }
  }

  [[nodiscard]] bool read_object(Json& out, std::size_t depth) {
    if (depth >= max_depth_) return refuse(at_, "nested deeper than " + std::to_string(max_depth_) + " levels");
    auto& members = out.composite(Json::Kind::object).members;
    std::vector<std::size_t> key_places;
    ++at_;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '}') {
      ++at_;
      return true;
    }
    for (;;) {
      if (at_ >= text_.size() || text_[at_] != '"') {
        return refuse(at_, "found " + found() + " where a member's name in double quotes is expected");
      }
      key_places.push_back(at_);
      auto& member = members.emplace_back();
      if (!read_string(member.first)) return false;
      skip_blanks();
      if (at_ >= text_.size() || text_[at_] != ':') {
        return refuse(at_, "found " + found() + " where \":\" is expected after " + quoted(member.first));
      }
      ++at_;
      skip_blanks();
      if (!read_value(member.second, depth + 1)) return false;
      skip_blanks();
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      if (c != ',' && c != '}') {
        return refuse(at_, "found " + found() + " where \",\" or \"}\" is expected in an object");
      }
      ++at_;
      if (c == '}') break;
      skip_blanks();
    }
    return check_unique(members, key_places);
  }

  [[nodiscard]] bool check_unique(const JsonObject& members, const std::vector<std::size_t>& key_places) {
    std::vector<std::size_t> order(members.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const int by_name = members[a].first.compare(members[b].first);
      return by_name != 0 ? by_name < 0 : a < b;
    });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (members[order[i - 1]].first == members[order[i]].first) {
        return refuse_earlier(key_places[order[i]],
                              "the name " + quoted(members[order[i]].first) + " stands twice in this object");
      }
    }
    return true;
  }

  /// refuse() for a place before the last mark.
  bool refuse_earlier(std::size_t at, std::string message) {
    line_ = 1;
    line_begin_ = line_scanned_ = 0;
    return refuse(at, std::move(message));
  }

  std::string_view text_;
  std::shared_ptr<const std::string> where_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
  std::size_t line_ = 1, line_begin_ = 0, line_scanned_ = 0;  ///< line number and begin at line_scanned_
  Failure failure_{};
};

}  // namespace detail

inline Result<Json> read_json(std::string_view text, std::string_view where, std::size_t max_depth) {
  return detail::JsonParser(text, where, max_depth).parse();
}

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
    if (composite_->text == "inf") return std::numeric_limits<double>::infinity();
    if (composite_->text == "-inf") return -std::numeric_limits<double>::infinity();
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
