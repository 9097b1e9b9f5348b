#pragma once

#include <cstdint>
#include <string_view>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// The newest format of model.json that this build reads, and the one that it writes.
inline constexpr std::int64_t kModelFormat = 1;

/// Reads model_text() back: parse_model(model_text(m)) == m, bit for bit.
///
/// Fails, never throws: `corrupt` with the place (line and column, or tree and node) for bytes that are cut off,
/// altered or hold no proper model; `unsupported` for a newer format or an unknown objective. `where` is the file's
/// name for messages.
[[nodiscard]] Result<Model> parse_model(std::string_view text, std::string_view where);

}  // namespace riskflag::inline v0_1

#include <riskflag/model/detail/parse.hpp>
