#pragma once

// Small tables for the tests of prep.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/fit.hpp>

namespace riskflag::prep_test {

inline constexpr double kNan = kMissing;
using Values = std::vector<double>;

inline Column number(std::string name, std::vector<double> values) {
  Column out;
  out.name = std::move(name);
  out.numbers = std::move(values);
  return out;
}

/// A category from its cells; "" is missing.
inline Column category(std::string name, const std::vector<std::string>& cells) {
  Column out;
  out.name = std::move(name);
  out.type = ColumnType::category;
  for (const std::string& cell : cells) {
    if (!cell.empty()) out.levels.push_back(cell);
  }
  std::sort(out.levels.begin(), out.levels.end());
  out.levels.erase(std::unique(out.levels.begin(), out.levels.end()), out.levels.end());
  for (const std::string& cell : cells) {
    out.codes.push_back(cell.empty()
                            ? kMissingCode
                            : static_cast<std::int32_t>(std::lower_bound(out.levels.begin(), out.levels.end(), cell) -
                                                        out.levels.begin()));
  }
  return out;
}

inline Frame frame(std::vector<Column> columns) {
  Frame out;
  for (Column& column : columns) out.add(std::move(column));
  return out;
}

/// Bits, with every NaN as one.
inline std::vector<std::uint64_t> bits(std::span<const double> values) {
  std::vector<std::uint64_t> out;
  for (const double x : values) out.push_back(is_missing(x) ? 0x7ff8000000000000ULL : std::bit_cast<std::uint64_t>(x));
  return out;
}

/// Fits a recipe's JSON on a frame whose schema is inferred and prepared.
inline prep::Fitted fit(const std::string& steps, const Frame& rows, const prep::FitInputs& inputs = {}) {
  const prep::Recipe recipe = prep::parse_recipe(R"({"format":1,"steps":[)" + steps + "]}", "recipe.json");
  SerialExecutor executor;
  return prep::fit(recipe, prep::prepare_schema(recipe, infer_schema(rows)), rows, inputs, executor);
}

/// Feature `name` of a matrix.
inline std::vector<double> feature(const prep::Pipeline& pipeline, const prep::FeatureMatrix& matrix,
                                   const std::string& name) {
  const std::vector<std::string> names = pipeline.feature_names();
  const auto j = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  if (j == names.size()) return {};
  const auto begin = matrix.values.begin() + static_cast<std::ptrdiff_t>(j * matrix.rows);
  return {begin, begin + static_cast<std::ptrdiff_t>(matrix.rows)};
}
inline std::vector<double> feature(const prep::Fitted& fitted, const std::string& name) {
  return feature(fitted.pipeline, fitted.train, name);
}

/// A table of `rows` random rows: number, number with gaps, two categories with gaps, a number with special codes (96,
/// 98), and 0/1 labels that depend on them.
struct RandomTable {
  Frame frame;
  std::vector<double> labels;
};
inline RandomTable random_table(std::uint64_t seed, std::size_t rows) {
  const Random random(seed);
  std::vector<double> income, age, late, labels;
  std::vector<std::string> city, grade;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto draw = [&](std::uint64_t use) { return random.split(use).uniform(i); };
    income.push_back(1000 + 99000 * draw(1));
    age.push_back(draw(2) < 0.1 ? kNan : 18 + static_cast<double>(random.split(3).below(60, i)));
    late.push_back(draw(4) < 0.1 ? (draw(5) < 0.5 ? 96 : 98) : static_cast<double>(random.split(6).below(5, i)));
    city.push_back(draw(7) < 0.05 ? "" : "city " + std::to_string(random.split(8).below(40, i)));
    grade.push_back(std::string(1, static_cast<char>('A' + random.split(9).below(5, i))));
    const double risk = 0.1 + 0.1 * static_cast<double>(grade.back()[0] - 'A') + (late.back() > 90 ? 0.3 : 0);
    labels.push_back(draw(10) < risk ? 1 : 0);
  }
  return {frame({number("income", income), number("age", age), category("city", city), category("grade", grade),
                 number("late", late)}),
          labels};
}

/// The sentence that `act` is refused with, which must have `code`; "" when it is not.
template <class Act>
std::string refusal_of(ErrorCode code, const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

inline bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

}  // namespace riskflag::prep_test
