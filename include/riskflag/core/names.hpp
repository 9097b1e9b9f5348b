#pragma once

// Lists of names in texts and slips of the finger in them. Apart from text.hpp, which everyone who compiles predict.hpp
// pays for.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

/// The parts between the separators; an empty text is one empty part.
[[nodiscard]] std::vector<std::string_view> split_text(std::string_view text, char separator);

/// Takes the first of these parts, and the separator behind it, off the front of `rest`; behind the last one `rest` has
/// no data(): `for (auto rest = text; rest.data() != nullptr;) use(take_part(rest, ','))`. No allocation.
[[nodiscard]] inline std::string_view take_part(std::string_view& rest, char separator) noexcept {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

/// The candidate with the smallest edit distance, if that is small enough to be a likely slip; for "did you mean".
[[nodiscard]] std::optional<std::string_view> find_nearest(std::string_view name,
                                                           std::span<const std::string_view> candidates);
/// " (did you mean \"x\"?)" or "".
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

/// What there is in place of a name that is not, the nearest first: " (did you mean \"b\"?); there are \"b\", \"a\" and
/// 7 more", or "; there are none".
[[nodiscard]] std::string what_there_is(std::string_view name, std::span<const std::string_view> candidates);
[[nodiscard]] std::string what_there_is(std::string_view name, std::span<const std::string> candidates);

// ---------------------------------------------------------------------------------------------------------------------

inline std::vector<std::string_view> split_text(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

namespace detail {

/// Names longer than this are no slips of a finger, and the distance is quadratic.
inline constexpr std::size_t kLongestSlip = 100;

/// Edits (insert, delete, replace, swap of neighbours) between two texts of at most kLongestSlip bytes, without regard
/// to ASCII case.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) noexcept {
  std::size_t rows[3][kLongestSlip + 1] = {};
  std::size_t *before = rows[0], *last = rows[1], *row = rows[2];
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min(std::min(last[j], row[j - 1]) + 1, last[j - 1] + (same ? 0u : 1u));
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::size_t* const oldest = before;
    before = last;
    last = row;
    row = oldest;
  }
  return last[b.size()];
}

}  // namespace detail

inline std::optional<std::string_view> find_nearest(std::string_view name,
                                                    std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > detail::kLongestSlip) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > detail::kLongestSlip) continue;
    const std::size_t distance = detail::edit_distance(name, candidate);
    if (distance < least && distance < candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

inline std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  const auto nearest = find_nearest(name, candidates);
  return nearest ? " (did you mean " + quoted(*nearest) + "?)" : std::string();
}

inline std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  return did_you_mean(name, std::span<const std::string_view>(views));
}

inline std::string what_there_is(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr std::size_t kShown = 8;
  if (candidates.empty()) return "; there are none";
  const auto nearest = find_nearest(name, candidates);
  std::vector<std::string_view> shown;
  if (nearest) shown.push_back(*nearest);
  for (const std::string_view candidate : candidates) {
    if (shown.size() < kShown && (!nearest || candidate != *nearest)) shown.push_back(candidate);
  }
  std::string text;
  for (const std::string_view candidate : shown) text += (text.empty() ? "" : ", ") + quoted(candidate);
  if (candidates.size() > shown.size()) text += " and " + std::to_string(candidates.size() - shown.size()) + " more";
  return did_you_mean(name, candidates) + (candidates.size() == 1 ? "; there is only " : "; there are ") + text;
}

inline std::string what_there_is(std::string_view name, std::span<const std::string> candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  return what_there_is(name, std::span<const std::string_view>(views));
}

}  // namespace riskflag::inline v0_1
