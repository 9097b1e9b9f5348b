#pragma once

// What a promise about a raw field asks of the features that derive from it.

#include <span>
#include <string>
#include <vector>

#include <riskflag/data/schema.hpp>
#include <riskflag/prep/pipeline.hpp>

namespace riskflag::inline v0_1::prep {

/// "The model's margin never falls (1) or never rises (-1) while this raw field rises and the others stay."
struct FieldDirection {
  std::string field{};
  int sign = 0;  ///< 1 or -1
};

/// For each feature of a fitted pipeline the sign, 1, -1 or 0, that a model must keep in it so that every promise of
/// `wanted` holds for the raw fields: TrainOptions::monotone_constraints.
///
/// The sign is carried through every operation: scaling, clipping, filling, logarithms and ordered bins keep it, a
/// table over bins keeps or turns it where its values rise or fall, and expressions follow the rule of signs over what
/// is known of their operands' ranges (Field::minimum and maximum, clip, abs, constants, max). A promise is about
/// values that are numbers throughout: it says nothing of missing values, of special codes, or of a value that a
/// derivation makes missing (log of a negative number), unless the derivation then fills it, which is refused.
///
/// Throws Error: not_found (no such field, with the nearest name), invalid_option (a sign that is not 1 or -1, a field
/// named twice, a category, a field that no feature derives from, a derivation without a known sign, or two fields that
/// ask a feature for opposite signs), each naming field, feature and derivation.
[[nodiscard]] std::vector<int> monotone_features(const Pipeline& pipeline, const Schema& schema,
                                                 std::span<const FieldDirection> wanted);

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/monotone_signs.hpp>
