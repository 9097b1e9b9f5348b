#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

inline constexpr std::array<std::string_view, 12> kObjectives{
    "binary",  "cross_entropy", "regression", "regression_l1", "huber",      "quantile",
    "poisson", "gamma",         "tweedie",    "custom",        "multiclass", "multiclassova"};

[[nodiscard]] inline bool is_multiclass(std::string_view objective) noexcept {
  return objective == "multiclass" || objective == "multiclassova";
}

/// The metrics that may be named with an objective; none for an objective that is unknown.
[[nodiscard]] inline std::span<const std::string_view> metrics_of(std::string_view objective) noexcept {
  static constexpr std::string_view kBinary[] = {"binary_logloss", "auc", "average_precision", "brier", "ks", "gini"};
  static constexpr std::string_view kShares[] = {"cross_entropy", "l1", "l2", "rmse"};
  static constexpr std::string_view kNumbers[] = {
      "l2", "rmse", "l1", "huber", "quantile", "poisson_deviance", "gamma_deviance", "tweedie_deviance"};
  static constexpr std::string_view kClasses[] = {"multi_logloss", "multi_error", "accuracy",
                                                  "f1_macro",      "f1_weighted", "roc_auc_ovr"};
  if (std::find(kObjectives.begin(), kObjectives.end(), objective) == kObjectives.end()) return {};
  if (is_multiclass(objective)) return kClasses;
  if (objective == "binary") return kBinary;
  if (objective == "cross_entropy") return kShares;
  return kNumbers;
}

inline void check_option(bool good, std::string_view name, std::string found, std::string_view range) {
  if (!good) fail(ErrorCode::invalid_option, std::string(name), std::move(found) + " is not " + std::string(range));
}
inline void check_integer(std::string_view name, long long x, long long low, long long high, std::string_view range) {
  check_option(x >= low && x <= high, name, std::to_string(x), range);
}
/// In (low, high]: the bound `low` itself is excluded.
inline void check_above(std::string_view name, double x, double low, double high, std::string_view range) {
  check_option(is_finite(x) && x > low && x <= high, name, number_text(x), range);
}
inline void check_not_negative(std::string_view name, double x) {
  check_option(is_finite(x) && x >= 0.0, name, number_text(x), "a finite number >= 0");
}

}  // namespace detail

