#pragma once

// read_json() of core/json_reader.hpp.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/detail/json_lexer.hpp>
#include <riskflag/core/json_reader.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

/// Builds the values from the tokens.
class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view where, std::size_t max_depth)
      : text_(text), lexer_(text, where), where_(new std::string(where)), max_depth_(max_depth) {}

  [[nodiscard]] Result<Json> parse() {
    if (text_.substr(0, 3) == "\xef\xbb\xbf") {
      lexer_.refuse(0, "the file begins with a byte order mark; save it as UTF-8 without one");
      return std::move(lexer_.failure());
    }
    Json root;
    lexer_.skip_blanks();
    if (!read_value(root, 0)) return std::move(lexer_.failure());
    lexer_.skip_blanks();
    if (!lexer_.at_end()) {
      refuse("found " + lexer_.found() + " after the end of the JSON value; one value is all a file holds");
      return std::move(lexer_.failure());
    }
    return root;
  }

 private:
  bool refuse(std::string message) { return lexer_.refuse(lexer_.at(), std::move(message)); }

  void mark(Json& value) noexcept {
    for (; scanned_ < lexer_.at(); ++scanned_) {
      if (text_[scanned_] == '\n') {
        ++line_;
        line_begin_ = scanned_ + 1;
      }
    }
    value.where_ = where_;
    value.line_ = static_cast<std::uint32_t>(line_);
    value.column_ = static_cast<std::uint32_t>(lexer_.at() - line_begin_ + 1);
  }

  [[nodiscard]] bool read_value(Json& out, std::size_t depth) {
    mark(out);
    if (lexer_.at_end()) return refuse("the text ends where a value is expected");
    switch (lexer_.peek()) {
      case '{': return read_object(out, depth);
      case '[': return read_array(out, depth);
      case '"': return lexer_.read_string(out.composite(Json::Kind::string).text);
      case 't': return read_boolean(out, true);
      case 'f': return read_boolean(out, false);
      case 'n': return lexer_.read_word("null");
      default: break;
    }
    if (lexer_.peek() == '-' || is_digit(lexer_.peek())) {
      out.kind_ = Json::Kind::number;
      return lexer_.read_number(out.number_);
    }
    return refuse("found " + lexer_.found() + " where a value is expected");
  }

  [[nodiscard]] bool read_boolean(Json& out, bool value) {
    out.kind_ = Json::Kind::boolean;
    out.boolean_ = value;
    return lexer_.read_word(value ? "true" : "false");
  }

  [[nodiscard]] bool is_too_deep(std::size_t depth) {
    return depth >= max_depth_ && !refuse("nested deeper than " + std::to_string(max_depth_) + " levels");
  }

  [[nodiscard]] bool read_array(Json& out, std::size_t depth) {
    if (is_too_deep(depth)) return false;
    auto& items = out.composite(Json::Kind::array).items;
    lexer_.step();
    lexer_.skip_blanks();
    if (lexer_.take(']')) return true;
    for (;;) {
      if (!read_value(items.emplace_back(), depth + 1)) return false;
      lexer_.skip_blanks();
      if (lexer_.take(']')) return true;
      if (!lexer_.take(',')) {
        return refuse("found " + lexer_.found() + " where \",\" or \"]\" is expected in an array");
      }
      lexer_.skip_blanks();
    }
  }

  [[nodiscard]] bool read_object(Json& out, std::size_t depth) {
    if (is_too_deep(depth)) return false;
    auto& members = out.composite(Json::Kind::object).members;
    std::vector<std::size_t> key_places;
    lexer_.step();
    lexer_.skip_blanks();
    if (lexer_.take('}')) return true;
    for (;;) {
      if (lexer_.peek() != '"') {
        return refuse("found " + lexer_.found() + " where a member's name in double quotes is expected");
      }
      key_places.push_back(lexer_.at());
      auto& member = members.emplace_back();
      if (!lexer_.read_string(member.first)) return false;
      lexer_.skip_blanks();
      if (!lexer_.take(':')) {
        return refuse("found " + lexer_.found() + " where \":\" is expected after " + quoted(member.first));
      }
      lexer_.skip_blanks();
      if (!read_value(member.second, depth + 1)) return false;
      lexer_.skip_blanks();
      if (lexer_.take('}')) return check_unique(members, key_places);
      if (!lexer_.take(',')) {
        return refuse("found " + lexer_.found() + " where \",\" or \"}\" is expected in an object");
      }
      lexer_.skip_blanks();
    }
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
        return lexer_.refuse(key_places[order[i]],
                             "the name " + quoted(members[order[i]].first) + " stands twice in this object");
      }
    }
    return true;
  }

  std::string_view text_;
  JsonLexer lexer_;
  std::shared_ptr<const std::string> where_;
  std::size_t max_depth_;
  std::size_t line_ = 1, line_begin_ = 0, scanned_ = 0;  ///< line number and begin at scanned_
};

}  // namespace detail

inline Result<Json> read_json(std::string_view text, std::string_view where, std::size_t max_depth) {
  return detail::JsonParser(text, where, max_depth).parse();
}

}  // namespace riskflag::inline v0_1
