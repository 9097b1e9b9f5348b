#pragma once

// Training options for whoever gave none: how a table's own rows choose them. Reasons and measurements:
// docs/decisions/9-defaults.md.

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::study {

/// The options that decide how much a model can learn by heart. Whoever gives one of them gets LightGBM's defaults for
/// the others.
inline constexpr std::string_view kCapacityOptions[] = {
    "num_iterations",
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_data_in_leaf",
    "lambda_l1",
    "lambda_l2",
    "min_gain_to_split",
    "feature_fraction",
    "bagging_fraction",
    "bagging_freq",
    "extra_trees",
    "cat_smooth",
    "feature_fraction_bynode",
    "min_data_per_group",
    "pos_bagging_fraction",
    "neg_bagging_fraction",
};

/// True when one of kCapacityOptions was given: `given` names it, or its value is not TrainOptions' default.
[[nodiscard]] inline bool gives_capacity(const TrainOptions& options, std::span<const std::string> given) {
  const auto now = options_list(options), plain = options_list({});
  for (std::size_t i = 0; i < now.size(); ++i) {
    const std::string& name = now[i].first;
    if (std::find(std::begin(kCapacityOptions), std::end(kCapacityOptions), name) == std::end(kCapacityOptions))
      continue;
    if (now[i].second != plain[i].second || std::find(given.begin(), given.end(), name) != given.end()) return true;
  }
  return false;
}

/// How much a model is trusted to find in the rows.
enum class Profile {
  smooth,   ///< a weak or additive signal: small trees whose cuts are drawn
  careful,  ///< few rows: small trees of drawn rows and features, a low rate
  middle,   ///< small trees of drawn features
  bold,     ///< many rows and a strong signal: LightGBM's trees at half its rate
};
inline constexpr std::array kProfiles{Profile::smooth, Profile::careful, Profile::middle, Profile::bold};

[[nodiscard]] inline std::string_view name_of(Profile profile) noexcept {
  constexpr std::string_view kNames[] = {"smooth", "careful", "middle", "bold"};
  return kNames[static_cast<std::size_t>(profile)];
}

/// `options` with a profile's values of kCapacityOptions; rounds are the most there may be.
[[nodiscard]] inline TrainOptions with_profile(TrainOptions options, Profile profile) {
  const bool drawn = profile == Profile::smooth || profile == Profile::careful;
  options.num_iterations = 1000;
  options.learning_rate = drawn ? 0.03 : 0.05;
  options.lambda_l2 = profile == Profile::careful ? 5.0 : 3.0;
  if (profile == Profile::bold) return options;
  options.num_leaves = profile == Profile::smooth ? 10 : profile == Profile::careful ? 7 : 15;
  options.min_data_in_leaf = drawn ? 5 : 10;
  options.feature_fraction_bynode = drawn ? 0.35 : 0.7;
  if (!drawn) return options;
  if (profile == Profile::smooth) {
    options.extra_trees = true;
  } else {
    options.cat_smooth = 5.0;
    options.min_data_per_group = 10;
  }
  options.bagging_fraction = profile == Profile::smooth ? 0.6 : 0.7;
  options.bagging_freq = 1;
  return options;
}

/// Training rows up to which every fold of five judges the profiles, and up to which one of them does; beyond, bold it
/// is.
inline constexpr std::size_t kAllFoldsRows = 5'000, kOneFoldRows = 50'000;
/// Few rows: a second profile joins the best one when its loss is at most so many times the best one's; so does the
/// best one with statistics of the target in the place of levels, whose noise the mean over seeds takes away.
inline constexpr double kSecondLoss = 1.01, kStatisticsLoss = 1.02;
/// Trainings of each profile that joins, with seeds of their own.
inline constexpr std::uint64_t kMemberSeeds = 2;
/// Levels from which a column has statistics, of few rows and of more, and their pseudo-rows of the overall mean.
inline constexpr std::size_t kEncodedLevels = 3, kManyLevels = 32;
inline constexpr double kStatisticsRows = 10;
/// Rounds where nothing held-out ends the training of a table that is too long for folds.
inline constexpr int kUnguardedRounds = 300;

}  // namespace riskflag::inline v0_1::study
