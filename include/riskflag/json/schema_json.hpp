#pragma once

#include <string>
#include <string_view>

#include <riskflag/data/schema.hpp>

namespace riskflag::inline v0_1 {

/// `schema` as schema.json holds it (docs/formats/model_directory.md); the same schema gives the same bytes everywhere.
[[nodiscard]] std::string schema_text(const Schema& schema);

/// The schema of `text`; exactly what schema_text was given. Throws Error(parse) when it is no JSON and Error(corrupt)
/// when a member is missing, unknown or of the wrong type; both name `where` with line, what was found and what is
/// accepted.
[[nodiscard]] Schema parse_schema(std::string_view text, std::string_view where);

/// SHA-256 of schema_text(schema): 64 hex digits; the model file carries it.
[[nodiscard]] std::string schema_digest(const Schema& schema);

}  // namespace riskflag::inline v0_1

#include <riskflag/json/detail/schema_json.hpp>
