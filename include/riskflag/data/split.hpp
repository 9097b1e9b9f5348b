#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <riskflag/data/frame.hpp>

namespace riskflag::inline v0_1 {

/// How rows are dealt to parts.
enum class SplitKind {
  random,      ///< every row by itself
  stratified,  ///< every row by itself, each distinct label in equal shares (to within one row a label)
  group,       ///< all rows of one group go to one part; shares are of rows, met as well as whole groups allow
  time,  ///< the latest rows are the test part, the latest of the others the validation part; equal times stay together
};

struct SplitOptions {
  SplitKind kind = SplitKind::stratified;
  double test_fraction = 0.2;   ///< of all rows, [0, 1); 0 leaves the part out
  double valid_fraction = 0.1;  ///< of what test leaves, [0, 1); 0 leaves the part out
  std::uint64_t seed = 42;      ///< the only source of randomness
};

/// Row indices, each part ascending; every row is in exactly one part.
struct Split {
  std::vector<std::uint32_t> train{}, valid{}, test{};
};

/// Deals `rows` rows to three parts. `labels` are needed for stratified, `groups` (ids as group_ids makes them) for
/// group, `times` (any unit, ascending) for time; each then has `rows` elements, and the others may be empty. The parts
/// depend on nothing but the arguments. Throws invalid_option for a fraction outside its range, invalid_data for a span
/// of the wrong size, for more than 2^32 - 1 rows, and when a part that was asked for would be empty.
[[nodiscard]] Split split_rows(std::size_t rows, const SplitOptions& options, std::span<const double> labels = {},
                               std::span<const std::uint64_t> groups = {}, std::span<const std::int64_t> times = {});

/// `k` disjoint sets of held-out rows, ascending, that together are all rows; sizes differ by at most one where the
/// kind lets them (random; stratified: by label). For kind time fold i holds the i-th stretch of time. `k` is 2 to the
/// number of rows (of groups, of distinct times), else invalid_option. The fractions of `options` are not used.
[[nodiscard]] std::vector<std::vector<std::uint32_t>> k_folds(std::size_t rows, std::size_t k,
                                                              const SplitOptions& options,
                                                              std::span<const double> labels = {},
                                                              std::span<const std::uint64_t> groups = {},
                                                              std::span<const std::int64_t> times = {});

/// One id a row: rows that agree in all of those columns (missing agrees with missing) have equal ids; ids are dense
/// and numbered by first appearance. Throws not_found for a column that is not there, invalid_option for none.
[[nodiscard]] std::vector<std::uint64_t> group_ids(const Frame& frame, std::span<const std::string> columns);

}  // namespace riskflag::inline v0_1

#include <riskflag/data/detail/split.hpp>
