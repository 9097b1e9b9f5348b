#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/feature.hpp>
#include <riskflag/model/history.hpp>
#include <riskflag/model/tree.hpp>

namespace riskflag::inline v0_1 {

/// What the margins mean. `name` is LightGBM's: "binary", "regression", "poisson", …; model/link.hpp lists them.
struct Objective {
  std::string name = "binary";
  double sigmoid = 1.0;    ///< binary and multiclassova: probability = 1 / (1 + e^(-sigmoid * margin))
  double parameter = 0.0;  ///< alpha (quantile, huber), power (tweedie), c (fair); 0 elsewhere

  bool operator==(const Objective&) const = default;
};

/// Trees and all that is needed to read them: the durable form of what was learned.
///
/// Knows no trainer and no bins: thresholds are real values and leaves are margins before the link. Everything in it
/// goes to model.json and comes back to the bit.
struct Model {
  Objective objective{};
  std::vector<Feature> features{};
  int num_outputs = 1;                ///< 1, or the number of classes
  std::vector<double> base_margin{};  ///< one for each output: added to the leaves' sum
  /// A power of two of which every leaf and base margin is an integer multiple, so that sums of leaves are exact in any
  /// order; 0 = none (imported models: leaves are then added in tree order).
  double leaf_grid = 0.0;
  std::vector<Tree> trees{};    ///< tree t adds to output t % num_outputs
  bool average_output = false;  ///< random forests: the leaves' sum is divided by the trees of one output
  bool float32_inputs = false;  ///< XGBoost: values are rounded to float before they are compared
  int best_iteration = 0;       ///< 1-based; trees.size() / num_outputs unless training kept more
  std::vector<std::pair<std::string, std::string>> options{};  ///< the resolved training options, in order
  std::string data_digest{};                                   ///< of the training data; empty = not known
  std::string schema_digest{};
  History history{};

  bool operator==(const Model&) const = default;
};

}  // namespace riskflag::inline v0_1
