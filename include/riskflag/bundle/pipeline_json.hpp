#pragma once

#include <string>
#include <string_view>

#include <riskflag/prep/pipeline.hpp>

namespace riskflag::inline v0_1::bundle {

/// pipeline.json (docs/formats/pipeline.md): the same pipeline gives the same bytes everywhere.
[[nodiscard]] std::string pipeline_text(const prep::Pipeline& pipeline);
/// The pipeline that pipeline_text wrote, bit-equal in all it does. Throws Error: parse (not JSON), corrupt (not a
/// pipeline), unsupported (a newer format); `where` is the file's name.
[[nodiscard]] prep::Pipeline parse_pipeline(std::string_view text, std::string_view where);

}  // namespace riskflag::inline v0_1::bundle

#include <riskflag/bundle/detail/pipeline_json_read.hpp>
#include <riskflag/bundle/detail/pipeline_json_write.hpp>
