#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace riskflag::inline v0_1 {

/// What a prepared column holds: numbers, or indices into a list of levels.
enum class FeatureType : std::uint8_t { numeric, categorical };

/// The type's name as files write it: "numeric", "categorical".
[[nodiscard]] constexpr std::string_view name_of(FeatureType type) noexcept {
  return type == FeatureType::numeric ? "numeric" : "categorical";
}

/// One prepared column of a model. Its values are doubles in every case; NaN = missing.
struct Feature {
  std::string name;
  FeatureType type = FeatureType::numeric;
  std::vector<std::string> levels{};  ///< categorical: a value is the index of its level, as a double
  std::vector<std::string> fields{};  ///< the raw fields it derives from

  bool operator==(const Feature&) const = default;
};

}  // namespace riskflag::inline v0_1
