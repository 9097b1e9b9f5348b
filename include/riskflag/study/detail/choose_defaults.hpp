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

inline FoldTrial StudyRun::try_fold(const TrainOptions& options, const std::vector<std::uint32_t>& held_out,
                                    Executor& executor) const {
  std::vector<std::uint32_t> rest;
  std::set_difference(parts_.split.train.begin(), parts_.split.train.end(), held_out.begin(), held_out.end(),
                      std::back_inserter(rest));
  TrainHooks train_hooks;
  train_hooks.stop = hooks_.stop;
  Seconds seconds;
  const FitJob job{table_.frame,  schema_, options_.recipe, target_.labels, weights_,
                   parts_.groups, rest,    held_out,        options,        options_.monotone};
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

/// Options that nobody gave, before they are used: for a binary target, and only where no option of capacity was given.
inline void StudyRun::choose_defaults() {
  if (!options_.table_defaults) return;
  const auto note = [&](const std::string& text) {
    if (hooks_.note) hooks_.note("defaults: " + text);
  };
  if (options_.train.objective != "binary") return note("LightGBM's: only objective=binary chooses");
  if (gives_capacity(options_.train, options_.given)) return note("LightGBM's: an option of capacity was given");
  const std::vector<std::uint32_t>& rows = parts_.split.train;
  const bool stops_early = train_options_.early_stopping_round > 0;
  const bool many = rows.size() > kOneFoldRows;
  const auto folds = many ? std::vector<std::vector<std::uint32_t>>{} : judging_folds(rows);
  if (folds.empty()) {
    train_options_ = with_profile(train_options_, many ? Profile::bold : Profile::careful);
    if (!stops_early) train_options_.num_iterations = kUnguardedRounds;
    return note(many ? "bold, for more than " + std::to_string(kOneFoldRows) + " training rows"
                     : "careful, for training rows that cannot be cut into 5 folds of both classes");
  }
  const bool few = rows.size() <= kAllFoldsRows;
  const std::size_t judged = folds.size();
  std::vector<TrainOptions> candidates;
  for (const Profile profile : kProfiles) {
    candidates.push_back(with_profile(train_options_, profile));
    candidates.back().early_stopping_round = kFoldPatience;
    candidates.back().metric.clear();
  }
  const Stopwatch watch;
  std::vector<FoldTrial> trials(candidates.size() * judged);
  tell("search", 0);
  StopExecutor trying(executor_, hooks_.stop, "search");
  trying.run(trials.size(), [&](std::size_t i, unsigned) {
    SerialExecutor alone;
    trials[i] = try_fold(candidates[i / judged], folds[i % judged], alone);
  });
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    double loss = 0;
    for (std::size_t f = 0; f < judged; ++f) loss += trials[c * judged + f].loss;
    if (loss < least) least = loss, best = c;
  }
  std::vector<int> rounds;
  for (std::size_t f = 0; f < judged; ++f) rounds.push_back(trials[best * judged + f].rounds);
  train_options_ = with_profile(train_options_, kProfiles[best]);
  // All folds together know the number of rounds better than a tenth of few rows would; trials of a search, which
  // differ in their rate, each need their own.
  const bool rounds_by_folds = few && (options_.search == 0 || !stops_early);
  if (rounds_by_folds && !options_.early_stopping_given) train_options_.early_stopping_round = 0;
  if (rounds_by_folds || !stops_early) train_options_.num_iterations = median_rounds(rounds);
  result_.seconds.train += watch.seconds();
  tell("search", 1);
  note(std::string(name_of(kProfiles[best])) + " of 4 profiles has the least log loss on " +
       (few ? "5 folds" : "a fifth") + " of the training rows; any option of capacity, such as num_leaves, or " +
       "table_defaults=false gives LightGBM's");
}

}  // namespace riskflag::inline v0_1::study::detail
