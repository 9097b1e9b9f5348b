#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// What one feature contributed to the trees.
struct FeatureImportance {
  double gain = 0.0;       ///< sum of the gains of the nodes that ask it
  std::size_t splits = 0;  ///< how many nodes ask it
};

/// Gain and split importance, one for each feature of the model, in its order. O(nodes).
[[nodiscard]] inline std::vector<FeatureImportance> importance(const Model& model) {
  std::vector<FeatureImportance> out(model.features.size());
  for (const Tree& tree : model.trees) {
    for (const Node& node : tree.nodes) {
      FeatureImportance& feature = out[static_cast<std::size_t>(node.feature)];
      feature.gain = exact::add(feature.gain, node.gain);
      ++feature.splits;
    }
  }
  return out;
}

/// Whether the trees read each feature of the model: a node asks it, or a linear leaf multiplies it. O(nodes).
[[nodiscard]] inline std::vector<bool> used_features(const Model& model) {
  std::vector<bool> out(model.features.size());
  for (const Tree& tree : model.trees) {
    for (const Node& node : tree.nodes) out[static_cast<std::size_t>(node.feature)] = true;
    for (const LinearLeaf& leaf : tree.linear) {
      for (const std::int32_t feature : leaf.features) out[static_cast<std::size_t>(feature)] = true;
    }
  }
  return out;
}

/// The indices of the features by falling gain, ties by rising index.
[[nodiscard]] inline std::vector<std::size_t> by_gain(const std::vector<FeatureImportance>& importances) {
  std::vector<std::size_t> order(importances.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Insertion into place: stable, and models have few features.
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::size_t moved = order[i];
    std::size_t at = i;
    for (; at > 0 && importances[order[at - 1]].gain < importances[moved].gain; --at) order[at] = order[at - 1];
    order[at] = moved;
  }
  return order;
}

}  // namespace riskflag::inline v0_1
