#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <riskflag/core/header_field.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::serve {

using Header = HeaderField;

/// One whole request, as any server can give it. Views are read during Service::handle only.
struct Request {
  std::string_view method = "GET";
  std::string_view target = "/";  ///< path and query, as sent
  std::span<const Header> headers{};
  std::string_view body{};

  /// The first header of that name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    for (const Header& each : headers) {
      if (equal_ignoring_case(each.name, name)) return trimmed(each.value);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
  [[nodiscard]] std::string_view query() const noexcept {
    const auto at = target.find('?');
    return at == std::string_view::npos ? std::string_view{} : target.substr(at + 1);
  }
};

/// The headers of an answer as one text, each a line as HTTP sends it ("Name: value\r\n"): a server puts them out as
/// they are, and an answer whose memory is used again allocates none.
class HeaderLines {
 public:
  HeaderLines() = default;
  HeaderLines(std::initializer_list<Header> headers) {
    for (const Header& each : headers) add(each.name, each.value);
  }

  void add(std::string_view name, std::string_view value) {
    text_.append(name).append(": ");
    // A line break in a value would let its author write headers of their own.
    const auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    const std::size_t begin = text_.size();
    text_.append(value).append("\r\n");
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (breaks(value[i])) text_[begin + i] = ' ';
    }
  }
  /// Lines that add() would have made.
  void add_lines(std::string_view lines) { text_ += lines; }
  void clear() noexcept { text_.clear(); }

  /// The lines; a server may take them away.
  [[nodiscard]] std::string& text() noexcept { return text_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool operator==(const HeaderLines&) const = default;

  class Iterator {
   public:
    explicit Iterator(std::string_view rest) noexcept : rest_(rest) {}
    [[nodiscard]] Header operator*() const noexcept {
      const std::size_t colon = rest_.find(':');
      return {rest_.substr(0, colon), rest_.substr(colon + 2, rest_.find('\r') - colon - 2)};
    }
    Iterator& operator++() noexcept {
      rest_.remove_prefix(rest_.find('\n') + 1);
      return *this;
    }
    [[nodiscard]] bool operator==(const Iterator& other) const noexcept { return rest_.size() == other.rest_.size(); }

   private:
    std::string_view rest_;
  };
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(text_); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator({}); }

 private:
  std::string text_;
};

struct Response {
  int status = 200;
  HeaderLines headers{};  ///< without Content-Length, which the server knows
  std::string body{};

  /// The first header of that name, or "".
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    for (const Header each : headers) {
      if (equal_ignoring_case(each.name, name)) return each.value;
    }
    return {};
  }
  /// Empty again, with the memory that it has.
  void reset() noexcept {
    status = 200;
    headers.clear();
    body.clear();
  }
};

}  // namespace riskflag::inline v0_1::serve
