#pragma once

// The folds that choose a profile (study/table_defaults.hpp) and its rounds, from training rows alone.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/split.hpp>
#include <riskflag/study/cross_validate.hpp>
#include <riskflag/study/detail/study_run.hpp>
#include <riskflag/study/table_defaults.hpp>

namespace riskflag::inline v0_1::study::detail {

/// Rounds without improvement that end a fold's training: some profiles learn slowly.
inline constexpr int kFoldPatience = 100;

/// The loss that a fold's training reached on the rows left out, and when.
struct FoldTrial {
  double loss = std::numeric_limits<double>::infinity();
  int rounds = 1;
};

inline FoldTrial StudyRun::try_fold(const prep::Recipe& recipe, const TrainOptions& options,
                                    const std::vector<std::uint32_t>& rows, const std::vector<std::uint32_t>& held_out,
                                    Executor& executor) const {
  std::vector<std::uint32_t> rest;
  std::set_difference(rows.begin(), rows.end(), held_out.begin(), held_out.end(), std::back_inserter(rest));
  TrainHooks train_hooks;
  train_hooks.stop = hooks_.stop;
  Seconds seconds;
  const FitJob job = fit_job(recipe, options, rest, held_out);
  const Fit fitted = fit(job, executor, train_hooks, seconds, [](std::string_view, double) {});
  if (fitted.trained.cancelled) check_stop(hooks_.stop, "search");
  const auto& losses = fitted.trained.model.history.values;
  const int rounds = fitted.trained.best_iteration;
  if (rounds < 1 || losses.empty()) return {};
  return {losses[static_cast<std::size_t>(rounds) - 1][0], rounds};
}

/// The folds of `rows` that judge profiles; none where they cannot: fewer groups or times than folds, or one class
/// alone beside the rows left out.
inline std::vector<std::vector<std::uint32_t>> StudyRun::judging_folds(const std::vector<std::uint32_t>& rows) const {
  constexpr std::size_t kFolds = 5;
  const auto labels = labels_of(rows);
  const auto groups = gather(std::span<const std::uint64_t>(parts_.groups), rows);
  const auto times = gather(std::span<const std::int64_t>(parts_.times), rows);
  const SplitOptions split = split_options(options_);
  const std::size_t units = split.kind == SplitKind::group
                                ? std::set<std::uint64_t>(groups.begin(), groups.end()).size()
                            : split.kind == SplitKind::time ? std::set<std::int64_t>(times.begin(), times.end()).size()
                                                            : rows.size();
  std::size_t classes[2] = {0, 0};
  for (const double label : labels) ++classes[label != 0.0 ? 1 : 0];
  if (units < kFolds || std::min(classes[0], classes[1]) < 2 * kFolds) return {};
  auto folds = k_folds(rows.size(), kFolds, split, labels, groups, times);
  if (rows.size() > kAllFoldsRows) {  // the latest, as it will be
    if (split.kind == SplitKind::time) std::swap(folds.front(), folds.back());
    folds.resize(1);
  }
  for (auto& fold : folds) {
    std::size_t left[2] = {classes[0], classes[1]};
    for (std::uint32_t& position : fold) {
      --left[labels[position] != 0.0 ? 1 : 0];
      position = rows[position];
    }
    if (left[0] == 0 || left[1] == 0) return {};
  }
  return folds;
}

/// Names of the columns of so many levels and more, which may be replaced by statistics of the target: none where the
/// caller said anything about features one by one, whose number would change.
inline std::vector<std::string> StudyRun::columns_of_levels(std::size_t least) const {
  const TrainOptions& train = options_.train;
  if (!options_.recipe.steps.empty() || !train.monotone_constraints.empty() || !train.interaction_constraints.empty() ||
      !train.max_bin_by_feature.empty() || !train.feature_contri.empty() || !train.forced_bins.empty() ||
      !train.cegb_penalty_feature_coupled.empty() || !train.cegb_penalty_feature_lazy.empty())
    return {};
  std::vector<std::string> names;
  for (const Field& field : schema_.fields) {
    const bool promised = std::any_of(options_.monotone.begin(), options_.monotone.end(),
                                      [&](const prep::FieldDirection& each) { return each.field == field.name; });
    if (field.role == Role::feature && field.type == ColumnType::category && !promised && field.levels.size() >= least)
      names.push_back(field.name);
  }
  return names;
}

/// Target statistics of these columns, in their place or beside them. Cross-fitted: ordered ones, whose first rows know
/// little, were worth less (docs/decisions/9-defaults.md).
enum class Levels { replaced, kept };
[[nodiscard]] inline prep::Recipe statistics_recipe(std::vector<std::string> columns, Levels levels) {
  prep::TargetEncode encode;
  encode.columns.names = std::move(columns);
  encode.smooth = kStatisticsRows;
  encode.keep = levels == Levels::kept;
  return {{encode}};
}

/// `rows`, or so many of them.
[[nodiscard]] inline std::vector<std::uint32_t> some_rows(const std::vector<std::uint32_t>& rows, std::size_t most,
                                                          std::uint64_t seed) {
  if (rows.size() <= most) return rows;
  std::vector<std::uint32_t> drawn = rows;
  shuffle(drawn, Random(seed).split(0x736f6d65));  // "some"
  drawn.resize(most);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

/// Options that nobody gave, before they are used: for a binary target, and only where no option of capacity was given.
inline void StudyRun::choose_defaults() {
  if (!options_.table_defaults) return;
  const auto note = [&](const std::string& text) {
    if (hooks_.note) hooks_.note("defaults: " + text);
  };
  if (options_.train.objective != "binary" || gives_capacity(options_.train, options_.given)) return;  // LightGBM's
  const bool stops_early = train_options_.early_stopping_round > 0;
  const bool few = parts_.split.train.size() <= kAllFoldsRows, many = parts_.split.train.size() > kOneFoldRows;
  const std::vector<std::string> long_columns = few ? std::vector<std::string>{} : columns_of_levels(kManyLevels);
  const TrainOptions given = train_options_;
  if (many) {
    train_options_ = with_profile(given, Profile::bold);
    if (!stops_early) train_options_.num_iterations = kUnguardedRounds;
    note("bold, for more than " + std::to_string(kOneFoldRows) + " training rows");
    if (long_columns.empty()) return;
  }
  const std::vector<std::uint32_t> rows = some_rows(parts_.split.train, kOneFoldRows, options_.seed);
  const auto folds = judging_folds(rows);
  if (folds.empty()) {
    if (many) return;
    train_options_ = with_profile(given, Profile::careful);
    if (!stops_early) train_options_.num_iterations = kUnguardedRounds;
    return note("careful, for training rows that cannot be cut into 5 folds of both classes");
  }
  const Stopwatch watch;
  tell("search", 0);
  StopExecutor trying(executor_, hooks_.stop, "search");
  const auto judge = [&](std::span<const Profile> profiles, const prep::Recipe& recipe) {
    const std::size_t judged = folds.size();
    std::vector<TrainOptions> candidates;
    for (const Profile profile : profiles) {
      candidates.push_back(with_profile(given, profile));
      candidates.back().early_stopping_round = kFoldPatience;
      candidates.back().metric.clear();
    }
    std::vector<FoldTrial> trials(profiles.size() * judged);
    trying.run(trials.size(), [&](std::size_t i, unsigned) {
      SerialExecutor alone;
      trials[i] = try_fold(recipe, candidates[i / judged], rows, folds[i % judged], alone);
    });
    std::vector<FoldTrial> out;
    for (std::size_t c = 0; c < profiles.size(); ++c) {
      FoldTrial sum{0, 0};
      std::vector<int> rounds;
      for (std::size_t f = 0; f < judged; ++f) {
        sum.loss += trials[c * judged + f].loss;
        rounds.push_back(trials[c * judged + f].rounds);
      }
      sum.rounds = median_rounds(rounds);
      out.push_back(sum);
    }
    return out;
  };
  const auto end = [&] {
    result_.seconds.train += watch.seconds();
    tell("search", 1);
  };
  const auto encode_long_columns = [&](Profile profile, double loss) {
    if (long_columns.empty()) return;
    const prep::Recipe recipe = statistics_recipe(long_columns, Levels::replaced);
    if (!(judge({&profile, 1}, recipe).front().loss < loss)) return;
    recipe_ = recipe;
    note("statistics of the target in the place of the levels of " +
         number_text(static_cast<double>(long_columns.size())) + " columns of " + std::to_string(kManyLevels) +
         " levels and more");
  };
  if (many) {
    constexpr Profile kBold = Profile::bold;
    encode_long_columns(kBold, judge({&kBold, 1}, options_.recipe).front().loss);
    return end();
  }
  const std::vector<FoldTrial> natives = judge(kProfiles, options_.recipe);
  std::size_t best = 0, second = kProfiles.size();
  for (std::size_t c = 1; c < natives.size(); ++c) {
    if (natives[c].loss < natives[best].loss) best = c;
  }
  for (std::size_t c = 0; c < natives.size(); ++c) {
    if (c != best && (second == kProfiles.size() || natives[c].loss < natives[second].loss)) second = c;
  }
  train_options_ = with_profile(given, kProfiles[best]);
  // All folds together know the number of rounds better than a tenth of few rows would; trials of a search, which
  // differ in their rate, each need their own.
  const bool rounds_by_folds = few && (options_.search == 0 || !stops_early);
  if (rounds_by_folds && !options_.early_stopping_given) train_options_.early_stopping_round = 0;
  if (rounds_by_folds || !stops_early) train_options_.num_iterations = natives[best].rounds;
  std::string chosen(name_of(kProfiles[best]));
  if (few && options_.search == 0 && options_.parts.cv == 0 && !options_.early_stopping_given) {
    const auto join = [&](Profile profile, const FoldTrial& trial, const std::vector<std::string>& without) {
      for (std::uint64_t seed = 0; seed < kMemberSeeds; ++seed) {
        Member member{with_profile(given, profile), without};
        member.options.num_iterations = trial.rounds;
        member.options.early_stopping_round = 0;
        member.options.seed = given.seed + members_.size();
        members_.push_back(std::move(member));
      }
    };
    std::vector<Profile> joined{kProfiles[best]};
    std::vector<FoldTrial> plain{natives[best]}, encoded;
    if (natives[second].loss <= kSecondLoss * natives[best].loss) {
      joined.push_back(kProfiles[second]), plain.push_back(natives[second]);
      chosen += " and " + std::string(name_of(kProfiles[second]));
    }
    const std::vector<std::string> columns = columns_of_levels(kEncodedLevels);
    if (!columns.empty()) encoded = judge(joined, statistics_recipe(columns, Levels::replaced));
    const auto is_worth_it = [&](const FoldTrial& trial) { return trial.loss <= kStatisticsLoss * natives[best].loss; };
    const bool any = std::any_of(encoded.begin(), encoded.end(), is_worth_it);
    std::vector<std::string> statistics;
    for (const std::string& name : columns) {
      if (any) statistics.push_back(name + ":target");
    }
    for (std::size_t k = 0; k < joined.size(); ++k) {
      join(joined[k], plain[k], statistics);
      if (any && is_worth_it(encoded[k])) join(joined[k], encoded[k], columns);
    }
    if (any) {
      recipe_ = statistics_recipe(columns, Levels::kept);
      chosen += ", with and without statistics of the target for levels,";
    }
  }
  encode_long_columns(kProfiles[best], natives[best].loss);
  folds_chose_ = true;
  end();
  note(chosen + " of 4 profiles has the least log loss on " + (few ? "5 folds" : "a fifth") +
       " of the training rows; any option of capacity, such as num_leaves, or table_defaults=false gives LightGBM's");
}

}  // namespace riskflag::inline v0_1::study::detail
