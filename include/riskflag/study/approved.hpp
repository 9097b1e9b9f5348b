#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace riskflag::inline v0_1::study {

/// Places of at most `most` rows that score below `threshold`, for reasons to compare with: evenly spaced ranks of
/// their scores, rising, equal scores in the order of the rows; all of them where there are no more. Empty where none
/// passes.
[[nodiscard]] inline std::vector<std::size_t> choose_approved(std::span<const double> scores, double threshold,
                                                              std::size_t most) {
  std::vector<std::size_t> passed;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] < threshold) passed.push_back(i);
  }
  std::sort(passed.begin(), passed.end(),
            [&](std::size_t a, std::size_t b) { return scores[a] != scores[b] ? scores[a] < scores[b] : a < b; });
  if (passed.size() <= most) return passed;
  std::vector<std::size_t> chosen;
  // The middle of each of `most` slices.
  for (std::size_t i = 0; i < most; ++i) chosen.push_back(passed[(2 * i + 1) * passed.size() / (2 * most)]);
  return chosen;
}

}  // namespace riskflag::inline v0_1::study
