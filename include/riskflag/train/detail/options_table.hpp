#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

using OptionMember =
    std::variant<int TrainOptions::*, double TrainOptions::*, bool TrainOptions::*, std::uint64_t TrainOptions::*,
                 std::string TrainOptions::*, std::vector<std::string> TrainOptions::*,
                 std::vector<int> TrainOptions::*, std::vector<double> TrainOptions::*,
                 std::vector<std::vector<std::string>> TrainOptions::*, std::vector<ForcedBins> TrainOptions::*>;

struct OptionRow {
  std::string_view name;
  OptionMember member;
  std::string_view aliases;  ///< LightGBM's, separated by blanks
};

/// One row for each field, in the order of the struct.
[[nodiscard]] inline std::span<const OptionRow> option_table() {
  using O = TrainOptions;
  static const std::array kTable{
      OptionRow{"objective", &O::objective, "objective_type app application loss"},
      OptionRow{
          "num_iterations", &O::num_iterations,
          "num_iteration n_iter num_tree num_trees num_round num_rounds nrounds num_boost_round n_estimators max_iter"},
      OptionRow{"learning_rate", &O::learning_rate, "shrinkage_rate eta"},
      OptionRow{"num_leaves", &O::num_leaves, "num_leaf max_leaves max_leaf max_leaf_nodes"},
      OptionRow{"max_depth", &O::max_depth, ""},
      OptionRow{"min_data_in_leaf", &O::min_data_in_leaf,
                "min_data_per_leaf min_data min_child_samples min_samples_leaf"},
      OptionRow{"min_sum_hessian_in_leaf", &O::min_sum_hessian_in_leaf,
                "min_sum_hessian_per_leaf min_sum_hessian min_hessian min_child_weight"},
      OptionRow{"lambda_l1", &O::lambda_l1, "reg_alpha l1_regularization"},
      OptionRow{"lambda_l2", &O::lambda_l2, "reg_lambda lambda l2_regularization"},
      OptionRow{"min_gain_to_split", &O::min_gain_to_split, "min_split_gain"},
      OptionRow{"max_bin", &O::max_bin, "max_bins"},
      OptionRow{"min_data_in_bin", &O::min_data_in_bin, ""},
      OptionRow{"bin_construct_sample_cnt", &O::bin_construct_sample_cnt, "subsample_for_bin"},
      OptionRow{"boost_from_average", &O::boost_from_average, ""},
      OptionRow{"scale_pos_weight", &O::scale_pos_weight, ""},
      OptionRow{"feature_fraction", &O::feature_fraction, "sub_feature colsample_bytree"},
      OptionRow{"bagging_fraction", &O::bagging_fraction, "sub_row subsample bagging"},
      OptionRow{"bagging_freq", &O::bagging_freq, "subsample_freq"},
      OptionRow{"max_cat_to_onehot", &O::max_cat_to_onehot, ""},
      OptionRow{"max_cat_threshold", &O::max_cat_threshold, ""},
      OptionRow{"cat_smooth", &O::cat_smooth, ""},
      OptionRow{"cat_l2", &O::cat_l2, ""},
      OptionRow{"min_data_per_group", &O::min_data_per_group, ""},
      OptionRow{"metric", &O::metric, "metrics metric_types"},
      OptionRow{"early_stopping_round", &O::early_stopping_round,
                "early_stopping_rounds early_stopping n_iter_no_change"},
      OptionRow{"early_stopping_min_delta", &O::early_stopping_min_delta, ""},
      OptionRow{"first_metric_only", &O::first_metric_only, ""},
      OptionRow{"seed", &O::seed, "random_seed random_state"},
      OptionRow{"grow_policy", &O::grow_policy, ""},
      OptionRow{"max_delta_step", &O::max_delta_step, "max_tree_output max_leaf_output"},
      OptionRow{"feature_fraction_bynode", &O::feature_fraction_bynode, "sub_feature_bynode colsample_bynode"},
      OptionRow{"extra_trees", &O::extra_trees, "extra_tree"},
      OptionRow{"is_unbalance", &O::is_unbalance, "unbalance unbalanced_sets"},
      OptionRow{"pos_bagging_fraction", &O::pos_bagging_fraction, "pos_sub_row pos_subsample pos_bagging"},
      OptionRow{"neg_bagging_fraction", &O::neg_bagging_fraction, "neg_sub_row neg_subsample neg_bagging"},
      OptionRow{"monotone_constraints", &O::monotone_constraints, "mc monotone_constraint monotonic_cst"},
      OptionRow{"monotone_constraints_method", &O::monotone_constraints_method,
                "monotone_constraining_method mc_method"},
      OptionRow{"interaction_constraints", &O::interaction_constraints, ""},
      OptionRow{"max_bin_by_feature", &O::max_bin_by_feature, ""},
      OptionRow{"alpha", &O::alpha, ""},
      OptionRow{"poisson_max_delta_step", &O::poisson_max_delta_step, ""},
      OptionRow{"tweedie_variance_power", &O::tweedie_variance_power, ""},
      OptionRow{"zero_as_missing", &O::zero_as_missing, ""},
      OptionRow{"bagging_by_query", &O::bagging_by_query, ""},
      OptionRow{"cegb_tradeoff", &O::cegb_tradeoff, ""},
      OptionRow{"cegb_penalty_split", &O::cegb_penalty_split, ""},
      OptionRow{"feature_contri", &O::feature_contri, "feature_contrib fc fp feature_penalty"},
      OptionRow{"num_class", &O::num_class, "num_classes"},
      OptionRow{"cegb_penalty_feature_coupled", &O::cegb_penalty_feature_coupled, ""},
      OptionRow{"cegb_penalty_feature_lazy", &O::cegb_penalty_feature_lazy, ""},
      OptionRow{"forced_bins", &O::forced_bins, ""},
  };
  return kTable;
}

