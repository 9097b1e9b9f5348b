#pragma once

// Names that C++ can spell, for fields and levels that have any text.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::bundle::detail {

/// Keywords, and macros that programs meet under -std=gnu++20 and in common headers.
inline constexpr auto kTakenWords = std::to_array<std::string_view>(
    {"alignas",     "alignof",   "and",        "and_eq",    "asm",      "auto",         "bitand",
     "bitor",       "bool",      "break",      "case",      "catch",    "char",         "char8_t",
     "char16_t",    "char32_t",  "class",      "compl",     "concept",  "const",        "consteval",
     "constexpr",   "constinit", "const_cast", "continue",  "co_await", "co_return",    "co_yield",
     "decltype",    "default",   "delete",     "do",        "double",   "dynamic_cast", "else",
     "enum",        "explicit",  "export",     "extern",    "false",    "float",        "for",
     "friend",      "goto",      "if",         "inline",    "int",      "long",         "mutable",
     "namespace",   "new",       "noexcept",   "not",       "not_eq",   "nullptr",      "operator",
     "or",          "or_eq",     "private",    "protected", "public",   "register",     "reinterpret_cast",
     "requires",    "return",    "short",      "signed",    "sizeof",   "static",       "static_assert",
     "static_cast", "struct",    "switch",     "template",  "this",     "thread_local", "throw",
     "true",        "try",       "typedef",    "typeid",    "typename", "union",        "unsigned",
     "using",       "virtual",   "void",       "volatile",  "wchar_t",  "while",        "xor",
     "xor_eq",      "assert",    "errno",      "linux",     "unix",     "BUFSIZ",       "EOF",
     "FALSE",       "HUGE",      "I",          "INFINITY",  "NAN",      "NULL",         "OVERFLOW",
     "TRUE",        "UNDERFLOW", "stdin",      "stdout",    "stderr"});

/// Whether `text` is an identifier that a namespace may have: ASCII, no '_' first, and no word of kTakenWords.
[[nodiscard]] inline bool is_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && (i == 0 || (c != '_' && (c < '0' || c > '9')))) return false;
  }
  return !text.empty() && std::find(kTakenWords.begin(), kTakenWords.end(), text) == kTakenWords.end();
}

/// `text` with '_' for what no name may have, `lead` before a digit; never empty, reserved or in `taken`, to which it
/// is added.
[[nodiscard]] inline std::string unique_name(std::string_view text, std::string_view lead,
                                             std::vector<std::string>& taken) {
  std::string name;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (letter || digit) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) {
    name = std::string(lead) + (name.empty() ? "" : "_") + name;
  }
  if (std::find(kTakenWords.begin(), kTakenWords.end(), name) != kTakenWords.end()) name += '_';
  std::string unique = name;
  const auto is_taken = [&] { return std::find(taken.begin(), taken.end(), unique) != taken.end(); };
  const std::string joint = name.back() == '_' ? "" : "_";
  for (int i = 2; is_taken(); ++i) unique = name + joint + std::to_string(i);
  taken.push_back(unique);
  return unique;
}

/// "loan_purpose" -> "LoanPurpose".
[[nodiscard]] inline std::string type_name(std::string_view member, std::vector<std::string>& taken) {
  std::string name;
  bool upper = true;
  for (const char c : member) {
    if (c != '_') name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) name += "Level";
  return unique_name(name, "Field", taken);
}

/// `text` in quotes, fit for a // comment: no line break, and '?' for each of the characters that turn the writing
/// around (U+200E, 200F, 202A to 202E, 2066 to 2069) or break lines (2028, 2029).
[[nodiscard]] inline std::string comment_text(std::string_view text) {
  std::string out = quoted(text, 200);
  for (std::size_t i = 0; i + 2 < out.size(); ++i) {
    if (out[i] != '\xE2') continue;
    const auto second = static_cast<unsigned char>(out[i + 1]), third = static_cast<unsigned char>(out[i + 2]);
    const bool mark = second == 0x80 && (third == 0x8E || third == 0x8F || (third >= 0xA8 && third <= 0xAE));
    if (mark || (second == 0x81 && third >= 0xA6 && third <= 0xA9)) out.replace(i, 3, "?");
  }
  return out;
}

}  // namespace riskflag::inline v0_1::bundle::detail
