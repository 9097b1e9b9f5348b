#pragma once

// The lines of LightGBM's text models: "key=value" in blocks that an empty line ends.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <riskflag/core/names.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::detail {

/// The whole of `token` as a number of its type; "inf" and "nan" are numbers for doubles.
template <class T>
[[nodiscard]] bool read_token(std::string_view token, T& out) noexcept {
  if (token.empty()) return false;
#if !defined(__cpp_lib_to_chars)  // libc++ before 20
  if constexpr (std::is_same_v<T, double>) {
    const std::optional<double> value = parse_double(token, Specials::accept);
    if (value) out = *value;
    return value.has_value();
  } else
#endif
  {
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), out);
    return error == std::errc{} && end == token.data() + token.size();
  }
}

/// A place in the text, and the first failure. Each bool is false once something was refused.
class LightgbmLines {
 protected:
  LightgbmLines(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  struct Entry {
    std::string_view key, value;
    std::size_t line;
  };

  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
  std::string_view next_line() noexcept {
    const std::size_t end = text_.find('\n', at_);
    std::string_view line = text_.substr(at_, end == std::string_view::npos ? text_.size() - at_ : end - at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    ++line_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }

  Failure fail_here(std::string message, ErrorCode code = ErrorCode::corrupt, std::size_t line = 0) const {
    return {code, where_ + ":" + std::to_string(line == 0 ? (line_ == 0 ? 1 : line_) : line), std::move(message)};
  }
  bool refuse(std::string message, ErrorCode code = ErrorCode::corrupt, std::size_t line = 0) {
    failure_ = fail_here(std::move(message), code, line);
    return false;
  }

  /// "key=value" lines up to an empty line or one that begins with `stop`; a line without '=' is a key alone.
  bool read_entries(std::vector<Entry>& entries, std::string_view stop) {
    entries.clear();
    while (!at_end()) {
      if (!stop.empty() && text_.substr(at_, stop.size()) == stop) return true;
      const std::string_view line = next_line();
      if (line.empty()) return true;
      const std::size_t equals = line.find('=');
      const Entry entry{line.substr(0, equals),
                        equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1), line_};
      for (const Entry& other : entries) {
        if (other.key == entry.key) return refuse(quoted(entry.key) + " stands twice");
      }
      if (entries.size() > 64) return refuse("more than 64 lines without an empty one");
      entries.push_back(entry);
    }
    return true;
  }

  static const Entry* find(const std::vector<Entry>& entries, std::string_view key) noexcept {
    for (const Entry& entry : entries) {
      if (entry.key == key) return &entry;
    }
    return nullptr;
  }

  template <class T>
  bool number(const std::vector<Entry>& entries, std::string_view key, T& out, bool optional = false) {
    const Entry* entry = find(entries, key);
    if (entry == nullptr) return optional || refuse("there is no " + quoted(key) + " in the lines above");
    if (!read_token(entry->value, out)) {
      return refuse(quoted(key) + " is " + quoted(entry->value) + "; a number is accepted", ErrorCode::corrupt,
                    entry->line);
    }
    return true;
  }

  /// Between two numbers: one blank; or any number of them, as where a leaf without features leaves a gap.
  enum class Blanks : std::uint8_t { one, any };

  /// `count` numbers separated by blanks. Allocates by the text's size, not by what is claimed.
  template <class T>
  bool numbers(const std::vector<Entry>& entries, std::string_view key, std::size_t count, std::vector<T>& out,
               bool optional = false, Blanks blanks = Blanks::one) {
    out.clear();
    const Entry* entry = find(entries, key);
    if (entry == nullptr) {
      return optional || refuse("there is no " + quoted(key) + " in the lines above");
    }
    std::string_view rest = entry->value;
    while (!rest.empty()) {
      const std::size_t blank = rest.find(' ');
      const std::string_view token = rest.substr(0, blank);
      rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
      if (token.empty() && blanks == Blanks::any) continue;
      T value{};
      if (!read_token(token, value)) {
        return refuse(quoted(key) + ": " + quoted(token) + " is not a number that is accepted there",
                      ErrorCode::corrupt, entry->line);
      }
      out.push_back(value);
    }
    if (out.size() != count) {
      return refuse(
          quoted(key) + " has " + std::to_string(out.size()) + " numbers, " + std::to_string(count) + " are expected",
          ErrorCode::corrupt, entry->line);
    }
    return true;
  }

  static std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> out;
    for (const std::string_view word : split_text(text, ' ')) {
      if (!word.empty()) out.push_back(word);
    }
    return out;
  }

  std::string_view text_;
  std::string where_;
  std::size_t at_ = 0, line_ = 0;
  Failure failure_;
};

}  // namespace riskflag::inline v0_1::detail
