#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/reference.hpp>

namespace riskflag::inline v0_1::monitor {
namespace detail {

inline constexpr std::int64_t kReferenceFormat = 1;

/// The deciles of `values` (reordered here) as ascending edges without repeats: edge d is the value at rank
/// ceil(n d / 10). -0 counts as 0.
[[nodiscard]] inline std::vector<double> decile_edges(std::vector<double>& values) {
  std::vector<double> edges;
  if (values.empty()) return edges;
  const double greatest = *std::max_element(values.begin(), values.end());
  std::size_t done = 0;  // what lies before is not above what lies behind
  for (std::size_t d = 1; d < std::size_t{kReferenceBins}; ++d) {
    const std::size_t rank = (values.size() * d + kReferenceBins - 1) / kReferenceBins;  // 1-based
    const std::size_t at = rank == 0 ? 0 : rank - 1;
    const auto from = values.begin() + static_cast<std::ptrdiff_t>(done);
    std::nth_element(from, values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    done = at;
    const double edge = values[at] == 0.0 ? 0.0 : values[at];
    // The greatest value needs no edge: nothing would lie above it.
    if (edge < greatest && (edges.empty() || edges.back() < edge)) edges.push_back(edge);
  }
  return edges;
}

inline void count_number(FieldProfile& profile, std::vector<double> values) {
  std::vector<double> kept;
  kept.reserve(values.size());
  for (const double x : values) {
    const auto code = std::find(profile.special.begin(), profile.special.end(), x);
    if (is_missing(x)) {
      ++profile.missing;
    } else if (code != profile.special.end()) {
      ++profile.special_counts[static_cast<std::size_t>(code - profile.special.begin())];
    } else {
      kept.push_back(x);
    }
  }
  profile.edges = decile_edges(kept);
  profile.counts.assign(profile.edges.size() + 1, 0);
  for (const double x : kept) ++profile.counts[bin_of(profile.edges, x)];
}

inline void count_levels(FieldProfile& profile, const Field& field, const Column& column) {
  profile.levels = field.levels;
  profile.counts.assign(field.levels.size(), 0);
  const auto find_level = [&](const std::string& text) {
    const auto it = std::lower_bound(field.levels.begin(), field.levels.end(), text);
    if (it != field.levels.end() && *it == text) return static_cast<std::size_t>(it - field.levels.begin());
    if (field.text_rules.any()) {
      const std::string ruled = field.text_rules.apply(text);
      for (std::size_t i = 0; i < field.levels.size(); ++i) {
        if (field.text_rules.apply(field.levels[i]) == ruled) return i;
      }
    }
    return field.levels.size();
  };
  std::vector<std::size_t> place;
  for (const std::string& level : column.levels) place.push_back(find_level(level));
  for (const std::int32_t code : column.codes) {
    if (code == kMissingCode) {
      ++profile.missing;
    } else if (const std::size_t at = place[static_cast<std::size_t>(code)]; at < profile.counts.size()) {
      ++profile.counts[at];
    } else {
      ++profile.unseen;
    }
  }
}

[[nodiscard]] inline FieldProfile profile_of(const Field& field, const Column& column) {
  FieldProfile profile;
  profile.name = field.name;
  profile.type = field.type;
  profile.special = field.special;
  profile.special_counts.assign(field.special.size(), 0);
  if (column.type != field.type) {
    fail(ErrorCode::schema_mismatch, "reference profile",
         "column " + quoted(field.name) + " is a " + std::string(name_of(column.type)) + ", the schema says " +
             std::string(name_of(field.type)));
  }
  if (field.type == ColumnType::number) {
    count_number(profile, column.numbers);
  } else if (field.type == ColumnType::date) {
    std::vector<double> days;
    days.reserve(column.days.size());
    for (const std::int32_t day : column.days)
      days.push_back(day == kMissingDate ? kMissing : static_cast<double>(day));
    count_number(profile, std::move(days));
  } else if (field.type == ColumnType::category) {
    count_levels(profile, field, column);
  }
  return profile;
}

inline void write_numbers(JsonWriter& json, std::string_view name, std::span<const double> numbers) {
  json.key(name).begin_array();
  for (const double x : numbers) json.value(x);
  json.end_array();
}
inline void write_counts(JsonWriter& json, std::string_view name, std::span<const std::uint64_t> counts) {
  json.key(name).begin_array();
  for (const std::uint64_t n : counts) json.value(n);
  json.end_array();
}

/// edges.size() + 1 counts, ascending edges.
inline void check_bins(const JsonFile& file, const Json& at, const std::vector<double>& edges,
                       const std::vector<std::uint64_t>& counts) {
  if (std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) != edges.end())
    file.refuse(at, "edges do not ascend");
  if (counts.size() != edges.size() + 1) {
    file.refuse(at, std::to_string(counts.size()) + " counts for " + std::to_string(edges.size()) +
                        " edges; one more than edges is needed");
  }
}

}  // namespace detail

inline std::size_t bin_of(std::span<const double> edges, double x) noexcept {
  return static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), x) - edges.begin());
}

