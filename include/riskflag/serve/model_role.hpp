#pragma once

#include <string_view>

namespace riskflag::inline v0_1::serve {

/// What a model is there for.
enum class ModelRole {
  champion,    ///< answers
  challenger,  ///< answers a share of the requests
  shadow,      ///< scores what the champion answered, and is compared with it; no client sees its scores
};

[[nodiscard]] constexpr std::string_view name_of(ModelRole role) noexcept {
  return role == ModelRole::champion ? "champion" : role == ModelRole::challenger ? "challenger" : "shadow";
}

}  // namespace riskflag::inline v0_1::serve
