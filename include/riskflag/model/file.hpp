#pragma once

#include <string>

#include <riskflag/model/model.hpp>
#include <riskflag/model/parse.hpp>

namespace riskflag::inline v0_1 {

/// The bytes of model.json: a function of the model alone, whatever machine, time, path, thread count or version.
///
/// docs/formats/model.md describes them. Doubles are in shortest round-trip form. The last member, "sha256", is the
/// SHA-256 of all bytes before its name's opening quote. parse_model() of model/parse.hpp reads them back.
[[nodiscard]] std::string model_text(const Model& model);

}  // namespace riskflag::inline v0_1

#include <riskflag/model/detail/write.hpp>
