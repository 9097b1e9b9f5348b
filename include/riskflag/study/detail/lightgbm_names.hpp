#pragma once

// Names that LightGBM 4 has and this version does not: refused as such, so that nobody looks for a slip of the pen.

#include <array>
#include <string>
#include <string_view>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::study::detail {

struct KnownName {
  std::string_view name;
  std::string_view aliases;  ///< separated by blanks
  std::string_view instead;  ///< what does it here; empty: nothing does
};

/// LightGBM 4.7's parameters without those of TrainOptions. A name that the trainer learns needs no edit here: its own
/// options are looked up first.
inline constexpr std::array kKnownParameters{
    KnownName{"alpha", "", ""},
    KnownName{"auc_mu_weights", "", ""},
    KnownName{"bagging_by_query", "", ""},
    KnownName{"bagging_seed", "bagging_fraction_seed", "the one seed is \"seed\""},
    KnownName{"boosting", "boost boosting_type", ""},
    KnownName{"categorical_feature", "cat_column cat_feature categorical_column categorical_features",
              "--categorical names columns"},
    KnownName{"cegb_penalty_split", "", ""},
    KnownName{"cegb_tradeoff", "", ""},
    KnownName{"config", "config_file", "--config names the file"},
    KnownName{"convert_model", "convert_model_file", ""},
    KnownName{"convert_model_language", "", ""},
    KnownName{"data", "train train_data data_filename train_data_file", "--data names the file"},
    KnownName{"data_random_seed", "data_seed", "the one seed is \"seed\""},
    KnownName{"data_sample_strategy", "", ""},
    KnownName{"deterministic", "", "leave it out: training is always deterministic"},
    KnownName{"device_type", "device", ""},
    KnownName{"drop_rate", "rate_drop", ""},
    KnownName{"drop_seed", "", "the one seed is \"seed\""},
    KnownName{"enable_bundle", "bundle is_enable_bundle", ""},
    KnownName{"eval_at", "map_at ndcg_at map_eval_at ndcg_eval_at", ""},
    KnownName{"extra_seed", "", "the one seed is \"seed\""},
    KnownName{"extra_trees", "extra_tree", ""},
    KnownName{"fair_c", "", ""},
    KnownName{"feature_contri", "fc fp feature_contrib feature_penalty", ""},
    KnownName{"feature_fraction_bynode", "colsample_bynode sub_feature_bynode", ""},
    KnownName{"feature_fraction_seed", "", "the one seed is \"seed\""},
    KnownName{"feature_pre_filter", "", ""},
    KnownName{"force_col_wise", "", "leave it out: it changes no model"},
    KnownName{"force_row_wise", "", "leave it out: it changes no model"},
    KnownName{"forcedsplits_filename", "fs forced_splits forced_splits_file forced_splits_filename", ""},
    KnownName{"gpu_device_id", "", ""},
    KnownName{"gpu_device_id_list", "", ""},
    KnownName{"gpu_platform_id", "", ""},
    KnownName{"gpu_use_dp", "", ""},
    KnownName{"group_column", "group query group_id query_id query_column", "--group-by names columns"},
    KnownName{"header", "has_header", "--no-header says that there is none"},
    KnownName{"histogram_pool_size", "hist_pool_size", ""},
    KnownName{"ignore_column", "blacklist ignore_feature", "--drop names columns"},
    KnownName{"input_model", "model_in model_input", ""},
    KnownName{"interaction_constraints", "", ""},
    KnownName{"is_enable_sparse", "sparse is_sparse enable_sparse", ""},
    KnownName{"is_provide_training_metric", "train_metric training_metric is_training_metric",
              "metrics.train is always there"},
    KnownName{"is_unbalance", "unbalance unbalanced_sets", "scale_pos_weight weighs the positive rows"},
    KnownName{"label_column", "label", "--target names the column"},
    KnownName{"label_gain", "", ""},
    KnownName{"lambdarank_norm", "", ""},
    KnownName{"lambdarank_position_bias_regularization", "", ""},
    KnownName{"lambdarank_truncation_level", "", ""},
    KnownName{"linear_lambda", "", ""},
    KnownName{"linear_tree", "linear_trees", ""},
    KnownName{"local_listen_port", "port local_port", ""},
    KnownName{"machine_list_filename", "mlist machine_list machine_list_file", ""},
    KnownName{"machines", "nodes workers", ""},
    KnownName{"max_bin_by_feature", "", "max_bin is for all features"},
    KnownName{"max_delta_step", "max_leaf_output max_tree_output", ""},
    KnownName{"max_drop", "", ""},
    KnownName{"metric_freq", "output_freq", ""},
    KnownName{"monotone_constraints", "mc monotonic_cst monotone_constraint", ""},
    KnownName{"monotone_constraints_method", "mc_method monotone_constraining_method", ""},
    KnownName{"monotone_penalty", "mc_penalty ms_penalty monotone_splits_penalty", ""},
    KnownName{"multi_error_top_k", "", ""},
    KnownName{"neg_bagging_fraction", "neg_bagging neg_sub_row neg_subsample", ""},
    KnownName{"num_class", "num_classes", ""},
    KnownName{"num_gpu", "", ""},
    KnownName{"num_grad_quant_bins", "", ""},
    KnownName{"num_iteration_predict", "", ""},
    KnownName{"num_machines", "num_machine", ""},
    KnownName{"objective_seed", "", "the one seed is \"seed\""},
    KnownName{"other_rate", "", ""},
    KnownName{"output_model", "model_out model_output", "--output names the model directory"},
    KnownName{"output_result", "name_pred pred_name predict_name predict_result prediction_name prediction_result", ""},
    KnownName{"parser_config_file", "", ""},
    KnownName{"path_smooth", "", ""},
    KnownName{"poisson_max_delta_step", "", ""},
    KnownName{"pos_bagging_fraction", "pos_bagging pos_sub_row pos_subsample", ""},
    KnownName{"pre_partition", "is_pre_partition", ""},
    KnownName{"precise_float_parser", "", ""},
    KnownName{"pred_early_stop", "", ""},
    KnownName{"pred_early_stop_freq", "", ""},
    KnownName{"pred_early_stop_margin", "", ""},
    KnownName{"predict_contrib", "contrib is_predict_contrib", "riskflag-score has the flags of scoring"},
    KnownName{"predict_disable_shape_check", "", ""},
    KnownName{"predict_leaf_index", "leaf_index is_predict_leaf_index", "riskflag-score has the flags of scoring"},
    KnownName{"predict_raw_score", "raw_score predict_rawscore is_predict_raw_score",
              "riskflag-score has the flags of scoring"},
    KnownName{"quant_train_renew_leaf", "", ""},
    KnownName{"refit_decay_rate", "", ""},
    KnownName{"reg_sqrt", "", ""},
    KnownName{"save_binary", "is_save_binary is_save_binary_file", ""},
    KnownName{"saved_feature_importance_type", "", ""},
    KnownName{"sigmoid", "", ""},
    KnownName{"skip_drop", "", ""},
    KnownName{"snapshot_freq", "save_period", ""},
    KnownName{"start_iteration_predict", "", ""},
    KnownName{"stochastic_rounding", "", ""},
    KnownName{"task", "task_type", "each task has a program of its own"},
    KnownName{"time_out", "", ""},
    KnownName{"top_k", "topk", ""},
    KnownName{"top_rate", "", ""},
    KnownName{"tree_learner", "tree tree_type tree_learner_type", ""},
    KnownName{"tweedie_variance_power", "", ""},
    KnownName{"two_round", "two_round_loading use_two_round_loading", ""},
    KnownName{"uniform_drop", "", ""},
    KnownName{"use_missing", "", "leave it out: missing values are always used"},
    KnownName{"use_quantized_grad", "", ""},
    KnownName{"valid", "test test_data valid_data test_data_file valid_data_file valid_filenames",
              "--valid names the file"},
    KnownName{"verbosity", "verbose", "--quiet leaves out the progress"},
    KnownName{"weight_column", "weight", "--weight names the column"},
    KnownName{"xgboost_dart_mode", "", ""},
    KnownName{"zero_as_missing", "", "--missing COL=0 names a token"},
};

