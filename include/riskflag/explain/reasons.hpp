#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/feature.hpp>

namespace riskflag::inline v0_1 {

/// One of a row's reasons: an applicant's field and what it adds to the margin.
struct FieldReason {
  std::size_t field = 0;      ///< index into the fields that a ReasonRanker was made with
  double contribution = 0.0;  ///< > 0: towards High

  bool operator==(const FieldReason&) const = default;
};

/// Turns contributions of features into reasons in the applicant's own words: fields.
///
/// The features that one field became (its one-hot columns, its groups, numbers derived from it) are summed; a feature
/// derived from several fields counts for each of them in equal parts, so that nothing is lost. A feature without
/// fields, or from none of those given, counts for nobody.
class ReasonRanker {
 public:
  ReasonRanker(const std::vector<Feature>& features, const std::vector<std::string>& fields);

  [[nodiscard]] std::size_t fields() const noexcept { return fields_; }

  /// Each field's share of `contributions` (one for each feature), into `out` (fields() values).
  void sum(std::span<const double> contributions, std::span<double> out) const noexcept;

  /// At most `most` fields with a contribution above 0, the greatest first, of equal ones the field that stands first.
  /// `sums` (fields() values) is overwritten. O(fields x most).
  void rank(std::span<const double> contributions, std::size_t most, std::vector<FieldReason>& out,
            std::span<double> sums) const;

 private:
  struct Part {
    std::uint32_t feature, field;
    double share;
  };
  std::size_t fields_;
  std::vector<Part> parts_;
};

// ---------------------------------------------------------------------------------------------------------------------

inline ReasonRanker::ReasonRanker(const std::vector<Feature>& features, const std::vector<std::string>& fields)
    : fields_(fields.size()) {
  for (std::size_t f = 0; f < features.size(); ++f) {
    const auto& from = features[f].fields;
    for (const std::string& name : from) {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i] != name) continue;
        parts_.push_back({static_cast<std::uint32_t>(f), static_cast<std::uint32_t>(i),
                          exact::div(1.0, static_cast<double>(from.size()))});
      }
    }
  }
}

inline void ReasonRanker::sum(std::span<const double> contributions, std::span<double> out) const noexcept {
  for (double& x : out) x = 0.0;
  for (const Part& part : parts_) {
    out[part.field] = exact::add(out[part.field], exact::mul(contributions[part.feature], part.share));
  }
}

inline void ReasonRanker::rank(std::span<const double> contributions, std::size_t most, std::vector<FieldReason>& out,
                               std::span<double> sums) const {
  sum(contributions, sums);
  out.clear();
  while (out.size() < most) {
    std::size_t best = fields_;
    for (std::size_t i = 0; i < fields_; ++i) {
      if (sums[i] > 0.0 && (best == fields_ || sums[i] > sums[best])) best = i;
    }
    if (best == fields_) return;
    out.push_back({best, sums[best]});
    sums[best] = 0.0;
  }
}

}  // namespace riskflag::inline v0_1
