#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::mlflow {

// MLflow's limits (utils/validation.py of 3.x): of keys in bytes, as ours are plain, of values in characters.
inline constexpr std::size_t kMaxKey = 250, kMaxParam = 6000, kMaxTag = 8000, kMaxDigest = 36, kMaxSchema = 1'048'575;
inline constexpr std::size_t kMaxBatchMetrics = 1000, kMaxBatchParams = 100, kMaxBatchTags = 100;
inline constexpr std::size_t kMaxBatchBytes = 1'000'000;
/// What one item adds to a batch at most: a character of a value has four bytes or becomes "\u0001", those of a key are
/// plain.
inline constexpr std::size_t kMaxItemBytes = kMaxKey + 6 * kMaxTag + 100;

/// `key` as MLflow accepts it, the key itself where it does: "@" becomes "_at_" as in MLflow's LightGBM integration,
/// any other byte outside A-Z a-z 0-9 _ / . - : and blank becomes "_", so does what is no path of its own ("..", "//")
/// and the first of two dots at the beginning; beyond 250 bytes it is cut.
[[nodiscard]] inline std::string accepted_key(std::string_view key) {
  std::string out;
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '/' || c == '.' || c == '-' || c == ' ' || c == ':';
    if (c == '@') {
      out += "_at_";
    } else {
      out += plain ? c : '_';
    }
  }
  if (out.size() > kMaxKey) out.resize(kMaxKey);  // before it is made a path: where the cut leaves "a/", "a" is one
  std::string joined;
  for (const std::string_view part : split_text(out, '/')) {
    if (part.empty() || part == ".") continue;
    if (!joined.empty()) joined += '/';
    joined += part == ".." ? std::string_view("_") : part;
  }
  if (joined.empty()) joined = "_";
  if (joined.starts_with("..")) joined.front() = '_';
  return joined;
}

/// Characters of UTF-8: what MLflow counts in a value. A byte that belongs to none before it is one of its own.
[[nodiscard]] inline std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// The first `limit` characters of `text`.
[[nodiscard]] inline std::string cut_text(std::string_view text, std::size_t limit) {
  std::size_t seen = 0, end = 0;
  for (; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && ++seen > limit) break;
  }
  return std::string(text.substr(0, end));
}

}  // namespace riskflag::inline v0_1::mlflow
