#pragma once

// What to fit: a recipe is a list of steps (prep/steps.hpp), from C++ or from JSON (docs/formats/recipe.md).

#include <string>
#include <string_view>

#include <riskflag/data/schema.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep {

/// No steps.
[[nodiscard]] Recipe default_recipe();

/// A recipe from its JSON: {"format":1,"steps":[{"op":"impute","columns":["Income"],"strategy":"median"},...]}.
/// Throws Error: parse (not JSON), invalid_option (unknown op, key or value, with the nearest known one), unsupported
/// (format). Columns are looked up when it is fitted.
[[nodiscard]] Recipe parse_recipe(std::string_view text, std::string_view where);
/// The recipe's JSON with every option spelled out; parse_recipe reads it back.
[[nodiscard]] std::string recipe_text(const Recipe& recipe);

/// The schema that `recipe` needs: call it once, before fit(), and keep the result (it belongs into the bundle).
///
/// For each field that a Group step names, by its raw name: the step's text rules become the field's, its levels are
/// normalised and joined; levels of the map that the schema does not know are added; and with `other` the field's
/// unseen policy becomes UnseenPolicy::missing, because the recipe says where an unknown level belongs. A schema that
/// needs no change comes back as it is; calling it twice changes nothing more.
[[nodiscard]] Schema prepare_schema(const Recipe& recipe, Schema schema);

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/prepare_schema.hpp>
#include <riskflag/prep/detail/recipe_read.hpp>
#include <riskflag/prep/detail/recipe_write.hpp>
