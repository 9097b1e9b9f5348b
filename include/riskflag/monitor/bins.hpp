#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/reference.hpp>

namespace riskflag::inline v0_1::monitor {

/// Every place where a row of the applicant's fields can be counted, one behind the other: those of each field of the
/// reference, then those of the score. A row has one place for each field and one for its score.
class BinLayout {
 public:
  struct Field {
    std::string name;       ///< kScore for the score
    std::size_t begin = 0;  ///< its first place
    std::vector<std::string>
        bins;                 ///< what each place holds: "<=5", ">5", "=RENT", "other", "=96", "missing", "unseen"
    std::size_t ordered = 0;  ///< so many of the first are ranges, ascending; 0 of a category
  };
  static constexpr std::string_view kScore = "(score)";
  /// A category's levels beyond so many, the rarer ones in training, are counted together as "other": tests of many
  /// rare levels say little, and each is a time series.
  static constexpr std::size_t kMostLevels = 50;

  explicit BinLayout(const Reference& reference);

  /// Fields of the reference, and the score where the reference has scores.
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::size_t size() const noexcept { return training_.size(); }
  /// Training rows by place.
  [[nodiscard]] std::span<const std::uint64_t> training() const noexcept { return training_; }
  [[nodiscard]] std::span<const std::uint64_t> of(std::size_t field, std::span<const std::uint64_t> counts) const {
    return counts.subspan(fields_[field].begin, fields_[field].bins.size());
  }

  /// Appends the places of one row: `values` are as bundle::RowProgram reads them (numbers, days, levels' indices, NaN
  /// = missing, negative = unseen level), in the order of the reference's fields.
  void places(std::span<const double> values, double probability, std::vector<std::uint32_t>& out) const {
    for (std::size_t i = 0; i < rules_.size(); ++i) out.push_back(place(rules_[i], values[i]));
    if (has_scores_) out.push_back(score_begin_ + static_cast<std::uint32_t>(bin_of(score_edges_, probability)));
  }

 private:
  struct Rule {
    std::vector<double> edges, special;
    std::vector<std::uint32_t> levels;  // by index; empty: a number or date
    std::uint32_t begin = 0, special_begin = 0, missing = 0, unseen = 0;
  };
  [[nodiscard]] static std::uint32_t place(const Rule& rule, double value) noexcept {
    if (is_missing(value)) return rule.missing;
    if (!rule.levels.empty()) {
      return value >= 0 && value < static_cast<double>(rule.levels.size())
                 ? rule.levels[static_cast<std::size_t>(value)]
                 : rule.unseen;
    }
    for (std::size_t i = 0; i < rule.special.size(); ++i) {
      if (rule.special[i] == value) return rule.special_begin + static_cast<std::uint32_t>(i);
    }
    return rule.begin + static_cast<std::uint32_t>(bin_of(rule.edges, value));
  }
  [[nodiscard]] std::uint32_t next() const noexcept { return static_cast<std::uint32_t>(training_.size()); }
  void add(std::string bin, std::uint64_t rows) {
    fields_.back().bins.push_back(std::move(bin));
    training_.push_back(rows);
  }
  void add_ranges(std::span<const double> edges, std::span<const std::uint64_t> counts);
  void add_levels(Rule& rule, const FieldProfile& profile);

  std::vector<Field> fields_;
  std::vector<Rule> rules_;
  std::vector<std::uint64_t> training_;
  std::vector<double> score_edges_;
  std::uint32_t score_begin_ = 0;
  bool has_scores_ = false;
};

inline void BinLayout::add_ranges(std::span<const double> edges, std::span<const std::uint64_t> counts) {
  fields_.back().ordered = counts.size();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool last = i == edges.size();
    add(last ? (edges.empty() ? std::string("any") : ">" + number_text(edges.back())) : "<=" + number_text(edges[i]),
        counts[i]);
  }
}

inline void BinLayout::add_levels(Rule& rule, const FieldProfile& profile) {
  std::vector<std::size_t> order(profile.levels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return profile.counts[a] != profile.counts[b] ? profile.counts[a] > profile.counts[b] : a < b;
  });
  std::vector<bool> own(order.size(), order.size() <= kMostLevels);
  for (std::size_t i = 0; i < std::min(order.size(), kMostLevels - 1); ++i) own[order[i]] = true;
  std::uint64_t others = 0;
  rule.levels.assign(std::max<std::size_t>(order.size(), 1), 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!own[i]) {
      others += profile.counts[i];
      continue;
    }
    rule.levels[i] = next();
    add("=" + profile.levels[i], profile.counts[i]);
  }
  if (order.empty() || order.size() > kMostLevels) {
    for (std::size_t i = 0; i < rule.levels.size(); ++i) {
      if (order.empty() || !own[i]) rule.levels[i] = next();
    }
    add("other", others);
  }
}

inline BinLayout::BinLayout(const Reference& reference) {
  for (const FieldProfile& profile : reference.fields) {
    fields_.push_back({profile.name, training_.size(), {}});
    Rule rule;
    rule.begin = next();
    if (profile.type == ColumnType::category) {
      add_levels(rule, profile);
    } else {
      rule.edges = profile.edges;
      rule.special = profile.special;
      add_ranges(profile.edges, profile.counts);
    }
    rule.special_begin = next();
    for (std::size_t i = 0; i < profile.special.size(); ++i) {
      add("=" + number_text(profile.special[i]), profile.special_counts[i]);
    }
    rule.missing = next();
    add("missing", profile.missing);
    rule.unseen = rule.missing;
    if (profile.type == ColumnType::category) {
      rule.unseen = next();
      add("unseen", profile.unseen);
    }
    rules_.push_back(std::move(rule));
  }
  has_scores_ = !reference.score_counts.empty();
  if (!has_scores_) return;
  score_begin_ = next();
  score_edges_ = reference.score_edges;
  fields_.push_back({std::string(kScore), training_.size(), {}});
  add_ranges(score_edges_, reference.score_counts);
}

}  // namespace riskflag::inline v0_1::monitor
