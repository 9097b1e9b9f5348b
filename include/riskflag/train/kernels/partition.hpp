#pragma once

#include <cstddef>
#include <cstdint>

namespace riskflag::inline v0_1::kernels {

/// Sends rows left or right without a branch: left ones from out[0] upwards, right ones from out[n - 1] downwards, both
/// in the order of `rows` (so a rising list stays a rising or falling one, and columns are read in one direction).
/// go_left[bin] is 1 or 0. Returns how many went left. `rows` null: rows first .. first + n - 1.
inline std::size_t partition_rows(const std::uint8_t* column, const std::uint8_t* go_left, const std::uint32_t* rows,
                                  std::uint32_t first, std::size_t n, std::uint32_t* out) noexcept {
  std::size_t left = 0;
  // Row i is the i-th that goes somewhere: `left` went left, so the next free place on the right is n - 1 - (i - left).
  if (rows == nullptr) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = first + static_cast<std::uint32_t>(i);
      const std::size_t goes = go_left[column[row]];
      out[left] = row;
      out[n - 1 - i + left] = row;
      left += goes;
    }
    return left;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t row = rows[i];
    const std::size_t goes = go_left[column[row]];
    out[left] = row;
    out[n - 1 - i + left] = row;
    left += goes;
  }
  return left;
}

using PartitionRows = decltype(&partition_rows);

}  // namespace riskflag::inline v0_1::kernels