/// LightGBM's objectives without "binary" and "regression"; one that validate() accepts is never looked for here.
inline constexpr std::array kKnownObjectives{
    KnownName{"regression_l1", "l1 mean_absolute_error mae", ""},
    KnownName{"huber", "", ""},
    KnownName{"fair", "", ""},
    KnownName{"poisson", "", ""},
    KnownName{"quantile", "", ""},
    KnownName{"mape", "mean_absolute_percentage_error", ""},
    KnownName{"gamma", "", ""},
    KnownName{"tweedie", "", ""},
    KnownName{"multiclass", "softmax", ""},
    KnownName{"multiclassova", "multiclass_ova ova ovr", ""},
    KnownName{"cross_entropy", "xentropy", ""},
    KnownName{"cross_entropy_lambda", "xentlambda", ""},
    KnownName{"lambdarank", "", ""},
    KnownName{"rank_xendcg", "xendcg xe_ndcg xe_ndcg_mart xendcg_mart", ""},
};

/// The row with that name or alias, or nullptr.
template <class Table>
[[nodiscard]] inline const KnownName* find_known(const Table& table, std::string_view name) {
  for (const KnownName& row : table) {
    if (row.name == name) return &row;
    for (const std::string_view alias : split_text(row.aliases, ' ')) {
      if (!alias.empty() && alias == name) return &row;
    }
  }
  return nullptr;
}

/// True for an objective of LightGBM's that the trainer does not have.
[[nodiscard]] inline bool is_objective_of_later(const std::string& name) {
  if (find_known(kKnownObjectives, name) == nullptr) return false;
  TrainOptions probe;
  probe.objective = name;
  probe.num_class = riskflag::detail::is_multiclass(name) ? 2 : 1;
  try {
    validate(probe);
  } catch (const Error& error) {
    return error.where() == "objective";
  }
  return false;
}

}  // namespace riskflag::inline v0_1::study::detail
