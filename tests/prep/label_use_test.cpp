#include "label_use.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/prep/fit.hpp>

#include "frames.hpp"

using namespace riskflag;
using namespace prep_test;

namespace {

constexpr LabelUse kUses[] = {LabelUse::none, LabelUse::shared, LabelUse::cross_fitted};

/// The fitted rows as a later row with their values would be prepared.
Values scored(const prep::Fitted& fitted, const Frame& rows) {
  SerialExecutor executor;
  return fitted.pipeline.transform(rows, infer_schema(rows), executor).values;
}

}  // namespace

TEST_CASE("every step has an example of each use that it makes of labels") {
  // By op, and for bins by kind and output: what has an example.
  std::set<std::size_t> ops;
  std::set<std::tuple<prep::BinKind, prep::BinOutput, bool>> bins;
  for (const LabelUse use : kUses) {
    for (const std::string& text : examples_of(use)) {
      CAPTURE(text);
      const prep::Recipe recipe = prep::parse_recipe(R"({"format":1,"steps":[)" + text + "]}", "r");
      REQUIRE(recipe.steps.size() == 1);
      CHECK(std::visit(LabelUseOf{}, recipe.steps[0]) == use);
      ops.insert(recipe.steps[0].index());
      if (const auto* bin = std::get_if<prep::BinNumbers>(&recipe.steps[0]))
        bins.insert({bin->kind, bin->output, bin->output == prep::BinOutput::woe && bin->folds == 0});
    }
  }
  CHECK(ops.size() == std::variant_size_v<prep::Step>);
  CHECK(bins.size() == 3 * 4);  // kinds x index, category, woe and woe without folds
}

TEST_CASE("a step that is said to look at no label gives the same bits whatever the labels") {
  const auto table = random_table(3, 120);
  Values turned = table.labels;
  for (double& label : turned) label = 1 - label;
  for (const std::string& step : examples_of(LabelUse::none)) {
    CAPTURE(step);
    const prep::Fitted before = fit(step, table.frame, {.labels = table.labels});
    const prep::Fitted after = fit(step, table.frame, {.labels = turned});
    CHECK(bits(before.train.values) == bits(after.train.values));
    CHECK(bits(scored(before, table.frame)) == bits(scored(after, table.frame)));
  }
}

TEST_CASE("invariant: bins that labels cut, and encodings of no folds, are one rule for all rows, own labels or not") {
  // Every row twice, the second time with another label here and there: equal values, unequal labels.
  const auto table = random_table(3, 120);
  std::vector<std::uint32_t> rows;
  Values labels;
  for (std::uint32_t copy = 0; copy < 2; ++copy) {
    for (std::uint32_t i = 0; i < 120; ++i) {
      rows.push_back(i);
      labels.push_back(copy == 1 && i % 4 == 0 ? 1 - table.labels[i] : table.labels[i]);
    }
  }
  const Frame twice = table.frame.take(rows);
  Values turned = labels;
  for (std::size_t i = 0; i < turned.size(); i += 3) turned[i] = 1 - turned[i];
  for (const std::string& step : examples_of(LabelUse::shared)) {
    CAPTURE(step);
    const prep::Fitted fitted = fit(step, twice, {.labels = labels});
    for (std::size_t j = 0; j < fitted.train.cols; ++j) {
      const double* const column = fitted.train.values.data() + j * 240;
      CHECK(bits({column, 120}) == bits({column + 120, 120}));
    }
    CHECK(bits(fitted.train.values) == bits(scored(fitted, twice)));  // later rows get the same
    CHECK(bits(fit(step, twice, {.labels = turned}).train.values) != bits(fitted.train.values));  // labels made it
  }
}