inline Reference make_reference(const Schema& schema, const Frame& rows, std::span<const double> probabilities,
                                Executor& executor) {
  const auto& features = schema.features();
  for (const std::size_t i : features) {
    if (rows.find(schema.fields[i].name) == nullptr) {
      fail(ErrorCode::schema_mismatch, "reference profile", "the rows have no column " + quoted(schema.fields[i].name));
    }
  }
  if (!probabilities.empty() && probabilities.size() != rows.rows()) {
    fail(ErrorCode::invalid_data, "reference profile",
         std::to_string(probabilities.size()) + " probabilities for " + std::to_string(rows.rows()) + " rows");
  }
  Reference reference;
  reference.rows = rows.rows();
  reference.fields.resize(features.size());
  executor.run(features.size() + (probabilities.empty() ? 0 : 1), [&](std::size_t task, unsigned) {
    if (task < features.size()) {
      const Field& field = schema.fields[features[task]];
      reference.fields[task] = detail::profile_of(field, *rows.find(field.name));
      return;
    }
    std::vector<double> scores(probabilities.begin(), probabilities.end());
    reference.score_edges = detail::decile_edges(scores);
    reference.score_counts.assign(reference.score_edges.size() + 1, 0);
    for (const double p : probabilities) ++reference.score_counts[bin_of(reference.score_edges, p)];
  });
  return reference;
}

inline Reference make_reference(const Schema& schema, const Frame& rows, std::span<const double> probabilities) {
  SerialExecutor serial;
  return make_reference(schema, rows, probabilities, serial);
}

inline std::string reference_text(const Reference& reference) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object();
  json.key("format").value(detail::kReferenceFormat);
  json.key("rows").value(reference.rows);
  detail::write_numbers(json, "score_edges", reference.score_edges);
  detail::write_counts(json, "score_counts", reference.score_counts);
  json.key("fields").begin_array();
  for (const FieldProfile& field : reference.fields) {
    json.begin_object();
    json.key("name").value(std::string_view(field.name));
    json.key("type").value(name_of(field.type));
    detail::write_numbers(json, "edges", field.edges);
    json.key("levels").begin_array();
    for (const auto& level : field.levels) json.value(std::string_view(level));
    json.end_array();
    detail::write_counts(json, "counts", field.counts);
    detail::write_numbers(json, "special", field.special);
    detail::write_counts(json, "special_counts", field.special_counts);
    json.key("missing").value(field.missing);
    json.key("unseen").value(field.unseen);
    json.end_object();
  }
  json.end_array().end_object();
  return std::move(json).text() + "\n";
}

inline Reference parse_reference(std::string_view text, std::string_view where) {
  const JsonFile file(where);
  const Json root = file.open(text, detail::kReferenceFormat);
  file.only(root, {"format", "rows", "score_edges", "score_counts", "fields"});
  Reference reference;
  reference.rows = file.count(root, "rows");
  reference.score_edges = file.numbers(root, "score_edges");
  reference.score_counts = file.counts(root, "score_counts");
  if (!reference.score_counts.empty() || !reference.score_edges.empty()) {
    detail::check_bins(file, root, reference.score_edges, reference.score_counts);
  }
  for (const Json& json :
       file.objects(root, "fields",
                    {"name", "type", "edges", "levels", "counts", "special", "special_counts", "missing", "unseen"})) {
    FieldProfile field;
    field.name = file.text(json, "name");
    field.type = file.chosen(json, "type", find_column_type, "number, category, text, date");
    field.edges = file.numbers(json, "edges");
    field.levels = file.texts(json, "levels");
    field.counts = file.counts(json, "counts");
    field.special = file.numbers(json, "special");
    field.special_counts = file.counts(json, "special_counts");
    field.missing = file.count(json, "missing");
    field.unseen = file.count(json, "unseen");
    if (field.special.size() != field.special_counts.size())
      file.refuse(json, "special and special_counts differ in length");
    if (field.type == ColumnType::category) {
      if (field.counts.size() != field.levels.size()) file.refuse(json, "levels and counts differ in length");
    } else if (field.type != ColumnType::text) {
      detail::check_bins(file, json, field.edges, field.counts);
    }
    reference.fields.push_back(std::move(field));
  }
  return reference;
}

}  // namespace riskflag::inline v0_1::monitor
