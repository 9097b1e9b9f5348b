#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <riskflag/core/missing.hpp>

namespace riskflag::inline v0_1 {

/// Shortest text that reads back to the same double ("0.1", "1e+22" as std::to_chars writes it; "nan", "inf", "-inf").
[[nodiscard]] std::string number_text(double x);
void append_number(std::string& out, double x);
void append_number(std::string& out, std::int64_t x);
void append_number(std::string& out, std::uint64_t x);
void append_number(std::string& out, int x);

/// The whole of `text` as a double, bit-equal to strtod in the C locale; a leading '+' is accepted, blanks, hex and
/// empty text are not; "inf", "nan" in any case are accepted only when `specials` says so. Underflow gives the nearest
/// (possibly 0), overflow is no number.
enum class Specials { refuse, accept };
[[nodiscard]] std::optional<double> parse_double(std::string_view text, Specials specials = Specials::refuse) noexcept;
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;

/// Without ASCII blanks (space, tab, CR, LF, FF, VT) at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
[[nodiscard]] std::string lower_ascii(std::string_view text);

/// "text" in double quotes, control bytes escaped, cut to `limit` bytes at a character boundary with "...": fit for a
/// message.
[[nodiscard]] std::string quoted(std::string_view text, std::size_t limit = 60);
/// Where <iomanip> is included, std::quoted is found through a std::string's namespace and would be the better match.
[[nodiscard]] inline std::string quoted(const std::string& text, std::size_t limit = 60) {
  return quoted(std::string_view(text), limit);
}
[[nodiscard]] inline std::string quoted(std::string& text, std::size_t limit = 60) {
  return quoted(std::string_view(text), limit);
}
[[nodiscard]] inline std::string quoted(const char* text, std::size_t limit = 60) {
  return quoted(std::string_view(text), limit);
}

/// `text` as one word of a POSIX shell: in single quotes where it is not plain.
[[nodiscard]] std::string shell_word(std::string_view text);

/// True when `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Length in bytes of the well-formed UTF-8 character that `text` starts with, 1 to 4; 0 when it starts with none.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

}  // namespace riskflag::inline v0_1

#include <riskflag/core/detail/text.hpp>
