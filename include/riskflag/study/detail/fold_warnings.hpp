#pragma once

// A table of 20,000 constant columns is one fact, not 20,000 warnings.

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::study::detail {

/// So many columns under one code are told one by one.
inline constexpr std::size_t kMostAlike = 20;

/// `all` with the entries of each code that more than kMostAlike columns share made one, in the place of the first:
/// their count, the first three names, the first sentence. `Entry` is a Warning or an audit::Finding; entries about no
/// single column stay.
template <class Entry>
[[nodiscard]] std::vector<Entry> fold_alike(std::vector<Entry> all) {
  struct Alike {
    std::size_t count = 0;
    std::string names;
    std::size_t place = 0;
  };
  constexpr std::size_t kNamed = 3;
  std::map<std::string, Alike> codes;
  for (const Entry& entry : all) {
    if (entry.column.empty()) continue;
    Alike& alike = codes[entry.code];
    if (++alike.count <= kNamed) alike.names += (alike.count == 1 ? "" : ", ") + quoted(entry.column);
  }
  std::vector<Entry> out;
  for (Entry& entry : all) {
    const auto found = entry.column.empty() ? codes.end() : codes.find(entry.code);
    if (found == codes.end() || found->second.count <= kMostAlike) {
      out.push_back(std::move(entry));
      continue;
    }
    Alike& alike = found->second;
    if (alike.place++ > 0) continue;
    entry.message = std::to_string(alike.count) + " columns (" + alike.names + " and " +
                    std::to_string(alike.count - kNamed) + " more); of the first: " + entry.message;
    if (!entry.remedy.empty()) entry.remedy += ", and so for each";
    entry.column.clear();
    entry.number = static_cast<double>(alike.count);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace riskflag::inline v0_1::study::detail