/// Rows of the table that every model's file holds; later options only where they differ from their defaults, so that
/// an option that is off changes no file.
inline constexpr std::size_t kAlwaysRecorded = 28;

struct ParseOption {
  TrainOptions& options;
  std::string_view name, text;

  [[noreturn]] void refuse(std::string_view wanted) const {
    fail(ErrorCode::invalid_option, std::string(name), quoted(text) + " is not " + std::string(wanted));
  }
  void operator()(int TrainOptions::* member) const {
    const auto x = parse_integer(text);
    if (!x || *x < -2147483648LL || *x > 2147483647LL) refuse("an integer of 32 bits");
    options.*member = static_cast<int>(*x);
  }
  void operator()(double TrainOptions::* member) const {
    const auto x = parse_double(text);
    if (!x) refuse("a number");
    options.*member = *x;
  }
  void operator()(bool TrainOptions::* member) const {
    const std::string lower = lower_ascii(text);
    if (lower == "true" || lower == "1" || lower == "+") {
      options.*member = true;
    } else if (lower == "false" || lower == "0" || lower == "-") {
      options.*member = false;
    } else {
      refuse("true or false");
    }
  }
  void operator()(std::uint64_t TrainOptions::* member) const {
    // Through the signed reader, which is enough for every seed that anybody types, and for all that options_list()
    // writes below 2^63; above, digit by digit.
    std::uint64_t x = 0;
    if (text.empty() || text.size() > 20) refuse("a whole number from 0 to 18446744073709551615");
    for (const char c : text) {
      const auto digit = static_cast<unsigned char>(c - '0');
      if (digit > 9 || x > (UINT64_MAX - digit) / 10) refuse("a whole number from 0 to 18446744073709551615");
      x = x * 10 + digit;
    }
    options.*member = x;
  }
  void operator()(std::string TrainOptions::* member) const { options.*member = std::string(text); }
  void operator()(std::vector<std::string> TrainOptions::* member) const {
    (options.*member).clear();
    if (text.empty()) return;
    for (const std::string_view part : split_text(text, ',')) (options.*member).emplace_back(trimmed(part));
  }
  void operator()(std::vector<int> TrainOptions::* member) const {
    std::string_view list = text;
    if (list.size() >= 2 &&
        ((list.front() == '(' && list.back() == ')') || (list.front() == '[' && list.back() == ']')))
      list = trimmed(list.substr(1, list.size() - 2));
    (options.*member).clear();
    if (list.empty()) return;
    for (const std::string_view part : split_text(list, ',')) {
      const auto x = parse_integer(trimmed(part));
      if (!x || *x < -2147483648LL || *x > 2147483647LL) refuse("a list of integers, such as 1,0,-1");
      (options.*member).push_back(static_cast<int>(*x));
    }
  }
  void operator()(std::vector<double> TrainOptions::* member) const {
    (options.*member).clear();
    if (text.empty()) return;
    for (const std::string_view part : split_text(text, ',')) {
      const auto x = parse_double(trimmed(part));
      if (!x) refuse("a list of numbers, such as 1,0.5");
      (options.*member).push_back(*x);
    }
  }
  /// [a,b],[c]: LightGBM's form; features by name.
  void operator()(std::vector<std::vector<std::string>> TrainOptions::* member) const {
    options.*member = groups("groups of features, such as [a,b],[c]");
  }
  /// [a,1,2.5],[b,0]: a feature, then its bounds.
  void operator()(std::vector<ForcedBins> TrainOptions::* member) const {
    constexpr std::string_view kForm = "features with their bounds, such as [a,1,2.5],[b,0]";
    (options.*member).clear();
    for (const std::vector<std::string>& group : groups(kForm)) {
      ForcedBins& forced = (options.*member).emplace_back(ForcedBins{group[0], {}});
      for (std::size_t i = 1; i < group.size(); ++i) {
        const auto bound = parse_double(group[i]);
        if (!bound) refuse(kForm);
        forced.upper_bounds.push_back(*bound);
      }
    }
  }

