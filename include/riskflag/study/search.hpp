#pragma once

// Which training options? Random search with successive halving.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::study {

/// One training option and the values that it may take: either `choices`, or a range.
struct SearchParameter {
  std::string name{};                  ///< of a training option, or an alias
  std::vector<std::string> choices{};  ///< when not empty: one of these, as set_option() reads them
  double low = 0, high = 0;            ///< else a number from low to high
  bool log = false;                    ///< drawn evenly in its logarithm; low > 0
  bool whole = false;                  ///< whole numbers alone
  friend bool operator==(const SearchParameter&, const SearchParameter&) = default;
};

/// What --search looks through when no --search-space says otherwise: learning_rate, num_leaves, min_data_in_leaf,
/// lambda_l2, feature_fraction, and bagging_fraction with bagging_freq 1.
[[nodiscard]] std::vector<SearchParameter> default_search_space();

/// {"num_leaves": {"low": 7, "high": 127, "log": true}, "extra_trees": [true, false], "bagging_freq": 1}: a range (of
/// whole numbers when both ends are whole, unless "whole": false), an array of values, or one value. Throws
/// Error(parse | invalid_option), naming `where`, for what is none, for a name that the trainer does not have (with the
/// nearest one) and for an option that is named twice.
[[nodiscard]] std::vector<SearchParameter> parse_search_space(std::string_view text, std::string_view where);

/// Options of a trial, as set_option() takes them.
using TrialSettings = std::vector<std::pair<std::string, std::string>>;
/// Trial 0 is empty: the options as they were given. Every other one is a pure function of space, seed and its number,
/// so that a longer search begins with the shorter one's trials. Numbers have four digits.
[[nodiscard]] TrialSettings draw_trial(const std::vector<SearchParameter>& space, std::uint64_t seed,
                                       std::size_t trial);

/// How a trial did on held-out rows.
struct TrialScore {
  double loss = 0;  ///< log loss of a binary target, root mean squared error of a number
  int rounds = 0;   ///< that training kept
  friend bool operator==(const TrialScore&, const TrialScore&) = default;
};

struct SearchTrial {
  std::size_t number = 0;  ///< 0: the options as they were given
  TrialSettings settings{};
  double share = 0;    ///< of the training rows, in the last rung that it reached
  TrialScore score{};  ///< there
};

struct SearchResult {
  std::vector<SearchTrial> trials{};  ///< by number; empty without a search
  std::size_t best = 0;               ///< the least loss among those that reached all rows; of equal ones the first
};

/// The logged run that a search belongs to: the same command goes on in it.
struct SearchRun {
  std::string id{};       ///< as its logger gave it; empty: none
  std::string command{};  ///< StudyOptions::command
};
/// The run of the search that left `path`, when the same command left it; nullopt otherwise, and for a file that cannot
/// be read, which the search itself reports.
[[nodiscard]] std::optional<std::string> find_search_run(const std::string& path, std::string_view command);

/// Scores that a search has already, kept in a file from one call to the next.
///
/// Life: 1. constructed over a path: reads what was kept under the same key (another key, or no file: nothing); 2.
/// find() and keep(), from one thread at a time; each keep() replaces the file whole. remove() at the end.
class SearchJournal {
 public:
  /// `key` says what the scores depend on besides the trial: data, space, seed. An empty path keeps nothing. `run` is
  /// kept beside the scores.
  SearchJournal(std::string path, std::string key, SearchRun run = {});
  [[nodiscard]] std::optional<TrialScore> find(std::size_t trial, double share) const;
  void keep(std::size_t trial, double share, const TrialScore& score);
  void remove();

 private:
  struct Kept {
    std::uint64_t trial;
    double share;
    TrialScore score;
  };
  std::string path_, key_;
  SearchRun run_;
  std::vector<Kept> kept_;
};

/// Shares of the training rows of the rungs of successive halving: all alone below 18,000 rows, else a ninth, a third
/// and all. After each rung the best third goes on, and the options as they were given always do.
[[nodiscard]] std::vector<double> search_shares(std::size_t rows);

/// One rung at a time: scores some trials on a share of the rows, in the order of `trials`. May be asked for what the
/// journal lacks only.
using JudgeTrials = std::function<std::vector<TrialScore>(const std::vector<SearchTrial>& trials, double share)>;

/// Searches: `count` random trials beside the options as given. Results depend on space, seed and `judge` alone, not on
/// what the journal had. Jamieson and Talwalkar, "Non-stochastic best arm identification", AISTATS 2016, with rows as
/// the budget: rounds would favour high learning rates.
[[nodiscard]] SearchResult search(const std::vector<SearchParameter>& space, std::size_t count, std::uint64_t seed,
                                  const std::vector<double>& shares, const JudgeTrials& judge, SearchJournal& journal);

/// "learning_rate=0.05 num_leaves=31", or "as given".
[[nodiscard]] std::string trial_text(const TrialSettings& settings);

}  // namespace riskflag::inline v0_1::study

#include <riskflag/study/detail/search_space.hpp>
#include <riskflag/study/detail/search_trials.hpp>
