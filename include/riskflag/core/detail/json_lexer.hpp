#pragma once

// Cutting JSON text into tokens, strictly: what Json's parser and the model file's reader have in common.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::detail {

/// A JSON number: the double and, when it is one, the 64-bit integer.
struct JsonNumber {
  enum class Form : std::uint8_t { real, negative, positive };
  double real = 0;
  std::uint64_t integer = 0;  ///< two's complement when Form::negative
  Form form = Form::real;
};

/// One pass over the text; the first thing that is wrong is kept. Each read_ gives false when it found nothing proper.
class JsonLexer {
 public:
  /// Both texts must outlive the lexer.
  JsonLexer(std::string_view text, std::string_view where) noexcept : text_(text), where_(where) {}

  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
  /// The next byte; NUL at the end.
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  void step() noexcept { ++at_; }
  /// Steps over `c` if it comes next.
  [[nodiscard]] bool take(char c) noexcept {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// Keeps the first failure, at offset `at`; false, so that a caller can return it.
  bool refuse(std::size_t at, std::string message) {
    if (!failed_) {
      failure_ = Failure{ErrorCode::parse, place(at), std::move(message)};
      failed_ = true;
    }
    return false;
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] Failure& failure() noexcept { return failure_; }

  /// "model.json:12:7" of an offset; the column counts bytes.
  [[nodiscard]] std::string place(std::size_t at) const {
    std::size_t line = 1, begin = 0;
    for (std::size_t i = 0; i < at; ++i) {
      if (text_[i] == '\n') {
        ++line;
        begin = i + 1;
      }
    }
    std::string out(where_);
    out += ':';
    append_number(out, static_cast<std::uint64_t>(line));
    out += ':';
    append_number(out, static_cast<std::uint64_t>(at - begin + 1));
    return out;
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

  /// Steps over `word`.
  [[nodiscard]] bool read_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) {
      return refuse(at_, "found " + quoted(text_.substr(at_, word.size())) + " where a value is expected");
    }
    at_ += word.size();
    return true;
  }

  /// `-` or a digit comes next.
  [[nodiscard]] bool read_number(JsonNumber& out) {
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

  /// Appends the string whose opening quote comes next.
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

 private:
  static void read_integer(std::string_view digits, bool negative, JsonNumber& out) noexcept {
    constexpr std::uint64_t kLowest = std::uint64_t{1} << 63;  // magnitude of the lowest int64
    std::uint64_t magnitude = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
    if (error != std::errc{} || (negative && magnitude > kLowest)) return;  // a real
    out.form = negative && magnitude != 0 ? JsonNumber::Form::negative : JsonNumber::Form::positive;
    out.integer = negative ? 0 - magnitude : magnitude;
  }

  void skip_digits() noexcept {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
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
        return refuse(
            begin,
            "unknown escape in a string; \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hex digits are known");
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

  std::string_view text_, where_;
  std::size_t at_ = 0;
  bool failed_ = false;
  Failure failure_{};
};

}  // namespace riskflag::inline v0_1::detail
