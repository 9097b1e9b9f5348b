#pragma once

// The words of pipeline.json, in one place for its reader and its writer.

#include <array>
#include <cstddef>
#include <string_view>
#include <variant>

#include <riskflag/prep/operation.hpp>

namespace riskflag::inline v0_1::bundle::pipeline_detail {

inline constexpr int kPipelineFormat = 1;

/// The op of each alternative of prep::Operation, in its order.
inline constexpr std::array<std::string_view, 12> kOperationNames = {
    "fill",    "missing_flag", "clip",         "log1p",         "scale",       "lookup",
    "one_hot", "bin",          "drop_special", "special_level", "known_level", "formula"};
static_assert(kOperationNames.size() == std::variant_size_v<prep::Operation>);

/// The word of each Token::Kind, in its order; constants are numbers and slots are {"slot": n}.
inline constexpr std::array<std::string_view, 13> kTokenNames = {
    "constant", "slot", "negate", "+", "-", "*", "/", "log", "log1p", "abs", "min", "max", "if_missing"};
static_assert(kTokenNames.size() == static_cast<std::size_t>(prep::Token::Kind::if_missing) + 1);

}  // namespace riskflag::inline v0_1::bundle::pipeline_detail
