#pragma once

// For whoever takes a leaf for a constant: which trees have others, and the refusal of their models.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// The first tree whose leaves are linear.
[[nodiscard]] inline std::optional<std::size_t> find_linear_tree(const Model& model) noexcept {
  for (std::size_t t = 0; t < model.trees.size(); ++t) {
    if (!model.trees[t].linear.empty()) return t;
  }
  return std::nullopt;
}

/// Fails with `unsupported` for a model with linear leaves. `why_not` ends the sentence "its leaves are linear, and"
/// and says what to do.
[[nodiscard]] inline Result<void> require_constant_leaves(const Model& model, std::string_view why_not) {
  const auto tree = find_linear_tree(model);
  if (!tree) return {};
  return Failure{ErrorCode::unsupported, "tree " + std::to_string(*tree),
                 "its leaves are linear, and " + std::string(why_not)};
}

}  // namespace riskflag::inline v0_1
