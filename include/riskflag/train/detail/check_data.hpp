#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/detail/row_gradients.hpp>
#include <riskflag/train/objective.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/train_data.hpp>

namespace riskflag::inline v0_1::detail {

inline void check_length(std::size_t found, std::size_t rows, const std::string& what) {
  if (found != rows) {
    fail(ErrorCode::schema_mismatch, what, std::to_string(found) + " values for " + std::to_string(rows) + " rows");
  }
}

/// Each >= 0 and finite, and their sum too, and positive.
inline void check_weights(std::span<const double> weights, const std::string& what) {
  double sum = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!is_finite(weights[i]) || weights[i] < 0.0) {
      fail(ErrorCode::invalid_data, "row " + std::to_string(i),
           what + " " + number_text(weights[i]) + " is not a finite number >= 0");
    }
    sum = exact::add(sum, weights[i]);
  }
  if (!weights.empty() && !(sum > 0.0))
    fail(ErrorCode::invalid_data, what + "s", "all are 0; at least one row must count");
  if (!is_finite(sum)) fail(ErrorCode::numeric, what + "s", "their sum is infinite; scale them down");
}

/// One for each output of each row.
inline void check_margin_count(std::size_t found, std::size_t rows, const ObjectiveFunction& objective,
                               const std::string& where) {
  const std::size_t outputs = objective.outputs();
  if (outputs == 1) return check_length(found, rows, where + "init margins");
  if (found == rows * outputs) return;
  fail(ErrorCode::schema_mismatch, where + "init margins",
       std::to_string(found) + " values for " + std::to_string(rows) + " rows; " + std::to_string(rows * outputs) +
           " are accepted, " + std::to_string(outputs) + " a row");
}

inline void check_margins(std::span<const double> margins, std::size_t outputs) {
  for (std::size_t i = 0; i < margins.size(); ++i) {
    if (!is_finite(margins[i])) {
      fail(ErrorCode::invalid_data, "row " + std::to_string(i / outputs),
           "init margin " + number_text(margins[i]) + " is not a finite number");
    }
  }
}

inline void check_train_data(const TrainData& data, const ObjectiveFunction& objective) {
  const std::size_t rows = data.bins.rows();
  if (rows == 0) fail(ErrorCode::invalid_data, "training rows", "there are none; at least one is needed");
  if (!data.bins.has_tiles())
    fail(ErrorCode::invalid_data, "training rows", "were binned with bin_like(), for validation; use bin_matrix()");
  check_length(data.labels.size(), rows, "labels");
  if (!data.weights.empty()) check_length(data.weights.size(), rows, "weights");
  if (!data.init_margins.empty()) check_margin_count(data.init_margins.size(), rows, objective, "");
  check_weights(data.weights, "weight");
  check_margins(data.init_margins, objective.outputs());
  objective.check_labels(data.labels, data.weights);
}

/// The groups that bagging_by_query draws are there, and the costs of features have a number for each.
inline void check_groups_and_costs(const TrainData& data, const TrainOptions& options) {
  if (!data.groups.empty()) check_length(data.groups.size(), data.bins.rows(), "groups");
  if (options.bagging_by_query && data.groups.empty()) {
    fail(ErrorCode::invalid_option, "bagging_by_query",
         "there are no groups to draw; give TrainData::groups (riskflag-train: --split group)");
  }
  for (const auto& [name, costs] : {std::pair("feature_contri", &options.feature_contri),
                                    std::pair("cegb_penalty_feature_coupled", &options.cegb_penalty_feature_coupled),
                                    std::pair("cegb_penalty_feature_lazy", &options.cegb_penalty_feature_lazy)}) {
    if (costs->empty() || costs->size() == data.bins.cols()) continue;
    fail(ErrorCode::invalid_option, name,
         std::to_string(costs->size()) + " numbers for " + std::to_string(data.bins.cols()) + " features");
  }
  if (data.start != nullptr && !options.cegb_penalty_feature_lazy.empty()) {
    fail(ErrorCode::invalid_option, "cegb_penalty_feature_lazy",
         "a model does not tell which rows have paid for which features: training cannot go on from it with this "
         "option");
  }
}

/// True when any feature has a monotone constraint.
inline bool check_monotone_constraints(const Binned& bins, const TrainOptions& options) {
  if (options.monotone_constraints.empty()) return false;
  if (options.monotone_constraints.size() != bins.cols()) {
    fail(ErrorCode::invalid_option, "monotone_constraints",
         std::to_string(options.monotone_constraints.size()) + " numbers for " + std::to_string(bins.cols()) +
             " features");
  }
  bool any = false;
  for (std::size_t f = 0; f < bins.cols(); ++f) {
    if (options.monotone_constraints[f] == 0) continue;
    any = true;
    if (bins.feature(f).type == FeatureType::categorical) {
      fail(ErrorCode::invalid_option, "monotone_constraints",
           "feature " + quoted(bins.cuts().features[f].name) +
               " is categorical: its levels have no order that a model could follow");
    }
  }
  return any;
}

/// The groups of interaction_constraints as rising feature indices.
[[nodiscard]] inline std::vector<std::vector<std::uint32_t>> interaction_groups(std::span<const Feature> features,
                                                                                const TrainOptions& options) {
  std::vector<std::vector<std::uint32_t>> out;
  for (const std::vector<std::string>& names : options.interaction_constraints) {
    std::vector<std::uint32_t>& group = out.emplace_back();
    for (const std::string& name : names) {
      std::uint32_t found = 0;
      while (found < features.size() && features[found].name != name) ++found;
      if (found == features.size()) {
        std::vector<std::string_view> known;
        for (const Feature& feature : features) known.push_back(feature.name);
        fail(ErrorCode::invalid_option, "interaction_constraints",
             "no feature is called " + quoted(name) + did_you_mean(name, known));
      }
      group.push_back(found);
    }
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
  }
  return out;
}

inline void check_valid_data(const ValidData& data, std::size_t cols, const ObjectiveFunction& objective) {
  const std::size_t rows = data.features.rows();
  const std::string where = "validation set " + quoted(data.name);
  if (data.features.cols() != cols) {
    fail(ErrorCode::schema_mismatch, where,
         std::to_string(data.features.cols()) + " columns; training has " + std::to_string(cols));
  }
  if (rows == 0) fail(ErrorCode::invalid_data, where, "has no rows; leave it out instead");
  check_length(data.labels.size(), rows, where + ": labels");
  if (!data.weights.empty()) check_length(data.weights.size(), rows, where + ": weights");
  if (!data.init_margins.empty()) check_margin_count(data.init_margins.size(), rows, objective, where + ": ");
  check_weights(data.weights, "weight");
  check_margins(data.init_margins, objective.outputs());
  for (std::size_t i = 0; i < rows; ++i) {
    objective.check_label(data.labels[i], where + ", row " + std::to_string(i));
  }
}

}  // namespace riskflag::inline v0_1::detail
