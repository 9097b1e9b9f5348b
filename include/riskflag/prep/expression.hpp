#pragma once

// Expressions of a derive step.
//
//     sum     := product (("+" | "-") product)*
//     product := signed (("*" | "/") signed)*
//     signed  := ("-" | "+") signed | primary
//     primary := number | name | "`" any name "`" | function "(" sum ("," sum)* ")" | "(" sum ")"
//
// Functions: log, log1p, abs of one operand; min, max of two or more; if_missing(x, y) (also spelled if-missing) is y
// where x is missing. A name is letters, digits, "_" and "." (or bytes above 127) and begins with no digit; others
// stand in backquotes: `Married/Single`, with a backquote inside doubled.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/prep/operation.hpp>

namespace riskflag::inline v0_1::prep {

/// A parsed expression: in its tokens, slot i is names[i].
struct Expression {
  std::vector<std::string> names;  ///< columns, in the order of their first use
  std::vector<Token> program;      ///< postfix, well formed
  std::string text;
};

/// Parses the whole of `text` (at most 10,000 bytes, nested at most 64 deep). Throws Error(parse) that says at which
/// character, what was found and what would be accepted; `where` names the recipe.
[[nodiscard]] Expression parse_expression(std::string_view text, std::string_view where);

/// The expression's value for one row: values[i] stands for names[i]; missing as NaN. For tests and tools; a pipeline
/// runs the same program over blocks.
[[nodiscard]] double evaluate(const Expression& expression, const std::vector<double>& values);

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/expression_parse.hpp>
