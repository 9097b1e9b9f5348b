#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::mlflow {

// MLflow's limits (utils/validation.py of 3.x).
inline constexpr std::size_t kMaxKey = 250, kMaxParam = 6000, kMaxTag = 8000, kMaxDigest = 36, kMaxSchema = 1'048'575;
inline constexpr std::size_t kMaxBatchMetrics = 1000, kMaxBatchParams = 100, kMaxBatchTags = 100;
inline constexpr std::size_t kMaxBatchBytes = 1'000'000;
/// What one item adds to a batch at most: a byte of a value becomes "\u0001", those of a key are plain.
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

/// `text` cut to `limit` bytes at a character's boundary.
[[nodiscard]] inline std::string cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

}  // namespace riskflag::inline v0_1::mlflow
