#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/parallel.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>

namespace riskflag::inline v0_1::monitor {

/// How many training rows fell where, for one field of the applicant.
///
/// A row is counted in exactly one place: missing, else a special code, else (category) its level or unseen, else its
/// bin.
struct FieldProfile {
  std::string name;
  ColumnType type = ColumnType::number;
  std::vector<double> edges{};  ///< number, date (days): ascending; value x lies in the first bin i with x <= edges[i]
  std::vector<std::string> levels{};    ///< category: the schema's levels, in its order
  std::vector<std::uint64_t> counts{};  ///< edges.size() + 1 bins, or one for each level
  std::vector<double> special{};        ///< the schema's special codes of the field
  std::vector<std::uint64_t> special_counts{};
  std::uint64_t missing = 0;
  std::uint64_t unseen = 0;  ///< category cells whose level the schema does not list

  friend bool operator==(const FieldProfile&, const FieldProfile&) = default;
};

/// The training profile that live rows are compared with: deciles frozen at training time, levels, gaps, scores.
struct Reference {
  std::uint64_t rows = 0;
  std::vector<FieldProfile> fields;  ///< role feature, in the schema's order
  std::vector<double> score_edges;   ///< deciles of the probabilities, ascending, without repeats
  std::vector<std::uint64_t> score_counts;

  friend bool operator==(const Reference&, const Reference&) = default;
};

/// At most this many bins for a number, a date or the score; fewer where values repeat.
inline constexpr int kReferenceBins = 10;

/// The bin of `x` among `edges`: the number of edges below it. `x` is not NaN.
[[nodiscard]] std::size_t bin_of(std::span<const double> edges, double x) noexcept;

/// Counts `rows`' cells of every field with role feature, and the probabilities that the model gave to the same rows.
/// `probabilities` may be empty (no score profile); otherwise one for each row. Throws Error(schema_mismatch) when a
/// field is absent from `rows`. O(rows) a field; each field is a task of `executor`, and what it throws between them
/// passes through.
[[nodiscard]] Reference make_reference(const Schema& schema, const Frame& rows, std::span<const double> probabilities,
                                       Executor& executor);
/// On the calling thread alone.
[[nodiscard]] Reference make_reference(const Schema& schema, const Frame& rows, std::span<const double> probabilities);

/// `reference` as reference.json holds it.
[[nodiscard]] std::string reference_text(const Reference& reference);
/// Exactly what reference_text was given. Throws Error(parse | corrupt) naming `where`.
[[nodiscard]] Reference parse_reference(std::string_view text, std::string_view where);

}  // namespace riskflag::inline v0_1::monitor

#include <riskflag/monitor/detail/reference.hpp>