 private:
  /// None is empty.
  [[nodiscard]] std::vector<std::vector<std::string>> groups(std::string_view form) const {
    std::vector<std::vector<std::string>> out;
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t close = rest.find(']');
      if (rest.front() != '[' || close == std::string_view::npos) refuse(form);
      auto& group = out.emplace_back();
      for (const std::string_view part : split_text(rest.substr(1, close - 1), ',')) group.emplace_back(trimmed(part));
      rest = trimmed(rest.substr(close + 1));
      if (rest.empty()) break;
      if (rest.front() != ',') refuse(form);
      rest = trimmed(rest.substr(1));
      if (rest.empty()) refuse(form);
    }
    return out;
  }
};

struct PrintOption {
  const TrainOptions& options;

  std::string operator()(int TrainOptions::* member) const { return std::to_string(options.*member); }
  std::string operator()(double TrainOptions::* member) const { return number_text(options.*member); }
  std::string operator()(bool TrainOptions::* member) const { return options.*member ? "true" : "false"; }
  std::string operator()(std::uint64_t TrainOptions::* member) const { return std::to_string(options.*member); }
  std::string operator()(std::string TrainOptions::* member) const { return options.*member; }
  std::string operator()(std::vector<std::string> TrainOptions::* member) const {
    std::string out;
    for (const std::string& part : options.*member) out += (out.empty() ? "" : ",") + part;
    return out;
  }
  std::string operator()(std::vector<int> TrainOptions::* member) const {
    std::string out;
    for (const int part : options.*member) out += (out.empty() ? "" : ",") + std::to_string(part);
    return out;
  }
  std::string operator()(std::vector<double> TrainOptions::* member) const {
    std::string out;
    for (const double part : options.*member) out += (out.empty() ? "" : ",") + number_text(part);
    return out;
  }
  std::string operator()(std::vector<std::vector<std::string>> TrainOptions::* member) const {
    std::string out;
    for (const auto& group : options.*member) {
      out += out.empty() ? "[" : ",[";
      for (std::size_t i = 0; i < group.size(); ++i) out += (i == 0 ? "" : ",") + group[i];
      out += "]";
    }
    return out;
  }
  std::string operator()(std::vector<ForcedBins> TrainOptions::* member) const {
    std::string out;
    for (const ForcedBins& forced : options.*member) {
      out += (out.empty() ? "[" : ",[") + forced.feature;
      for (const double bound : forced.upper_bounds) out += "," + number_text(bound);
      out += "]";
    }
    return out;
  }
};