inline void validate(const TrainOptions& o) {
  constexpr int kMax = 2147483647;
  constexpr double kHuge = 1e300;
  const std::span<const std::string_view> metrics = detail::metrics_of(o.objective);
  if (metrics.empty()) {
    std::string known;
    for (const std::string_view name : detail::kObjectives) known += (known.empty() ? "" : ", ") + quoted(name);
    fail(ErrorCode::invalid_option, "objective",
         quoted(o.objective) + " is not one of " + known + did_you_mean(o.objective, detail::kObjectives));
  }
  if (detail::is_multiclass(o.objective)) {
    detail::check_integer("num_class", o.num_class, 2, 1000,
                          "in 2 to 1000, the number of classes that objective " + o.objective + " needs");
    if (o.scale_pos_weight != 1.0) {
      fail(ErrorCode::invalid_option, "scale_pos_weight",
           "is for objective binary; weigh the rows of several classes by weights of their own");
    }
  } else {
    detail::check_integer("num_class", o.num_class, 1, 1,
                          "1, as objective " + o.objective + " needs (multiclass has more)");
  }
  detail::check_integer("num_iterations", o.num_iterations, 1, kMax, "at least 1");
  detail::check_above("learning_rate", o.learning_rate, 0.0, 1.0, "in (0, 1]");
  detail::check_integer("num_leaves", o.num_leaves, 2, 131072, "in 2 to 131072");
  detail::check_integer("min_data_in_leaf", o.min_data_in_leaf, 0, kMax, "at least 0");
  detail::check_not_negative("min_sum_hessian_in_leaf", o.min_sum_hessian_in_leaf);
  detail::check_not_negative("lambda_l1", o.lambda_l1);
  detail::check_not_negative("lambda_l2", o.lambda_l2);
  detail::check_not_negative("min_gain_to_split", o.min_gain_to_split);
  detail::check_integer("max_bin", o.max_bin, 2, 255, "in 2 to 255");
  detail::check_integer("min_data_in_bin", o.min_data_in_bin, 1, kMax, "at least 1");
  detail::check_option(o.bin_construct_sample_cnt >= 1, "bin_construct_sample_cnt", "0", "at least 1");
  detail::check_above("scale_pos_weight", o.scale_pos_weight, 0.0, kHuge, "a finite number > 0");
  detail::check_above("feature_fraction", o.feature_fraction, 0.0, 1.0, "in (0, 1]");
  detail::check_above("bagging_fraction", o.bagging_fraction, 0.0, 1.0, "in (0, 1]");
  detail::check_integer("bagging_freq", o.bagging_freq, 0, kMax, "at least 0");
  detail::check_integer("max_cat_to_onehot", o.max_cat_to_onehot, 1, kMax, "at least 1");
  detail::check_integer("max_cat_threshold", o.max_cat_threshold, 1, kMax, "at least 1");
  detail::check_not_negative("cat_smooth", o.cat_smooth);
  detail::check_not_negative("cat_l2", o.cat_l2);
  detail::check_integer("min_data_per_group", o.min_data_per_group, 1, kMax, "at least 1");
  detail::check_integer("early_stopping_round", o.early_stopping_round, 0, kMax, "at least 0");
  detail::check_not_negative("early_stopping_min_delta", o.early_stopping_min_delta);
  detail::check_option(o.grow_policy == "leafwise" || o.grow_policy == "depthwise" || o.grow_policy == "symmetric",
                       "grow_policy", quoted(o.grow_policy), "\"leafwise\", \"depthwise\" or \"symmetric\"");
  if (o.grow_policy == "symmetric") {
    detail::check_integer("num_leaves", o.num_leaves, 2, 1024, "in 2 to 1024, as grow_policy symmetric needs");
  }
  detail::check_option(is_finite(o.max_delta_step), "max_delta_step", number_text(o.max_delta_step), "a finite number");
  detail::check_above("feature_fraction_bynode", o.feature_fraction_bynode, 0.0, 1.0, "in (0, 1]");
  detail::check_above("pos_bagging_fraction", o.pos_bagging_fraction, 0.0, 1.0, "in (0, 1]");
  detail::check_above("neg_bagging_fraction", o.neg_bagging_fraction, 0.0, 1.0, "in (0, 1]");
  if (o.objective != "binary" && (o.pos_bagging_fraction != 1.0 || o.neg_bagging_fraction != 1.0)) {
    fail(ErrorCode::invalid_option, "pos_bagging_fraction",
         "pos_bagging_fraction and neg_bagging_fraction are for objective binary; " + quoted(o.objective) +
             " has no such two classes to draw from");
  }
  if (o.is_unbalance && (o.objective != "binary" || o.scale_pos_weight != 1.0)) {
    fail(ErrorCode::invalid_option, "is_unbalance",
         o.objective != "binary"
             ? "is for objective binary; " + (detail::is_multiclass(o.objective)
                                                  ? "weigh the rows of several classes by weights of their own"
                                                  : quoted(o.objective) + " has no classes")
             : "and scale_pos_weight " + number_text(o.scale_pos_weight) + " both weigh classes; set one of them");
  }
  for (const int sign : o.monotone_constraints)
    detail::check_integer("monotone_constraints", sign, -1, 1, "-1, 0 or 1");
  detail::check_option(o.monotone_constraints_method == "basic" || o.monotone_constraints_method == "intermediate",
                       "monotone_constraints_method", quoted(o.monotone_constraints_method),
                       o.monotone_constraints_method == "advanced"
                           ? "built; \"basic\" and \"intermediate\" are, and \"intermediate\" is the looser one"
                           : "\"basic\" or \"intermediate\"");
  if (o.grow_policy == "symmetric" && o.monotone_constraints_method != "basic") {
    fail(ErrorCode::invalid_option, "monotone_constraints_method",
         quoted(o.monotone_constraints_method) +
             " moves the bounds of leaves while others are split, and grow_policy symmetric splits all leaves of a "
             "level at "
             "once; use \"basic\" with it");
  }
  for (const int most : o.max_bin_by_feature) detail::check_integer("max_bin_by_feature", most, 2, 255, "in 2 to 255");
  detail::check_above("alpha", o.alpha, 0.0, kHuge, "a finite number > 0");
  if (o.objective == "quantile") detail::check_option(o.alpha < 1.0, "alpha", number_text(o.alpha), "in (0, 1)");
  detail::check_above("poisson_max_delta_step", o.poisson_max_delta_step, 0.0, 100.0, "in (0, 100]");
  detail::check_option(o.tweedie_variance_power >= 1.0 && o.tweedie_variance_power < 2.0, "tweedie_variance_power",
                       number_text(o.tweedie_variance_power), "in [1, 2)");
  detail::check_not_negative("cegb_tradeoff", o.cegb_tradeoff);
  detail::check_not_negative("cegb_penalty_split", o.cegb_penalty_split);
  for (const double share : o.feature_contri) detail::check_not_negative("feature_contri", share);
  for (const double penalty : o.cegb_penalty_feature_coupled)
    detail::check_not_negative("cegb_penalty_feature_coupled", penalty);
  for (const double penalty : o.cegb_penalty_feature_lazy)
    detail::check_not_negative("cegb_penalty_feature_lazy", penalty);
  if (o.grow_policy == "symmetric" && !o.cegb_penalty_feature_lazy.empty()) {
    fail(ErrorCode::invalid_option, "cegb_penalty_feature_lazy",
         "is not built for grow_policy symmetric, whose levels ask all rows at once; cegb_penalty_feature_coupled is");
  }
  if (o.bagging_by_query && (o.pos_bagging_fraction != 1.0 || o.neg_bagging_fraction != 1.0)) {
    fail(ErrorCode::invalid_option, "bagging_by_query",
         "draws whole groups, pos_bagging_fraction and neg_bagging_fraction draw rows by their label; set one of them");
  }
  for (const std::string& metric : o.metric) {
    if (std::find(metrics.begin(), metrics.end(), metric) != metrics.end()) continue;
    std::string known;
    for (const std::string_view name : metrics) known += (known.empty() ? "" : ", ") + quoted(name);
    fail(ErrorCode::invalid_option, "metric",
         quoted(metric) + " is not one of " + known + " (objective " + o.objective + ")" +
             did_you_mean(metric, metrics));
  }
}

}  // namespace riskflag::inline v0_1
