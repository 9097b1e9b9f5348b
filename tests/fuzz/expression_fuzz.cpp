// What the expression parser takes is a well-formed program whose value is finite or missing, the same for one row and
// in a block; what it refuses, it refuses with a place and a message fit to print.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/expression.hpp>

namespace {

using namespace riskflag;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

std::uint64_t number_bits(double x) { return is_missing(x) ? 0 : std::bit_cast<std::uint64_t>(x); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  prep::Expression expression;
  try {
    expression = prep::parse_expression(text, "fuzz");
  } catch (const Error& error) {
    demand(error.code() == ErrorCode::parse);
    demand(error.where() == "fuzz" && !error.message().empty());
    demand(error.message().find('\n') == std::string::npos);
    return 0;
  }
  const std::size_t depth = prep::stack_depth(expression.program);
  demand(depth > 0 && depth <= 200);
  for (const prep::Token& token : expression.program) {
    demand(token.kind != prep::Token::Kind::slot || token.slot < expression.names.size());
  }

  const std::vector<double> cells = {0, -0.0, 1, -3, 1e308, 5e-324, kMissing, std::numeric_limits<double>::infinity()};
  const std::size_t columns = expression.names.size();
  std::vector<std::vector<double>> block(columns + 1, std::vector<double>(cells.size()));
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t i = 0; i < cells.size(); ++i) block[c][i] = cells[(i + c) % cells.size()];
  }
  std::vector<double*> slots;
  for (auto& column : block) slots.push_back(column.data());
  std::vector<double> stack(depth * cells.size());
  prep::apply(prep::Formula{static_cast<prep::Slot>(columns), expression.program, {}}, cells.size(), slots.data(),
              stack.data());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::vector<double> row;
    for (std::size_t c = 0; c < columns; ++c) row.push_back(block[c][i]);
    const double one = prep::evaluate(expression, row);
    demand(is_missing(one) || is_finite(one));
    demand(number_bits(one) == number_bits(block[columns][i]));
  }
  return 0;
}
