#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// The newest format of model.json that this build reads, and the one that it writes.
inline constexpr std::int64_t kModelFormat = 1;

/// The bytes of model.json: a function of the model alone, whatever machine, time, path, thread count or version.
///
/// docs/formats/model.md describes them. Doubles are in shortest round-trip form. The last member, "sha256", is the
/// SHA-256 of all bytes before its name's opening quote.
[[nodiscard]] std::string model_text(const Model& model);

/// Reads model_text() back: parse_model(model_text(m)) == m, bit for bit.
///
/// Fails, never throws: `corrupt` with the place (line and column, or tree and node) for bytes that are cut off, altered or
/// hold no proper model; `unsupported` for a newer format or an unknown objective. `where` is the file's name for messages.
[[nodiscard]] Result<Model> parse_model(std::string_view text, std::string_view where);

}  // namespace riskflag::inline v0_1

#include <riskflag/model/detail/parse.hpp>
#include <riskflag/model/detail/write.hpp>
