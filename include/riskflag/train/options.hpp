#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bin/cuts.hpp>

namespace riskflag::inline v0_1 {

/// How trees are grown. Names, meanings and defaults are LightGBM's; docs/parameters.md lists aliases and differences.
struct TrainOptions {
  std::string objective = "binary";  ///< what is learned; docs/guide/train.md lists objectives
  int num_iterations = 100;          ///< boosting rounds, >= 1; each adds one tree, or one for each class
  double learning_rate = 0.1;        ///< (0, 1]; multiplied into every leaf
  int num_leaves = 31;               ///< a tree, 2 to 131,072; the best leaf is split first
  int max_depth = -1;                ///< questions on the longest path; <= 0: no limit
  int min_data_in_leaf = 20;  ///< >= 0; exact number of rows, whatever their weights (rows of weight 0 do not count)
  double min_sum_hessian_in_leaf = 1e-3;             ///< >= 0
  double lambda_l1 = 0.0;                            ///< >= 0
  double lambda_l2 = 0.0;                            ///< >= 0
  double min_gain_to_split = 0.0;                    ///< >= 0; a split must gain more than this
  int max_bin = 255;                                 ///< value bins a feature, 2 to 255; missing values have one more
  int min_data_in_bin = 3;                           ///< >= 1
  std::uint64_t bin_construct_sample_cnt = 200'000;  ///< >= 1; rows that cuts are chosen from
  bool boost_from_average = true;  ///< start at the labels' mean (its log-odds); off where init margins are given
  double scale_pos_weight = 1.0;   ///< > 0; binary: weight of rows labelled 1, times their own
  double feature_fraction = 1.0;   ///< (0, 1]; share of the features that a tree may use
  double bagging_fraction = 1.0;   ///< (0, 1]; chance of a row to be used, where bagging_freq > 0
  int bagging_freq = 0;            ///< draw rows anew every so many rounds; 0: use all
  int max_cat_to_onehot = 4;       ///< >= 1; categorical features with at most so many bins split one level off
  int max_cat_threshold = 32;      ///< >= 1; levels on the smaller side of a sorted categorical split
  double cat_smooth = 10.0;        ///< >= 0; added to a level's hessian when levels are sorted; rarer levels stay right
  double cat_l2 = 10.0;            ///< >= 0; added to lambda_l2 in the gain of sorted categorical splits
  int min_data_per_group = 100;    ///< >= 1; rows between two cuts tried among sorted levels (estimated by hessian)
  std::vector<std::string> metric{};  ///< of validation sets (docs/guide/train.md); empty: the objective's own
  int early_stopping_round = 0;       ///< rounds without improvement that end training; 0, or no validation set: never
  double early_stopping_min_delta = 0.0;  ///< >= 0; smaller improvements count as none
  bool first_metric_only = false;         ///< early stopping looks at the first metric of each validation set alone
  std::uint64_t seed = 42;                ///< the only source of randomness
  // From here on a model's file names an option only where it differs from its default.
  std::string grow_policy = "leafwise";     ///< or "depthwise": level by level; "symmetric": one question a level
  double max_delta_step = 0.0;              ///< largest |leaf| before the learning rate; <= 0: no limit
  double feature_fraction_bynode = 1.0;     ///< (0, 1]; share of a tree's features that a node may ask, at least one
  bool extra_trees = false;                 ///< one random cut a feature and node instead of the best
  bool is_unbalance = false;                ///< binary: weights of the rarer class times the ratio of the classes' rows
  double pos_bagging_fraction = 1.0;        ///< (0, 1]; binary: bagging_fraction of rows labelled 1
  double neg_bagging_fraction = 1.0;        ///< (0, 1]; binary: bagging_fraction of rows labelled 0
  std::vector<int> monotone_constraints{};  ///< empty, or for each feature 1 (rising), -1 (falling) or 0
  std::string monotone_constraints_method = "basic";  ///< or "intermediate": looser bounds, slower, closer fits
  std::vector<std::vector<std::string>> interaction_constraints{};  ///< groups of features that may share a path
  std::vector<int> max_bin_by_feature{};                            ///< empty, or max_bin for each feature, 2 to 255
  double alpha = 0.9;                    ///< quantile: (0, 1), which one; huber: > 0, where the loss becomes linear
  double poisson_max_delta_step = 0.7;   ///< > 0; poisson: added to the margin in the hessian
  double tweedie_variance_power = 1.5;   ///< [1, 2); tweedie
  bool zero_as_missing = false;          ///< numeric zeros (|x| <= 1e-35) are missing values
  bool bagging_by_query = false;         ///< bagging draws whole groups of rows (TrainData::groups)
  double cegb_tradeoff = 1.0;            ///< >= 0; multiplied into the penalties of cegb_
  double cegb_penalty_split = 0.0;       ///< >= 0; taken off a split's gain for each row of its node
  std::vector<double> feature_contri{};  ///< empty, or for each feature >= 0: its gains are multiplied by it
  int num_class = 1;                     ///< multiclass, multiclassova: how many classes, 2 to 1000; elsewhere 1
  std::vector<double> cegb_penalty_feature_coupled{};  ///< empty, or >= 0: a feature's first question costs it
  std::vector<double> cegb_penalty_feature_lazy{};     ///< empty, or >= 0: each row new to a feature costs it
  std::vector<ForcedBins> forced_bins{};               ///< bounds that a feature's bins end at: [age,25,65],[debt,0]
};

/// Throws Error(invalid_option) with the option's name, its value and its range.
void validate(const TrainOptions& options);

/// Sets one option from text: LightGBM's name or one of its aliases ("eta", "n_estimators", "reg_lambda", ...). Throws
/// Error(invalid_option) for a name that is none (with the nearest one) or a value that cannot be read; ranges are
/// validate()'s. `metric` takes a list with commas.
void set_option(TrainOptions& options, std::string_view name, std::string_view value);

/// What a model's file says of its options: those of the first release, and others where they differ from the default.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> recorded_options(const TrainOptions& options);

/// Every option under its name, in the order of the struct, as set_option() reads it back.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> options_list(const TrainOptions& options);

/// The names that set_option() takes, without aliases.
[[nodiscard]] std::vector<std::string_view> option_names();

/// The part that binning needs.
[[nodiscard]] BinOptions bin_options(const TrainOptions& options);

}  // namespace riskflag::inline v0_1

#include <riskflag/train/detail/options_table.hpp>
#include <riskflag/train/detail/validate_options.hpp>