[[nodiscard]] inline const OptionRow* find_option(std::string_view name) {
  for (const OptionRow& row : option_table()) {
    if (row.name == name) return &row;
    for (const std::string_view alias : split_text(row.aliases, ' ')) {
      if (!alias.empty() && alias == name) return &row;
    }
  }
  return nullptr;
}

/// LightGBM's objective and metric aliases that mean ours.
[[nodiscard]] inline std::string_view canonical_objective(std::string_view name) noexcept {
  for (const std::string_view alias :
       {"regression_l2", "l2", "mean_squared_error", "mse", "l2_root", "root_mean_squared_error", "rmse"}) {
    if (name == alias) return "regression";
  }
  for (const std::string_view alias : {"l1", "mean_absolute_error", "mae"}) {
    if (name == alias) return "regression_l1";
  }
  if (name == "softmax") return "multiclass";
  for (const std::string_view alias : {"multiclass_ova", "ova", "ovr"}) {
    if (name == alias) return "multiclassova";
  }
  return name == "xentropy" ? "cross_entropy" : name;
}
[[nodiscard]] inline std::string_view canonical_metric(std::string_view name) noexcept {
  if (name == "binary" || name == "logloss" || name == "log_loss") return "binary_logloss";
  if (name == "roc_auc") return "auc";
  for (const std::string_view alias : {"mean_squared_error", "mse", "regression", "regression_l2"}) {
    if (name == alias) return "l2";
  }
  for (const std::string_view alias : {"root_mean_squared_error", "l2_root"}) {
    if (name == alias) return "rmse";
  }
  for (const std::string_view alias : {"mean_absolute_error", "mae", "regression_l1"}) {
    if (name == alias) return "l1";
  }
  for (const std::string_view alias : {"multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr"}) {
    if (name == alias) return "multi_logloss";
  }
  if (name == "xentropy") return "cross_entropy";
  if (name == "poisson") return "poisson_deviance";  // LightGBM's differs from it by what no model can change
  if (name == "tweedie") return "tweedie_deviance";
  return name;
}

}  // namespace detail

inline void set_option(TrainOptions& options, std::string_view name, std::string_view value) {
  const detail::OptionRow* row = detail::find_option(name);
  if (row == nullptr) {
    const std::vector<std::string_view> names = option_names();
    fail(ErrorCode::invalid_option, std::string(name), "no training option has this name" + did_you_mean(name, names));
  }
  std::visit(detail::ParseOption{options, row->name, trimmed(value)}, row->member);
  if (row->name == "objective") options.objective = std::string(detail::canonical_objective(options.objective));
  for (std::string& metric : options.metric) metric = std::string(detail::canonical_metric(metric));
}

inline std::vector<std::pair<std::string, std::string>> options_list(const TrainOptions& options) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const detail::OptionRow& row : detail::option_table()) {
    out.emplace_back(std::string(row.name), std::visit(detail::PrintOption{options}, row.member));
  }
  return out;
}

inline std::vector<std::pair<std::string, std::string>> recorded_options(const TrainOptions& options) {
  std::vector<std::pair<std::string, std::string>> out;
  const TrainOptions defaults;
  const std::span<const detail::OptionRow> table = detail::option_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::string value = std::visit(detail::PrintOption{options}, table[i].member);
    if (i < detail::kAlwaysRecorded || value != std::visit(detail::PrintOption{defaults}, table[i].member))
      out.emplace_back(std::string(table[i].name), std::move(value));
  }
  return out;
}

inline std::vector<std::string_view> option_names() {
  std::vector<std::string_view> out;
  for (const detail::OptionRow& row : detail::option_table()) out.push_back(row.name);
  return out;
}

inline BinOptions bin_options(const TrainOptions& options) {
  return {.max_bin = options.max_bin,
          .min_data_in_bin = options.min_data_in_bin,
          .sample_rows = options.bin_construct_sample_cnt,
          .seed = options.seed,
          .max_bin_by_feature = options.max_bin_by_feature,
          .zero_as_missing = options.zero_as_missing,
          .forced_bins = options.forced_bins};
}

}  // namespace riskflag::inline v0_1
